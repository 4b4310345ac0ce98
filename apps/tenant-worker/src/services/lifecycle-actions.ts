/**
 * The effects, one function per action of the plan. Each saves its intent first, has a deadline, and may be repeated.
 * A failure is recorded and left to the next look; none is hidden.
 */
import type { Action, SnapshotReason } from '../core/lifecycle/plan.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import * as limits from '../core/limits.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Lifecycle } from './lifecycle.ts';
import { withDeadline } from './lifecycle.ts';

export async function performAction(lifecycle: Lifecycle, record: TenantRecord, action: Action): Promise<void> {
  const { log, clock } = lifecycle.deps;
  const beganMs = clock.nowMs();
  try {
    await perform(lifecycle, record, action);
    log('lifecycle.action', { action: action.kind, tookMs: clock.nowMs() - beganMs });
  } catch (error) {
    // The next observation shows what the failed call left; the planner goes on from there.
    log('lifecycle.action_failed', {
      action: action.kind,
      tookMs: clock.nowMs() - beganMs,
      error: String(error).slice(0, 300),
    });
    await pause(limits.transitionProbeMs);
  }
}

async function perform(lifecycle: Lifecycle, record: TenantRecord, action: Action): Promise<void> {
  const { store, clock, snapshots } = lifecycle.deps;
  const nowMs = clock.nowMs();
  const sandbox = lifecycle.deps.sandbox(record.tenantId, 'incarnation' in action ? action.incarnation : 0);
  switch (action.kind) {
    case 'start':
      store.beginRun(action.incarnation, record.spec.release, nowMs);
      step(lifecycle, record, 'container');
      return withDeadline(sandbox.start(record), limits.keeperUpDeadlineMs, 'start');
    case 'claim':
      return withDeadline(sandbox.claim(record), limits.observeDeadlineMs, 'claim');
    case 'restore': {
      step(lifecycle, record, 'restore');
      const snapshot = snapshots.get(action.snapshotId);
      if (!snapshot) throw new Error(`snapshot ${action.snapshotId} is not in the index`);
      const outcome = await withDeadline(sandbox.restore(record, snapshot), limits.restoreDeadlineMs, 'restore');
      if (!outcome.ok) {
        lifecycle.apply({
          type: 'start_failed',
          nowMs: clock.nowMs(),
          incarnation: action.incarnation,
          failure: outcome.failure,
        });
      }
      return;
    }
    case 'start_gateway':
      store.gatewayAsked(action.incarnation, nowMs);
      step(lifecycle, record, 'configure');
      return withDeadline(sandbox.startGateway(record), limits.observeDeadlineMs * 2, 'start gateway');
    case 'stop_gateway':
      step(lifecycle, record, 'drain');
      await withDeadline(sandbox.stopGateway(), limits.drainDeadlineMs, 'stop gateway');
      return update(lifecycle, { gatewayStopped: true });
    case 'snapshot':
      return saveSnapshot(lifecycle, record, action.incarnation, action.why);
    case 'destroy':
      if (record.state.kind === 'draining') step(lifecycle, record, 'stop');
      await withDeadline(sandbox.destroy(action.why), limits.observeDeadlineMs * 2, 'destroy');
      store.endRun(action.incarnation, action.why, clock.nowMs());
      return;
    case 'erase': {
      step(lifecycle, record, 'erase');
      const empty = await lifecycle.deps.objects.removeAll(record.tenantId);
      if (empty) lifecycle.apply({ type: 'erased', nowMs: clock.nowMs() });
      return;
    }
    default:
      return unreachable(action);
  }
}

/** Data first, read back by the sandbox; then the manifest; then the index. A crash in between leaves data nobody restores. */
async function saveSnapshot(
  lifecycle: Lifecycle,
  record: TenantRecord,
  incarnation: number,
  why: SnapshotReason,
): Promise<void> {
  const { store, snapshots, objects, clock, ids, log } = lifecycle.deps;
  const run = store.run(incarnation);
  const id = ids.ulid();
  const begunAtMs = clock.nowMs();
  const dirtyAtMs = lifecycle.volatile.dirtyAtMs;
  if (why === 'rescue') store.rescueTried(incarnation);
  if (why === 'sleep') step(lifecycle, record, 'snapshot');
  snapshots.begin({ id, incarnation, release: run?.release ?? record.spec.release, why, begunAtMs });
  try {
    const sandbox = lifecycle.deps.sandbox(record.tenantId, incarnation);
    const data = await withDeadline(sandbox.snapshot(record, id), limits.snapshotDeadlineMs, 'snapshot');
    // The fence: a run that was closed or replaced meanwhile has nothing to say any more.
    const open = store.openRuns().some((r) => r.incarnation === incarnation);
    const current = store.read();
    if (!open || current === null || incarnation > incarnationOf(current.state))
      throw new Error('the run was fenced during its snapshot');
    const completedAtMs = clock.nowMs();
    await objects.putManifest(record.tenantId, id, {
      v: 1,
      tenantId: record.tenantId,
      snapshotId: id,
      incarnation,
      release: run?.release ?? record.spec.release,
      why,
      begunAtMs,
      completedAtMs,
      parent: snapshots.newest()?.id ?? null,
      ...data,
    });
    snapshots.complete(id, { ...data, completedAtMs });
  } catch (error) {
    update(lifecycle, (r) => ({
      snapshotFailedAtMs: clock.nowMs(),
      snapshotFailuresInRow: r.snapshotFailuresInRow + 1,
    }));
    throw error;
  }
  const latest = store.read();
  const stoppedFirst = why === 'sleep' && latest?.gatewayStopped === true;
  if (stoppedFirst || why === 'rescue') store.saved(incarnation);
  if (lifecycle.volatile.dirtyAtMs === dirtyAtMs) lifecycle.volatile.dirtyAtMs = null;
  update(lifecycle, {
    lastSnapshotAtMs: clock.nowMs(),
    snapshotFailedAtMs: null,
    snapshotFailuresInRow: 0,
    ...(stoppedFirst ? { drainSaved: true } : {}),
  });
  await prune(lifecycle, record.tenantId).catch((error: unknown) => {
    // The next snapshot prunes again.
    log('snapshot.prune_failed', { error: String(error).slice(0, 200) });
  });
}

async function prune(lifecycle: Lifecycle, tenantId: string): Promise<void> {
  for (const id of lifecycle.deps.snapshots.removable()) {
    await lifecycle.deps.objects.remove(tenantId, id);
    lifecycle.deps.snapshots.forget(id);
  }
}

function step(
  lifecycle: Lifecycle,
  record: TenantRecord,
  name: Parameters<Lifecycle['deps']['operations']['step']>[1],
): void {
  if (record.operationId === null) return;
  if (lifecycle.deps.operations.step(record.operationId, name, lifecycle.deps.clock.nowMs())) {
    lifecycle.deps.reportChanged(record);
  }
}

type Change = Partial<TenantRecord> | ((record: TenantRecord) => Partial<TenantRecord>);

function update(lifecycle: Lifecycle, change: Change): void {
  const record = lifecycle.deps.store.read();
  if (!record) return;
  lifecycle.save({ ...record, ...(typeof change === 'function' ? change(record) : change) });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
