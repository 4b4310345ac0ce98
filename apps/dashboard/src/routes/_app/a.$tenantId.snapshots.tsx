/** The snapshots of one assistant: what is saved, one more by hand, back to any of them, and back again. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { Camera, Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { Snapshot } from '../../../../control-plane/src/contract/api.ts';
import { toFailure } from '../../api/errors.ts';
import { isMoving, roleMay, snapshotsQuery, tenantQuery } from '../../api/queries.ts';
import { reasonAgainst } from '../../snapshots/reason-against.ts';
import { RestoreDialog } from '../../snapshots/restore-dialog.tsx';
import { SnapshotTable } from '../../snapshots/snapshot-list.tsx';
import { useSnapshotAction } from '../../snapshots/use-snapshot-actions.ts';
import { canUndo, restoreSentence } from '../../snapshots/words.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { EmptyState, FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/snapshots')({ component: Snapshots });

type Asking = { readonly kind: 'take' | 'undo' } | { readonly kind: 'restore'; readonly snapshot: Snapshot };

function Snapshots() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const list = useQuery(snapshotsQuery(tenantId, isMoving(tenant)));
  const act = useSnapshotAction(tenant);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [note, setNote] = useState('');
  const close = (): void => setAsking(null);
  const againstTake = reasonAgainst('snapshot', 'tenant:operate', tenant, org.role);
  const againstRestore = reasonAgainst('restore', 'tenant:configure', tenant, org.role);
  const mayChange = roleMay(org.role, 'tenant:configure');
  const restore = list.data?.restore ?? null;
  const told = restoreSentence(restore);
  const variables = act.isPending ? act.variables : null;
  return (
    <div className="flex flex-col gap-6">
      <title>{`Snapshots of ${tenant.name} · Tidepool`}</title>
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h2 className="text-xl font-semibold tracking-tight">Snapshots</h2>
        <Button
          kind="primary"
          icon={<Camera size={16} aria-hidden />}
          disabledReason={againstTake}
          busy={variables?.kind === 'take'}
          onClick={() => setAsking({ kind: 'take' })}
        >
          Take one now
        </Button>
      </div>
      <p className="max-w-2xl text-soft">
        The assistant is saved while it works and whenever it falls asleep. Snapshots of the last hours, days and weeks
        are kept; protected ones stay.
      </p>
      {told === null ? null : (
        <div
          role="status"
          className="flex flex-wrap items-center gap-3 rounded-md border border-line bg-foam p-4 text-sm"
        >
          <p className="min-w-0 flex-1 basis-64">{told}</p>
          {canUndo(restore) ? (
            <Button
              icon={<Undo2 size={16} aria-hidden />}
              disabledReason={againstRestore}
              busy={variables?.kind === 'undo'}
              onClick={() => setAsking({ kind: 'undo' })}
            >
              Undo the restore
            </Button>
          ) : null}
        </div>
      )}
      {act.isError ? <FailureNotice failure={toFailure(act.error)} onRetry={() => act.mutate(act.variables)} /> : null}
      {list.isPending ? (
        <>
          <Loading label="Loading the snapshots" />
          <Skeleton className="h-20" />
          <Skeleton className="h-20" />
        </>
      ) : null}
      {list.isError && list.data === undefined ? (
        <FailureNotice failure={toFailure(list.error)} onRetry={() => void list.refetch()} />
      ) : null}
      {list.data?.items.length === 0 ? (
        <EmptyState title="Nothing is saved yet">
          The first snapshot is made soon after the assistant was first used, and whenever it falls asleep.
        </EmptyState>
      ) : null}
      {list.data === undefined || list.data.items.length === 0 ? null : (
        <SnapshotTable
          tenantId={tenantId}
          items={list.data.items}
          againstRestore={againstRestore}
          againstChange={mayChange.allowed ? undefined : mayChange.reason}
          busyId={variables !== null && 'snapshotId' in variables ? variables.snapshotId : null}
          onRestore={(snapshot) => setAsking({ kind: 'restore', snapshot })}
          onProtect={({ id }, wanted) => act.mutate({ kind: 'protect', snapshotId: id, wanted })}
          onAccept={({ id }) => act.mutate({ kind: 'accept', snapshotId: id })}
        />
      )}
      {asking?.kind === 'restore' ? (
        <RestoreDialog
          tenant={tenant}
          snapshot={asking.snapshot}
          busy={false}
          onClose={close}
          onConfirm={() => {
            close();
            act.mutate({ kind: 'restore', snapshotId: asking.snapshot.id, key: crypto.randomUUID() });
          }}
        />
      ) : null}
      {asking?.kind === 'undo' ? (
        <ConfirmDialog
          open
          title="Undo the restore?"
          confirmLabel="Bring it back"
          onClose={close}
          onConfirm={() => {
            close();
            act.mutate({ kind: 'undo', key: crypto.randomUUID() });
          }}
        >
          What was there before the restore comes back. What is there now is kept as well.
        </ConfirmDialog>
      ) : null}
      {asking?.kind === 'take' ? (
        <ConfirmDialog
          open
          title="Take a snapshot now?"
          confirmLabel="Take snapshot"
          onClose={close}
          onConfirm={() => {
            close();
            act.mutate({ kind: 'take', note: note.trim(), key: crypto.randomUUID() });
            setNote('');
          }}
        >
          <p className="mb-3">It is protected until you take the protection back. The assistant goes on working.</p>
          <Field
            label="Note"
            hint="So that you find it again"
            value={note}
            maxLength={200}
            onChange={(event) => setNote(event.target.value)}
          />
        </ConfirmDialog>
      ) : null}
    </div>
  );
}
