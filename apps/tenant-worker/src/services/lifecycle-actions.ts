/**
 * The effects, one function per action of the plan. Each saves its intent first, has a deadline, and may be repeated.
 * A failure is recorded and left to the next look; none is hidden.
 */
import type { Action, SnapshotReason } from '../core/lifecycle/plan.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import * as limits from '../core/limits.ts';
import { OperationId } from '../../../control-plane/src/contract/ids.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import { sizeKeyOf } from '../../../control-plane/src/contract/usage-totals.ts';
import type { Lifecycle } from './lifecycle.ts';
import { finishOperations, notTaken, restoreUnreadable } from './lifecycle-events.ts';
import { noteDone, noteLost, notePassedOver, noteStart } from './lifecycle-incidents.ts';
import { saveSnapshot } from './lifecycle-snapshot.ts';

/** Returns whether the action was carried out. `record` was read in this turn. */
export async function performAction(lifecycle: Lifecycle, record: TenantRecord, action: Action): Promise<boolean> {
  const { log, clock } = lifecycle.deps;
  const beganMs = clock.nowMs();
  try {
    await perform(lifecycle, record, action);
    log('lifecycle.action', { action: action.kind, tookMs: clock.nowMs() - beganMs });
    return true;
  } catch (error) {
    // The next observation shows what the failed call left; the planner goes on from there.
    log('lifecycle.action_failed', {
      action: action.kind,
      tookMs: clock.nowMs() - beganMs,
      error: String(error).slice(0, 300),
    });
    return false;
  }
}

async function perform(lifecycle: Lifecycle, record: TenantRecord, action: Action): Promise<void> {
  const { store, clock } = lifecycle.deps;
  const nowMs = clock.nowMs();
  switch (action.kind) {
    case 'start':
      store.beginRun(action.incarnation, releaseOf(record), nowMs, sizeKeyOf(record.spec.size));
      noteDone(lifecycle, 'container_replaced');
      lifecycle.volatile.seen = null;
      operationStep(lifecycle, record, 'container');
      return lifecycle.withDeadline(
        sandboxOf(lifecycle, record, action).start(record),
        limits.keeperUpDeadlineMs,
        'start',
      );
    case 'claim':
      return claim(lifecycle, record, action.incarnation);
    case 'restore':
      return restore(lifecycle, record, action.incarnation, action.snapshotId);
    case 'start_gateway':
      store.gatewayAsked(action.incarnation, nowMs, action.settings);
      noteStart(lifecycle, record, action.settings);
      operationStep(lifecycle, record, 'configure');
      return lifecycle.withDeadline(
        sandboxOf(lifecycle, record, action).startGateway(record, action.settings),
        limits.observeDeadlineMs * 2,
        'start gateway',
      );
    case 'stop_gateway':
      store.stopTried(action.incarnation);
      if (record.state.kind === 'draining') operationStep(lifecycle, record, 'drain');
      return lifecycle.withDeadline(
        sandboxOf(lifecycle, record, action).stopGateway(),
        limits.drainDeadlineMs,
        'stop gateway',
      );
    case 'snapshot':
      return snapshot(lifecycle, record, action.incarnation, action.why);
    case 'note_unreachable':
      return store.unreachable(action.incarnation, nowMs);
    case 'destroy':
      return destroy(lifecycle, record, action.incarnation, action.why);
    case 'erase':
      return erase(lifecycle, record);
    default:
      return unreachable(action);
  }
}

function sandboxOf({ deps }: Lifecycle, record: TenantRecord, { incarnation }: { readonly incarnation: number }) {
  return deps.sandbox(record.tenantId, incarnation);
}

async function claim(lifecycle: Lifecycle, record: TenantRecord, incarnation: number): Promise<void> {
  try {
    const sandbox = lifecycle.deps.sandbox(record.tenantId, incarnation);
    await lifecycle.withDeadline(sandbox.claim(record), limits.observeDeadlineMs, 'claim');
    // It answers: one look that fails after this is not the last of many.
    lifecycle.deps.store.reachable(incarnation);
  } catch (error) {
    lifecycle.deps.store.unreachable(incarnation, lifecycle.deps.clock.nowMs());
    throw error;
  }
}

async function restore(lifecycle: Lifecycle, record: TenantRecord, incarnation: number, id: string): Promise<void> {
  const { store, snapshots, clock, log } = lifecycle.deps;
  const found = snapshots.get(id);
  if (!found) throw new Error(`snapshot ${id} is not in the index`);
  store.restoreTried(incarnation);
  operationStep(lifecycle, record, 'restore');
  const sandbox = lifecycle.deps.sandbox(record.tenantId, incarnation);
  const outcome = await lifecycle.withDeadline(sandbox.restore(record, found), limits.restoreDeadlineMs, 'restore');
  if (outcome.ok) return noteDone(lifecycle, 'restored', id);
  if (outcome.failure === 'snapshot_unreadable') {
    log('snapshot.unreadable', { snapshot: id, incarnation });
    const goneBack = snapshots.unreadable(id);
    if (snapshots.newest()?.id !== id) notePassedOver(lifecycle, id, goneBack ? 'nothing' : 'since_newest');
    if (goneBack) giveUpRestore(lifecycle);
  }
  lifecycle.apply({ type: 'start_failed', nowMs: clock.nowMs(), incarnation, failure: outcome.failure });
}

/** Tells who asked for the restore that it cannot be done; the start goes on with what was there before. */
function giveUpRestore(lifecycle: Lifecycle): void {
  const record = lifecycle.deps.store.read();
  if (record === null) return;
  const nowMs = lifecycle.deps.clock.nowMs();
  finishOperations(lifecycle, record, nowMs, restoreUnreadable);
  const operationId = OperationId.parse(`op_${lifecycle.deps.ids.ulid()}`);
  lifecycle.deps.operations.begin(operationId, record.tenantId, 'wake', nowMs);
  lifecycle.save({ ...record, operationId });
}

async function snapshot(
  lifecycle: Lifecycle,
  record: TenantRecord,
  incarnation: number,
  why: SnapshotReason,
): Promise<void> {
  if (why === 'rescue') lifecycle.deps.store.rescueTried(incarnation, lifecycle.deps.clock.nowMs());
  // A rescue as well: somebody waits for the start that comes after it.
  if (why !== 'periodic') operationStep(lifecycle, record, 'snapshot');
  if (why !== 'manual') return saveSnapshot(lifecycle, record, incarnation, why);
  const asked = lifecycle.deps.snapshots.asked();
  try {
    await saveSnapshot(lifecycle, record, incarnation, why, asked?.note ?? null);
    endAsked(lifecycle, asked, null);
  } catch (error) {
    endAsked(lifecycle, asked, notTaken);
    throw error;
  }
}

/** Ends what a person asked for, unless something else ended it meanwhile. */
function endAsked(lifecycle: Lifecycle, asked: { readonly operationId: string } | null, error: typeof notTaken | null) {
  const { snapshots, store, clock } = lifecycle.deps;
  const record = store.read();
  if (record === null || asked === null || snapshots.asked()?.operationId !== asked.operationId) return;
  finishOperations(lifecycle, record, clock.nowMs(), error);
  lifecycle.save(record);
}

async function destroy(lifecycle: Lifecycle, record: TenantRecord, incarnation: number, why: string): Promise<void> {
  const { store, clock, log } = lifecycle.deps;
  // From the first try on, what it held and nothing saved is given up.
  const run = store.run(incarnation);
  if (run?.unsaved === true && run.destroyTries === 0) noteLost(lifecycle);
  store.destroyTried(incarnation, clock.nowMs());
  if (record.state.kind === 'draining') operationStep(lifecycle, record, 'stop');
  const sandbox = lifecycle.deps.sandbox(record.tenantId, incarnation);
  await lifecycle.withDeadline(sandbox.destroy(why), limits.observeDeadlineMs * 2, 'destroy');
  const unsaved = store.run(incarnation)?.unsaved === true;
  store.endRun(incarnation, why, clock.nowMs());
  const latest = store.read();
  if (!unsaved || latest === null || latest.spec.desired === 'deleted') return;
  log('lifecycle.unsaved_lost', { incarnation, why });
  lifecycle.save({ ...latest, reason: 'unsaved_lost' });
}

async function erase(lifecycle: Lifecycle, record: TenantRecord): Promise<void> {
  const { objects, clock, scratch } = lifecycle.deps;
  operationStep(lifecycle, record, 'erase');
  // A copy of the tenant's state is on its disk. It is being destroyed; this is tried again.
  if (scratch.open()) throw new Error('a scratch container of the tenant is still there');
  const empty = await lifecycle.withDeadline(objects.removeAll(record.tenantId), limits.objectDeadlineMs, 'erase');
  if (empty) lifecycle.apply({ type: 'erased', nowMs: clock.nowMs() });
}

/** Shows what is going on to the person who waits, when somebody does. */
function operationStep(
  lifecycle: Lifecycle,
  record: TenantRecord,
  name: Parameters<Lifecycle['deps']['operations']['step']>[1],
): void {
  if (record.operationId === null) return;
  if (lifecycle.deps.operations.step(record.operationId, name, lifecycle.deps.clock.nowMs())) {
    lifecycle.deps.reportChanged(record);
  }
}
