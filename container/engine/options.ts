// The engine's command line: parsed once, every problem a sentence. No other file reads process.argv.
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';

export type IsolationChoice = 'ns' | 'plain' | 'auto';

export interface EngineOptions {
  readonly socketPath: string;
  readonly stateDir: string;
  readonly imagesFile: string;
  readonly isolation: IsolationChoice;
  readonly logFile: string | undefined;
  readonly parentPid: number | undefined;
}

/** A problem in how the engine was called; the message is for the person who reads the terminal. */
export class UsageError extends Error {
  readonly exitCode = 64;
}

/** sun_path is 108 bytes with its terminating zero (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107;

export const USAGE =
  'usage: node container/engine/main.ts --socket S --state DIR --images FILE --isolation ns|plain|auto [--log FILE] [--parent-pid N]';

/** argv without the first two entries -> options with absolute paths. Throws {@link UsageError}. */
export function parseOptions(argv: readonly string[]): EngineOptions {
  const values = readValues(argv);
  const socketPath = resolve(required(values.socket, '--socket'));
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES_MAX) {
    throw new UsageError(
      `--socket is ${Buffer.byteLength(socketPath)} bytes long and a socket path must be under 108: ${socketPath}`,
    );
  }
  return {
    socketPath,
    stateDir: resolve(required(values.state, '--state')),
    imagesFile: resolve(required(values.images, '--images')),
    isolation: parseIsolation(values.isolation ?? 'auto'),
    logFile: values.log === undefined ? undefined : resolve(values.log),
    parentPid: parsePid(values['parent-pid']),
  };
}

/** Throws when the environment says production: this engine confines for development, and no further. */
export function assertDevelopment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of ['NODE_ENV', 'TIDEPOOL_ENV']) {
    if (env[name] === 'production') {
      throw new UsageError(
        `This engine is for development; production is Cloudflare Containers (${name}=production is set, so it does not start).`,
      );
    }
  }
}

function readValues(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      options: { socket: text, state: text, images: text, isolation: text, log: text, 'parent-pid': text },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new UsageError(`${name} is missing.\n${USAGE}`);
  return value;
}

function parseIsolation(value: string): IsolationChoice {
  if (value === 'ns' || value === 'plain' || value === 'auto') return value;
  throw new UsageError(`--isolation is "${value}"; it must be ns, plain or auto.`);
}

function parsePid(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(value)) throw new UsageError(`--parent-pid is "${value}"; it must be a process id.`);
  return Number(value);
}
