/**
 * Downloads one answer and hands it to the browser as a file to keep. Whole first: a failure, also one in the middle, is
 * told on the page, and half a file is never kept.
 */
import { jsonOf } from './client.ts';
import { ApiError, failureFromNetwork, failureFromProblem } from './errors.ts';

/** 64 MiB in two minutes is a slow line's worth. */
const timeoutMs = 120_000;
/** The browser has begun to read by then. */
const releaseMs = 60_000;

/** `onBytes` hears how many bytes have come so far. @throws ApiError */
export async function downloadFile(
  url: string,
  name: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  const blob = await fetchWhole(url, onBytes);
  const at = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = at;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(at), releaseMs);
}

async function fetchWhole(url: string, onBytes: (bytes: number) => void): Promise<Blob> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { credentials: 'same-origin', signal: deadline });
    if (!response.ok) {
      const requestId = response.headers.get('x-request-id');
      throw new ApiError(failureFromProblem(response.status, await jsonOf(response), { requestId }));
    }
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    const reader = response.body?.getReader();
    for (;;) {
      const next = await reader?.read();
      if (next?.value === undefined) break;
      parts.push(next.value);
      bytes += next.value.length;
      onBytes(bytes);
    }
    return new Blob(parts, { type: response.headers.get('content-type') ?? '' });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(failureFromNetwork(deadline.aborted), { cause: error });
  }
}
