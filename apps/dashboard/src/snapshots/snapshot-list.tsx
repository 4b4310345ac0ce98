/** The snapshots of an assistant, newest first. A button that cannot act says why. */
import { Link } from '@tanstack/react-router';
import type { Snapshot } from '../../../control-plane/src/contract/api.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { counted, formatBytes, formatDateTime } from '../ui/format.ts';
import { When } from '../ui/when.tsx';
import { flagsOf, type Flag, reasonOf } from './words.ts';

interface SnapshotListProps {
  readonly tenantId: string;
  readonly items: readonly Snapshot[];
  readonly againstRestore: string | undefined;
  readonly againstChange: string | undefined;
  readonly busyId: string | null;
  readonly onRestore: (snapshot: Snapshot) => void;
  readonly onProtect: (snapshot: Snapshot, wanted: boolean) => void;
  readonly onAccept: (snapshot: Snapshot) => void;
}

const tones: Record<Flag['tone'], string> = {
  calm: 'border-line text-soft',
  good: 'border-tide/50 text-tide',
  warn: 'border-sand/60 bg-sand-soft',
};

export function SnapshotTable(props: SnapshotListProps) {
  return (
    <ul aria-label="Snapshots, newest first" className="divide-y divide-line border-y border-line">
      {props.items.map((snapshot) => (
        <Row key={snapshot.id} snapshot={snapshot} {...props} />
      ))}
    </ul>
  );
}

function Row({ snapshot, ...props }: SnapshotListProps & { snapshot: Snapshot }) {
  const { tenantId, againstRestore, againstChange, busyId } = props;
  const when = formatDateTime(Date.parse(snapshot.at));
  const kept = snapshot.protection === 'customer';
  const cannotRead = snapshot.restorable
    ? undefined
    : `OpenClaw ${snapshot.release} wrote it; this assistant is older.`;
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 py-4">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="figures font-semibold">{when}</span>
          {flagsOf(snapshot).map(({ tone, text }) => (
            <span key={text} className={`rounded-sm border px-1.5 text-xs ${tones[tone]}`}>
              {text}
            </span>
          ))}
        </p>
        <p className="text-sm text-soft">
          {reasonOf(snapshot)}
          {snapshot.note === null ? '' : `: ${snapshot.note}`}
        </p>
        <p className="figures text-sm text-soft">
          {formatBytes(snapshot.bytes)}, {counted(snapshot.files, 'file')}
          {snapshot.sessions === null ? '' : `, ${counted(snapshot.sessions, 'conversation')}`}
          {snapshot.provenAt === null ? null : (
            <>
              , restore proven <When at={snapshot.provenAt} />
            </>
          )}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        {snapshot.aside ? (
          <Button
            disabledReason={againstChange}
            busy={busyId === snapshot.id}
            onClick={() => props.onAccept(snapshot)}
            aria-label={`Accept the snapshot of ${when}`}
          >
            Accept
          </Button>
        ) : null}
        {snapshot.inventory ? (
          <Link
            to="/a/$tenantId/snapshots/$snapshotId"
            params={{ tenantId, snapshotId: snapshot.id }}
            className={buttonClass('plain')}
            aria-label={`Files of the snapshot of ${when}`}
          >
            Files
          </Link>
        ) : null}
        {snapshot.protection === 'automatic' ? null : (
          <Button
            kind="plain"
            disabledReason={againstChange}
            busy={busyId === snapshot.id}
            onClick={() => props.onProtect(snapshot, !kept)}
            aria-label={`${kept ? 'Stop protecting' : 'Protect'} the snapshot of ${when}`}
          >
            {kept ? 'Stop protecting' : 'Protect'}
          </Button>
        )}
        <Button
          disabledReason={againstRestore ?? cannotRead}
          onClick={() => props.onRestore(snapshot)}
          aria-label={`Restore the snapshot of ${when}`}
        >
          Restore…
        </Button>
      </div>
    </li>
  );
}
