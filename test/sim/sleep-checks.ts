/** What must hold when a tenant goes to sleep or wakes by its own schedule: work is not idle, and no run wakes it for ever. */
import * as limits from '../../apps/tenant-worker/src/core/limits.ts';
import type { World } from './world.ts';

export class SleepChecks {
  readonly #world: World;
  /** Wakes by the assistant's own schedule, by the run they were for. */
  readonly #wakesFor = new Map<number, number>();
  /** A person put it to sleep, and nothing woke it since. */
  #told = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Set to stay awake, and nobody put it to sleep: it may not stay asleep. */
  get mustWake(): boolean {
    return this.#world.checks.record()?.spec.keepAwake === true && !this.#told;
  }

  /** Switched on, the setting is newer than any word before it. */
  keepAwakeSwitchedOn(): void {
    this.#told = false;
  }

  /** The tenant changed its state by this event. */
  changed(event: string): void {
    const { checks, sql, time } = this.#world;
    const state = checks.record()?.state;
    if (event === 'sleep_wanted') this.#told = state?.kind === 'draining' && state.why === 'command';
    if (event === 'wake_wanted' && state?.kind === 'waking' && state.why === 'keep_awake' && !this.mustWake)
      checks.fail('told to sleep is told', 'it woke by its setting');
    if (event === 'wake_wanted' || event === 'gateway_ready') this.#told = false;
    if (event === 'sleep_wanted' && state?.kind === 'draining' && state.why === 'idle') {
      const { container } = this.#world.sandbox(state.incarnation);
      const busyMs = container?.busy === true ? time.nowMs - container.busySinceMs : 0;
      // A turn may begin between the look and the decision; the clock may say that hours went by.
      if (busyMs > 10_000 && this.#world.clockJumps === 0)
        checks.fail('busy is not idle', `run ${state.incarnation} is put to sleep ${busyMs} ms into a turn`);
    }
    if (event !== 'wake_wanted' || state?.kind !== 'waking' || state.why !== 'schedule') return;
    const runAtMs = Number(sql.exec('SELECT woken_for_ms AS at FROM schedule')[0]?.['at']);
    const wakes = (this.#wakesFor.get(runAtMs) ?? 0) + 1;
    this.#wakesFor.set(runAtMs, wakes);
    if (wakes > limits.wakesPerRunMax) checks.fail('no wake loop', `${wakes} wakes for one run`);
  }
}
