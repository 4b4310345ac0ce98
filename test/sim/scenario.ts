/** Hand-written interleavings: a calm world in which a test says what goes wrong, and when. */
import type { StateKind } from '../../apps/tenant-worker/src/core/lifecycle/state.ts';
import { until, use } from './driver.ts';
import { calm, only, type FaultMix } from './fault-mix.ts';
import type { FakeContainer } from './fake-container.ts';
import type { FakeSandbox } from './fake-sandbox.ts';
import { World, type Interference } from './world.ts';

export const minuteMs = 60_000;
export const dayMs = 86_400_000;

export class Scenario {
  readonly world: World;

  constructor(mix: Partial<FaultMix> = {}) {
    const options = { seed: 1, mix: Object.keys(mix).length === 0 ? calm : only(mix) };
    this.world = new World(options);
    this.world.controlPlane.spec = { ...this.world.controlPlane.spec, idleSleepMs: 10 * minuteMs };
  }

  get state() {
    const state = this.world.checks.record()?.state;
    if (state === undefined) throw new Error('the tenant is not provisioned');
    return state;
  }

  get incarnation(): number {
    return 'incarnation' in this.state ? this.state.incarnation : 0;
  }

  get sandbox(): FakeSandbox {
    return this.world.sandbox(this.incarnation);
  }

  get container(): FakeContainer {
    const { container } = this.sandbox;
    if (container === null) throw new Error(`run ${this.incarnation} has no container`);
    return container;
  }

  /** Entries on the disk of the present run. */
  get entries(): readonly number[] {
    return this.container.entries;
  }

  async reach(kind: StateKind): Promise<void> {
    if (!(await until(this.world, kind, [kind]))) throw new Error(JSON.stringify(this.world.checks.violations));
  }

  /** Provisioned and awake, with nothing unsaved. */
  async awake(): Promise<void> {
    this.world.controlPlane.provision();
    await this.reach('awake');
    await this.pass(20_000);
  }

  async pass(durationMs: number): Promise<void> {
    await this.world.advance(durationMs);
  }

  /** Something is written; returns its number. */
  write(): number {
    if (!use(this.world)) throw new Error('nothing is awake to write');
    return this.world.written.size;
  }

  /** What happens to calls whose name contains `name`, until it returns null. */
  interfere(name: string, what: (n: number) => Interference | null): void {
    let n = 0;
    this.world.interferer = (_number, called) => (called.includes(name) ? what(++n) : null);
  }

  peace(): void {
    this.world.interferer = null;
  }

  /** Operations that the control plane heard of and that never ended. */
  get unfinished(): string[] {
    const { operations } = this.world.controlPlane;
    return [...operations.values()].flatMap(({ operation }) =>
      operation.finishedAtMs === null ? [`${operation.kind} ${operation.id}`] : [],
    );
  }

  count(mark: string): number {
    return this.world.reached.get(mark) ?? 0;
  }
}
