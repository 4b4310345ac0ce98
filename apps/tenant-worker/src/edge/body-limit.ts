/** Counts a request body while it streams, so that one without a declared length cannot exceed the limit either. */

export interface LimitedBody {
  readonly body: ReadableStream | null;
  /** True once the body was cut off; whatever came of the request then, the answer is 413. */
  exceeded(): boolean;
}

/** A body with a declared length passes untouched: HTTP framing holds it to that length, and the admission judged it. */
export function limitBody(request: Request, maxBytes: number): LimitedBody {
  const { body, method } = request;
  if (body === null || method === 'GET' || method === 'HEAD') return { body: null, exceeded: () => false };
  if (request.headers.get('content-length') !== null) return { body, exceeded: () => false };
  let bytes = 0;
  let exceeded = false;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        exceeded = true;
        controller.error(new Error('the request body is over the limit'));
        return;
      }
      controller.enqueue(chunk);
    },
  });
  return { body: body.pipeThrough(counter), exceeded: () => exceeded };
}
