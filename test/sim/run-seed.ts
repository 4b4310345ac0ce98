/** One seed, from provisioning to deletion. The same seed and steps give the same run. */
import type { Violation } from './checks.ts';
import { comesRight, driveStep, paces } from './driver.ts';
import { drawFaultMix, type FaultMix } from './fault-mix.ts';
import { randomFrom } from './random.ts';
import { World } from './world.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly played: ReadonlyMap<string, number>;
  readonly reached: ReadonlyMap<string, number>;
  readonly calls: number;
  readonly virtualMs: number;
}

export const stepsUsual = 40;

export async function runSeed(
  seed: number,
  { steps = stepsUsual, mix, print }: { steps?: number; mix?: FaultMix; print?: (line: string) => void } = {},
): Promise<SeedResult> {
  const faults = mix ?? drawFaultMix(randomFrom(seed, 'faults'));
  const world = new World({ seed, mix: faults, ...(print === undefined ? {} : { print }) });
  try {
    const pace = world.random.pick(paces);
    world.controlPlane.provision();
    await world.advance(0);
    for (let step = 0; step < steps && world.checks.violations.length === 0; step++) {
      await driveStep(world, faults, pace);
    }
    // Some are deleted while things go wrong.
    if (world.random.chance(0.2)) {
      world.controlPlane.want('deleted');
      for (let step = 0; step < 6 && world.checks.violations.length === 0; step++) {
        await driveStep(world, faults, pace);
      }
    }
    if (world.checks.violations.length === 0) await comesRight(world);
    return {
      seed,
      violations: world.checks.violations,
      played: world.played,
      reached: world.reached,
      calls: world.calls,
      virtualMs: world.time.nowMs,
    };
  } finally {
    world.close();
  }
}

/** Adds the counts of `more` to `total`. */
export function addCounts(total: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, times] of more) total.set(name, (total.get(name) ?? 0) + times);
}
