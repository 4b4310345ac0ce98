/** One upload as it stands: half sent, waiting, being converted, ready, refused; with what can be done about it. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import type { ImportView } from '../../../control-plane/src/contract/imports.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import { type Failure, toFailure } from '../api/errors.ts';
import { operationQuery } from '../api/queries.ts';
import { StepList } from '../tenants/operation-card.tsx';
import { stepsOf } from '../tenants/operation-steps.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { formatBytes } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { useNow } from '../ui/use-now.ts';
import { ImportReport } from './import-report.tsx';
import { keptUntil } from './import-words.ts';
import { arrivedBytes, isComplete } from './send-parts.ts';
import { type Sending, useImportAction } from './use-import.ts';

export function SendingCard({
  sending,
  onRetry,
  onCancel,
}: {
  sending: Sending;
  onRetry: () => void;
  onCancel: () => void;
}) {
  const { file, failure } = sending;
  const words = `${formatBytes(sending.arrivedBytes)} of ${formatBytes(file.size)}`;
  return (
    <Card title={failure === null ? `Sending ${file.name}` : `${file.name} is not sent yet`}>
      <div>
        <progress
          aria-label={`Sent of ${file.name}`}
          max={file.size}
          value={sending.arrivedBytes}
          className="h-2 w-full appearance-none overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-tide [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-tide"
        />
        <p className="figures text-sm text-soft">{words} sent. Keep this page open until all of it is.</p>
      </div>
      {failure === null ? null : <Stopped failure={failure} />}
      <Row>
        {failure === null ? null : (
          <Button kind="primary" onClick={onRetry}>
            Retry
          </Button>
        )}
        <Button onClick={onCancel}>Cancel the upload</Button>
      </Row>
    </Card>
  );
}

/** What has arrived stays: the way on is the button below, whatever the failure was. */
function Stopped({ failure }: { failure: Failure }) {
  return (
    <FailureNotice failure={failure}>
      <span>What has arrived is kept.</span>
    </FailureNotice>
  );
}

interface ImportCardProps {
  readonly tenant: Tenant;
  readonly view: ImportView;
  readonly clockOffsetMs: number;
}

export function ImportCard({ tenant, view, clockOffsetMs }: ImportCardProps) {
  switch (view.state) {
    case 'uploading':
      return <ArrivingCard tenant={tenant} view={view} />;
    case 'converting':
      return (
        <Card title={`Converting ${view.fileName}`}>
          <p className="text-sm text-soft">
            This is done beside {tenant.name}, which goes on as it is. It goes on also when you close this page.
          </p>
          {view.operationId === null ? null : <Steps operationId={view.operationId} clockOffsetMs={clockOffsetMs} />}
        </Card>
      );
    case 'ready':
      return <ReadyCard tenant={tenant} view={view} />;
    case 'failed':
      return (
        <Card title={`${view.fileName} was not taken`}>
          <p className="text-sm">{view.error?.detail ?? 'It could not be converted.'}</p>
          <p className="text-sm text-soft">Nothing of {tenant.name} has changed. Choose another file to try again.</p>
        </Card>
      );
    case 'expired':
      return null;
    default:
      return unreachable(view.state);
  }
}

type SettledProps = Omit<ImportCardProps, 'clockOffsetMs'>;

/** Nobody is sending it from this page: it waits for its file, or for its conversion. */
function ArrivingCard({ tenant, view }: SettledProps) {
  const act = useImportAction(tenant);
  const complete = isComplete(view);
  return (
    <Card title={complete ? `${view.fileName} is sent` : `${view.fileName} is half sent`}>
      {view.error === null ? null : <p className="text-sm">It could not be converted: {view.error.detail}</p>}
      {complete ? (
        <p className="text-sm">All of it has arrived. Converting changes nothing of {tenant.name} yet.</p>
      ) : (
        <p className="text-sm">
          {formatBytes(arrivedBytes(view))} of {formatBytes(view.bytes)} have arrived and are kept until{' '}
          {keptUntil(view)}. Choose the same file again to go on from there.
        </p>
      )}
      {act.isError ? <FailureNotice failure={toFailure(act.error)} /> : null}
      <Row>
        {complete ? (
          <Button
            kind="primary"
            busy={act.isPending}
            onClick={() => act.mutate({ kind: 'convert', importId: view.id, key: crypto.randomUUID() })}
          >
            Convert
          </Button>
        ) : null}
        <Button busy={act.isPending} onClick={() => act.mutate({ kind: 'discard', importId: view.id })}>
          Discard
        </Button>
      </Row>
    </Card>
  );
}

function ReadyCard({ tenant, view }: SettledProps) {
  const act = useImportAction(tenant);
  const [asking, setAsking] = useState(false);
  const confirm = (): void =>
    act.mutate({ kind: 'switch', importId: view.id, key: crypto.randomUUID() }, { onSettled: () => setAsking(false) });
  return (
    <Card title={`${view.fileName} is ready`}>
      {view.report === null ? null : <ImportReport report={view.report} />}
      <p className="text-sm text-soft">{readyWords(tenant, view)}</p>
      {act.isError ? <FailureNotice failure={toFailure(act.error)} /> : null}
      <Row>
        <Button kind="primary" onClick={() => setAsking(true)}>
          Switch to it
        </Button>
        <Button
          busy={act.isPending}
          disabledReason={view.inUse ? `${tenant.name} goes on from it, or can be brought back to it.` : undefined}
          onClick={() => act.mutate({ kind: 'discard', importId: view.id })}
        >
          Discard
        </Button>
      </Row>
      {asking ? (
        <ConfirmDialog
          open
          title={`Switch ${tenant.name} to ${view.fileName}?`}
          confirmLabel="Switch to it"
          busy={act.isPending}
          onClose={() => setAsking(false)}
          onConfirm={confirm}
        >
          <p>
            {tenant.name} is saved as it is now, stops, and goes on with what you brought. An answer it is giving right
            now is cut off. What is there now is kept, and you can undo this under Snapshots.
          </p>
        </ConfirmDialog>
      ) : null}
    </Card>
  );
}

function readyWords(tenant: Tenant, view: ImportView): string {
  if (view.inUse) return `${tenant.name} was switched to it: it is one of its snapshots now.`;
  const until = view.keptUntilMs === null ? '' : ` until ${keptUntil(view)}`;
  return `It is kept as a protected snapshot${until}. Nothing changes before you switch to it, now or later.`;
}

function Steps({ operationId, clockOffsetMs }: { operationId: string; clockOffsetMs: number }) {
  const { data, isError, error, refetch } = useQuery(operationQuery(operationId));
  const nowMs = useNow(200) + clockOffsetMs;
  if (isError) return <FailureNotice failure={toFailure(error)} onRetry={() => void refetch()} />;
  if (data === undefined) {
    return (
      <>
        <Loading label="Looking how far it is" />
        <Skeleton className="h-12" />
      </>
    );
  }
  const steps = stepsOf(data, nowMs);
  return (
    <div className="-mx-5 sm:-mx-6">
      <p role="status" className="sr-only">
        {steps.find(({ state }) => state === 'running')?.label ?? 'Converting'}
      </p>
      <StepList steps={steps} />
    </div>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <article className="panel flex flex-col gap-3 px-5 py-5 sm:px-6">
      <h4 className="font-semibold break-words">{title}</h4>
      {children}
    </article>
  );
}

function Row({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap gap-2">{children}</div>;
}
