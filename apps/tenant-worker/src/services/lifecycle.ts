/**
 * Carries out the lifecycle: observe → decide → one event or one action → save, until nothing is due. Poke and alarm run
 * the same `activate()` with no argument; it is single-flight, and a poke during a run means "again".
 *
 * Between two awaits other calls may change the record (a command, a report), so the record is read again after each.
 * Intent is saved before an effect (`beginRun`, `gatewayAsked`, `SnapshotIndex.begin`); what a crash leaves is seen by the
 * next observation.
 */
import type { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { Decision, Facts } from '../core/lifecycle/plan.ts';
import { decide } from '../core/lifecycle/plan.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { TenantEvent } from '../core/lifecycle/state.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import { transition } from '../core/lifecycle/transition.ts';
import * as limits from '../core/limits.ts';
import type { Operations } from '../modules/operations.ts';
import type { Outbox } from '../modules/outbox.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { TenantStore } from '../modules/tenant-store.ts';
import type { Clock, Ids } from '../ports.ts';
import { afterEvent } from './lifecycle-events.ts';
import { performAction } from './lifecycle-actions.ts';
import type { Alarm, EventSink, LifecycleLog, Look, SandboxPort, SnapshotObjects } from './lifecycle-ports.ts';

export interface LifecycleDeps {
  readonly store: TenantStore;
  readonly operations: Operations;
  readonly snapshots: SnapshotIndex;
  readonly outbox: Outbox;
  readonly sandbox: (tenantId: string, incarnation: number) => SandboxPort;
  readonly objects: SnapshotObjects;
  readonly events: EventSink;
  readonly alarm: Alarm;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: LifecycleLog;
  /** Puts the present report into the outbox; called after every saved change. */
  readonly reportChanged: (record: TenantRecord) => void;
}

/** What is only remembered in memory: losing it costs a look or a save too many, never a wrong choice. */
export interface Volatile {
  silentProbes: number;
  lastActivityAtMs: number;
  dirtyAtMs: number | null;
}

const stopped: Look = { observed: { kind: 'stopped' }, lastTrafficAtMs: null, listening: false };
const silent: Look = { observed: { kind: 'silent' }, lastTrafficAtMs: null, listening: false };

export class Lifecycle {
  readonly deps: LifecycleDeps;
  readonly volatile: Volatile;
  /** The id under which the next operation begins, when a caller has already named it. */
  nextOperationId: OperationId | null = null;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(deps: LifecycleDeps) {
    this.deps = deps;
    // A rebuilt object does not know what changed while it was away: it takes an awake tenant as changed and active.
    const nowMs = deps.clock.nowMs();
    this.volatile = { silentProbes: 0, lastActivityAtMs: nowMs, dirtyAtMs: nowMs };
  }

  /** Applies an event now if the state allows it; the effects follow in `activate()`. */
  apply(event: TenantEvent): boolean {
    const record = this.deps.store.read();
    if (!record) return false;
    const next = transition(record.state, event);
    if (!next.ok) {
      this.deps.log('lifecycle.refused', { event: event.type, state: record.state.kind, why: next.error.why });
      return false;
    }
    this.save(afterEvent({ ...record, state: next.value }, record, event, this));
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
    const nowMs = this.deps.clock.nowMs();
    this.volatile.lastActivityAtMs = nowMs;
    this.volatile.dirtyAtMs = nowMs;
  }

  async activate(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#rounds().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false;
      await this.#round();
    } while (this.#again);
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
    const dueMs = this.deps.outbox.nextDueMs();
    await alarm.set(untilMs === null ? dueMs : dueMs === null ? untilMs : Math.min(untilMs, dueMs));
  }

  /** One look, one decision, one step. */
  async #step(): Promise<Decision | 'look_again'> {
    const { store } = this.deps;
    const seen = store.read();
    if (!seen) return { kind: 'wait', untilMs: null };
    const look = await this.#look(seen);
    const record = store.read();
    if (!record) return { kind: 'wait', untilMs: null };
    if (incarnationOf(record.state) !== incarnationOf(seen.state) || record.state.kind !== seen.state.kind) {
      // A command changed the state while we looked.
      return 'look_again';
    }
    const decision = decide({
      state: record.state,
      observed: look.observed,
      facts: this.#facts(record),
      desired: record.spec.desired,
      idleSleepMs: record.spec.idleSleepMs,
      nowMs: this.deps.clock.nowMs(),
    });
    if (decision.kind === 'event') this.apply(decision.event);
    if (decision.kind === 'action') await performAction(this, record, decision.action);
    if (decision.kind === 'wait') this.#showProgress(record, look);
    return decision;
  }

  async #look(record: TenantRecord): Promise<Look> {
    const incarnation = incarnationOf(record.state);
    const run = this.deps.store.run(incarnation);
    const { kind } = record.state;
    const live = kind === 'provisioning' || kind === 'waking' || kind === 'awake' || kind === 'draining';
    if (!live || run === null) return stopped;
    try {
      const look = await withDeadline(
        this.deps.sandbox(record.tenantId, incarnation).look(),
        limits.observeDeadlineMs,
        'look',
      );
      this.volatile.silentProbes = look.observed.kind === 'silent' ? this.volatile.silentProbes + 1 : 0;
      if (look.lastTrafficAtMs !== null && look.lastTrafficAtMs > this.volatile.lastActivityAtMs) {
        this.volatile.lastActivityAtMs = look.lastTrafficAtMs;
        this.volatile.dirtyAtMs = look.lastTrafficAtMs;
      }
      return look;
    } catch (error) {
      // The next look is the retry; the planner decides how many silent ones are a lost run.
      this.volatile.silentProbes++;
      this.deps.log('sandbox.silent', { incarnation, error: String(error).slice(0, 200) });
      return silent;
    }
  }

  #facts(record: TenantRecord): Facts {
    const { store, snapshots, clock } = this.deps;
    const nowMs = clock.nowMs();
    return {
      openRuns: store.openRuns(),
      run: store.run(incarnationOf(record.state)),
      newestSnapshotId: snapshots.newest()?.id ?? null,
      crashesInWindow: record.crashesAtMs.filter((at) => nowMs - at < limits.crashWindowMs).length,
      silentProbes: this.volatile.silentProbes,
      lastActivityAtMs: Math.max(this.volatile.lastActivityAtMs, record.lastActivityAtMs),
      dirtyAtMs: this.volatile.dirtyAtMs,
      lastSnapshotAtMs: record.lastSnapshotAtMs,
      snapshotFailedAtMs: record.snapshotFailedAtMs,
      snapshotFailuresInRow: record.snapshotFailuresInRow,
      gatewayStopped: record.gatewayStopped,
      drainSaved: record.drainSaved,
    };
  }

  #showProgress(record: TenantRecord, look: Look): void {
    if (record.operationId === null || look.observed.kind !== 'up') return;
    if (record.state.kind !== 'provisioning' && record.state.kind !== 'waking') return;
    const { phase } = look.observed;
    const name =
      phase === 'starting' ? (look.listening ? 'health' : 'gateway') : phase === 'validating' ? 'configure' : null;
    if (name === null) return;
    if (this.deps.operations.step(record.operationId, name, this.deps.clock.nowMs())) this.deps.reportChanged(record);
  }

  /** Sends what waits for the control plane. A failure is left to the alarm. */
  async flush(): Promise<void> {
    const events = this.deps.outbox.take(this.deps.clock.nowMs());
    if (events.length === 0) return;
    try {
      await this.deps.events.send(events);
    } catch (error) {
      this.deps.log('outbox.send_failed', { events: events.length, error: String(error).slice(0, 200) });
      this.deps.outbox.returned(
        events.map((e) => e.seq),
        this.deps.clock.nowMs(),
      );
    }
  }
}

/** Rejects when `promise` is not settled in time. The call itself is not cancelled: its late result is ignored. */
export async function withDeadline<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
