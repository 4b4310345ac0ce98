/**
 * What the record remembers after each event: counters, reasons, and the operation a person watches. No effects.
 */
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { TenantEvent } from '../core/lifecycle/state.ts';
import { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { Operation, OperationKind } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Lifecycle } from './lifecycle.ts';
import { promoted, rolledBack, upgradeFailed } from './upgrade.ts';

/** Words for a start that did not work: what happened and what to do next. */
export function failureError(code: string): NonNullable<Operation['error']> {
  const known: Record<string, { detail: string; next: string }> = {
    config_invalid: {
      detail: 'OpenClaw refused the settings, and the last ones that worked as well; nothing was lost.',
      next: 'Restart it from the last settings that worked, or send support the operation id.',
    },
    disk_full: {
      detail: 'The disk of the assistant is full.',
      next: 'Choose a larger size, or ask support to free space.',
    },
    schema_newer: {
      detail: 'The saved state was written by a newer OpenClaw.',
      next: 'Ask support to move the assistant to that version; nothing was lost.',
    },
    crash_loop: {
      detail: 'The assistant stopped by itself several times in a row.',
      next: 'Restart it; if it stops again, send support the request id.',
    },
    snapshot_failed: {
      detail: 'What the assistant last wrote could not be saved, so it was not started again over it.',
      next: 'Restart it: saving is tried once more before it goes on from the last snapshot. Or ask support to save it first.',
    },
    snapshot_unreadable: {
      detail: 'The saved state could not be read back.',
      next: 'Ask support to restore an earlier snapshot; nothing was overwritten.',
    },
  };
  const words = known[code] ?? {
    detail: 'The assistant could not be started.',
    next: 'Restart it; if it fails again, send support the operation id.',
  };
  return { code, ...words };
}

/** Ends an operation that something else took the place of. It did not do what was asked, so it does not say so. */
export const replaced: NonNullable<Operation['error']> = {
  code: 'replaced',
  detail: 'Something newer was asked for before this was done.',
  next: 'See what the assistant is doing now.',
};

export const notTaken: NonNullable<Operation['error']> = {
  code: 'snapshot_failed',
  detail: 'The snapshot could not be taken; the assistant goes on running.',
  next: 'Take it again in a moment; what was there before is kept.',
};

/** The chosen snapshot cannot be read: what was there before comes back. */
export const restoreUnreadable: NonNullable<Operation['error']> = {
  code: 'snapshot_unreadable',
  detail: 'The chosen snapshot cannot be read back, so the state from before comes back; nothing was lost.',
  next: 'Choose another snapshot.',
};

const notSaved: NonNullable<Operation['error']> = {
  code: 'snapshot_failed',
  detail: 'The state could not be saved, so the assistant goes on running.',
  next: 'Nothing was lost; saving is tried again.',
};

/**
 * The record after `event`, whose state is already the new one. `before` is the record the event met. At most one operation
 * is under way at a time, and none in a state of rest.
 */
export function afterEvent(
  record: TenantRecord,
  before: TenantRecord,
  event: TenantEvent,
  lifecycle: Lifecycle,
  operationId: OperationId | null,
): TenantRecord {
  const { operations, ids } = lifecycle.deps;
  const { nowMs } = event;
  /** Ends what is under way and begins the next. */
  const finishAll = (error: Operation['error']): void => finishOperations(lifecycle, record, nowMs, error);
  const begin = (
    kind: OperationKind,
    id: string | null = operationId,
    ended: Operation['error'] = replaced,
  ): string => {
    finishAll(ended);
    const next = OperationId.parse(id ?? `op_${ids.ulid()}`);
    operations.begin(next, record.tenantId, kind, nowMs);
    return next;
  };
  const draining = (kind: 'sleep' | 'restart' | 'restore' | 'suspend' | 'delete'): TenantRecord => {
    const asked = kind === record.specOperation?.kind ? record.specOperation.id : operationId;
    const operation = begin(kind, asked);
    return {
      ...record,
      operationId: operation,
      specOperation: asked === record.specOperation?.id ? null : record.specOperation,
      snapshotFailuresInRow: 0,
      snapshotFailedAtMs: null,
    };
  };

  // A restore that has not switched yet is overtaken by what comes before the switch.
  if (event.type === 'suspend_wanted' || event.type === 'delete_wanted') {
    lifecycle.deps.snapshots.abandonRestore('superseded');
    record = { ...record, rollingBack: null };
  }
  switch (event.type) {
    case 'provision_accepted':
      return record;
    case 'wake_wanted':
      if (before.state.kind === 'draining') return { ...record, sleepAsked: false };
      if (event.why === 'schedule') lifecycle.deps.schedule.woken(nowMs);
      return { ...record, startSettings: 'current', operationId: begin('wake'), reason: null, sleepAsked: false };
    case 'gateway_ready':
      return ready(record, before, event, lifecycle);
    case 'start_failed':
      if (record.state.kind === 'needs_operator') finishAll(failureError(event.failure));
      else if (before.operationId !== null) operations.retry(before.operationId, nowMs);
      return { ...record, reason: event.failure };
    case 'rescue_failed':
      finishAll(failureError('snapshot_failed'));
      return { ...record, reason: 'snapshot_failed' };
    case 'gateway_lost':
    case 'run_lost': {
      lifecycle.deps.store.gatewayLost(event.incarnation);
      lifecycle.volatile.silentProbes = 0;
      const crashesAtMs = [...record.crashesAtMs, nowMs].slice(-20);
      const operation = begin('wake');
      if (record.state.kind === 'needs_operator') finishAll(failureError('crash_loop'));
      return { ...record, crashesAtMs, operationId: operation, reason: event.type };
    }
    case 'sleep_wanted':
      return { ...draining('sleep'), sleepAsked: event.why === 'command' };
    case 'restart_wanted': {
      const startSettings = event.settings ?? 'current';
      if (before.state.kind !== 'needs_operator') return { ...draining('restart'), startSettings };
      goOnWithout(lifecycle);
      return { ...record, startSettings, operationId: begin('restart'), reason: null, crashesAtMs: [] };
    }
    case 'restore_wanted':
      if (before.state.kind !== 'needs_operator') return draining('restore');
      lifecycle.deps.snapshots.switchToChosen(before.state.incarnation);
      goOnWithout(lifecycle);
      return {
        ...rolledBack(record),
        startSettings: 'current',
        operationId: begin('restore'),
        reason: null,
        crashesAtMs: [],
      };
    case 'upgrade_wanted':
      return draining('restart');
    case 'suspend_wanted': {
      const next = draining('suspend');
      if (record.state.kind === 'suspended') finishAll(null);
      return next;
    }
    case 'delete_wanted':
      return draining('delete');
    case 'drained': {
      if (record.state.kind !== 'waking') {
        if (record.state.kind !== 'deleting') finishAll(null);
        return record;
      }
      const next = switched(record, before, lifecycle);
      // A restart or a restore goes on into its start; a sleep is over, and somebody is waiting already.
      if (record.state.why === 'restart') return next;
      return { ...next, operationId: begin('wake', null, null), reason: null };
    }
    case 'drain_failed':
      lifecycle.deps.snapshots.abandonRestore('not_saved');
      return { ...unchanged(record, lifecycle), operationId: begin('wake', null, notSaved), reason: 'snapshot_failed' };
    case 'resume_wanted':
      return record;
    case 'erased':
      finishAll(null);
      lifecycle.deps.snapshots.clear();
      lifecycle.deps.incidents.clear();
      lifecycle.deps.eraseKeys();
      // What may still come to light somewhere can never be opened again.
      return { ...record, wrappedDataKey: { kid: '', wrapped: '' } };
    default:
      return unreachable(event);
  }
}

/** A person decided to go on without what could not be saved. It may be saved yet: what is lost is said as it is destroyed. */
function goOnWithout({ deps }: Lifecycle): void {
  for (const incarnation of deps.store.allowLastTries()) deps.log('lifecycle.last_tries', { incarnation });
}

/** As the run ends that something takes the place of: another state, another release, or both. */
function switched(record: TenantRecord, before: TenantRecord, lifecycle: Lifecycle): TenantRecord {
  const { state } = before;
  if (state.kind !== 'draining') return record;
  if (state.why === 'upgrade') return promoted(lifecycle, record);
  if (state.why !== 'restore') return record;
  lifecycle.deps.snapshots.switchToChosen(state.incarnation);
  return rolledBack(record);
}

/** The present run goes on, so its release does. */
function unchanged(record: TenantRecord, lifecycle: Lifecycle): TenantRecord {
  const to = record.rollingBack?.release ?? (record.upgrade?.phase === 'promoting' ? record.upgrade.to : null);
  if (to === null) return record;
  return upgradeFailed(lifecycle, record, { to, code: notSaved.code, detail: notSaved.detail });
}

/** Work that goes on beside the lifecycle and ends by itself. */
const besideLifecycle: readonly OperationKind[] = ['drill', 'import', 'upgrade'];

/** Ends every operation of the lifecycle that is under way, and tells the control plane of each: the report carries only the present one. */
export function finishOperations(
  { deps }: Lifecycle,
  record: TenantRecord,
  nowMs: number,
  error: Operation['error'],
): void {
  const { tenantId, slug } = record;
  deps.snapshots.answered();
  for (const id of deps.operations.unfinished(besideLifecycle)) {
    const operation = deps.operations.finish(id, nowMs, error);
    if (operation) deps.outbox.put(`operation:${id}`, { tenantId, slug, kind: 'operation', operation }, nowMs);
  }
}

function ready(
  record: TenantRecord,
  before: TenantRecord,
  event: Extract<TenantEvent, { type: 'gateway_ready' }>,
  lifecycle: Lifecycle,
): TenantRecord {
  const { operations, store } = lifecycle.deps;
  const { nowMs } = event;
  const operation = before.operationId === null ? null : operations.read(before.operationId);
  // A clock that was set back meanwhile says nothing about how long it took.
  const tookMs = operation === null || operation.finishedAtMs !== null ? -1 : nowMs - operation.startedAtMs;
  if (before.operationId !== null) lifecycle.showKeeperTimes(before.operationId);
  finishOperations(lifecycle, record, nowMs, null);
  store.gatewayReady(event.incarnation, nowMs);
  lifecycle.volatile.silentProbes = 0;
  lifecycle.touched();
  return {
    ...record,
    startSettings: 'current',
    sleepAsked: false,
    reason: null,
    lastActivityAtMs: nowMs,
    startDurationsMs: tookMs < 0 ? record.startDurationsMs : [...record.startDurationsMs, tookMs].slice(-10),
  };
}
