/** What a conversion became: discarded, swept, or held by what goes on from it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { operationId, record, ScratchWorld } from '../../../../test/support/scratch-world.ts';
import { convertedKeptMs } from '../../../control-plane/src/contract/imports.ts';
import { cleanImports, inUse } from './import-discard.ts';
import { changeImports } from './imports.ts';

const id = 'imp_00000000000000000000000001';
let world: ScratchWorld;
let snapshotId: string;
/** What was removed from R2, and the removal that fails. */
let gone: string[];
let failing: string | null;

beforeEach(async () => {
  world = new ScratchWorld();
  gone = [];
  failing = null;
  const { scratch } = world.object;
  const { imports, snapshots, store } = scratch.deps;
  store.write(record);
  snapshots.begin({ id: 's1', incarnation: 1, release: '2026.9.6', why: 'sleep', begunAtMs: 1 });
  snapshots.complete('s1', { bytes: 9, sha256: 'a', files: 7, completedAtMs: 2 });
  imports.create({ id, fileName: 'openclaw.tar.gz', bytes: 4, createdAtMs: world.nowMs });
  imports.partStored(id, 0);
  changeImports({ ...scratch.deps, scratch }, record, { do: 'start', id, operationId });
  await world.settle();
  await clean();
  snapshotId = view()?.snapshotId ?? '';
  expect(view()).toMatchObject({ state: 'ready', keptUntilMs: expect.any(Number) });
  gone = [];
});
afterEach(() => world.sql.close());

const deps = () => world.object.scratch.deps;
const view = () => deps().imports.get(id);
const discard = (of = record) => changeImports({ ...deps(), scratch: world.object.scratch }, of, { do: 'remove', id });
function clean(): Promise<void> {
  const remove = async (what: string): Promise<void> => {
    if (what === failing) throw new Error('injected: R2 is away');
    gone.push(what);
  };
  const objects = {
    removeParts: (_tenant: string, of: string) => remove(of),
    removeSnapshot: (_tenant: string, of: string) => remove(of),
  };
  return cleanImports({ ...deps(), objects }, record);
}
const refused = { ok: false, error: { code: 'import_in_use' } };

describe('a converted upload that nobody wants', () => {
  it('is discarded: nobody may restore it from then on, and its bytes go', async () => {
    expect(discard()).toMatchObject({
      ok: true,
      value: { state: 'failed', error: { code: 'removed' }, snapshotId: null },
    });
    expect(deps().snapshots.get(snapshotId)).toBeNull();
    expect(deps().imports.nextDueMs()).toBe(0);
    await clean();
    expect(gone).toEqual([snapshotId]);
    expect(deps().snapshots.begun(snapshotId)).toBe(false);
    expect(deps().imports.nextDueMs()).toBeNull();
    // Said again it changes nothing.
    expect(discard()).toMatchObject({ ok: true, value: { state: 'failed' } });
    await clean();
    expect(gone).toEqual([snapshotId]);
    expect(deps().snapshots.newest()?.id).toBe('s1');
  });

  it('is removed later when R2 is away, and stays out of reach meanwhile', async () => {
    discard();
    failing = snapshotId;
    await expect(clean()).rejects.toThrow('R2 is away');
    expect([deps().snapshots.get(snapshotId), deps().imports.nextDueMs()]).toEqual([null, 0]);
    failing = null;
    await clean();
    expect([gone, deps().imports.nextDueMs()]).toEqual([[snapshotId], null]);
  });

  it('is swept after its time, not a millisecond before', async () => {
    const dueMs = deps().imports.nextDueMs() ?? 0;
    expect(dueMs).toBe(view()?.keptUntilMs);
    expect(dueMs).toBeGreaterThan(convertedKeptMs);
    world.nowMs = dueMs - 1;
    await clean();
    expect([view()?.state, gone]).toEqual(['ready', []]);
    world.nowMs = dueMs;
    await clean();
    expect([view()?.state, gone]).toEqual(['expired', [snapshotId]]);
    expect(deps().imports.nextDueMs()).toBeNull();
  });
});

describe('one that is in use is neither discarded nor swept', () => {
  const saveOn = (of: string, incarnation: number): void => {
    const { snapshots } = deps();
    snapshots.begin({ id: of, incarnation, release: '2026.9.6', why: 'sleep', begunAtMs: world.nowMs });
    snapshots.complete(of, { bytes: 9, sha256: 'c', files: 7, completedAtMs: world.nowMs });
  };

  it.each<readonly [string, () => void]>([
    ['a restore to it saves the present state first', () => deps().snapshots.chooseRestore(snapshotId, world.nowMs)],
    [
      'the next start restores it',
      () => {
        deps().snapshots.chooseRestore(snapshotId, world.nowMs);
        deps().snapshots.switchToChosen(3);
      },
    ],
    [
      'the assistant went on from it',
      () => {
        deps().snapshots.chooseRestore(snapshotId, world.nowMs);
        deps().snapshots.switchToChosen(3);
        saveOn('s2', 4);
        saveOn('s3', 4);
      },
    ],
    [
      'an undo took its place and can be undone',
      () => {
        deps().snapshots.chooseRestore(snapshotId, world.nowMs);
        deps().snapshots.switchToChosen(3);
        deps().snapshots.chooseRestore('s1', world.nowMs);
        deps().snapshots.switchToChosen(3);
        saveOn('s2', 4);
      },
    ],
  ])('%s', async (_what, use) => {
    use();
    expect(discard()).toMatchObject(refused);
    expect(deps().snapshots.get(snapshotId)).not.toBeNull();
    world.nowMs = view()?.keptUntilMs ?? 0;
    await clean();
    // It is a snapshot like any other from now on: nothing is due for it again and again.
    expect([view()?.state, view()?.keptUntilMs, gone]).toEqual(['ready', null, []]);
    expect(deps().imports.nextDueMs()).toBeNull();
  });

  it('a rollback would bring it back', () => {
    const rollback = { release: '2026.8.2', snapshotId, atMs: 1 };
    expect(discard({ ...record, rollback })).toMatchObject(refused);
    expect(inUse(deps(), record, snapshotId)).toBe(false);
  });

  it('and can be discarded again when the restore to it was given up', () => {
    deps().snapshots.chooseRestore(snapshotId, world.nowMs);
    deps().snapshots.abandonRestore('superseded');
    expect(discard()).toMatchObject({ ok: true });
  });
});
