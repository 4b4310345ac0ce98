/** Single files of a snapshot in plain words: how one stands to now, why it is not put back by itself, what was done. */
import type { PutFile } from '../../../control-plane/src/contract/snapshot-file-api.ts';
import type { FileStanding, PutRefusal } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';

/** Null for what needs no word. */
export const standingWords: Record<FileStanding, string | null> = {
  same: null,
  changed: 'Changed since',
  gone: 'Gone since',
  new: 'Not in this snapshot',
};

export const putRefusals: Record<PutRefusal, string> = {
  database: 'A database is open while the assistant runs. Restore the whole snapshot instead.',
  settings: 'The configuration is made anew at every start. Restore the whole snapshot instead.',
  own_records: 'This is a record of Tidepool’s own.',
  too_large: 'It is too large to be moved by itself. Restore the whole snapshot instead.',
  folder: 'There are too many files to list them one by one; this is a folder.',
  not_in_it: 'This snapshot does not hold it: it came later.',
};

/** Those of them that keep it from being downloaded as well; undefined when nothing does. */
export function againstTaking(refusal: PutRefusal | null): string | undefined {
  return refusal === 'too_large' || refusal === 'folder' || refusal === 'not_in_it' ? putRefusals[refusal] : undefined;
}

export function nameOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}

/** Files of the workspace are read when they are needed; others of OpenClaw's own often at its start only. */
export function needsRestart(path: string): boolean {
  return !/^(?:workspace|media)\b/.test(path);
}

/** What to tell of a file that was put back, or null when there is nothing to tell. */
export function putSentence(put: Pick<PutFile, 'stage' | 'path' | 'replaced'>): string | null {
  switch (put.stage) {
    case 'putting':
      return `${put.path} is being put back, or was cut off. Undo it, or put it back again.`;
    case 'undoing':
      return `${put.path} is being brought back to what it was, or was cut off. Try again.`;
    case 'done':
      return put.replaced === false
        ? `${put.path} was put back. There was no such file before.`
        : `${put.path} was put back. What it replaced is kept.`;
    case 'undone':
    case 'refused':
      return null;
    default:
      return unreachable(put.stage);
  }
}
