/**
 * A container with its keeper, its gateway and its disk, as `container/keeper` behaves: the first claim wins and is kept in
 * memory; one restore or snapshot at a time; no restore under a gateway; a restore switches only when it is whole; a
 * gateway that ends stays ended. What a tenant wrote is a list of numbered entries on the disk.
 */
import type { SecurityAudit } from '../../apps/control-plane/src/contract/security-audit.ts';
import type { KeeperPhase, StartFailure } from '../../apps/tenant-worker/src/core/lifecycle/state.ts';
import type { RestartSettings } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { World } from './world.ts';

export type Entries = readonly number[];

/** The keeper's refusal or the port's error, as the sandbox object sees it. */
export class CallFailed extends Error {}

export class FakeContainer {
  readonly incarnation: number;
  running = true;
  /** Nothing inside ever listens. */
  stuck = false;
  /** Before this nothing listens: it boots, or its keeper restarts. */
  upAtMs: number;
  hasState = false;
  entries: Entries = [];
  claimed = false;
  phase: KeeperPhase = 'idle';
  failure: StartFailure | null = null;
  settings: RestartSettings | null = null;
  lastTrafficAtMs: number | null = null;
  /** What OpenClaw's own security audit says of it. */
  audit: SecurityAudit | null = null;
  /** Every gateway that is started here ends at once. */
  refuseStarts = false;
  /** A turn is under way in the gateway, from and until when. */
  busySinceMs = 0;
  busyUntilMs = 0;
  /** Until then the gateway does not say what it does. */
  muteUntilMs = 0;
  /** OpenClaw refuses these settings. */
  refusedSettings: readonly RestartSettings[] = [];
  readonly #world: World;
  #busy = false;
  /** Counts lives of the keeper and runs of the gateway: what was begun in an earlier one does nothing more. */
  #life = 0;
  #gateway = 0;
  #readySinceMs: number | null = null;

  constructor(world: World, incarnation: number) {
    this.#world = world;
    this.incarnation = incarnation;
    const { time } = world;
    this.stuck = world.faults('startStuck');
    this.upAtMs =
      time.nowMs + (world.faults('bootSlow') ? world.random.between(5_000, 90_000) : world.random.between(200, 2_000));
  }

  get listening(): boolean {
    return this.running && !this.stuck && this.#world.time.nowMs >= this.upAtMs;
  }

  /** A gateway process is alive. */
  get gatewayAlive(): boolean {
    return (
      this.running &&
      (this.phase === 'starting' || this.phase === 'ready' || (this.phase === 'stopping' && this.#gateway > 0))
    );
  }

  get ready(): boolean {
    return this.running && this.phase === 'ready';
  }

  #assertListening(): void {
    if (!this.running) throw new CallFailed('the container does not run');
    if (!this.listening) throw new CallFailed('Container is not listening to port 18700');
  }

  #assertOurs(): void {
    this.#assertListening();
    if (!this.claimed) throw new CallFailed('keeper: 401 unauthorized');
  }

  claim(): void {
    this.#assertListening();
    this.claimed = true;
  }

  async restore(entries: Entries | null): Promise<'ok' | 'refused' | 'disk_full'> {
    this.#assertOurs();
    if (this.gatewayAlive || this.phase === 'validating') throw new CallFailed('keeper: 409 gateway_running');
    if (this.hasState) throw new CallFailed('keeper: 409 state_present');
    if (this.#busy) throw new CallFailed('keeper: 409 busy');
    this.#enter('restoring');
    this.failure = null;
    const outcome = await this.#whileBusy(this.#world.random.between(50, 4_000), (): 'ok' | 'refused' | 'disk_full' => {
      if (this.#world.faults('diskFull')) return 'disk_full';
      return entries === null ? 'refused' : 'ok';
    });
    if (outcome === 'ok' && entries !== null) {
      this.#world.checks.restoring(this, entries);
      this.entries = entries;
      this.hasState = true;
      this.#enter('idle');
    } else {
      this.failure = outcome === 'disk_full' ? 'disk_full' : 'restore_failed';
      this.#enter('failed');
    }
    return outcome;
  }

  startGateway(settings: RestartSettings = 'current'): void {
    this.#assertOurs();
    if (this.phase === 'restoring') throw new CallFailed('keeper: 409 busy');
    if (this.phase === 'stopping') throw new CallFailed('keeper: 409 busy');
    if (this.phase === 'validating' || this.phase === 'starting' || this.phase === 'ready') return;
    const { random } = this.#world;
    const gateway = ++this.#gateway;
    this.failure = null;
    this.settings = settings;
    this.#enter('validating');
    // What worked before is refused more seldom.
    const refused =
      this.refusedSettings.includes(settings) ||
      (this.#world.faults('configInvalid') && (settings !== 'last_good' || random.chance(0.3)));
    const fails = refused
      ? ('config_invalid' as const)
      : this.refuseStarts
        ? ('gateway_exit' as const)
        : this.#world.faults('gatewayStartFails')
          ? random.pick(['gateway_exit', 'port_in_use', 'gateway_exit', 'disk_full'] as const)
          : null;
    const mine = (): boolean => this.running && this.#gateway === gateway;
    this.#later(random.between(20, 300), () => {
      if (!mine() || this.phase !== 'validating') return;
      if (fails === 'config_invalid') return this.#fail('failed', fails);
      this.#enter('starting');
      this.#world.checks.gatewayStarts(this);
      this.hasState = true;
      this.#later(random.between(500, 6_000), () => {
        if (!mine() || this.phase !== 'starting') return;
        if (fails !== null) return this.#fail('failed', fails);
        this.#readySinceMs = this.#world.time.nowMs;
        this.#enter('ready');
        this.planRuns();
      });
    });
  }

  async stopGateway(): Promise<void> {
    this.#assertOurs();
    if (this.phase !== 'validating' && this.phase !== 'starting' && this.phase !== 'ready' && this.phase !== 'stopping')
      return;
    const gateway = this.#gateway;
    const { random, time } = this.#world;
    const ignores = this.#world.faults('gatewayIgnoresStop');
    if (this.phase !== 'stopping') {
      this.#stopCounting();
      this.#enter('stopping');
      this.#later(ignores ? random.between(20_000, 120_000) : random.between(50, 3_000), () => {
        if (this.#gateway === gateway && this.phase === 'stopping') this.#enter('stopped');
      });
    }
    while (this.running && this.#gateway === gateway && this.phase === 'stopping') await time.sleep(50);
    this.#assertOurs();
  }

  /** Packs the disk as it is now; the answer comes when the last byte was read. */
  async snapshot(): Promise<Entries> {
    this.#assertOurs();
    if (this.#busy) throw new CallFailed('keeper: 409 busy');
    const { entries } = this;
    return this.#whileBusy(this.#world.random.between(100, 5_000), () => entries);
  }

  async #whileBusy<T>(durationMs: number, done: () => T): Promise<T> {
    const life = this.#life;
    this.#busy = true;
    await this.#world.time.sleep(durationMs);
    if (!this.running || this.#life !== life) throw new CallFailed('the connection was lost');
    this.#busy = false;
    return done();
  }

  /** A person or the assistant writes. */
  write(entry: number): void {
    this.entries = [...this.entries, entry];
  }

  /** Jobs on this disk that have not run on it, and when each is due by the wall clock. */
  get #jobs(): { readonly entry: number; readonly dueMs: number }[] {
    const { jobs } = this.#world;
    const ran = new Set(this.entries.flatMap((entry) => jobs.get(entry)?.runOf ?? []));
    return this.entries.flatMap((entry) => {
      const dueMs = jobs.get(entry)?.dueMs;
      return dueMs === undefined || ran.has(entry) ? [] : [{ entry, dueMs }];
    });
  }

  get busy(): boolean {
    return this.phase === 'ready' && this.#world.time.nowMs < this.busyUntilMs;
  }

  /** What the keeper's status says: asked while ready, read from the disk after a stop. */
  get work(): { busy: boolean; nextRunAtMs: number | null } | null {
    const { nowMs } = this.#world.time;
    if ((this.phase !== 'ready' || nowMs < this.muteUntilMs) && this.phase !== 'stopped') return null;
    this.#runDue();
    const dues = this.#jobs.map(({ dueMs }) => dueMs);
    return { busy: this.busy, nextRunAtMs: dues.length === 0 ? null : Math.min(...dues) };
  }

  /** Runs what is due now, and the rest when it is. */
  planRuns(): void {
    this.#runDue();
    for (const { dueMs } of this.#jobs) this.#later(dueMs - this.#world.time.wallMs, () => this.#runDue());
  }

  #runDue(): void {
    if (!this.ready) return;
    for (const { entry, dueMs } of this.#jobs) if (dueMs <= this.#world.time.wallMs) this.#world.jobRuns(this, entry);
  }

  crashGateway(): void {
    if (this.phase === 'ready') this.#fail('crashed', 'gateway_exit');
  }

  /** The keeper and with it the gateway end and the keeper starts again: unclaimed, the disk whole. */
  restartKeeper(downMs: number): void {
    if (!this.running) return;
    this.#stopCounting();
    this.#life++;
    this.#gateway = 0;
    this.#busy = false;
    this.claimed = false;
    this.failure = null;
    this.phase = 'idle';
    this.upAtMs = this.#world.time.nowMs + downMs;
  }

  /** The container is gone, and with it the disk. */
  die(): void {
    if (!this.running) return;
    this.#stopCounting();
    this.running = false;
    this.#life++;
    this.#world.trace(() => `container ${this.incarnation} is gone`);
    this.#world.pokeSoon(this.incarnation);
  }

  #fail(phase: 'failed' | 'crashed', failure: StartFailure): void {
    this.#stopCounting();
    this.failure = failure;
    this.#enter(phase);
  }

  #enter(phase: KeeperPhase): void {
    if (this.phase === phase) return;
    this.phase = phase;
    this.#world.trace(() => `keeper ${this.incarnation}: ${phase}${this.failure === null ? '' : ` (${this.failure})`}`);
    this.#world.pokeSoon(this.incarnation);
  }

  #later(delayMs: number, fn: () => void): void {
    const life = this.#life;
    this.#world.time.after(delayMs, () => {
      if (this.running && this.#life === life) fn();
    });
  }

  /** Adds the time the gateway was ready to the world's own count. */
  #stopCounting(): void {
    if (this.#readySinceMs === null) return;
    this.#world.upMs += this.#world.time.nowMs - this.#readySinceMs;
    this.#readySinceMs = null;
  }

  /** Ready time of this gateway that is not yet in the world's count. */
  get runningUpMs(): number {
    return this.#readySinceMs === null ? 0 : this.#world.time.nowMs - this.#readySinceMs;
  }
}
