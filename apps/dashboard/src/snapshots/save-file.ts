/** Downloads one file of a snapshot and hands it to the browser to be saved. Whole first, so that a failure is told here. */
import { endpoints } from '../../../control-plane/src/contract/api.ts';
import { pathOf } from '../api/client.ts';
import { ApiError, failureFromNetwork, failureFromProblem } from '../api/errors.ts';
import { nameOf } from './file-words.ts';

/** 64 MiB in two minutes is a slow line's worth. */
const timeoutMs = 120_000;
/** The browser has begun to read by then. */
const releaseMs = 60_000;

/** @throws ApiError */
export async function saveFile(file: { tenantId: string; snapshotId: string; path: string }): Promise<void> {
  const { tenantId, snapshotId, path } = file;
  const url = URL.createObjectURL(
    await fetchFile(pathOf(endpoints.snapshotFileTake.path, { tenantId, snapshotId }, { path })),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = nameOf(path);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), releaseMs);
}

async function fetchFile(url: string): Promise<Blob> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { credentials: 'same-origin', signal: deadline });
    if (response.ok) return await response.blob();
    // An error without a readable body is told by its status.
    const body: unknown = await response.json().catch(() => undefined);
    const requestId = response.headers.get('x-request-id');
    throw new ApiError(failureFromProblem(response.status, body, { requestId }));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(failureFromNetwork(deadline.aborted), { cause: error });
  }
}
