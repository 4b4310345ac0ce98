/**
 * Everything around one tenant's object: time, its SQLite, its alarm, the sandboxes, R2, the queue and the control plane.
 * It decides when something goes wrong, and lets the object be built again after it died.
 */
import { openNodeSql, type NodeSql } from '../support/node-sql.ts';
import type { ScratchOutcome } from '../../apps/tenant-worker/src/core/scratch/run.ts';
import { Checks } from './checks.ts';
import { FakeBucket } from './fake-bucket.ts';
import type { FakeContainer } from './fake-container.ts';
import { FakeControlPlane } from './fake-control-plane.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import type { FaultMix } from './fault-mix.ts';
import { randomFrom, type Random } from './random.ts';
import { TenantObject } from './tenant-object.ts';
import { VirtualTime } from './virtual-time.ts';

export type Interference = 'crash_before' | 'crash_after' | 'fails' | 'answer_lost' | 'hangs' | 'late';

/** Chooses what happens at the n-th call out of the object (from 1). */
export type Interferer = (n: number, name: string) => Interference | null;

const wallStartMs = Date.UTC(2026, 10, 28, 23, 40);

export interface WorldOptions {
  readonly seed: number;
  readonly mix: FaultMix;
  /** Instead of drawing from the mix. */
  readonly interferer?: Interferer;
  readonly print?: (line: string) => void;
}

export class World {
  readonly seed: number;
  readonly random: Random;
  readonly time = new VirtualTime(wallStartMs);
  readonly sql: NodeSql = openNodeSql();
  readonly bucket: FakeBucket;
  readonly controlPlane: FakeControlPlane;
  readonly checks: Checks;
  readonly sandboxes = new Map<number, FakeSandbox>();
  faultsOn = true;
  /** How often each fault was played. */
  readonly played = new Map<string, number>();
  /** How often the code came to each place that it logs: a fault that leads nowhere tests nothing. */
  readonly reached = new Map<string, number>();
  calls = 0;
  /** Statements that may have changed the SQLite; what was read at the same count is still true. */
  writes = 0;
  lives = 0;
  activations = 0;
  /** True ready time of all gateways, by the world's own clock. */
  upMs = 0;
  clockJumps = 0;
  /** Numbers of what was written; time and run of each. */
  readonly written = new Map<number, { readonly wallMs: number; readonly incarnation: number }>();
  /** Entries that are scheduled runs, with when they are due; and entries that say that one ran. */
  readonly jobs = new Map<number, { readonly dueMs?: number; readonly runOf?: number }>();
  /** When each scheduled run first ran, by the world's own clock. */
  readonly ranAtMs = new Map<number, number>();
  /** Releases that scratch runs tried, in order; how each ends. What happens inside is `services/scratch.test.ts`. */
  readonly trials: string[] = [];
  trialOutcome: 'under_way' | ScratchOutcome = 'under_way';
  object: TenantObject | null = null;
  interferer: Interferer | null;
  alarmAtMs: number | null = null;
  #cancelAlarm: (() => void) | null = null;
  #inAlarm: TenantObject | null = null;
  readonly #mix: FaultMix;
  readonly #print: ((line: string) => void) | null;

  constructor({ seed, mix, interferer, print }: WorldOptions) {
    this.seed = seed;
    this.#mix = mix;
    this.interferer = interferer ?? null;
    this.#print = print ?? null;
    this.random = randomFrom(seed, 'world');
    this.checks = new Checks(this);
    this.bucket = new FakeBucket(this);
    this.controlPlane = new FakeControlPlane(this);
  }

  trace(line: () => string): void {
    this.#print?.(`${(this.time.nowMs / 1000).toFixed(3).padStart(10)}  ${line()}`);
  }

  /** Whether this fault happens here. */
  faults(name: keyof FaultMix): boolean {
    if (!this.faultsOn || !this.random.chance(this.#mix[name])) return false;
    this.played.set(name, (this.played.get(name) ?? 0) + 1);
    return true;
  }

  /** The gateway of a run writes the next entry to its disk. */
  writeTo(incarnation: number): void {
    const entry = this.written.size + 1;
    this.written.set(entry, { wallMs: this.time.wallMs, incarnation });
    this.sandbox(incarnation).container?.write(entry);
    this.trace(() => `run ${incarnation} writes ${entry}`);
  }

  /** The assistant is told to do something after `delayMs`. Returns the entry of that job. */
  schedule(container: FakeContainer, delayMs: number): number {
    this.writeTo(container.incarnation);
    const entry = this.written.size;
    const dueMs = this.time.wallMs + delayMs;
    this.jobs.set(entry, { dueMs });
    this.trace(() => `${entry} is a run in ${delayMs / 1000} s`);
    container.planRuns();
    return entry;
  }

  jobRuns(container: FakeContainer, entry: number): void {
    const run = this.written.size + 1;
    this.jobs.set(run, { runOf: entry });
    this.writeTo(container.incarnation);
    if (!this.ranAtMs.has(entry)) this.ranAtMs.set(entry, this.time.nowMs);
    this.trace(() => `scheduled run ${entry} runs in ${container.incarnation}`);
    this.reach('scheduled run');
    if (this.random.chance(0.5)) this.tenant().lifecycle.touched();
  }

  reach(mark: string): void {
    this.reached.set(mark, (this.reached.get(mark) ?? 0) + 1);
  }

  interfere(name: string): Interference | null {
    const n = ++this.calls;
    this.checks.called(name);
    if (this.interferer) return this.interferer(n, name);
    if (this.faults('crashBefore')) return 'crash_before';
    if (this.faults('crashAfter')) return 'crash_after';
    if (name === 'alarm') return null;
    if (this.faults('callFails')) return 'fails';
    if (this.faults('answerLost')) return 'answer_lost';
    if (this.faults('callHangs')) return 'hangs';
    if (this.faults('callLate')) return 'late';
    return null;
  }

  sandbox(incarnation: number): FakeSandbox {
    const known = this.sandboxes.get(incarnation);
    if (known) return known;
    const made = new FakeSandbox(this, incarnation);
    this.sandboxes.set(incarnation, made);
    return made;
  }

  /** The object as any caller finds it: built again from its SQLite when it is gone. */
  tenant(): TenantObject {
    if (this.object === null) {
      this.lives++;
      this.object = new TenantObject(this);
      this.trace(() => `object, life ${this.lives}`);
    }
    return this.object;
  }

  objectDied(object: TenantObject): void {
    if (this.object === object) this.object = null;
    this.checks.objectDied();
    this.trace(() => 'object gone');
    if (this.#inAlarm !== object) return;
    // An alarm whose handler did not return is tried again.
    this.time.after(2_000, () => this.#fireAlarm());
  }

  setAlarm(wallAtMs: number | null): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
    this.alarmAtMs = wallAtMs;
    if (wallAtMs === null) return;
    const lateMs = this.faults('alarmLate') ? this.random.between(500, 60_000) : 0;
    this.#cancelAlarm = this.time.after(wallAtMs - this.time.wallMs + lateMs, () => {
      this.#cancelAlarm = null;
      this.alarmAtMs = null;
      this.#fireAlarm();
      if (this.faults('alarmTwice')) this.#fireAlarm();
    });
  }

  #fireAlarm(): void {
    const object = this.tenant();
    this.#inAlarm = object;
    this.activations++;
    void this.#handleAlarm(object);
  }

  async #handleAlarm(object: TenantObject): Promise<void> {
    await object.activate();
    if (object.alive && this.#inAlarm === object) this.#inAlarm = null;
  }

  /** The alarm's handler runs, or will run again because it did not return. */
  get inAlarm(): boolean {
    return this.#inAlarm !== null;
  }

  /** The keeper or the sandbox object tells the tenant that something changed; this may be lost. */
  pokeSoon(incarnation: number): void {
    if (this.faults('eventLost')) return;
    this.time.after(this.random.between(1, 30), () => {
      if (this.checks.record() !== null) this.tenant().poke(incarnation);
    });
  }

  async advance(durationMs: number): Promise<void> {
    await this.time.advanceTo(this.time.nowMs + durationMs, () => this.checks.settled());
  }

  // --- what a check at the end asks ----------------------------------------------------------------------------------------

  get outboxLength(): number {
    return Number(this.sql.exec('SELECT count(*) AS n FROM outbox')[0]?.['n'] ?? 0);
  }

  get openRuns(): number {
    return Number(this.sql.exec('SELECT count(*) AS n FROM run WHERE ended_at_ms IS NULL')[0]?.['n'] ?? 0);
  }

  /** Incarnations whose container runs. */
  get running(): number[] {
    return [...this.sandboxes.values()].flatMap(({ incarnation, container }) =>
      container?.running === true ? [incarnation] : [],
    );
  }

  get lastWritten(): number | null {
    return this.written.size === 0 ? null : this.written.size;
  }

  /** There are snapshots, and R2 harmed every one of them. */
  get everythingWasLost(): boolean {
    const any = this.sql.exec('SELECT count(*) AS n FROM snapshot WHERE complete = 1')[0]?.['n'];
    return Number(any ?? 0) > 0 && this.checks.completed.size === 0;
  }

  close(): void {
    this.object?.die();
    this.sql.close();
  }
}
