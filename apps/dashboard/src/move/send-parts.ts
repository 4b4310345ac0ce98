/**
 * Sends what is missing of an upload, part by part, in the order that the server counts. Must hold: no part is sent that
 * the server has, and it is the server's count that says what comes next.
 */
import { importPartBytes, type ImportView, partsOf } from '../../../control-plane/src/contract/imports.ts';

/** Bytes that have arrived. */
export function arrivedBytes(view: Pick<ImportView, 'bytes' | 'nextPart'>): number {
  return Math.min(view.bytes, view.nextPart * importPartBytes);
}

export function isComplete(view: Pick<ImportView, 'bytes' | 'nextPart'>): boolean {
  return view.nextPart >= partsOf(view.bytes);
}

/**
 * @param sendPart sends one part and resolves to the upload as the server then has it
 * @param arrived told after each part
 * @throws what `sendPart` throws; what was sent before stays counted
 */
export async function sendParts(
  file: Blob,
  from: ImportView,
  sendPart: (n: number, content: Blob) => Promise<ImportView>,
  arrived: (view: ImportView) => void,
): Promise<ImportView> {
  let view = from;
  while (!isComplete(view)) {
    const n = view.nextPart;
    const start = n * importPartBytes;
    view = await sendPart(n, file.slice(start, Math.min(file.size, start + importPartBytes)));
    // A server that does not count it would be sent the same part for ever.
    if (view.nextPart <= n) throw new Error(`part ${n} was not counted`);
    arrived(view);
  }
  return view;
}
