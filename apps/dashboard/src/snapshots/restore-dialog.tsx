/** The question before a restore: what would change, what is kept, in plain words. */
import { useQuery } from '@tanstack/react-query';
import type { Snapshot, Tenant } from '../../../control-plane/src/contract/api.ts';
import type { SnapshotChanges } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { toFailure } from '../api/errors.ts';
import { snapshotChangesQuery } from '../api/queries.ts';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { formatCount, formatDateTime } from '../ui/format.ts';
import { Loading, Skeleton } from '../ui/skeleton.tsx';

interface RestoreDialogProps {
  readonly tenant: Tenant;
  readonly snapshot: Snapshot;
  readonly busy: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function RestoreDialog({ tenant, snapshot, busy, onConfirm, onClose }: RestoreDialogProps) {
  const changes = useQuery({ ...snapshotChangesQuery(tenant.id, snapshot.id), enabled: !snapshot.current });
  const asleep = tenant.state === 'asleep';
  return (
    <ConfirmDialog
      open
      title={`Go back to ${formatDateTime(Date.parse(snapshot.at))}?`}
      confirmLabel="Restore this snapshot"
      busy={busy}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <p>
        {asleep
          ? `${tenant.name} goes on from it the next time it wakes.`
          : `${tenant.name} is saved as it is now, stops, and wakes from this snapshot. An answer it is giving right now is cut off.`}{' '}
        What is there now is kept, and you can undo this.
      </p>
      <div className="mt-4 max-h-72 overflow-y-auto" tabIndex={0} role="region" aria-label="What changes">
        {snapshot.current ? <p>This is the newest snapshot: only what changed after it goes away.</p> : null}
        {changes.isLoading ? (
          <>
            <Loading label="Comparing" />
            <Skeleton className="h-24" />
          </>
        ) : null}
        {changes.isError ? <p>{toFailure(changes.error).detail} It can be restored without a preview.</p> : null}
        {changes.data === undefined ? null : <Changes changes={changes.data.changes} />}
      </div>
    </ConfirmDialog>
  );
}

type Lists = NonNullable<SnapshotChanges['changes']['files']>;

function Changes({ changes }: { changes: SnapshotChanges['changes'] }) {
  const { files, sessions, configKeys } = changes;
  const unit = files?.by === 'folders' ? 'folder' : 'file';
  return (
    <div className="flex flex-col gap-3 text-sm">
      <h3 className="font-semibold text-ink">Compared with the newest snapshot</h3>
      {files === null ? <p>The files of the two cannot be compared.</p> : <Rows lists={files} unit={unit} />}
      <Rows lists={sessions} unit="conversation" />
      <p>
        {configKeys === null
          ? 'Whether the configuration differs cannot be told.'
          : configKeys.length === 0
            ? 'The configuration is the same.'
            : `The configuration differs in: ${configKeys.join(', ')}.`}
      </p>
    </div>
  );
}

function Rows({ lists, unit }: { lists: Pick<Lists, 'added' | 'changed' | 'removed'>; unit: string }) {
  const rows = [
    [['comes back', 'come back'], lists.added],
    [['changes back', 'change back'], lists.changed],
    [['goes away', 'go away'], lists.removed],
  ] as const;
  const some = rows.filter(([, { count }]) => count > 0);
  if (some.length === 0) return <p>No {unit} changes.</p>;
  return some.map(([[one, many], { count, first }]) => (
    <details key={many}>
      <summary className="cursor-pointer py-1">
        {count === 1 ? `1 ${unit} ${one}` : `${formatCount(count)} ${unit}s ${many}`}
      </summary>
      <ul className="list-disc pl-5 font-mono text-xs break-all">
        {first.map((path) => (
          <li key={path}>{path}</li>
        ))}
      </ul>
      {count > first.length ? <p>and {formatCount(count - first.length)} more</p> : null}
    </details>
  ));
}
