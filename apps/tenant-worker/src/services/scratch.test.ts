/**
 * Scratch runs carried out over a fake container, with the object dying, and each call failing, before and after its
 * effect: whatever happens, there is one container at a time, an outcome, and nothing left over.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drillEveryMs, drillJitterMs, scratchDeadlineMs } from '../core/scratch/limits.ts';
import { changeImports } from './imports.ts';
import { drill } from './scratch-commands.ts';
import { operationId, record, report, ScratchWorld } from '../../../../test/support/scratch-world.ts';

let world: ScratchWorld;
beforeEach(() => {
  world = new ScratchWorld();
  world.object.scratch.deps.store.write(record);
});
afterEach(() => world.sql.close());

function save(id: string, release = '2026.9.6'): void {
  const { snapshots } = world.object.scratch.deps;
  snapshots.begin({ id, incarnation: 3, release, why: 'sleep', begunAtMs: world.nowMs });
  snapshots.complete(id, { bytes: 10, sha256: 'a', files: 7, completedAtMs: world.nowMs });
}
const drillOf = () => world.object.scratch.deps.runs.drill();

describe('a drill', () => {
  it('proves the newest snapshot with the release that wrote it, and leaves nothing', async () => {
    save('s1', '2026.8.2');
    expect(drill(world.object.scratch, operationId)).toEqual({ ok: true, value: null });
    await world.settle();
    expect(drillOf()?.proven).toMatchObject({ snapshotId: 's1', files: 7, sessions: 2, cronJobs: 1 });
    expect(drillOf()?.failure).toBeNull();
    expect([world.running, [...world.destroyed]]).toEqual([[], [1]]);
    expect(world.containers.get(1)?.release).toBe('2026.8.2');
    const operation = world.object.scratch.deps.operations.read(operationId);
    expect(operation).toMatchObject({ kind: 'drill', error: null });
    expect(operation?.steps.map((step) => step.name)).toEqual(['container', 'restore', 'gateway', 'check']);
    // The tenant itself was not touched.
    expect(world.object.scratch.deps.store.read()).toEqual({ ...record, version: 1 });
    expect(world.object.scratch.deps.store.openRuns()).toEqual([]);
  });

  it('that fails says why, keeps what was proven before, and is over after the next that succeeds', async () => {
    save('s1');
    drill(world.object.scratch, operationId);
    await world.settle();
    save('s2');
    world.gateway = 'ends';
    world.object.scratch.beginDrill(null);
    await world.settle();
    expect(drillOf()).toMatchObject({
      proven: { snapshotId: 's1' },
      failure: { snapshotId: 's2', code: 'gateway_exit' },
    });
    expect(world.logged).toContain('drill.failed');
    world.gateway = 'starts';
    world.object.scratch.beginDrill(null);
    await world.settle();
    expect(drillOf()).toMatchObject({ proven: { snapshotId: 's2' }, failure: null });
  });

  it('in which fewer files come back than were saved is a failure', async () => {
    save('s1');
    world.restoredFiles = 6;
    drill(world.object.scratch, operationId);
    await world.settle();
    expect(drillOf()?.failure).toMatchObject({ code: 'counts_differ', detail: '6 files were restored of 7 saved.' });
    expect(world.object.scratch.deps.operations.read(operationId)?.error?.code).toBe('counts_differ');
  });

  it('that hangs is ended at its deadline', async () => {
    save('s1');
    world.gateway = 'hangs';
    drill(world.object.scratch, operationId);
    await world.settle();
    expect(drillOf()?.failure?.code).toBe('scratch_timeout');
    expect(world.nowMs).toBeGreaterThanOrEqual(1_000_000 + scratchDeadlineMs);
    expect(world.running).toEqual([]);
  });

  it('begins by itself when it is due, and not before', async () => {
    save('s1');
    await world.settle();
    expect(world.containers.size).toBe(0);
    const dueMs = world.object.scratch.nextDueMs() ?? 0;
    expect(dueMs).toBeLessThanOrEqual(1 + drillEveryMs + drillJitterMs);
    world.nowMs = dueMs;
    await world.settle();
    expect(drillOf()?.proven?.snapshotId).toBe('s1');
    expect(world.object.scratch.nextDueMs()).toBeNull();
  });

  it('is one at a time, once per operation, and of something', async () => {
    expect(drill(world.object.scratch, operationId)).toMatchObject({ ok: false, error: { code: 'nothing_saved' } });
    save('s1');
    drill(world.object.scratch, operationId);
    expect(drill(world.object.scratch, operationId).ok).toBe(true);
    const other = drill(world.object.scratch, 'op_00000000000000000000000002' as never);
    expect(other).toMatchObject({ ok: false, error: { code: 'scratch_busy' } });
    await world.settle();
    expect(world.containers.size).toBe(1);
  });

  it('of a tenant that is deleted meanwhile is given up and cleared away', async () => {
    save('s1');
    drill(world.object.scratch, operationId);
    world.fault = (call) => (call === 4 ? 'crash_after' : 'none');
    await world.object.scratch.activate().catch(() => undefined);
    expect(world.running).toEqual([1]);
    world.build();
    const { store } = world.object.scratch.deps;
    const spec = { ...record.spec, desired: 'deleted' as const };
    store.write({ ...record, version: 1, spec });
    await world.settle();
    expect([world.running, drillOf()?.failure]).toEqual([[], null]);
    expect(world.concluded).toEqual(['1 abandoned']);
  });
});

const importId = 'imp_00000000000000000000000001';

/** An upload that has arrived, and its conversion begun. */
function bring(): void {
  const { imports, clock } = world.object.scratch.deps;
  imports.create({ id: importId, fileName: 'openclaw.tar.gz', bytes: 4, createdAtMs: clock.nowMs() });
  imports.partStored(importId, 0);
  start();
}
function start(): void {
  const { scratch } = world.object;
  const begun = changeImports({ ...scratch.deps, scratch }, record, { do: 'start', id: importId, operationId });
  expect(begun).toMatchObject({ ok: true, value: { state: 'converting' } });
}
const upload = () => world.object.scratch.deps.imports.get(importId);

describe('an import', () => {
  it('becomes a protected snapshot beside the tenant, which goes on from its own', async () => {
    save('s1');
    bring();
    await world.settle();
    const { snapshots, operations } = world.object.scratch.deps;
    const snapshotId = upload()?.snapshotId ?? '';
    expect(upload()).toMatchObject({ state: 'ready', report });
    expect(snapshots.get(snapshotId)).toMatchObject({
      why: 'imported',
      protection: 'automatic',
      files: 3,
      parent: null,
    });
    expect(world.manifests).toEqual([snapshotId]);
    expect(snapshots.newest()?.id).toBe('s1');
    expect(operations.read(operationId)?.steps.map((step) => step.name)).toEqual([
      'container',
      'convert',
      'gateway',
      'snapshot',
    ]);
    expect(operations.read(operationId)).toMatchObject({ kind: 'import', error: null });
    expect([world.running, [...world.destroyed]]).toEqual([[], [1]]);
    // Switched to by a restore, and back.
    snapshots.chooseRestore(snapshotId, world.nowMs);
    snapshots.switchToChosen(3);
    expect(snapshots.newest()?.id).toBe(snapshotId);
    expect(snapshots.restore()?.replaced).toBe('s1');
  });

  it('is nothing to start from by itself, when the tenant has nothing of its own', async () => {
    bring();
    await world.settle();
    const { snapshots } = world.object.scratch.deps;
    expect(upload()?.state).toBe('ready');
    expect([snapshots.any(), snapshots.newest()]).toEqual([false, null]);
  });

  it('that is refused keeps the words, and its bytes may go', async () => {
    world.refuses = 'there is no OpenClaw state in it';
    bring();
    await world.settle();
    expect(upload()).toMatchObject({ state: 'failed', error: { code: 'import_refused', detail: world.refuses } });
    expect(world.object.scratch.deps.imports.spent()).toEqual([{ id: importId, parts: 1 }]);
    expect(world.object.scratch.deps.operations.read(operationId)?.error?.code).toBe('import_refused');
  });

  it('whose gateway does not start may be begun again with the same bytes', async () => {
    world.gateway = 'ends';
    bring();
    await world.settle();
    expect(upload()).toMatchObject({ state: 'uploading', nextPart: 1, error: { code: 'gateway_exit' } });
    expect(world.object.scratch.deps.imports.spent()).toEqual([]);
    world.gateway = 'starts';
    start();
    await world.settle();
    expect(upload()).toMatchObject({ state: 'ready', error: null });
  });

  it.each(
    (['crash_before', 'crash_after', 'fails', 'answer_lost'] as const).flatMap((fault) =>
      Array.from({ length: 24 }, (_, i) => [fault, i + 1] as const),
    ),
  )('%s at call %i: ready or to be begun again, never in between, nothing left', async (fault, at) => {
    save('s1');
    bring();
    const offset = world.calls;
    world.fault = (call) => (call === offset + at ? fault : 'none');
    await world.settle();
    expect([world.running, world.concluded.length]).toEqual([[], 1]);
    expect(world.object.scratch.deps.snapshots.newest()?.id).toBe('s1');
    expect(world.object.scratch.deps.operations.read(operationId)?.finishedAtMs).not.toBeNull();
    expect(['ready', 'uploading']).toContain(upload()?.state);
    // Losing the answer of the conversion itself is the one fault that costs a second try.
    if (upload()?.state === 'uploading') expect(world.concluded).toEqual(['1 restore_failed']);
  });
});

describe('with one fault at each call in turn', () => {
  const faults = ['crash_before', 'crash_after', 'fails', 'answer_lost'] as const;
  it.each(faults.flatMap((fault) => Array.from({ length: 24 }, (_, i) => [fault, i + 1] as const)))(
    '%s at call %i: one container at a time, one outcome, nothing left',
    async (fault, at) => {
      save('s1');
      drill(world.object.scratch, operationId);
      world.fault = (call) => (call === at ? fault : 'none');
      await world.settle();
      expect(world.running).toEqual([]);
      expect(world.concluded).toEqual(['1 ok']);
      expect(drillOf()?.proven?.snapshotId).toBe('s1');
      expect(world.object.scratch.deps.operations.read(operationId)?.finishedAtMs).not.toBeNull();
    },
  );
});
