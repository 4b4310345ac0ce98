/** One model call as a container makes it, through the harness: read whole, or left by whoever asked. */
import http from 'node:http';
import type { Reading } from './plan.ts';

export type Outcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'left' }
  /** `code`: the product's own word, or null when the upstream's error was passed on. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string | null }
  /** The answer ended before its end. */
  | { readonly kind: 'broken' }
  /** No answer came: the runtime or the object was gone. */
  | { readonly kind: 'unreachable' };

export interface CallTo {
  readonly port: number;
  /** `/ai/<slug>/<tenant>/<incarnation>` and the provider's path. */
  readonly target: string;
  readonly body: string;
  readonly reading: Reading;
}

const callTimeoutMs = 180_000;

export function callModel({ port, target, body, reading }: CallTo): Promise<Outcome> {
  return new Promise((resolve) => {
    let leaving: NodeJS.Timeout | null = null;
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path: target,
        method: 'POST',
        agent: false, // A connection of its own: a killed runtime must not leave a dead one in a pool.
        timeout: callTimeoutMs,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        if (leaving !== null) clearTimeout(leaving);
        const { statusCode = 0 } = answer;
        const code = answer.headers['x-tidepool-code'];
        let read = 0;
        answer.on('data', (bytes: Buffer) => {
          read += bytes.length;
          if (reading.kind === 'leaves_midway' && statusCode === 200 && read >= reading.afterBytes) leave();
        });
        answer.once('error', () => resolve({ kind: 'broken' }));
        answer.once('end', () => {
          if (statusCode === 200) resolve({ kind: answer.complete ? 'answered' : 'broken' });
          else resolve({ kind: 'refused', status: statusCode, code: typeof code === 'string' ? code : null });
        });
      },
    );
    function leave(): void {
      resolve({ kind: 'left' });
      request.destroy();
    }
    if (reading.kind === 'leaves_early') leaving = setTimeout(leave, reading.afterMs);
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', () => resolve({ kind: 'unreachable' }));
    request.end(body);
  });
}
