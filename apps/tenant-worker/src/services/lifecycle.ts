/**
 * Carries out the lifecycle: observe → decide → one event or one action → save, until nothing is due. Poke and alarm run
 * the same `activate()` with no argument; it is single-flight, and a poke during a run means "again".
 *
 * Between two awaits other calls may change the record (a command, a report), so the record is read again after each.
 * Intent is saved before an effect (`TenantStore`'s run rows, `SnapshotIndex.begin`); what a crash leaves is seen by the
 * next observation. An action that failed is not repeated before its backoff, whoever pokes.
 */
import type { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { AwakeInput, GatewayWork, StaysAwake } from '../core/lifecycle/awake.ts';
import { staysAwake } from '../core/lifecycle/awake.ts';
import type { Action, Decision, Facts } from '../core/lifecycle/plan.ts';
import { decide, runToSave } from '../core/lifecycle/plan.ts';
import { backoffMs } from '../core/lifecycle/plan-input.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Observed, TenantEvent } from '../core/lifecycle/state.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import { withKeeperTimes } from '../core/lifecycle/start-steps.ts';
import { transition } from '../core/lifecycle/transition.ts';
import * as limits from '../core/limits.ts';
import type { Incidents } from '../modules/incidents.ts';
import type { Operations } from '../modules/operations.ts';
import type { Outbox } from '../modules/outbox.ts';
import type { Schedule } from '../modules/schedule.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { TenantStore } from '../modules/tenant-store.ts';
import type { Clock, Ids } from '../ports.ts';
import { afterEvent } from './lifecycle-events.ts';
import { noteAudit } from './lifecycle-audit.ts';
import { performAction } from './lifecycle-actions.ts';
import { noteEvent } from './lifecycle-incidents.ts';
import type {
  Alarm,
  EventSink,
  InboxPort,
  KeeperWord,
  LifecycleLog,
  Look,
  SandboxPort,
  ScratchSide,
  SnapshotObjects,
  Timers,
} from './lifecycle-ports.ts';
import { withDeadline } from './deadline.ts';
import { advanceUpgrade } from './upgrade.ts';

export interface LifecycleDeps {
  readonly store: TenantStore;
  readonly operations: Operations;
  readonly incidents: Incidents;
  readonly snapshots: SnapshotIndex;
  readonly outbox: Outbox;
  readonly schedule: Schedule;
  readonly inbox: InboxPort;
  readonly sandbox: (tenantId: string, incarnation: number) => SandboxPort;
  readonly objects: SnapshotObjects;
  readonly events: EventSink;
  readonly alarm: Alarm;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: Ids;
  readonly log: LifecycleLog;
  /** Puts the present report into the outbox; called after every saved change. */
  readonly reportChanged: (record: TenantRecord) => void;
  readonly scratch: ScratchSide;
  /** The tenant is erased: its secrets and the keys of its saved states go for good. */
  readonly eraseKeys: () => void;
}

/** What is remembered in memory: losing it costs a look or a save too many, never a wrong choice. */
export interface Volatile {
  silentProbes: number;
  silentAtMs: number;
  lastActivityAtMs: number;
  dirtyAtMs: number | null;
  /** What the gateway said at the last look. */
  work: GatewayWork | null;
  /** Rises with every change, so that a save knows whether there was one while it ran. */
  changes: number;
  /** What the keeper last said of the present run. */
  seen: KeeperWord | null;
}

interface Backoff {
  readonly tries: number;
  readonly untilMs: number;
}

const stopped: Look = { observed: { kind: 'stopped' }, lastTrafficAtMs: null, listening: false, work: null };
const silent: Look = { observed: { kind: 'silent' }, lastTrafficAtMs: null, listening: false, work: null };

export class Lifecycle {
  readonly deps: LifecycleDeps;
  readonly volatile: Volatile;
  #running: Promise<void> | null = null;
  #again = false;
  readonly #failed = new Map<string, Backoff>();

  constructor(deps: LifecycleDeps) {
    this.deps = deps;
    const nowMs = deps.clock.nowMs();
    const stored = deps.store.activity();
    this.volatile = {
      silentProbes: 0,
      silentAtMs: 0,
      lastActivityAtMs: stored?.lastActivityAtMs ?? nowMs,
      dirtyAtMs: stored === null ? nowMs : stored.dirtyAtMs,
      work: null,
      changes: 0,
      seen: null,
    };
  }

  /**
   * Applies an event now if the state allows it; the effects follow in `activate()`.
   * @param operationId the id of the operation it begins, when the caller has named it
   */
  apply(event: TenantEvent, operationId: OperationId | null = null): boolean {
    const record = this.deps.store.read();
    if (!record) return false;
    const next = transition(record.state, event);
    if (!next.ok) {
      this.deps.log('lifecycle.refused', { event: event.type, state: record.state.kind, why: next.error.why });
      return false;
    }
    this.#failed.clear();
    noteEvent(this, record, event, { ...record, state: next.value });
    this.save(afterEvent({ ...record, state: next.value }, record, event, this, operationId));
    this.deps.log('lifecycle.state', {
      event: event.type,
      from: record.state.kind,
      to: next.value.kind,
      incarnation: incarnationOf(next.value),
      reason: 'failure' in event ? event.failure : null,
    });
    return true;
  }

  save(record: TenantRecord): TenantRecord {
    const saved = this.deps.store.write(record);
    this.deps.reportChanged(saved);
    return saved;
  }

  /** A person or the assistant did something: postpones sleep, and asks for a save. */
  touched(): void {
    this.#active(this.deps.clock.nowMs());
  }

  /** Everything up to `changes` is in a snapshot. */
  savedUpTo(changes: number): void {
    if (this.volatile.changes !== changes) return;
    this.volatile.dirtyAtMs = null;
    this.#writeActivity();
  }

  #active(atMs: number): void {
    const { volatile } = this;
    const first = volatile.dirtyAtMs === null;
    volatile.lastActivityAtMs = atMs;
    volatile.dirtyAtMs = atMs;
    volatile.changes++;
    // A rebuilt object goes on from what is stored: never later than a grain, and never "unchanged" by mistake.
    const storedAtMs = this.deps.store.activity()?.lastActivityAtMs ?? 0;
    if (first || Math.abs(atMs - storedAtMs) >= limits.activityGrainMs) this.#writeActivity();
  }

  #writeActivity(): void {
    const { lastActivityAtMs, dirtyAtMs } = this.volatile;
    this.deps.store.writeActivity({ lastActivityAtMs, dirtyAtMs });
  }

  async activate(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#rounds();
    return this.#running;
  }

  async #rounds(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#round();
      } while (this.#again);
    } finally {
      // In the same turn as the last look at `#again`: a poke after it starts a new run.
      this.#running = null;
    }
  }

  async #round(): Promise<void> {
    const { clock, alarm } = this.deps;
    // Should anything below fail, the alarm is the retry.
    await alarm.set(clock.nowMs() + limits.awakeProbeMs);
    let untilMs: number | null = clock.nowMs();
    for (let i = 0; i < limits.actionsPerActivationMax; i++) {
      const decision = await this.#step();
      if (decision !== 'look_again' && decision.kind === 'wait') {
        untilMs = decision.untilMs;
        break;
      }
    }
    await this.flush();
    const dueMs = this.deps.outbox.nextDueMs(clock.nowMs());
    await alarm.set(untilMs === null ? dueMs : dueMs === null ? untilMs : Math.min(untilMs, dueMs));
  }

  /** One look, one decision, one step. */
  async #step(): Promise<Decision | 'look_again'> {
    const { store, clock } = this.deps;
    advanceUpgrade(this);
    const seen = store.read();
    if (!seen) return { kind: 'wait', untilMs: null };
    const toSave = runToSave(seen.state, store.openRuns());
    const look = await this.#look(seen, toSave);
    const record = store.read();
    if (!record) return { kind: 'wait', untilMs: null };
    if (incarnationOf(record.state) !== incarnationOf(seen.state) || record.state.kind !== seen.state.kind) {
      // A command changed the state while we looked.
      return 'look_again';
    }
    const nowMs = clock.nowMs();
    const { observed } = look;
    if (observed.kind === 'up' && observed.claimed) store.reachable(toSave ?? incarnationOf(record.state));
    if (toSave === null) this.#noteLook(record, look, nowMs);
    const decision = decide({
      state: record.state,
      observed: toSave === null ? look.observed : silent.observed,
      closing: toSave === null ? null : { incarnation: toSave, observed: look.observed },
      facts: this.#facts(record, nowMs),
      desired: record.spec.desired,
      idleSleepMs: record.spec.idleSleepMs,
      keepAwake: record.spec.keepAwake,
      nowMs,
    });
    if (decision.kind === 'event') this.apply(decision.event);
    if (decision.kind === 'action') return (await this.#try(record, decision.action)) ?? decision;
    if (decision.kind === 'wait' && toSave === null) {
      this.#showProgress(record, look);
      noteAudit(this, look);
    }
    return decision;
  }

  /** Carries an action out, or says until when it has to wait after it failed. */
  async #try(record: TenantRecord, action: Action): Promise<Decision | null> {
    const key = `${action.kind}/${'incarnation' in action ? action.incarnation : 0}`;
    const nowMs = this.deps.clock.nowMs();
    const failed = this.#failed.get(key);
    // A time further away than any backoff was set before the clock was set back.
    if (failed && nowMs < failed.untilMs && failed.untilMs - nowMs <= limits.actionBackoffMaxMs) {
      return { kind: 'wait', untilMs: failed.untilMs };
    }
    if (await performAction(this, record, action)) {
      this.#failed.delete(key);
      return null;
    }
    const tries = (failed?.tries ?? 0) + 1;
    const delayMs = backoffMs(tries, limits.actionBackoffFirstMs, limits.actionBackoffMaxMs);
    this.#failed.set(key, { tries, untilMs: this.deps.clock.nowMs() + delayMs });
    return null;
  }

  /** Looks at the run that must be saved, or else at the present one. */
  async #look(record: TenantRecord, toSave: number | null): Promise<Look> {
    const incarnation = toSave ?? incarnationOf(record.state);
    const run = this.deps.store.run(incarnation);
    const { kind } = record.state;
    const live = kind === 'provisioning' || kind === 'waking' || kind === 'awake' || kind === 'draining';
    if (run === null || run.endedAtMs !== null || (toSave === null && !live)) return stopped;
    try {
      const sandbox = this.deps.sandbox(record.tenantId, incarnation);
      return await this.withDeadline(sandbox.look(), limits.observeDeadlineMs, 'look');
    } catch (error) {
      // The next look is the retry; the planner decides how many silent ones are a lost run.
      this.deps.log('sandbox.silent', { incarnation, error: String(error).slice(0, 200) });
      return silent;
    }
  }

  /** What a look at the present run changes besides the plan: silence counted, traffic and awake time remembered. */
  #noteLook(record: TenantRecord, { observed, lastTrafficAtMs, told, work }: Look, nowMs: number): void {
    const { volatile } = this;
    if (told !== undefined) volatile.seen = told;
    volatile.work = work;
    // Also while it drains: what a stopped gateway left on its disk is the last word on its schedule.
    const ran = record.state.kind === 'awake' || record.state.kind === 'draining';
    if (ran && work !== null && this.deps.schedule.mirror(work.nextRunAtMs, nowMs) === 'run_begun') this.#active(nowMs);
    if (answers(observed)) {
      volatile.silentProbes = 0;
      volatile.silentAtMs = 0;
    } else if (Math.abs(nowMs - volatile.silentAtMs) >= limits.silentProbeSpacingMs) {
      volatile.silentProbes++;
      volatile.silentAtMs = nowMs;
    }
    if (record.state.kind !== 'awake') return;
    const { incarnation } = record.state;
    // Traffic "in the future" is from before the clock was set back: it would count as new at every look.
    if (lastTrafficAtMs !== null && lastTrafficAtMs > volatile.lastActivityAtMs && lastTrafficAtMs <= nowMs)
      this.#active(lastTrafficAtMs);
    // The clock was set back: what it said before is taken as now, or the tenant would stay up until it catches up.
    if (volatile.lastActivityAtMs > nowMs) {
      volatile.lastActivityAtMs = nowMs;
      this.#writeActivity();
    }
    if (observed.kind !== 'up' || observed.phase !== 'ready') return;
    this.deps.store.gatewaySeen(incarnation, nowMs);
    if (nowMs - record.state.sinceMs >= limits.crashWindowMs) this.deps.store.gatewayProven(incarnation);
  }

  #facts(record: TenantRecord, nowMs: number): Facts {
    const { store, snapshots } = this.deps;
    return {
      openRuns: store.openRuns(),
      run: store.run(incarnationOf(record.state)),
      settings: record.startSettings,
      newestSnapshotId: snapshots.newest()?.id ?? null,
      hasSnapshots: snapshots.any(),
      snapshotAsked: snapshots.asked() !== null,
      crashesInWindow: record.crashesAtMs.filter((at) => at <= nowMs && nowMs - at < limits.crashWindowMs).length,
      silentProbes: this.volatile.silentProbes,
      dirtyAtMs: this.volatile.dirtyAtMs,
      lastSnapshotAtMs: record.lastSnapshotAtMs,
      snapshotFailedAtMs: record.snapshotFailedAtMs,
      snapshotFailuresInRow: record.snapshotFailuresInRow,
      sleepAsked: record.sleepAsked,
      ...this.#awakeFacts(record),
    };
  }

  #awakeFacts(record: TenantRecord): AwakeInput['facts'] {
    return {
      lastActivityAtMs: this.volatile.lastActivityAtMs,
      work: this.volatile.work,
      inboxPending: this.deps.inbox.pending(),
      schedule: this.deps.schedule.read(),
      startDurationsMs: record.startDurationsMs,
    };
  }

  /** Why an awake tenant does not sleep now, for a person to read; null when it is not awake or about to sleep. */
  staysAwake(record: TenantRecord): StaysAwake | null {
    if (record.state.kind !== 'awake') return null;
    const { keepAwake, idleSleepMs } = record.spec;
    return staysAwake({
      facts: this.#awakeFacts(record),
      keepAwake,
      idleSleepMs,
      nowMs: this.deps.clock.nowMs(),
    });
  }

  #showProgress(record: TenantRecord, look: Look): void {
    if (record.operationId === null || look.observed.kind !== 'up') return;
    if (record.state.kind !== 'provisioning' && record.state.kind !== 'waking') return;
    if (this.showKeeperTimes(record.operationId)) this.deps.reportChanged(record);
  }

  /** Puts the keeper's own times on the steps of a start. Returns whether that changed them. */
  showKeeperTimes(operationId: string): boolean {
    const keeper = this.volatile.seen?.steps ?? [];
    const nowMs = this.deps.clock.nowMs();
    return this.deps.operations.refine(operationId, (steps) => withKeeperTimes(steps, keeper, nowMs)) !== null;
  }

  /** Sends what waits for the control plane. A failure is left to the alarm. */
  async flush(): Promise<void> {
    const events = this.deps.outbox.take(this.deps.clock.nowMs());
    if (events.length === 0) return;
    try {
      await this.withDeadline(this.deps.events.send(events), limits.sendDeadlineMs, 'send events');
    } catch (error) {
      this.deps.log('outbox.send_failed', { events: events.length, error: String(error).slice(0, 200) });
      this.deps.outbox.returned(
        events.map((e) => e.seq),
        this.deps.clock.nowMs(),
      );
    }
  }

  withDeadline<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
    return withDeadline(promise, timeoutMs, what, this.deps.timers);
  }
}

function answers(observed: Observed): boolean {
  return observed.kind === 'up' || observed.kind === 'stopped';
}
