/** Snapshots in plain words: why one was taken, what is special about it, what the last restore did. */
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Snapshot, SnapshotList } from '../../../control-plane/src/contract/api.ts';

const reasons: Readonly<Record<string, string>> = {
  sleep: 'Before it fell asleep',
  periodic: 'While it was working',
  rescue: 'Saved after something failed',
  manual: 'Taken by hand',
  before_restore: 'Before a restore',
  before_upgrade: 'Before an upgrade',
  imported: 'Brought in from elsewhere',
};

export function reasonOf(snapshot: Pick<Snapshot, 'why'>): string {
  return reasons[snapshot.why] ?? 'Saved';
}

export interface Flag {
  readonly tone: 'calm' | 'good' | 'warn';
  readonly text: string;
}

export function flagsOf(snapshot: Snapshot): Flag[] {
  const flags: Flag[] = [];
  if (snapshot.current) flags.push({ tone: 'good', text: 'Current' });
  if (snapshot.protection === 'customer') flags.push({ tone: 'calm', text: 'Protected' });
  if (snapshot.protection === 'automatic') flags.push({ tone: 'calm', text: 'Kept as a way back' });
  if (snapshot.aside) flags.push({ tone: 'warn', text: 'Set aside: much smaller than before' });
  if (snapshot.unreadable) flags.push({ tone: 'warn', text: 'Could not be read' });
  if (!snapshot.restorable) flags.push({ tone: 'warn', text: `Needs OpenClaw ${snapshot.release}` });
  return flags;
}

/** What to tell of the last restore, or null when there is nothing to tell. */
export function restoreSentence(restore: SnapshotList['restore']): string | null {
  if (restore === null) return null;
  const { stage } = restore;
  switch (stage) {
    case 'saving':
      return 'A restore is under way: what is there now is being saved first.';
    case 'waiting':
      return 'The next start goes on from the snapshot you chose. What was there before is kept.';
    case 'done':
      return 'The assistant goes on from the snapshot you restored. What was there before is kept.';
    case 'unreadable':
      return 'The snapshot you chose could not be read, so the assistant went on as it was. Nothing was lost.';
    case 'not_saved':
      return 'The restore was not done, because what is there now could not be saved first. The assistant went on as it was.';
    case 'superseded':
      return null;
    default:
      return unreachable(stage);
  }
}

/** Whether there is something to bring back. */
export function canUndo(restore: SnapshotList['restore']): boolean {
  return restore !== null && restore.replaced !== null && (restore.stage === 'waiting' || restore.stage === 'done');
}
