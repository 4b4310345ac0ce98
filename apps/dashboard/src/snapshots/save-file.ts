/** Downloads one file of a snapshot and hands it to the browser to be saved. */
import { endpoints } from '../../../control-plane/src/contract/api.ts';
import { pathOf } from '../api/client.ts';
import { downloadFile } from '../api/download.ts';
import { nameOf } from './file-words.ts';

/** @throws ApiError */
export async function saveFile(file: { tenantId: string; snapshotId: string; path: string }): Promise<void> {
  const { tenantId, snapshotId, path } = file;
  await downloadFile(pathOf(endpoints.snapshotFileTake.path, { tenantId, snapshotId }, { path }), nameOf(path));
}
