/**
 * What the waiting page knows: one JSON shape, given with the page and again by each poll. Words for states and steps are
 * here, once, so that the first paint and the live page say the same.
 */
import { unreachable } from '../../../../../control-plane/src/contract/result.ts';
import type { OperationStep, TenantStateKind } from '../../../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantProgress } from '../../../tenant-api.ts';

/** Which page a state calls for. The live page reloads itself when this changes. */
export type PageKind = 'waiting' | 'asleep' | 'suspended' | 'needs_operator' | 'deleting' | 'absent';

export interface StatusStep {
  readonly label: string;
  readonly mark: 'running' | 'done' | 'failed';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

export interface StatusView {
  readonly kind: PageKind;
  /** True when the next load reaches the assistant itself. */
  readonly ready: boolean;
  readonly name: string;
  readonly state: TenantStateKind;
  readonly headline: string;
  readonly sentence: string;
  readonly nowMs: number;
  /** When the work under way began, for the clock; null when none is. */
  readonly sinceMs: number | null;
  readonly usualMs: number | null;
  readonly attempt: number;
  readonly steps: readonly StatusStep[];
}

const stepLabels: Record<OperationStep['name'], string> = {
  reserve: 'Reserve a place',
  container: 'Start the container',
  restore: 'Bring back the saved state',
  convert: 'Unpack what was brought',
  configure: 'Write the configuration',
  gateway: 'Start OpenClaw',
  health: 'Check that it answers',
  check: 'Count what is there',
  drain: 'Finish what is running',
  snapshot: 'Save the state',
  stop: 'Stop the container',
  erase: 'Erase the data',
};

export function pageKind(state: TenantStateKind): PageKind {
  switch (state) {
    case 'provisioning':
    case 'waking':
    case 'awake':
    case 'draining':
      return 'waiting';
    case 'asleep':
      return 'asleep';
    case 'suspended':
    case 'needs_operator':
    case 'absent':
      return state;
    case 'deleting':
    case 'deleted':
      return 'deleting';
    default:
      return unreachable(state);
  }
}

export function toStatusView(progress: TenantProgress, at: { ready: boolean; nowMs: number }): StatusView {
  const { operation } = progress;
  const underWay = operation !== null && operation.finishedAtMs === null;
  return {
    kind: pageKind(progress.state),
    ready: at.ready,
    name: progress.displayName,
    state: progress.state,
    ...words(progress),
    nowMs: at.nowMs,
    sinceMs: underWay ? operation.startedAtMs : null,
    usualMs: progress.usualMs,
    attempt: operation?.attempt ?? 1,
    steps: progress.steps.map((step) => ({
      label: stepLabels[step.name],
      mark: step.endedAtMs === null ? 'running' : step.ok === false ? 'failed' : 'done',
      startedAtMs: step.startedAtMs,
      endedAtMs: step.endedAtMs,
    })),
  };
}

function words(progress: TenantProgress): { headline: string; sentence: string } {
  const name = progress.displayName;
  switch (progress.state) {
    case 'provisioning':
      return { headline: `${name} is being set up`, sentence: 'The first start also prepares its storage.' };
    case 'waking':
    case 'awake':
      return { headline: `${name} is waking up`, sentence: 'Its conversations and files are being brought back.' };
    case 'draining':
      return { headline: `${name} is saving its state`, sentence: 'It starts again as soon as that is done.' };
    case 'asleep':
      return { headline: `${name} is asleep`, sentence: 'Everything is saved. It wakes when you open it.' };
    case 'suspended':
      return {
        headline: `${name} is suspended`,
        sentence: 'Its data is kept. The dashboard says why and how to resume it.',
      };
    case 'needs_operator':
      return {
        headline: `${name} needs attention`,
        sentence: 'It could not be started by itself. Nothing was deleted; the dashboard shows what happened.',
      };
    case 'deleting':
    case 'deleted':
      return {
        headline: `${name} is being deleted`,
        sentence: 'This address stays reserved and is not given to anybody else.',
      };
    case 'absent':
      return { headline: 'There is no assistant here', sentence: 'It may not have been set up yet.' };
    default:
      return unreachable(progress.state);
  }
}

/** `3.2 s`, `1 min 05 s` */
export function duration(ms: number): string {
  const clean = Math.max(0, ms);
  if (clean < 60_000) return `${(clean / 1000).toFixed(1)} s`;
  const seconds = Math.floor(clean / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
