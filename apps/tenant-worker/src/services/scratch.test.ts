/**
 * Scratch runs carried out over a fake container, with the object dying, and each call failing, before and after its
 * effect: whatever happens, there is one container at a time, an outcome, and nothing left over.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Observed } from '../core/lifecycle/state.ts';
import { drillEveryMs, drillJitterMs, scratchDeadlineMs } from '../core/scratch/limits.ts';
import { migrate } from '../modules/migrate.ts';
import { OPERATION_MIGRATIONS, Operations } from '../modules/operations.ts';
import type { ImportReport } from '../../../control-plane/src/contract/imports.ts';
import { IMPORT_MIGRATIONS, Imports } from '../modules/imports.ts';
import { SCRATCH_MIGRATIONS, ScratchRuns } from '../modules/scratch.ts';
import { SNAPSHOT_MIGRATIONS } from '../modules/snapshot-schema.ts';
import { SnapshotIndex } from '../modules/snapshots.ts';
import { TENANT_MIGRATIONS, TenantStore } from '../modules/tenant-store.ts';
import { changeImports } from './imports.ts';
import { drill } from './scratch-commands.ts';
import { Scratch } from './scratch.ts';
import type { ScratchPort } from './scratch.ts';

type Fault = 'none' | 'fails' | 'answer_lost' | 'crash_before' | 'crash_after';
const operationId = 'op_00000000000000000000000001' as never;

/** The containers of the world, which outlive the object. */
class FakeWorld {
  readonly sql: NodeSql = openNodeSql();
  readonly containers = new Map<number, { running: boolean; observed: Observed; release: string }>();
  readonly destroyed = new Set<number>();
  readonly logged: string[] = [];
  readonly concluded: string[] = [];
  readonly manifests: string[] = [];
  /** Words with which the keeper refuses what is brought. */
  refuses: string | null = null;
  nowMs = 1_000_000;
  calls = 0;
  fault: (call: number) => Fault = () => 'none';
  gateway: 'starts' | 'ends' | 'hangs' = 'starts';
  restoredFiles = 7;
  object!: { scratch: Scratch; alive: boolean };

  constructor() {
    this.build();
  }

  build(): void {
    const object = { alive: true } as { scratch: Scratch; alive: boolean };
    const { sql } = this;
    const guarded = {
      exec: (...args: Parameters<typeof sql.exec>) => {
        if (!object.alive) throw new Error('the object is gone');
        return sql.exec(...args);
      },
      transaction: <T>(fn: () => T) => sql.transaction(fn),
    };
    migrate(
      guarded,
      [
        ...TENANT_MIGRATIONS,
        ...OPERATION_MIGRATIONS,
        ...SNAPSHOT_MIGRATIONS,
        ...SCRATCH_MIGRATIONS,
        ...IMPORT_MIGRATIONS,
      ],
      0,
    );
    object.scratch = new Scratch({
      store: new TenantStore(guarded),
      runs: new ScratchRuns(guarded),
      snapshots: new SnapshotIndex(guarded),
      operations: new Operations(guarded),
      imports: new Imports(guarded),
      objects: {
        putManifest: async (_tenant, id) => void this.manifests.push(id),
        remove: () => Promise.resolve(),
        removeAll: () => Promise.resolve(true),
      },
      port: (_tenantId, n) => this.#port(object, n),
      clock: { nowMs: () => this.nowMs },
      timers: { after: () => () => undefined },
      ids: { ulid: () => String(++this.calls).padStart(26, '0') },
      log: (event) => this.logged.push(event),
      rearm: () => Promise.resolve(),
      operationChanged: () => undefined,
      concluded: (run, outcome) => this.concluded.push(`${run.n} ${outcome.ok ? 'ok' : outcome.code}`),
    });
    this.object = object;
  }

  get running(): number[] {
    return [...this.containers].filter(([, { running }]) => running).map(([n]) => n);
  }

  #port(object: { alive: boolean }, n: number): ScratchPort {
    const call = async <T>(effect: () => T): Promise<T> => {
      const fault = this.fault(++this.calls);
      const die = (): never => {
        object.alive = false;
        throw new Error('the object is gone');
      };
      if (fault === 'crash_before') die();
      if (fault === 'fails') throw new Error('injected');
      const value = effect();
      await Promise.resolve();
      if (fault === 'crash_after') die();
      if (fault === 'answer_lost') throw new Error('injected: the answer was lost');
      return value;
    };
    const at = () => {
      const container = this.containers.get(n);
      if (!container?.running) throw new Error('the container does not run');
      return container;
    };
    const see = (phase: 'idle' | 'ready' | 'failed' | 'starting', hasState: boolean): Observed => ({
      kind: 'up',
      claimed: true,
      phase,
      hasState,
      failure: phase === 'failed' ? 'gateway_exit' : null,
    });
    return {
      start: (_record, release) =>
        call(() => {
          if (this.destroyed.has(n)) throw new Error('this run was destroyed');
          const idle: Observed = { kind: 'up', claimed: false, phase: 'idle', hasState: false, failure: null };
          this.containers.set(n, { running: true, observed: idle, release });
          expect(this.running).toEqual([n]);
        }),
      look: () => call(() => (this.containers.get(n)?.running ? at().observed : { kind: 'stopped' as const })),
      claim: () => call(() => void (at().observed = see('idle', false))),
      restore: () =>
        call(() => {
          at().observed = see('idle', true);
          return { ok: true as const, files: this.restoredFiles, bytes: 1 };
        }),
      startGateway: () =>
        call(() => {
          const phase = { starts: 'ready', ends: 'failed', hangs: 'starting' } as const;
          at().observed = see(phase[this.gateway], true);
        }),
      check: (turn) =>
        call(() => ({ healthy: true, sessions: 2, cronJobs: 1, answered: turn ? true : null, problem: null })),
      import: () =>
        call(() => {
          if (this.refuses !== null) return { ok: false as const, detail: this.refuses };
          const seen = at().observed;
          if (seen.kind === 'up' && seen.hasState) throw new Error('there is a state already');
          at().observed = see('idle', true);
          return { ok: true as const, report };
        }),
      stopGateway: () => call(() => void (at().observed = see('idle', true))),
      snapshot: () => call(() => ({ bytes: 9, sha256: 'b', files: 3, storedBytes: 10 })),
      destroy: () =>
        call(() => {
          this.destroyed.add(n);
          const container = this.containers.get(n);
          if (container) container.running = false;
        }),
    };
  }

  /** Alarms until nothing is under way, the object built again when it died. Time passes between them. */
  async settle(): Promise<void> {
    for (let i = 0; i < 2_000; i++) {
      if (!this.object.alive) this.build();
      try {
        await this.object.scratch.activate();
      } catch (error) {
        if (this.object.alive) throw error;
        continue;
      }
      if (this.object.alive && this.object.scratch.deps.runs.open() === null) return;
      this.nowMs += 1_000;
    }
    throw new Error('it never came to rest');
  }
}

const record = {
  v: 1,
  tenantId: 'ten_00000000000000000000000001',
  slug: 'nora-7f3k',
  createdAtMs: 1,
  generation: 1,
  spec: {
    displayName: 'Nora',
    desired: 'active',
    members: [{ userId: 'u1', role: 'owner' }],
    release: '2026.9.6',
    pinned: false,
    size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
    idleSleepMs: 600_000,
    keepAwake: false,
    models: { primary: 'a', utility: 'b' },
    aiCapNanoUsdPerMonth: 1,
  },
  state: { kind: 'asleep', incarnation: 3, sinceMs: 1 },
  version: 0,
  operationId: null,
  specOperation: null,
  reason: null,
  lastActivityAtMs: 0,
  lastSnapshotAtMs: 0,
  snapshotFailedAtMs: null,
  snapshotFailuresInRow: 0,
  crashesAtMs: [],
  startDurationsMs: [],
  startSettings: 'current',
  wrappedDataKey: { kid: 'k1', wrapped: 'AAAA' },
  release: '2026.9.6',
  upgrade: null,
  upgradeAsked: null,
  upgradeFailure: null,
  rollback: null,
  rollingBack: null,
} as unknown as TenantRecord;

const report: ImportReport = {
  shape: 'openclaw',
  openclawVersion: '2026.8.2',
  taken: { files: 3, bytes: 9, conversations: 1, workspaceFiles: 1, skills: 0, cronJobs: 0, agents: 1 },
  left: [{ reason: 'key_or_login', count: 1, examples: ['.env'] }],
  settingsLeft: ['gateway'],
  channelsOff: [],
  warnings: [],
};

let world: FakeWorld;
beforeEach(() => {
  world = new FakeWorld();
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
  const deps = { imports: scratch.deps.imports, scratch, clock: scratch.deps.clock, ids: scratch.deps.ids };
  const begun = changeImports(deps, record, { do: 'start', id: importId, operationId });
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
