// HTTP and WebSocket from Node to a host of the local stack. Node can't resolve `*.localhost`, so these connect to
// 127.0.0.1 and send the Host header; browsers and curl need none of this.

import http from 'node:http';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { WebSocket } from 'ws';

export interface LoopbackInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

const NO_BODY_STATUS = new Set([204, 205, 304]);

/** One request; redirects are not followed. The body is decoded as a browser would. */
export function loopbackFetch(port: number, host: string, path: string, init: LoopbackInit = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: init.method ?? 'GET',
        headers: { ...init.headers, host: `${host}:${port}` },
        agent: false, // A connection of its own: a killed runtime must not leave a dead one in a pool.
        ...(init.signal === undefined ? {} : { signal: init.signal }),
      },
      (incoming) => resolve(toResponse(incoming)),
    );
    request.once('error', reject);
    request.end(init.body);
  });
}

/** Opens a WebSocket; the caller listens for `open`, `message`, `close` and `error`. */
export function loopbackWebSocket(
  port: number,
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { ...headers, host: `${host}:${port}` } });
}

function toResponse(incoming: http.IncomingMessage): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
  }
  const status = incoming.statusCode ?? 500;
  if (NO_BODY_STATUS.has(status)) {
    incoming.resume();
    return new Response(null, { status, headers });
  }
  // The response's own stream type is the DOM's; Node's is the same object under another name.
  const body = Readable.toWeb(decoded(incoming)) as ReadableStream<Uint8Array>;
  return new Response(body, { status, statusText: incoming.statusMessage ?? '', headers });
}

function decoded(incoming: http.IncomingMessage): Readable {
  const encoding = incoming.headers['content-encoding'];
  if (encoding === 'br') return incoming.pipe(createBrotliDecompress());
  if (encoding === 'gzip') return incoming.pipe(createGunzip());
  return encoding === 'deflate' ? incoming.pipe(createInflate()) : incoming;
}
