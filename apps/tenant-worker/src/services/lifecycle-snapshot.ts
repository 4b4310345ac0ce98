/**
 * Saving a run's disk: data first, read back by the sandbox; then the manifest; then the index. A crash in between leaves
 * data that nobody restores. One at a time, since only `activate()` saves.
 */
import type { SnapshotReason } from '../core/lifecycle/plan.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import * as limits from '../core/limits.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Rejects when nothing was saved; the index then says so. */
export async function saveSnapshot(
  lifecycle: Lifecycle,
  record: TenantRecord,
  incarnation: number,
  why: SnapshotReason,
  note: string | null = null,
): Promise<void> {
  const { store, snapshots, clock, ids, log } = lifecycle.deps;
  const id = ids.ulid();
  const { changes } = lifecycle.volatile;
  const release = store.run(incarnation)?.release ?? releaseOf(record);
  snapshots.begin({ id, incarnation, release, why, note, begunAtMs: clock.nowMs() });
  try {
    await upload(lifecycle, record, { id, incarnation, release, why });
  } catch (error) {
    const latest = store.read();
    if (latest) {
      const snapshotFailuresInRow = latest.snapshotFailuresInRow + 1;
      lifecycle.save({ ...latest, snapshotFailedAtMs: clock.nowMs(), snapshotFailuresInRow });
    }
    throw error;
  }
  // Asked for only when the gateway was seen stopped (or does not stop): nothing comes after it.
  if (why === 'sleep' || why === 'rescue' || why === 'before_restore' || why === 'before_upgrade')
    store.saved(incarnation);
  lifecycle.savedUpTo(changes);
  const latest = store.read();
  if (latest) {
    lifecycle.save({
      ...latest,
      lastSnapshotAtMs: clock.nowMs(),
      snapshotFailedAtMs: null,
      snapshotFailuresInRow: 0,
    });
  }
  await prune(lifecycle, record.tenantId).catch((error: unknown) => {
    // The next snapshot prunes again.
    log('snapshot.prune_failed', { error: String(error).slice(0, 200) });
  });
}

async function upload(
  lifecycle: Lifecycle,
  record: TenantRecord,
  { id, incarnation, release, why }: { id: string; incarnation: number; release: string; why: SnapshotReason },
): Promise<void> {
  const { snapshots, objects, clock, log } = lifecycle.deps;
  const begunAtMs = clock.nowMs();
  const sandbox = lifecycle.deps.sandbox(record.tenantId, incarnation);
  const data = await lifecycle.withDeadline(sandbox.snapshot(record, id), limits.snapshotDeadlineMs, 'snapshot');
  if (data.files === 0 || data.bytes === 0) throw new Error('the snapshot is empty');
  assertNotFenced(lifecycle, incarnation);
  const completedAtMs = clock.nowMs();
  const { tenantId } = record;
  const parent = snapshots.newest()?.id ?? null;
  const manifest = {
    v: 1,
    tenantId,
    snapshotId: id,
    incarnation,
    release,
    why,
    begunAtMs,
    completedAtMs,
    parent,
    ...data,
  };
  await lifecycle.withDeadline(objects.putManifest(tenantId, id, manifest), limits.objectDeadlineMs, 'manifest');
  assertNotFenced(lifecycle, incarnation);
  if (snapshots.complete(id, { ...data, completedAtMs }) === 'aside')
    log('snapshot.set_aside', { snapshot: id, incarnation, files: data.files, bytes: data.bytes });
}

/** A run that was closed or is being deleted has nothing to say any more. */
function assertNotFenced({ deps }: Lifecycle, incarnation: number): void {
  const open = deps.store.openRuns().some((run) => run.incarnation === incarnation);
  const current = deps.store.read();
  const { kind } = current?.state ?? { kind: 'absent' };
  if (
    !open ||
    current === null ||
    incarnation > incarnationOf(current.state) ||
    kind === 'deleting' ||
    kind === 'deleted'
  )
    throw new Error('the run was fenced during its snapshot');
}

async function prune(lifecycle: Lifecycle, tenantId: string): Promise<void> {
  const { snapshots, objects } = lifecycle.deps;
  for (const id of snapshots.removable()) {
    // Somebody may have asked for it while the one before was removed.
    if (!snapshots.removing(id)) continue;
    await lifecycle.withDeadline(objects.remove(tenantId, id), limits.objectDeadlineMs, 'remove snapshot');
    snapshots.forget(id);
  }
}
