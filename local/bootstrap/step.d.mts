// Types of step.mjs for the TypeScript side.
export class BootstrapError extends Error {}
export function say(line: string): void;
export function step<T>(name: string, doing: string, work: () => Promise<T>): Promise<T>;
export interface Captured {
  readonly code: number;
  readonly output: string;
}
export interface CaptureOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}
export function capture(file: string, argv: readonly string[], options?: CaptureOptions): Promise<Captured>;
export function npm(argv: readonly string[], options?: CaptureOptions): Promise<Captured>;
export function npmProblem(result: Captured, doing: string): string;
