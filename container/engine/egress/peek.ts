// Holds a connection's first bytes until they say what the connection is, within a size and a time.
import type { Duplex } from 'node:stream';
import { FIRST_BYTES_MAX, readFirstBytes, type FirstBytes } from './first-bytes.ts';

export type Peeked = Exclude<FirstBytes, { kind: 'more' }>;

const FIRST_BYTES_TIMEOUT_MS = 30_000;

/**
 * Reads until the first bytes are understood and puts them back, so the next reader sees the whole stream.
 * Resolves with a refusal when they never are: too long, too slow, or the connection ended.
 */
export function peek(socket: Duplex, head: Buffer): Promise<Peeked> {
  return new Promise((done) => {
    let seen = head;
    const timer = setTimeout(
      () => finish({ kind: 'refused', reason: 'nothing was sent in time' }),
      FIRST_BYTES_TIMEOUT_MS,
    );
    const finish = (result: Peeked): void => {
      clearTimeout(timer);
      socket.off('readable', read);
      socket.off('end', ended);
      socket.off('close', ended);
      if (seen.length > 0 && !socket.destroyed) socket.unshift(seen);
      done(result);
    };
    const ended = (): void => finish({ kind: 'refused', reason: 'the connection ended first' });
    const look = (): boolean => {
      const result = readFirstBytes(seen.subarray(0, FIRST_BYTES_MAX));
      if (result.kind === 'more') return false;
      finish(result);
      return true;
    };
    const read = (): void => {
      for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) {
        seen = Buffer.concat([seen, chunk]);
        if (look()) return;
      }
    };
    if (look()) return;
    socket.on('readable', read);
    socket.on('end', ended);
    socket.on('close', ended);
    read();
  });
}
