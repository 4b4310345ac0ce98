/**
 * What the record remembers after each event: counters, reasons, and the operation a person watches. No effects.
 */
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { TenantEvent } from '../core/lifecycle/state.ts';
import { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { Operation, OperationKind } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Words for a start that did not work: what happened and what to do next. */
export function failureError(code: string): NonNullable<Operation['error']> {
  const known: Record<string, { detail: string; next: string }> = {
    config_invalid: {
      detail: 'OpenClaw refused the configuration.',
      next: 'Ask support to undo the last configuration change; nothing was lost.',
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

/** The record after `event`, whose state is already the new one. `before` is the record the event met. */
export function afterEvent(
  record: TenantRecord,
  before: TenantRecord,
  event: TenantEvent,
  lifecycle: Lifecycle,
): TenantRecord {
  const { operations, store, ids } = lifecycle.deps;
  const { nowMs } = event;
  const begin = (kind: OperationKind): string => {
    const id = lifecycle.nextOperationId ?? OperationId.parse(`op_${ids.ulid()}`);
    lifecycle.nextOperationId = null;
    operations.begin(id, record.tenantId, kind, nowMs);
    return id;
  };
  const close = (error: Operation['error'] = null): void => {
    if (before.operationId !== null) operations.finish(before.operationId, nowMs, error);
  };
  const drainingFrom = (kind: OperationKind): TenantRecord => {
    close();
    return {
      ...record,
      operationId: begin(kind),
      gatewayStopped: false,
      drainSaved: false,
      snapshotFailuresInRow: 0,
      snapshotFailedAtMs: null,
    };
  };

  switch (event.type) {
    case 'provision_accepted':
      return record;
    case 'wake_wanted':
      if (before.state.kind === 'draining') return record;
      return { ...record, operationId: begin('wake'), reason: null };
    case 'gateway_ready': {
      const operation = before.operationId === null ? null : operations.read(before.operationId);
      const tookMs = operation === null ? null : nowMs - operation.startedAtMs;
      close();
      store.gatewayReady(event.incarnation, nowMs);
      lifecycle.volatile.lastActivityAtMs = nowMs;
      lifecycle.volatile.dirtyAtMs = nowMs;
      lifecycle.volatile.silentProbes = 0;
      return {
        ...record,
        reason: null,
        lastActivityAtMs: nowMs,
        startDurationsMs: tookMs === null ? record.startDurationsMs : [...record.startDurationsMs, tookMs].slice(-10),
      };
    }
    case 'start_failed': {
      if (record.state.kind === 'needs_operator') close(failureError(event.failure));
      else if (before.operationId !== null) operations.retry(before.operationId, nowMs);
      return { ...record, reason: event.failure };
    }
    case 'gateway_lost':
    case 'run_lost': {
      if (event.type === 'gateway_lost') store.gatewayLost(event.incarnation);
      const crashesAtMs = [...record.crashesAtMs, nowMs].slice(-20);
      const operationId = begin('wake');
      if (record.state.kind === 'needs_operator') operations.finish(operationId, nowMs, failureError('crash_loop'));
      return { ...record, crashesAtMs, operationId, reason: event.type };
    }
    case 'sleep_wanted':
      return drainingFrom('sleep');
    case 'restart_wanted':
      if (before.state.kind === 'needs_operator')
        return { ...record, operationId: begin('restart'), reason: null, crashesAtMs: [] };
      return drainingFrom('restart');
    case 'suspend_wanted':
      return drainingFrom('suspend');
    case 'delete_wanted':
      return drainingFrom('delete');
    case 'drained':
      if (record.state.kind !== 'waking') close();
      return { ...record, gatewayStopped: false, drainSaved: false };
    case 'drain_failed':
      close({
        code: 'snapshot_failed',
        detail: 'The state could not be saved, so the assistant goes on running.',
        next: 'Nothing was lost; saving is tried again.',
      });
      return {
        ...record,
        operationId: begin('wake'),
        gatewayStopped: false,
        drainSaved: false,
        reason: 'snapshot_failed',
      };
    case 'resume_wanted':
      return record;
    case 'erased':
      close();
      return record;
    default:
      return unreachable(event);
  }
}
