/** What an assistant did and what happened to it: each entry with its time, its length, and what it was made of. */
import { LifeBuoy, Waves } from 'lucide-react';
import type { ReactNode } from 'react';
import type { OrgRole, Tenant, TimelineEntry } from '../../../control-plane/src/contract/api.ts';
import type { Incident } from '../../../control-plane/src/contract/incident.ts';
import type { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { formatClock, formatDateTime, formatDuration, formatUtc } from '../ui/format.ts';
import { useNow } from '../ui/use-now.ts';
import {
  canGoBack,
  incidentStep,
  incidentTitle,
  lostSentence,
  noticedSentence,
  outcomeSentence,
} from './incident-words.ts';
import { operationPhase, operationTitle, stepsOf } from './operation-steps.ts';
import { SettingsUndo } from './settings-undo.tsx';

interface TimelineListProps {
  readonly tenant: Tenant;
  readonly role: OrgRole;
  readonly entries: readonly TimelineEntry[];
}

export function TimelineList({ tenant, role, entries }: TimelineListProps) {
  const newestIncident = entries.find(({ kind }) => kind === 'incident')?.id;
  return (
    <ol aria-label="Activity" className="border-t border-line">
      {entries.map((entry) => (
        <li key={entry.id} className="border-b border-line py-4">
          {entry.kind === 'operation' ? (
            <OperationEntry operation={entry.operation} name={tenant.name} />
          ) : (
            <IncidentEntry tenant={tenant} role={role} incident={entry.incident} newest={entry.id === newestIncident} />
          )}
        </li>
      ))}
    </ol>
  );
}

function Entry({
  icon,
  title,
  atMs,
  length,
  children,
}: {
  icon: ReactNode;
  title: string;
  atMs: number;
  length: string;
  children: ReactNode;
}) {
  return (
    <article className="flex gap-3">
      <span className="mt-0.5 shrink-0">{icon}</span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <h3 className="font-semibold">{title}</h3>
          <p className="figures text-sm text-soft">
            <time dateTime={new Date(atMs).toISOString()} title={formatUtc(atMs)}>
              {formatDateTime(atMs)}
            </time>
            {' · '}
            {length}
          </p>
        </div>
        {children}
      </div>
    </article>
  );
}

function OperationEntry({ operation, name }: { operation: Operation; name: string }) {
  const nowMs = useNow(1_000);
  const phase = operationPhase(operation);
  const took = formatDuration((operation.finishedAtMs ?? nowMs) - operation.startedAtMs);
  const steps = stepsOf(operation, nowMs).filter(({ elapsedMs }) => elapsedMs !== null);
  return (
    <Entry
      icon={<Waves size={18} aria-hidden className={phase === 'failed' ? 'text-coral' : 'text-tide'} />}
      title={operationTitle(operation.kind, phase, name)}
      atMs={operation.startedAtMs}
      length={phase === 'running' ? `running for ${took}` : took}
    >
      {operation.error === null ? null : (
        <p className="mt-1 max-w-2xl text-sm">
          {operation.error.detail} <span className="text-soft">{operation.error.next}</span>
        </p>
      )}
      {steps.length === 0 ? null : (
        <Details summary={operation.attempt > 1 ? `Steps, at the attempt ${operation.attempt}` : 'Steps'}>
          <dl className="figures grid max-w-md grid-cols-[1fr_auto] gap-x-6 gap-y-1">
            {steps.map((step) => (
              <div key={step.name} className="contents">
                <dt className={step.state === 'failed' ? 'text-coral' : ''}>
                  {step.label}
                  {step.state === 'failed' ? ' (failed)' : ''}
                </dt>
                <dd className="text-right">{formatDuration(step.elapsedMs ?? 0)}</dd>
              </div>
            ))}
          </dl>
        </Details>
      )}
    </Entry>
  );
}

interface IncidentEntryProps {
  readonly tenant: Tenant;
  readonly role: OrgRole;
  readonly incident: Incident;
  readonly newest: boolean;
}

function IncidentEntry({ tenant, role, incident, newest }: IncidentEntryProps) {
  const open = incident.outcome === null;
  const length = incident.endedAtMs === null ? 'not over' : formatDuration(incident.endedAtMs - incident.noticedAtMs);
  return (
    <Entry
      icon={<LifeBuoy size={18} aria-hidden className={open ? 'text-coral' : 'text-sand'} />}
      title={incidentTitle(incident.kind)}
      atMs={incident.noticedAtMs}
      length={length}
    >
      <p className="mt-1 max-w-2xl text-sm">
        {noticedSentence(incident)} {outcomeSentence(incident)}{' '}
        <strong className="font-semibold">{lostSentence(incident)}</strong>
      </p>
      <IncidentDetails incident={incident} />
      {newest && canGoBack(incident) ? <SettingsUndo tenant={tenant} role={role} settings="refused" /> : null}
      {newest && open && tenant.state === 'needs_operator' ? (
        <SettingsUndo tenant={tenant} role={role} settings="last_good" />
      ) : null}
    </Entry>
  );
}

/** What was done, OpenClaw's own words, and the end of its log. */
export function IncidentDetails({ incident }: { incident: Incident }) {
  return (
    <>
      {incident.words === null ? null : (
        <p className="mt-2 max-w-2xl text-sm">
          OpenClaw said: <q className="font-mono text-xs break-words">{incident.words}</q>
        </p>
      )}
      {incident.steps.length === 0 ? null : (
        <Details summary="What was done">
          <ol className="figures flex flex-col gap-1">
            {incident.steps.map((step, i) => (
              <li key={i} className="flex gap-3">
                <span className="shrink-0 text-soft">{formatClock(step.atMs)}</span>
                <span className="min-w-0">{incidentStep(step.code)}</span>
              </li>
            ))}
          </ol>
        </Details>
      )}
      {incident.logTail === null ? null : (
        <Details summary="The end of the log">
          <pre
            tabIndex={0}
            aria-label="The end of the log"
            className="max-h-64 overflow-auto rounded-md bg-well p-3 font-mono text-xs whitespace-pre-wrap break-words"
          >
            {incident.logTail}
          </pre>
        </Details>
      )}
    </>
  );
}

function Details({ summary, children }: { summary: string; children: ReactNode }) {
  return (
    <details className="mt-1 text-sm">
      <summary className="w-fit cursor-pointer rounded-sm py-1 text-soft hover:text-ink pointer-coarse:py-2.5">
        {summary}
      </summary>
      <div className="py-1">{children}</div>
    </details>
  );
}
