// How the stack tells a person what it is doing. One interface: a terminal for `npm start`, silence for tests.

/** A failure somebody can act on: the message says what is missing and the next step. Printed without a stack. */
export class StackError extends Error {}

export interface Progress {
  /** One line, now. */
  say(line: string): void;
  /** Runs `work`; a line says what is being done when it takes longer than a moment, and how long it took. */
  step<T>(name: string, doing: string, work: () => Promise<T>): Promise<T>;
}

const ANNOUNCE_AFTER_MS = 400; // Below this a step needs no "doing" line.

/** Progress on a terminal or in a log: a line before a slow step, one after, with seconds. */
export function consoleProgress(write: (line: string) => void): Progress {
  return {
    say: write,
    async step(name, doing, work) {
      const startedMs = performance.now();
      const announce = setTimeout(() => write(`  ${name.padEnd(12)} ${doing} …`), ANNOUNCE_AFTER_MS);
      try {
        return await work();
      } finally {
        clearTimeout(announce);
        const tookMs = performance.now() - startedMs;
        if (tookMs > ANNOUNCE_AFTER_MS) write(`  ${name.padEnd(12)} ${(tookMs / 1000).toFixed(1)} s`);
      }
    },
  };
}

/** No output at all. */
export const silentProgress: Progress = {
  say: () => undefined,
  step: (_name, _doing, work) => work(),
};
