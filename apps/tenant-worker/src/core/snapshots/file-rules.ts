/**
 * Which files of a snapshot may be put into a running assistant one by one: pure, by their path. A database is more than
 * its file while it is open, and the settings are rendered at each start; both come back with the whole state only. The
 * keeper looks at the files themselves, whatever their names are.
 */
import type { PutRefusal } from '../../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { fileBytesMax, filePathCharsMax } from '../../../../control-plane/src/contract/snapshot-file-rpc.ts';

const databaseName = /\.(?:sqlite3?|db3?|s3db)(?:-wal|-shm|-journal)?$/i;
const settingsName = /^openclaw\.json(?:$|\.)/;
const ownFolder = '.tidepool/';

/** Plain and relative: what an archive of ours may hold, with nothing to normalise. */
export function isPlainPath(path: string): boolean {
  if (path.length > filePathCharsMax || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

export function putRefusalOf({ path, bytes }: { readonly path: string; readonly bytes: number }): PutRefusal | null {
  if (path.endsWith('/')) return 'folder';
  if (databaseName.test(path)) return 'database';
  if (settingsName.test(path)) return 'settings';
  if (path.startsWith(ownFolder)) return 'own_records';
  return bytes > fileBytesMax ? 'too_large' : null;
}

/** The same in words, for the API. */
export const refusalWords: Record<PutRefusal, string> = {
  database: 'It is a database, and the assistant has it open.',
  settings: 'It is the configuration, which is made anew at every start.',
  own_records: 'It is a record of Tidepool’s own.',
  too_large: `It is larger than ${fileBytesMax / 1024 / 1024} MiB.`,
  folder: 'It is a folder.',
  not_in_it: 'It is not in this snapshot.',
};
