// The engine's own log: one line per event, bounded fields, optional file. Never stdout, which carries the ready line.
import { createWriteStream, type WriteStream } from 'node:fs';

export type Log = (event: string, facts?: Readonly<Record<string, unknown>>) => void;

const LINE_CHARS_MAX = 2_000;

/** A log that appends to `file`, or one that drops everything when there is none. */
export function openLog(file: string | undefined, now: () => Date): Log {
  if (file === undefined) return () => {};
  const stream: WriteStream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  // A full disk must not take the containers down with the log.
  stream.on('error', () => {});
  return (event, facts) => {
    const tail = facts === undefined ? '' : ` ${JSON.stringify(facts)}`;
    stream.write(`${`${now().toISOString()} ${event}${tail}`.slice(0, LINE_CHARS_MAX)}\n`);
  };
}
