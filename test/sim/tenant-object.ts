/**
 * The tenant's object as `services/tenant-parts.ts` composes it, over the world's fakes. Each life of it is one instance
 * over the same SQLite. When it dies, everything it still does throws, as in a Durable Object that was reset; what it wrote
 * before its last call stays.
 */
import { Lifecycle } from '../../apps/tenant-worker/src/services/lifecycle.ts';
import { periodBounds, periodOf, toReport } from '../../apps/tenant-worker/src/services/tenant-report.ts';
import { migrate } from '../../apps/tenant-worker/src/modules/migrate.ts';
import { INCIDENT_MIGRATIONS, Incidents } from '../../apps/tenant-worker/src/modules/incidents.ts';
import { OPERATION_MIGRATIONS, Operations } from '../../apps/tenant-worker/src/modules/operations.ts';
import { Outbox, OUTBOX_MIGRATIONS } from '../../apps/tenant-worker/src/modules/outbox.ts';
import { Schedule, SCHEDULE_MIGRATIONS } from '../../apps/tenant-worker/src/modules/schedule.ts';
import { SNAPSHOT_MIGRATIONS } from '../../apps/tenant-worker/src/modules/snapshot-schema.ts';
import { SnapshotIndex } from '../../apps/tenant-worker/src/modules/snapshots.ts';
import { TENANT_MIGRATIONS, TenantStore } from '../../apps/tenant-worker/src/modules/tenant-store.ts';
import type { Sql } from '../../apps/tenant-worker/src/ports.ts';
import type { TenantRecord } from '../../apps/tenant-worker/src/core/lifecycle/record.ts';
import type { TenantReport } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { ulidFrom } from '../../apps/control-plane/src/contract/ids.ts';
import { sandboxPort } from './fake-sandbox.ts';
import type { World } from './world.ts';

/** Thrown by everything that a dead object still tries. */
class ObjectDied extends Error {}

class WatchedIndex extends SnapshotIndex {
  readonly #world: World;

  constructor(sql: Sql, world: World) {
    super(sql);
    this.#world = world;
  }

  override complete(id: string, facts: Parameters<SnapshotIndex['complete']>[1]): 'promoted' | 'aside' {
    const outcome = super.complete(id, facts);
    this.#world.checks.saved(id, outcome);
    return outcome;
  }

  override switchToChosen(incarnation: number): void {
    const before = this.restore();
    super.switchToChosen(incarnation);
    if (before?.stage === 'saving') this.#world.checks.switched(before.chosen, incarnation);
  }

  override unreadable(id: string): boolean {
    const gaveUp = super.unreadable(id);
    if (gaveUp) this.#world.checks.wentBack(id);
    return gaveUp;
  }
}

export class TenantObject {
  alive = true;
  activating = 0;
  readonly store: TenantStore;
  readonly operations: Operations;
  readonly snapshots: SnapshotIndex;
  readonly outbox: Outbox;
  readonly schedule: Schedule;
  readonly lifecycle: Lifecycle;
  #pokedAtMs = -1_000;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    const sql: Sql = {
      exec: (query, ...bindings) => {
        this.#assertAlive();
        if (!query.startsWith('SELECT')) world.writes++;
        return world.sql.exec(query, ...bindings);
      },
      transaction: (fn) => {
        this.#assertAlive();
        return world.sql.transaction(fn);
      },
    };
    const clock = { nowMs: () => world.time.wallMs };
    migrate(
      sql,
      [
        ...TENANT_MIGRATIONS,
        ...OPERATION_MIGRATIONS,
        ...INCIDENT_MIGRATIONS,
        ...SNAPSHOT_MIGRATIONS,
        ...OUTBOX_MIGRATIONS,
        ...SCHEDULE_MIGRATIONS,
      ],
      clock.nowMs(),
    );
    this.store = new TenantStore(sql);
    this.operations = new Operations(sql);
    this.snapshots = new WatchedIndex(sql, world);
    this.outbox = new Outbox(sql);
    this.schedule = new Schedule(sql);
    const ids = world.random.stream(`ids ${world.lives}`);
    this.lifecycle = new Lifecycle({
      store: this.store,
      operations: this.operations,
      incidents: new Incidents(sql),
      snapshots: this.snapshots,
      outbox: this.outbox,
      schedule: this.schedule,
      inbox: { pending: () => false },
      sandbox: (_tenantId, incarnation) => sandboxPort(world, this, incarnation),
      objects: world.bucket.port(this),
      eraseKeys: () => undefined,
      events: { send: (events) => this.call('queue.send', () => world.controlPlane.enqueue(events)) },
      alarm: {
        // A storage write: it lasts with the writes before it, and only then can the object die.
        set: (atMs) => {
          this.#assertAlive();
          world.checks.round();
          world.setAlarm(atMs);
          return this.call('alarm', () => Promise.resolve());
        },
      },
      clock,
      timers: world.time,
      ids: {
        ulid: () =>
          ulidFrom(
            clock.nowMs(),
            Uint8Array.from({ length: 10 }, () => ids.between(0, 255)),
          ),
      },
      log: (event, fields) => {
        world.trace(() => `  ${event} ${JSON.stringify(fields)}`);
        world.checks.logged(event, fields);
        world.reach(`${event} ${fields['action'] ?? fields['event'] ?? ''}`.trim());
      },
      reportChanged: (record) => this.#reportChanged(record),
      scratch: {
        open: () => false,
        begin: ({ release }) => {
          this.#assertAlive();
          return world.trials.push(release);
        },
        outcome: (n) => (world.trials[n - 1] === undefined ? null : world.trialOutcome),
      },
    });
  }

  report(record: TenantRecord): TenantReport {
    const nowMs = this.#world.time.wallMs;
    const period = periodOf(nowMs);
    const { fromMs, toMs } = periodBounds(period);
    return toReport({
      record,
      operation: record.operationId === null ? null : this.operations.read(record.operationId),
      newest: this.snapshots.newest(),
      drill: null,
      usage: {
        period,
        version: record.version,
        spentNanoUsd: 0,
        heldNanoUsd: 0,
        requests: 0,
        inputTokens: 0,
        outputTokens: 0,
        awakeMs: this.store.awakeMs(fromMs, toMs),
        awakeMsBySize: this.store.awakeMsBySize(fromMs, toMs),
        browserMs: 0,
      },
      storedBytes: this.snapshots.storedBytes(),
      spendPause: null,
      lastActivityAtMs: Math.max(record.lastActivityAtMs, this.lifecycle.volatile.lastActivityAtMs),
      stays: this.lifecycle.staysAwake(record),
      nextRunAtMs: this.schedule.read().nextRunAtMs,
    });
  }

  #reportChanged(record: TenantRecord): void {
    const { tenantId, slug } = record;
    const nowMs = this.#world.time.wallMs;
    const report = this.report(record);
    this.#world.checks.report(report);
    this.outbox.put('report', { tenantId, slug, kind: 'report', report }, nowMs);
    const { operation } = report;
    if (operation)
      this.outbox.put(`operation:${operation.id}`, { tenantId, slug, kind: 'operation', operation }, nowMs);
  }

  #assertAlive(): void {
    if (!this.alive) throw new ObjectDied('the object was reset');
  }

  /** Makes a call out of the object: the world may fail it, lose its answer, delay it, or let the object die around it. */
  async call<T>(name: string, run: () => Promise<T>): Promise<T> {
    this.#assertAlive();
    const world = this.#world;
    const interference = world.interfere(name);
    if (interference !== null) world.trace(() => `! ${name}: ${interference}`);
    if (interference === 'crash_before') {
      this.die();
      this.#assertAlive();
    }
    if (interference === 'fails') throw new Error(`injected: ${name} failed`);
    if (interference === 'late') await world.time.sleep(world.random.between(2_000, 90_000));
    const answer = run();
    if (interference === 'hangs') {
      answer.catch(() => undefined);
      return new Promise<never>(() => undefined);
    }
    const value = await answer;
    this.#assertAlive();
    if (interference === 'crash_after') {
      this.die();
      this.#assertAlive();
    }
    if (interference === 'answer_lost') throw new Error(`injected: the answer of ${name} was lost`);
    return value;
  }

  die(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#world.objectDied(this);
  }

  /** As `ctx.waitUntil(activate())`. An activation never throws unless its object died. */
  async activate(): Promise<void> {
    this.activating++;
    try {
      await this.lifecycle.activate();
    } catch (error) {
      if (this.alive)
        this.#world.checks.fail('activation', error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      this.activating--;
    }
  }

  poke(incarnation: number): void {
    const state = this.store.read()?.state;
    if (state === undefined || !('incarnation' in state) || state.incarnation !== incarnation) return;
    const { nowMs } = this.#world.time;
    if (nowMs - this.#pokedAtMs < 125) return;
    this.#pokedAtMs = nowMs;
    void this.activate();
  }
}
