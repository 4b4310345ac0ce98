/** Reads a body up to a bound, without trusting its declared length. */
import { openReader } from './body-reader.ts';

export type BoundedBody =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unreadable' };

/** The body as UTF-8 text; `too_large` as soon as it is known, `unreadable` when it breaks off or is not UTF-8. */
export async function readBoundedText(
  body: ReadableStream<Uint8Array> | null,
  declaredLength: string | null,
  bytesMax: number,
): Promise<BoundedBody> {
  if (Number(declaredLength ?? 0) > bytesMax) return { kind: 'too_large' };
  if (!body) return { kind: 'text', text: '', bytes: 0 };
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  const reader = openReader(body);
  let text = '';
  let bytes = 0;
  try {
    for (;;) {
      const piece = await reader.read();
      if (piece.done) return { kind: 'text', text: text + decoder.decode(), bytes };
      const { value } = piece;
      bytes += value.byteLength;
      if (bytes > bytesMax) {
        await reader.cancel();
        return { kind: 'too_large' };
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return { kind: 'unreadable' }; // the sender went away or sent something else: there is nobody to tell more
  }
}
