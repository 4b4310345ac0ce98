/**
 * A world for scratch runs in tests: containers that outlive the object, and an object that can die, with faults before and
 * after each call's effect.
 */
import { expect } from 'vitest';
import { openNodeSql, type NodeSql } from './node-sql.ts';
import { tenantRecord } from './tenant-record.ts';
import type { TenantRecord } from '../../apps/tenant-worker/src/core/lifecycle/record.ts';
import type { Observed } from '../../apps/tenant-worker/src/core/lifecycle/state.ts';
import { migrate } from '../../apps/tenant-worker/src/modules/migrate.ts';
import { OPERATION_MIGRATIONS, Operations } from '../../apps/tenant-worker/src/modules/operations.ts';
import type { ImportReport } from '../../apps/control-plane/src/contract/imports.ts';
import { IMPORT_MIGRATIONS, Imports } from '../../apps/tenant-worker/src/modules/imports.ts';
import { SCRATCH_MIGRATIONS, ScratchRuns } from '../../apps/tenant-worker/src/modules/scratch.ts';
import { SNAPSHOT_MIGRATIONS } from '../../apps/tenant-worker/src/modules/snapshot-schema.ts';
import { SnapshotIndex } from '../../apps/tenant-worker/src/modules/snapshots.ts';
import { TENANT_MIGRATIONS, TenantStore } from '../../apps/tenant-worker/src/modules/tenant-store.ts';
import { Scratch } from '../../apps/tenant-worker/src/services/scratch.ts';
import type { ScratchPort } from '../../apps/tenant-worker/src/services/scratch-ports.ts';

type Fault = 'none' | 'fails' | 'answer_lost' | 'crash_before' | 'crash_after';
export const operationId = 'op_00000000000000000000000001' as never;

function die(object: { alive: boolean }): never {
  object.alive = false;
  throw new Error('the object is gone');
}

const see = (phase: 'idle' | 'ready' | 'failed' | 'starting', hasState: boolean): Observed => ({
  kind: 'up',
  claimed: true,
  phase,
  hasState,
  failure: phase === 'failed' ? 'gateway_exit' : null,
});

/** The containers of the world, which outlive the object. */
export class ScratchWorld {
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
      if (fault === 'crash_before') die(object);
      if (fault === 'fails') throw new Error('injected');
      const value = effect();
      await Promise.resolve();
      if (fault === 'crash_after') die(object);
      if (fault === 'answer_lost') throw new Error('injected: the answer was lost');
      return value;
    };
    const at = () => {
      const container = this.containers.get(n);
      if (!container?.running) throw new Error('the container does not run');
      return container;
    };
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
        call(() => {
          const audit = turn ? { release: '2026.9.6', atMs: 1, criticals: [], warnings: 0 } : null;
          return { healthy: true, sessions: 2, cronJobs: 1, answered: turn ? true : null, audit, problem: null };
        }),
      import: () =>
        call(() => {
          if (this.refuses !== null) return { ok: false as const, detail: this.refuses };
          const seen = at().observed;
          if (seen.kind === 'up' && seen.hasState) throw new Error('there is a state already');
          at().observed = see('idle', true);
          return { ok: true as const, report };
        }),
      stopGateway: () => call(() => void (at().observed = see('idle', true))),
      snapshot: () =>
        call(() => ({
          bytes: 9,
          sha256: 'b',
          files: 3,
          storedBytes: 10,
          uncompressedBytes: 20,
          inventory: false,
          sessions: null,
          cronJobs: null,
        })),
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

export const record: TenantRecord = { ...tenantRecord, state: { kind: 'asleep', incarnation: 3, sinceMs: 1 } };

export const report: ImportReport = {
  shape: 'openclaw',
  openclawVersion: '2026.8.2',
  taken: { files: 3, bytes: 9, conversations: 1, workspaceFiles: 1, skills: 0, cronJobs: 0, agents: 1 },
  left: [{ reason: 'key_or_login', count: 1, examples: ['.env'] }],
  settingsLeft: ['gateway'],
  channelsOff: [],
  warnings: [],
};
