/**
 * Carries upgrades out: each step writes a row or applies an event, without waiting for anything, so the lifecycle runs it
 * before each of its own steps. The trial itself is a scratch run; the change of the release is one write of the record.
 */
import { OperationId } from '../../../control-plane/src/contract/ids.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import { decideUpgrade } from '../core/upgrade/plan.ts';
import type { RollbackPoint, UpgradeStep } from '../core/upgrade/plan.ts';
import type { Lifecycle } from './lifecycle.ts';
import { finishOperations } from './lifecycle-events.ts';

/** Steps that may follow each other at once; the next activation goes on. */
const stepsMax = 6;

export function advanceUpgrade(lifecycle: Lifecycle): void {
  for (let i = 0; i < stepsMax; i++) {
    const record = lifecycle.deps.store.read();
    if (record === null) return;
    const step = decideUpgrade(inputOf(lifecycle, record));
    if (step.kind === 'rest' || !carryOut(lifecycle, record, step)) return;
    lifecycle.deps.log('upgrade.step', {
      step: step.kind,
      to: record.upgrade?.to ?? record.spec.release,
      code: step.kind === 'fail' ? step.code : null,
    });
  }
}

function inputOf({ deps, volatile }: Lifecycle, record: TenantRecord): Parameters<typeof decideUpgrade>[0] {
  const { upgrade } = record;
  return {
    wanted: record.spec.release,
    running: releaseOf(record),
    active: record.spec.desired === 'active',
    state: record.state.kind,
    openRuns: deps.store.openRuns().length,
    upgrade,
    failedRelease: record.upgradeFailure?.to ?? null,
    rollback: record.rollback,
    rollingBack: record.rollingBack !== null,
    newestId: deps.snapshots.newest()?.id ?? null,
    hasSnapshots: deps.snapshots.any(),
    clean: volatile.dirtyAtMs === null,
    trial: upgrade === null || upgrade.scratchN === null ? null : deps.scratch.outcome(upgrade.scratchN),
    nowMs: deps.clock.nowMs(),
  };
}

/** False when it has to be tried again later. */
function carryOut(lifecycle: Lifecycle, record: TenantRecord, step: UpgradeStep): boolean {
  const { deps } = lifecycle;
  const nowMs = deps.clock.nowMs();
  switch (step.kind) {
    case 'rest':
      return false;
    case 'begin':
      return begin(lifecycle, record);
    case 'take_over':
      lifecycle.save({ ...record, release: record.spec.release });
      return true;
    case 'roll_back':
      return rollBack(lifecycle, record, step.point);
    case 'try': {
      if (record.upgrade === null) return false;
      const { to, operationId } = record.upgrade;
      deps.snapshots.keep(step.snapshotId);
      const begun = deps.scratch.begin({ purpose: 'upgrade', snapshotId: step.snapshotId, release: to, operationId });
      const upgrade = { ...record.upgrade, phase: 'trial', snapshotId: step.snapshotId, scratchN: begun } as const;
      if (record.upgrade.phase !== 'trial' || begun !== null)
        lifecycle.save({ ...record, upgrade: { ...upgrade, sinceMs: nowMs } });
      return begun !== null;
    }
    case 'enter_promoting':
      if (record.upgrade === null) return false;
      lifecycle.save({ ...record, upgrade: { ...record.upgrade, phase: 'promoting', sinceMs: nowMs } });
      return true;
    case 'drain':
      return lifecycle.apply({ type: 'upgrade_wanted', nowMs });
    case 'promote':
      lifecycle.save(promoted(lifecycle, record));
      return true;
    case 'fail':
      lifecycle.save(upgradeFailed(lifecycle, record, step));
      return true;
    default:
      return unreachable(step);
  }
}

/** The operation that somebody watches it under, or a new one. */
function takeOperation({ deps }: Lifecycle, record: TenantRecord): OperationId {
  const asked = record.upgradeAsked?.to === record.spec.release ? record.upgradeAsked.operationId : null;
  return OperationId.parse(asked ?? `op_${deps.ids.ulid()}`);
}

function begin(lifecycle: Lifecycle, record: TenantRecord): boolean {
  const { operations, snapshots, clock } = lifecycle.deps;
  const nowMs = clock.nowMs();
  const operationId = takeOperation(lifecycle, record);
  operations.begin(operationId, record.tenantId, 'upgrade', nowMs);
  operations.step(operationId, 'snapshot', nowMs);
  told(lifecycle, record, operationId);
  lifecycle.save({
    ...record,
    upgradeAsked: null,
    upgrade: {
      to: record.spec.release,
      operationId,
      phase: 'saving',
      sinceMs: nowMs,
      before: snapshots.newest()?.id ?? null,
      snapshotId: null,
      scratchN: null,
    },
  });
  return true;
}

/** Restores the snapshot from before together with its release: what the newer one wrote since is kept as a snapshot. */
function rollBack(lifecycle: Lifecycle, record: TenantRecord, point: RollbackPoint): boolean {
  const { snapshots, operations, clock } = lifecycle.deps;
  const nowMs = clock.nowMs();
  if (snapshots.get(point.snapshotId) === null) {
    const detail = 'The snapshot from before the upgrade is not kept any more.';
    lifecycle.save({
      ...upgradeFailed(lifecycle, record, { to: point.release, code: 'snapshot_unknown', detail }),
      rollback: null,
    });
    return true;
  }
  const operationId = takeOperation(lifecycle, record);
  const asked = { ...record, upgradeAsked: null, rollingBack: { release: point.release } };
  snapshots.chooseRestore(point.snapshotId, nowMs);
  lifecycle.save(asked);
  if (record.state.kind !== 'asleep') return lifecycle.apply({ type: 'restore_wanted', nowMs }, operationId);
  snapshots.switchToChosen(incarnationOf(record.state));
  operations.begin(operationId, record.tenantId, 'restore', nowMs);
  const saved = lifecycle.save(rolledBack({ ...(lifecycle.deps.store.read() ?? asked), operationId }));
  finishOperations(lifecycle, saved, nowMs, null);
  lifecycle.save(saved);
  return true;
}

/** The record as the restore of a rollback switches: the release goes back with the state. */
export function rolledBack(record: TenantRecord): TenantRecord {
  if (record.rollingBack === null) return record;
  return { ...record, release: record.rollingBack.release, rollingBack: null, rollback: null, upgradeFailure: null };
}

/** The record as its release becomes the one that was tried. Call only while no run is open, or as one ends. */
export function promoted(lifecycle: Lifecycle, record: TenantRecord): TenantRecord {
  const { upgrade } = record;
  if (upgrade?.phase !== 'promoting') return record;
  const { snapshots, clock } = lifecycle.deps;
  const newest = snapshots.newest();
  if (newest !== null) snapshots.keep(newest.id);
  finish(lifecycle, record, upgrade.operationId, null);
  return {
    ...record,
    release: upgrade.to,
    upgrade: null,
    upgradeFailure: null,
    rollback: newest === null ? null : { release: releaseOf(record), snapshotId: newest.id, atMs: clock.nowMs() },
  };
}

/** The record as it stays on its release, with the reason. */
export function upgradeFailed(
  lifecycle: Lifecycle,
  record: TenantRecord,
  why: { readonly to: string; readonly code: string; readonly detail: string },
): TenantRecord {
  const { to, code, detail } = why;
  const operationId = record.upgrade?.operationId ?? record.upgradeAsked?.operationId ?? null;
  // What was asked for meanwhile is still to be begun.
  const upgradeAsked = record.upgrade === null ? null : record.upgradeAsked;
  const error = {
    code,
    detail: detail.slice(0, 500),
    next: `It goes on with OpenClaw ${releaseOf(record)}; nothing was lost.`,
  };
  if (operationId !== null) finish(lifecycle, record, operationId, error);
  lifecycle.deps.log('upgrade.failed', { to, code, detail });
  const upgradeFailure = { to, code, detail: error.detail, atMs: lifecycle.deps.clock.nowMs() };
  return { ...record, upgrade: null, upgradeAsked, rollingBack: null, upgradeFailure };
}

function finish(lifecycle: Lifecycle, record: TenantRecord, id: string, error: Operation['error']): void {
  const { operations, clock } = lifecycle.deps;
  // One that was only asked for has not begun.
  operations.begin(OperationId.parse(id), record.tenantId, 'upgrade', clock.nowMs());
  operations.finish(id, clock.nowMs(), error);
  told(lifecycle, record, id);
}

function told({ deps }: Lifecycle, { tenantId, slug }: TenantRecord, id: string): void {
  const operation = deps.operations.read(id);
  if (operation)
    deps.outbox.put(`operation:${id}`, { tenantId, slug, kind: 'operation', operation }, deps.clock.nowMs());
}
