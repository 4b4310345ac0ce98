/** Inside one snapshot: its files against now, one of them to download or to put back, and that undone. Wakes nothing. */
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute, Link } from '@tanstack/react-router';
import { Search, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { toFailure } from '../../api/errors.ts';
import { putFilesQuery, roleMay, snapshotFilesQuery, snapshotsQuery, tenantQuery } from '../../api/queries.ts';
import { FileList } from '../../snapshots/file-list.tsx';
import { nameOf, needsRestart, putSentence } from '../../snapshots/file-words.ts';
import { reasonAgainst } from '../../snapshots/reason-against.ts';
import { useFileAction } from '../../snapshots/use-file-actions.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { formatCount, formatDateTime } from '../../ui/format.ts';
import { EmptyState, FailureNotice } from '../../ui/notice.tsx';
import { PagedRows } from '../../ui/paged-rows.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/snapshots_/$snapshotId')({ component: Files });

function Files() {
  const { tenantId, snapshotId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const [typed, setTyped] = useState('');
  const [question, setQuestion] = useState({ search: '', differing: false });
  const [putting, setPutting] = useState<string | null>(null);
  const list = useQuery(snapshotsQuery(tenantId, false));
  const files = useInfiniteQuery(snapshotFilesQuery(tenantId, snapshotId, question));
  const puts = useQuery(putFilesQuery(tenantId));
  const act = useFileAction(tenantId, snapshotId);
  const may = roleMay(org.role, 'tenant:configure');
  const againstPut = reasonAgainst('put_file', 'tenant:configure', tenant, org.role);
  const first = files.data?.pages[0];
  const at = list.data?.items.find(({ id }) => id === snapshotId)?.at;
  const when = at === undefined ? 'this snapshot' : formatDateTime(Date.parse(at));
  const last = puts.data?.items[0];
  const told = last === undefined ? null : putSentence(last);
  const variables = act.isPending ? act.variables : null;
  return (
    <div className="flex flex-col gap-6">
      <title>{`Files of a snapshot of ${tenant.name} · Tidepool`}</title>
      <div>
        <nav aria-label="Back" className="text-sm">
          <Link to="/a/$tenantId/snapshots" params={{ tenantId }} className="link">
            Snapshots
          </Link>
        </nav>
        <h2 className="mt-1 text-xl font-semibold tracking-tight">Files of {when}</h2>
        <p className="mt-1 max-w-2xl text-soft">
          Looking and downloading wakes nothing. A file that you put back takes the place of the one in the running
          assistant; what it replaces is kept.
        </p>
      </div>
      {last === undefined || told === null ? null : (
        <div
          role="status"
          className="flex flex-wrap items-center gap-3 rounded-md border border-line bg-foam p-4 text-sm"
        >
          <p className="min-w-0 flex-1 basis-64 break-words">{told}</p>
          <Button
            icon={<Undo2 size={16} aria-hidden />}
            disabledReason={againstPut}
            busy={variables?.kind === 'undo'}
            onClick={() => act.mutate({ kind: 'undo', path: last.path, putId: last.id })}
          >
            Undo
          </Button>
        </div>
      )}
      {act.isError ? <FailureNotice failure={toFailure(act.error)} onRetry={() => act.mutate(act.variables)} /> : null}
      <form
        role="search"
        className="flex flex-wrap items-end gap-x-4 gap-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          setQuestion({ ...question, search: typed.trim() });
        }}
      >
        <div className="min-w-0 flex-1 basis-64">
          <Field
            label="Find a file"
            type="search"
            maxLength={200}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <Button type="submit" icon={<Search size={16} aria-hidden />}>
          Find
        </Button>
        <label className="flex min-h-11 items-center gap-2 text-sm">
          <input
            type="checkbox"
            checked={question.differing}
            onChange={(event) => setQuestion({ ...question, differing: event.target.checked })}
          />
          Only what is different now
        </label>
      </form>
      <PagedRows
        query={files}
        loading="Opening the snapshot"
        skeleton="h-14"
        empty={
          <EmptyState title={question.differing ? 'Nothing is different' : 'No such file'}>
            {question.search === ''
              ? 'Every file is as it was in this snapshot.'
              : `No path in this snapshot fits “${question.search}”.`}
          </EmptyState>
        }
        more="Show more files"
      >
        {(shown) => (
          <>
            <p className="text-sm text-soft" role="status">
              {formatCount(shown.length)} of {formatCount(first?.total ?? 0)}{' '}
              {first?.by === 'folders' ? 'folders' : 'files'}
              {first?.against === null ? '; they cannot be compared with now' : ''}
            </p>
            <FileList
              files={shown}
              againstTake={may.allowed ? undefined : may.reason}
              againstPut={againstPut}
              busyPath={variables !== null && variables.kind !== 'undo' ? variables.path : null}
              onTake={(path) => act.mutate({ kind: 'take', path })}
              onPut={setPutting}
            />
          </>
        )}
      </PagedRows>
      {putting === null ? null : (
        <ConfirmDialog
          open
          title={`Put ${nameOf(putting)} back?`}
          confirmLabel="Put it back"
          onClose={() => setPutting(null)}
          onConfirm={() => {
            setPutting(null);
            act.mutate({ kind: 'put', path: putting, key: crypto.randomUUID() });
          }}
        >
          <p className="break-words">
            {putting} becomes as it was on {when}. What is there now is kept, and you can undo this.
          </p>
          {needsRestart(putting) ? (
            <p className="mt-3">OpenClaw may read this file only when it starts: restart the assistant afterwards.</p>
          ) : null}
        </ConfirmDialog>
      )}
    </div>
  );
}
