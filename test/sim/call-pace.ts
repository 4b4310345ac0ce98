/** No hot loop: how often the tenant's object may call the world, in all and for the same thing. */
import type { World } from './world.ts';

/** Calls that the object may make in a minute: looks at 4 a second, and what they lead to. */
const callsPerMinuteMax = 900;
/** And of one kind to one run: a failed one is repeated further and further apart. Looks and the object's own alarm aside. */
const sameCallsPerMinuteMax = 40;

export class CallPace {
  readonly #world: World;
  readonly #recentCalls: number[] = [];
  readonly #recentOf = new Map<string, number[]>();

  constructor(world: World) {
    this.#world = world;
  }

  called(name: string): void {
    this.#notTooOften(this.#recentCalls, callsPerMinuteMax, name);
    if (name === 'alarm' || name === 'queue.send' || name.endsWith('.look') || name === 'r2.remove') return;
    const recent = this.#recentOf.get(name) ?? [];
    this.#recentOf.set(name, recent);
    this.#notTooOften(recent, sameCallsPerMinuteMax, name);
  }

  forget(): void {
    this.#recentOf.clear();
  }

  #notTooOften(recent: number[], perMinuteMax: number, name: string): void {
    const { nowMs } = this.#world.time;
    recent.push(nowMs);
    if (recent.length <= perMinuteMax || nowMs - (recent.shift() ?? 0) >= 60_000) return;
    this.#world.checks.fail('no hot loop', `more than ${perMinuteMax} calls in a minute, now ${name}`);
    recent.length = 0;
  }
}
