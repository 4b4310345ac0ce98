/**
 * One `TenantSandbox` object and its port. It outlives the tenant's object: a call that reached it goes on when the caller
 * is gone. What it must hold, as the real one: a destroyed run never starts, also when the destroy came during its start.
 */
import type {
  Look,
  RestoreOutcome,
  SandboxPort,
  SnapshotData,
} from '../../apps/tenant-worker/src/services/lifecycle-ports.ts';
import type { RestartSettings } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { FakeContainer, CallFailed } from './fake-container.ts';
import type { TenantObject } from './tenant-object.ts';
import type { World } from './world.ts';

export class FakeSandbox {
  readonly incarnation: number;
  container: FakeContainer | null = null;
  /** Until then no call gets through. */
  silentUntilMs = 0;
  #destroyed = false;
  readonly #world: World;

  constructor(world: World, incarnation: number) {
    this.#world = world;
    this.incarnation = incarnation;
  }

  #live(): FakeContainer {
    if (this.container === null || !this.container.running) throw new CallFailed('the container does not run');
    return this.container;
  }

  async #latency(): Promise<void> {
    const { time, random } = this.#world;
    if (time.nowMs < this.silentUntilMs) await time.sleep(this.silentUntilMs - time.nowMs);
    await time.sleep(random.between(1, 20));
  }

  async start(): Promise<void> {
    await this.#latency();
    if (this.#destroyed) throw new CallFailed('this run was destroyed');
    if (this.container?.running === true) return;
    await this.#world.time.sleep(1);
    if (this.#destroyed) throw new CallFailed('this run was destroyed');
    this.container = new FakeContainer(this.#world, this.incarnation);
    this.#world.trace(
      () => `container ${this.incarnation} starts${this.container?.stuck === true ? ' and sticks' : ''}`,
    );
  }

  async look(): Promise<Look> {
    await this.#latency();
    const { container } = this;
    const lastTrafficAtMs = container?.lastTrafficAtMs ?? null;
    if (container === null || !container.running) {
      return { observed: { kind: 'stopped' }, lastTrafficAtMs, listening: false, work: null };
    }
    if (!container.listening) return { observed: { kind: 'booting' }, lastTrafficAtMs, listening: false, work: null };
    const { claimed, phase, failure, hasState, settings } = container;
    if (!claimed) {
      return {
        observed: { kind: 'up', claimed: false, phase: 'idle', hasState: false, failure: null },
        lastTrafficAtMs,
        listening: false,
        work: null,
      };
    }
    return {
      observed: { kind: 'up', claimed, phase, hasState, failure, settings },
      lastTrafficAtMs,
      listening: phase === 'ready',
      work: container.work,
      told: {
        steps: [],
        exitAtMs: null,
        words: failure === null ? null : `it ended with ${failure}`,
        logTail: failure === null ? null : 'the end of the log',
        audit: container.audit,
      },
    };
  }

  async claim(): Promise<void> {
    await this.#latency();
    this.#live().claim();
  }

  async startGateway(settings: RestartSettings): Promise<void> {
    await this.#latency();
    this.#live().startGateway(settings);
  }

  async stopGateway(): Promise<void> {
    await this.#latency();
    await this.#live().stopGateway();
  }

  async snapshot(id: string): Promise<SnapshotData> {
    await this.#latency();
    const entries = await this.#live().snapshot();
    return this.#world.bucket.putData(id, entries);
  }

  async restore(snapshot: { id: string; bytes: number; sha256: string }): Promise<RestoreOutcome> {
    await this.#latency();
    const found = await this.#world.bucket.openData(snapshot.id);
    if (found === null) return { ok: false, failure: 'snapshot_unreadable' };
    const whole = !found.damaged && found.sha256 === snapshot.sha256 && found.bytes === snapshot.bytes;
    const outcome = await this.#live().restore(whole ? found.entries : null);
    if (outcome === 'refused') return { ok: false, failure: 'snapshot_unreadable' };
    if (outcome === 'disk_full') return { ok: false, failure: 'disk_full' };
    return { ok: true, files: found.entries.length, bytes: found.bytes };
  }

  async destroy(why: string): Promise<void> {
    await this.#latency();
    this.#destroyed = true;
    if (this.container?.running !== true) return;
    this.#world.checks.destroying(this.container, why);
    this.container.die();
  }
}

/** The port as a tenant's object calls it; every call is a point at which the world may interfere. */
export function sandboxPort(world: World, object: TenantObject, incarnation: number): SandboxPort {
  const sandbox = (): FakeSandbox => world.sandbox(incarnation);
  const call = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    world.checks.calling(incarnation, name);
    const beganMs = world.time.nowMs;
    try {
      const answer = await object.call(`${incarnation}.${name}`, run);
      world.trace(() => `  ${incarnation}.${name} ${JSON.stringify(answer) ?? ''}`);
      world.checks.answered(incarnation, name, answer, world.time.nowMs - beganMs);
      return answer;
    } catch (error) {
      world.checks.unanswered(incarnation, name);
      throw error;
    }
  };
  return {
    start: () => call('start', () => sandbox().start()),
    look: () => call('look', () => sandbox().look()),
    claim: () => call('claim', () => sandbox().claim()),
    restore: (_record, snapshot) => call('restore', () => sandbox().restore(snapshot)),
    startGateway: (_record, settings) => call('startGateway', () => sandbox().startGateway(settings)),
    stopGateway: () => call('stopGateway', () => sandbox().stopGateway()),
    snapshot: (_record, id) => call('snapshot', () => sandbox().snapshot(id)),
    destroy: (why) => call('destroy', () => sandbox().destroy(why)),
  };
}
