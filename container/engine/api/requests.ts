// The request bodies and query parameters workerd sends, parsed. Unknown fields are ignored: the Docker API has hundreds.
import { constants } from 'node:os';
import { z } from 'zod';
import type { ContainerConfig } from '../container.ts';
import { EngineError } from '../engine.ts';
import { toEnv } from '../sandbox.ts';
import type { ExecRequest } from '../exec-session.ts';
import type { TerminalSize } from '../terminal.ts';

const ARGS_MAX = 1_024;
const TERMINAL_CELLS_MAX = 10_000;
const texts = z.array(z.string()).max(ARGS_MAX).nullish();
const labels = z.record(z.string(), z.string()).nullish();

const createSchema = z.object({
  Image: z.string().min(1).max(1_024),
  Cmd: texts,
  Entrypoint: texts,
  Env: texts,
  WorkingDir: z.string().nullish(),
  Labels: labels,
  HostConfig: z.object({ NetworkMode: z.string().nullish() }).nullish(),
});

const execSchema = z.object({
  Cmd: z.array(z.string()).min(1).max(ARGS_MAX),
  Env: texts,
  WorkingDir: z.string().nullish(),
  Tty: z.boolean().nullish(),
  ConsoleSize: z.tuple([z.int(), z.int()]).nullish(),
  User: z
    .string()
    .regex(/^(\d+(:\d+)?)?$/, 'must be a numeric uid or uid:gid')
    .nullish(),
});

const volumeSchema = z.object({ Name: z.string().min(1).max(256), Labels: labels });
const filtersSchema = z.object({ label: z.array(z.string()).optional(), name: z.array(z.string()).optional() });

export type Filters = z.infer<typeof filtersSchema>;

export function parseCreate(body: unknown): ContainerConfig {
  const said = parse(createSchema, body);
  return {
    image: said.Image,
    command: [...(said.Entrypoint ?? []), ...(said.Cmd ?? [])],
    env: said.Env ?? [],
    workdir: said.WorkingDir ?? undefined,
    labels: said.Labels ?? {},
    networkMode: said.HostConfig?.NetworkMode ?? '',
  };
}

export function parseExec(body: unknown): ExecRequest {
  const said = parse(execSchema, body);
  // The user is checked and not applied: in production it restricts nothing, and here only one user exists inside.
  return {
    command: said.Cmd,
    env: toEnv(said.Env ?? []),
    workdir: said.WorkingDir ? said.WorkingDir : undefined,
    terminal: said.Tty ?? false,
    size: said.ConsoleSize ? toSize(said.ConsoleSize[0], said.ConsoleSize[1]) : undefined,
  };
}

/** `?h=<rows>&w=<columns>` -> a size, or undefined when it is none. */
export function parseSize(query: URLSearchParams): TerminalSize | undefined {
  return toSize(Number(query.get('h')), Number(query.get('w')));
}

function toSize(rows: number, columns: number): TerminalSize | undefined {
  const usable = [rows, columns].every((value) => Number.isInteger(value) && value >= 1 && value <= TERMINAL_CELLS_MAX);
  return usable ? { rows, columns } : undefined;
}

export function parseVolume(body: unknown): z.infer<typeof volumeSchema> {
  return parse(volumeSchema, body);
}

export function parseFilters(text: string | null): Filters {
  return text === null || text === '' ? {} : parse(filtersSchema, readJson(text));
}

/** True when every "key=value" (or "key") of the filter is among the labels. */
export function hasLabels(labelsOf: Readonly<Record<string, string>>, wanted: readonly string[] = []): boolean {
  return wanted.every((entry) => {
    const at = entry.indexOf('=');
    return at < 0 ? entry in labelsOf : labelsOf[entry.slice(0, at)] === entry.slice(at + 1);
  });
}

/** "9", "KILL" or "SIGKILL" -> the signal's name. */
export function parseSignal(text: string | null): NodeJS.Signals {
  const said = text ?? 'SIGKILL';
  const wanted = /^\d+$/.test(said) ? Number(said) : undefined;
  const name = said.startsWith('SIG') ? said : `SIG${said}`;
  const found = Object.entries(constants.signals).find(([key, value]) =>
    wanted === undefined ? key === name : value === wanted,
  );
  if (found === undefined) throw new EngineError(400, `Unknown signal: ${said}`);
  return found[0] as NodeJS.Signals;
}

export function readJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new EngineError(400, 'The body is not JSON.');
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new EngineError(
    400,
    parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}
