/**
 * Carries out scratch runs: look → decide → one step → save, until the run has an outcome and its container is gone. It is
 * beside the lifecycle and shares nothing with it but the alarm: it reads the record and snapshots and changes neither, so
 * that a scratch run can't wake, disturb or bill the tenant. Single flight; the row says after a crash what is left to do.
 */
import { OperationId } from '../../../control-plane/src/contract/ids.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import type { Observed } from '../core/lifecycle/state.ts';
import * as tenantLimits from '../core/limits.ts';
import { drillDueAtMs } from '../core/scratch/drill.ts';
import type { Expected } from '../core/scratch/judge.ts';
import { judge } from '../core/scratch/judge.ts';
import * as limits from '../core/scratch/limits.ts';
import type { ScratchAction } from '../core/scratch/plan.ts';
import { decideScratch, needsLook } from '../core/scratch/plan.ts';
import type { ScratchRequest, ScratchRun } from '../core/scratch/run.ts';
import type { StepName } from '../modules/operations.ts';
import { withDeadline } from './deadline.ts';
import { conclude } from './scratch-outcome.ts';
import type { ScratchDeps, ScratchPort } from './scratch-ports.ts';

const steps: Partial<Record<ScratchAction, StepName>> = {
  save: 'snapshot',
  start: 'container',
  restore: 'restore',
  start_gateway: 'gateway',
  check: 'check',
};

export class Scratch {
  readonly deps: ScratchDeps;
  #running: Promise<void> | null = null;
  #dueAtMs = 0;

  constructor(deps: ScratchDeps) {
    this.deps = deps;
  }

  /** Writes the intent down; `activate()` carries it out. Null when one is open already. */
  begin(request: ScratchRequest): ScratchRun | null {
    const { runs, clock, log } = this.deps;
    if (runs.open() !== null) return null;
    const run = runs.begin({ ...request, begunAtMs: clock.nowMs() });
    this.#dueAtMs = 0;
    log('scratch.begun', { n: run.n, purpose: run.purpose, snapshot: run.snapshotId, release: run.release });
    return run;
  }

  /** Begins a drill of the newest snapshot. Null when there is none or another scratch run is under way. */
  beginDrill(operationId: string | null): ScratchRun | null {
    const { store, snapshots, operations, ids, clock } = this.deps;
    const record = store.read();
    const newest = snapshots.newest();
    if (record === null || newest === null || this.deps.runs.open() !== null) return null;
    const operation = operations.begin(
      OperationId.parse(operationId ?? `op_${ids.ulid()}`),
      record.tenantId,
      'drill',
      clock.nowMs(),
    );
    this.deps.operationChanged(operation);
    // Proven with the release that wrote it: that is what a wake does.
    return this.begin({ purpose: 'drill', snapshotId: newest.id, release: newest.release, operationId: operation.id });
  }

  /** Begins the conversion of an upload into `snapshotId`. False when another scratch run is under way. */
  beginImport(record: TenantRecord, operationId: OperationId, snapshotId: string): boolean {
    if (this.deps.runs.open() !== null) return false;
    const operation = this.deps.operations.begin(operationId, record.tenantId, 'import', this.deps.clock.nowMs());
    this.deps.operationChanged(operation);
    // By the release that runs: a state made by a newer one that is only wanted could not be switched to.
    return this.begin({ purpose: 'import', snapshotId, release: releaseOf(record), operationId }) !== null;
  }

  /** When this has to run again; null = nothing is under way and nothing to prove. */
  nextDueMs(): number | null {
    const nowMs = this.deps.clock.nowMs();
    // While a step is under way the alarm only keeps the object from being put away.
    if (this.#running !== null) return nowMs + limits.scratchProbeMs * 5;
    if (this.deps.runs.open() !== null) return Math.max(this.#dueAtMs, 0);
    return this.#drillDueAtMs(nowMs);
  }

  #drillDueAtMs(nowMs: number): number | null {
    const record = this.deps.store.read();
    if (record === null) return null;
    const drill = this.deps.runs.drill();
    return drillDueAtMs(
      {
        tenantId: record.tenantId,
        active: record.spec.desired === 'active' && (record.state.kind === 'asleep' || record.state.kind === 'awake'),
        createdAtMs: record.createdAtMs,
        newestSnapshotId: this.deps.snapshots.newest()?.id ?? null,
        provenSnapshotId: drill?.proven?.snapshotId ?? null,
        lastDrill: drill === null ? null : { atMs: drill.begunAtMs, failed: drill.failed },
      },
      nowMs,
    );
  }

  /** Goes on with what is open; begins the drill that is due. */
  async activate(): Promise<void> {
    this.#running ??= this.#rounds().finally(() => {
      this.#running = null;
    });
    await this.#running;
    await this.deps.rearm();
  }

  async #rounds(): Promise<void> {
    const { clock, runs } = this.deps;
    const dueAtMs = this.#drillDueAtMs(clock.nowMs());
    if (runs.open() === null && dueAtMs !== null && dueAtMs <= clock.nowMs()) this.beginDrill(null);
    for (let i = 0; i < limits.scratchStepsMax; i++) {
      const record = this.deps.store.read();
      const run = runs.open();
      if (record === null || run === null) return;
      if (!(await this.#step(record, run))) return;
    }
    this.#dueAtMs = clock.nowMs();
  }

  /** One look, one decision, one step. False = wait until `#dueAtMs`. */
  async #step(record: TenantRecord, run: ScratchRun): Promise<boolean> {
    const { clock, log } = this.deps;
    const observed = await this.#look(record, run);
    const decision = decideScratch({ run, observed, abandoned: this.#abandoned(run), nowMs: clock.nowMs() });
    switch (decision.kind) {
      case 'wait':
        this.#dueAtMs = decision.untilMs;
        return false;
      case 'conclude':
        conclude(this.deps, run, decision.outcome);
        return true;
      case 'action':
        break;
      default:
        return unreachable(decision);
    }
    const beganMs = clock.nowMs();
    try {
      await this.#perform(record, run, decision.action);
      log('scratch.action', { n: run.n, action: decision.action, tookMs: clock.nowMs() - beganMs });
      return true;
    } catch (error) {
      // The next look shows what the failed call left.
      log('scratch.action_failed', { n: run.n, action: decision.action, error: String(error).slice(0, 300) });
      this.#dueAtMs = clock.nowMs() + limits.scratchProbeMs;
      return false;
    }
  }

  async #look(record: TenantRecord, run: ScratchRun): Promise<Observed> {
    if (!needsLook(run)) return { kind: 'stopped' };
    try {
      return await this.#within(this.#port(record, run).look(), tenantLimits.observeDeadlineMs, 'look');
    } catch (error) {
      this.deps.log('scratch.silent', { n: run.n, error: String(error).slice(0, 200) });
      return { kind: 'silent' };
    }
  }

  #abandoned(run: ScratchRun): string | null {
    const desired = this.deps.store.read()?.spec.desired;
    if (desired === undefined || desired === 'deleted') return 'The assistant is being deleted.';
    if (run.purpose === 'import') return null;
    if (this.deps.snapshots.get(run.snapshotId) === null) return 'The snapshot is not kept any more.';
    return null;
  }

  #port(record: TenantRecord, run: ScratchRun): ScratchPort {
    return this.deps.port(record.tenantId, run.n);
  }

  #within<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
    return withDeadline(work, timeoutMs, `scratch ${what}`, this.deps.timers);
  }

  async #perform(record: TenantRecord, run: ScratchRun, action: ScratchAction): Promise<void> {
    const { runs, clock } = this.deps;
    const port = this.#port(record, run);
    this.#showStep(run, action);
    switch (action) {
      case 'start':
        runs.tried(run.n, 'start');
        return this.#within(
          port.start(record, run.release, run.purpose === 'upgrade'),
          tenantLimits.keeperUpDeadlineMs,
          'start',
        );
      case 'claim':
        return this.#within(port.claim(), tenantLimits.observeDeadlineMs, 'claim');
      case 'restore':
        return run.purpose === 'import' ? this.#import(record, run) : this.#restore(record, run);
      case 'save':
        return this.#save(record, run);
      case 'start_gateway':
        runs.tried(run.n, 'start_gateway');
        return this.#within(port.startGateway(record), tenantLimits.observeDeadlineMs * 2, 'start gateway');
      case 'check':
        return this.#check(record, run);
      case 'destroy':
        runs.destroyTried(run.n, clock.nowMs());
        await this.#within(port.destroy('scratch run ended'), tenantLimits.observeDeadlineMs * 2, 'destroy');
        return runs.ended(run.n, clock.nowMs());
      default:
        return unreachable(action);
    }
  }

  async #restore(record: TenantRecord, run: ScratchRun): Promise<void> {
    const snapshot = this.deps.snapshots.get(run.snapshotId);
    if (snapshot === null) return;
    this.deps.runs.tried(run.n, 'restore');
    const port = this.#port(record, run);
    const outcome = await this.#within(port.restore(record, snapshot), tenantLimits.restoreDeadlineMs, 'restore');
    if (outcome.ok) return this.deps.runs.restored(run.n, outcome.files);
    const detail = 'The snapshot could not be read back.';
    conclude(this.deps, run, { ok: false, code: outcome.failure, detail });
  }

  async #import(record: TenantRecord, run: ScratchRun): Promise<void> {
    const { imports, runs } = this.deps;
    const upload = imports.bySnapshot(run.snapshotId);
    if (upload === null) {
      return conclude(this.deps, run, { ok: false, code: 'abandoned', detail: 'The upload is not there any more.' });
    }
    runs.tried(run.n, 'restore');
    const port = this.#port(record, run);
    const outcome = await this.#within(port.import(record, upload), tenantLimits.restoreDeadlineMs, 'import');
    if (!outcome.ok) return conclude(this.deps, run, { ok: false, code: 'import_refused', detail: outcome.detail });
    imports.reported(upload.id, outcome.report);
    runs.restored(run.n, outcome.report.taken.files);
  }

  /** Stops the gateway, so that what it wrote is whole, and keeps the state as a snapshot beside the tenant's own line. */
  async #save(record: TenantRecord, run: ScratchRun): Promise<void> {
    const { runs, snapshots, objects, clock } = this.deps;
    runs.tried(run.n, 'check');
    const port = this.#port(record, run);
    await this.#within(port.stopGateway(), tenantLimits.drainDeadlineMs, 'stop gateway');
    const { snapshotId: id, release } = run;
    const { tenantId } = record;
    const begunAtMs = clock.nowMs();
    // Incarnation 0 is nobody's: it never becomes what a start goes on from unless a person restores it.
    if (!snapshots.begun(id)) snapshots.begin({ id, incarnation: 0, release, why: 'imported', begunAtMs });
    const data = await this.#within(port.snapshot(record, id), tenantLimits.snapshotDeadlineMs, 'snapshot');
    const completedAtMs = clock.nowMs();
    const manifest = {
      v: 1,
      tenantId,
      snapshotId: id,
      incarnation: 0,
      release,
      why: 'imported',
      begunAtMs,
      completedAtMs,
      parent: null,
      ...data,
    };
    await this.#within(objects.putManifest(tenantId, id, manifest), tenantLimits.objectDeadlineMs, 'manifest');
    snapshots.complete(id, { ...data, completedAtMs });
    conclude(this.deps, run, { ok: true, counts: { files: data.files, sessions: null, cronJobs: null } });
  }

  async #check(record: TenantRecord, run: ScratchRun): Promise<void> {
    this.deps.runs.tried(run.n, 'check');
    const turn = run.purpose === 'upgrade';
    const found = await this.#within(this.#port(record, run).check(turn), limits.checkDeadlineMs, 'check');
    conclude(this.deps, run, judge(this.#expected(record, run), run.restoredFiles ?? 0, found));
  }

  #expected(record: TenantRecord, run: ScratchRun): Expected {
    const { files = 0, sessions = null, cronJobs = null } = this.deps.snapshots.get(run.snapshotId) ?? {};
    return { files, sessions, cronJobs, audited: run.purpose === 'upgrade' ? { known: record.audit } : null };
  }

  #showStep(run: ScratchRun, action: ScratchAction): void {
    const name = action === 'restore' && run.purpose === 'import' ? 'convert' : steps[action];
    if (name === undefined || run.operationId === null) return;
    const operation = this.deps.operations.step(run.operationId, name, this.deps.clock.nowMs());
    if (operation) this.deps.operationChanged(operation);
  }
}
