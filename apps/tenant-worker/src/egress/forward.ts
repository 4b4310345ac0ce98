/**
 * Carries one allowed request out and its answer back, streamed and counted. Follows no redirect: the client asks again
 * and is decided on again. Knows nothing of policies.
 */
import { targetUrl } from '../core/egress/target.ts';
import type { Target } from '../core/egress/target.ts';
import { relayClose } from '../core/edge/close.ts';
import { headersBack, headersOut } from './headers.ts';
import type { AddedHeader } from './headers.ts';
import type { EgressFault } from './refuse.ts';

export interface ForwardLimits {
  readonly bodyBytesMax: number;
  /** Until the answer begins. Long polls of chat networks hold a request for up to a minute. */
  readonly answerBeginsMs: number;
}

export const forwardLimits: ForwardLimits = { bodyBytesMax: 100 * 1024 * 1024, answerBeginsMs: 120_000 };

export interface Carried {
  readonly status: number | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

export type Forwarded =
  | { readonly kind: 'answered'; readonly response: Response; readonly ended: Promise<Carried> }
  | { readonly kind: 'failed'; readonly fault: EgressFault; readonly carried: Carried };

type Send = (url: string, init: RequestInit) => Promise<Response>;

export async function forward(
  request: Request,
  target: Target,
  { send, added, limits = forwardLimits }: { send: Send; added: AddedHeader | null; limits?: ForwardLimits },
): Promise<Forwarded> {
  const out = countedBody(request, limits.bodyBytesMax);
  if (out === 'too_large')
    return { kind: 'failed', fault: 'body_too_large', carried: { status: null, bytesOut: 0, bytesIn: 0 } };
  const abort = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    abort.abort();
  }, limits.answerBeginsMs);
  try {
    const init: RequestInit = {
      method: target.method,
      headers: headersOut(request.headers, target.isWebSocket, added),
      body: out.body,
      redirect: 'manual',
      signal: abort.signal,
    };
    const answer = await send(targetUrl(target), init);
    const { response, ended } = carryBack(answer, added !== null);
    const carried = ({ bytesIn, bytesOut }: SocketBytes): Carried => {
      return { status: answer.status, bytesOut: out.bytes() + bytesOut, bytesIn };
    };
    return { kind: 'answered', response, ended: ended.then(carried) };
  } catch {
    const fault = out.exceeded() ? 'body_too_large' : isLate ? 'silent' : 'unreachable';
    return { kind: 'failed', fault, carried: { status: null, bytesOut: out.bytes(), bytesIn: 0 } };
  } finally {
    clearTimeout(timer);
  }
}

interface CountedBody {
  readonly body: ReadableStream | null;
  bytes(): number;
  exceeded(): boolean;
}

/** A declared length is held by HTTP's framing and passes untouched; anything else is counted while it streams. */
function countedBody({ body, method, headers }: Request, bytesMax: number): CountedBody | 'too_large' {
  const declared = headers.get('content-length');
  if (body === null || method === 'GET' || method === 'HEAD')
    return { body: null, bytes: () => 0, exceeded: () => false };
  if (declared !== null) {
    const length = Number(declared);
    if (!Number.isSafeInteger(length) || length > bytesMax) return 'too_large';
    return { body, bytes: () => length, exceeded: () => false };
  }
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) controller.error(new Error('the request body is over the limit'));
      else controller.enqueue(chunk);
    },
  });
  return { body: body.pipeThrough(counter), bytes: () => bytes, exceeded: () => bytes > bytesMax };
}

const withoutBody = new Set([101, 204, 205, 304]);
const encoder = new TextEncoder();

/** Bytes of the answer; of a socket, both ways. */
interface SocketBytes {
  bytesIn: number;
  bytesOut: number;
}

function carryBack(answer: Response, hasSecret: boolean): { response: Response; ended: Promise<SocketBytes> } {
  const headers = headersBack(answer.headers, hasSecret);
  if (answer.webSocket) return carrySocket(answer.webSocket, headers);
  const { status, statusText, body } = answer;
  if (body === null || withoutBody.has(status))
    return {
      response: new Response(null, { status, statusText, headers }),
      ended: Promise.resolve({ bytesIn: 0, bytesOut: 0 }),
    };
  // The platform may have taken a compression off, so the length of what follows is not known any more.
  headers.delete('content-length');
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  // Either side may go away in the middle; then the other is told by its stream, and this only ends.
  const counted = () => ({ bytesIn: bytes, bytesOut: 0 });
  const ended = body.pipeTo(counter.writable).then(counted, counted);
  return { response: new Response(counter.readable, { status, statusText, headers }), ended };
}

/** Joins the host's socket to a new one for the container. Whichever closes first, both are closed. */
function carrySocket(host: WebSocket, headers: Headers): { response: Response; ended: Promise<SocketBytes> } {
  const [container, near] = Object.values(new WebSocketPair());
  if (container === undefined || near === undefined) throw new Error('WebSocketPair made no pair');
  const over = Promise.withResolvers<SocketBytes>();
  const bytes: SocketBytes = { bytesIn: 0, bytesOut: 0 };
  let isClosed = false;
  const closeBoth = (code: number, reason: string): void => {
    if (isClosed) return;
    isClosed = true;
    const frame = relayClose('client', code, reason);
    for (const leg of [near, host]) {
      try {
        leg.close(frame.code, frame.reason);
      } catch {
        // Already gone: closing it was the goal.
      }
    }
    over.resolve(bytes);
  };
  const pipe = (from: WebSocket, to: WebSocket, way: keyof SocketBytes): void => {
    from.addEventListener('message', ({ data }) => {
      if (isClosed || (typeof data !== 'string' && !(data instanceof ArrayBuffer))) return;
      bytes[way] += typeof data === 'string' ? encoder.encode(data).byteLength : data.byteLength;
      try {
        to.send(data);
      } catch {
        closeBoth(1006, '');
      }
    });
    from.addEventListener('close', ({ code, reason }) => closeBoth(code, reason));
    from.addEventListener('error', () => closeBoth(1006, ''));
  };
  pipe(near, host, 'bytesOut');
  pipe(host, near, 'bytesIn');
  for (const leg of [host, near]) {
    leg.binaryType = 'arraybuffer';
    leg.accept({ allowHalfOpen: true });
  }
  return { response: new Response(null, { status: 101, webSocket: container, headers }), ended: over.promise };
}
