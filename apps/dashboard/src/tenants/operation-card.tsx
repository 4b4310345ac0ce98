/**
 * Long work while it runs, and how it ended: the tide curve, each step with its time, what to do when it failed.
 * Step times are on the server's clock; the page's own clock is only used for the time since the last answer.
 */
import { Check, Circle, CircleX, LoaderCircle, RotateCcw } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import type { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Button } from '../ui/button.tsx';
import { formatDuration, formatElapsed, formatUtc } from '../ui/format.ts';
import { useNow } from '../ui/use-now.ts';
import { isSlow, operationPhase, operationTitle, progressOf, type StepView, stepsOf } from './operation-steps.ts';
import { TideCurve } from './tide-curve.tsx';
import { readTimings, rememberTiming, usualMs } from './timings.ts';

interface OperationCardProps {
  readonly operation: Operation;
  readonly name: string;
  /** Server time minus this device's time, in milliseconds. */
  readonly clockOffsetMs: number;
  readonly onRetry?: (() => void) | undefined;
  readonly retryBusy?: boolean;
  readonly retryReason?: string | undefined;
  readonly children?: ReactNode;
}

export function OperationCard({
  operation,
  name,
  clockOffsetMs,
  onRetry,
  retryBusy = false,
  retryReason,
  children,
}: OperationCardProps) {
  const phase = operationPhase(operation);
  const nowMs = useNow(200, phase === 'running') + clockOffsetMs;
  const usual = usualMs(readTimings(), operation.kind);
  const elapsedMs = Math.max(0, (operation.finishedAtMs ?? nowMs) - operation.startedAtMs);
  const steps = stepsOf(operation, nowMs);
  const progress = phase === 'done' ? 1 : progressOf(steps, (usual ?? 16_000) / Math.max(1, steps.length));
  useEffect(() => rememberTiming(operation), [operation]);
  const title = operationTitle(operation.kind, phase, name);
  return (
    <section aria-labelledby="operation-title" className="panel overflow-hidden">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 px-5 pt-5 sm:px-6">
        <h2 id="operation-title" className="text-lg font-semibold">
          {title}
        </h2>
        <p className="figures text-lg font-semibold" aria-hidden={phase === 'running'}>
          {phase === 'running' ? formatElapsed(elapsedMs) : formatDuration(elapsedMs)}
        </p>
        <p className="w-full text-sm text-soft">{hint(operation, phase, elapsedMs, usual)}</p>
      </div>
      <p role="status" className="sr-only">
        {announcement(title, steps, phase)}
      </p>
      <div className="px-5 pt-3 sm:px-6">
        <TideCurve kind={operation.kind} steps={steps} progress={progress} failed={phase === 'failed'} />
      </div>
      <StepList steps={steps} />
      {operation.error === null ? null : (
        <div role="alert" className="border-t border-coral/40 bg-coral-soft px-5 py-4 text-sm sm:px-6">
          <p className="font-semibold">{operation.error.detail}</p>
          <p>{operation.error.next}</p>
          <div className="mt-3 flex flex-wrap items-center gap-2">
            {onRetry ? (
              <Button
                kind="primary"
                icon={<RotateCcw size={16} aria-hidden />}
                onClick={onRetry}
                busy={retryBusy}
                disabledReason={retryReason}
              >
                Try again
              </Button>
            ) : null}
            <CopyButton label="Copy diagnostics" text={() => operationDiagnostics(operation)} />
            <span className="text-xs">
              Code <code className="font-mono">{operation.error.code}</code>
            </span>
          </div>
        </div>
      )}
      {children}
    </section>
  );
}

export function StepList({ steps }: { steps: readonly StepView[] }) {
  return (
    <ol className="flex flex-col gap-1 px-5 pt-3 pb-5 sm:flex-row sm:gap-0 sm:px-6">
      {steps.map((step) => (
        <li
          key={step.name}
          className={`flex items-center gap-2 text-sm sm:min-w-0 sm:flex-1 sm:flex-col sm:items-start sm:gap-0.5 sm:pr-3 ${step.state === 'waiting' ? 'text-soft' : ''}`}
        >
          <StepIcon state={step.state} />
          <span className={`flex-1 sm:flex-none ${step.state === 'running' ? 'font-semibold' : ''}`}>{step.label}</span>
          <span className="figures text-soft">{step.elapsedMs === null ? '' : formatDuration(step.elapsedMs)}</span>
        </li>
      ))}
    </ol>
  );
}

function StepIcon({ state }: { state: StepView['state'] }) {
  const words = { done: 'Done: ', running: 'Under way: ', failed: 'Failed: ', waiting: 'To come: ' } as const;
  const icon =
    state === 'done' ? (
      <Check size={16} className="text-tide" aria-hidden />
    ) : state === 'running' ? (
      <LoaderCircle size={16} className="animate-spin text-tide motion-reduce:animate-none" aria-hidden />
    ) : state === 'failed' ? (
      <CircleX size={16} className="text-coral" aria-hidden />
    ) : (
      <Circle size={16} className="text-edge" aria-hidden />
    );
  return (
    <>
      {icon}
      <span className="sr-only">{words[state]}</span>
    </>
  );
}

function hint(
  operation: Operation,
  phase: 'running' | 'done' | 'failed',
  elapsedMs: number,
  usual: number | null,
): string {
  const attempt = operation.attempt > 1 ? ` Attempt ${operation.attempt}.` : '';
  if (phase === 'done') return `Finished in ${formatDuration(elapsedMs)}.${attempt}`;
  if (phase === 'failed') return `Stopped after ${formatDuration(elapsedMs)}. Its data is safe.${attempt}`;
  if (isSlow(elapsedMs, usual)) {
    return `This is slower than usual. It goes on by itself, also when you close this page.${attempt}`;
  }
  const expectation = usual === null ? 'This takes under a minute, mostly.' : `Usually ${formatDuration(usual)}.`;
  return `${expectation} You can leave this page; it goes on.${attempt}`;
}

function announcement(title: string, steps: readonly StepView[], phase: 'running' | 'done' | 'failed'): string {
  const running = steps.find((step) => step.state === 'running');
  return phase === 'running' && running ? `${title}: ${running.label}` : title;
}

function operationDiagnostics(operation: Operation): string {
  return [
    `operation: ${operation.id} (${operation.kind}, attempt ${operation.attempt})`,
    `tenant: ${operation.tenantId}`,
    `started: ${formatUtc(operation.startedAtMs)}`,
    ...operation.steps.map(
      (step) =>
        `step: ${step.name} ${step.ok === null ? 'running' : step.ok ? 'ok' : 'failed'} ${step.endedAtMs === null ? '' : `${step.endedAtMs - step.startedAtMs} ms`}`,
    ),
    operation.error === null ? 'error: none' : `error: ${operation.error.code}: ${operation.error.detail}`,
  ].join('\n');
}
