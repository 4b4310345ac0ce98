/**
 * Which faults a seed plays, and how often. Each seed draws its own mix (swarm testing): a run in which only the object
 * crashes reaches depths that a run in which everything fails at once never does.
 */
import type { Random } from './random.ts';

/** Probabilities per call or per step; 0 = this seed does not play it. */
export interface FaultMix {
  // The tenant's object, per call it makes.
  readonly crashBefore: number;
  readonly crashAfter: number;
  // Calls from the object to a sandbox, to R2, to the queue.
  readonly callFails: number;
  readonly answerLost: number;
  readonly callHangs: number;
  readonly callLate: number;
  // Containers, per start or per step.
  readonly startStuck: number;
  readonly bootSlow: number;
  readonly containerDies: number;
  readonly keeperRestarts: number;
  readonly goesSilent: number;
  readonly gatewayMute: number;
  readonly gatewayCrashes: number;
  readonly gatewayStartFails: number;
  readonly gatewayIgnoresStop: number;
  readonly diskFull: number;
  readonly configInvalid: number;
  // R2.
  readonly storeDown: number;
  readonly storeDamages: number;
  readonly storeLoses: number;
  // Queue and control plane.
  readonly eventLost: number;
  readonly eventTwice: number;
  readonly ackLate: number;
  readonly commandTwice: number;
  readonly commandStale: number;
  // Time and life of the object, per step.
  readonly evict: number;
  readonly clockJump: number;
  readonly alarmTwice: number;
  readonly alarmLate: number;
  readonly pokeStale: number;
}

const usual: Readonly<Record<keyof FaultMix, number>> = {
  crashBefore: 0.02,
  crashAfter: 0.02,
  callFails: 0.04,
  answerLost: 0.03,
  callHangs: 0.02,
  callLate: 0.03,
  startStuck: 0.15,
  bootSlow: 0.2,
  containerDies: 0.06,
  keeperRestarts: 0.06,
  goesSilent: 0.06,
  gatewayMute: 0.05,
  gatewayCrashes: 0.08,
  gatewayStartFails: 0.2,
  gatewayIgnoresStop: 0.1,
  diskFull: 0.1,
  configInvalid: 0.03,
  storeDown: 0.06,
  storeDamages: 0.1,
  storeLoses: 0.02,
  eventLost: 0.1,
  eventTwice: 0.2,
  ackLate: 0.4,
  commandTwice: 0.2,
  commandStale: 0.1,
  evict: 0.15,
  clockJump: 0.04,
  alarmTwice: 0.05,
  alarmLate: 0.1,
  pokeStale: 0.1,
};

export const faultNames = Object.keys(usual).toSorted() as readonly (keyof FaultMix)[];

/** No faults at all. */
export const calm: FaultMix = mixOf(() => 0);

function mixOf(rate: (name: keyof FaultMix) => number): FaultMix {
  return Object.fromEntries(faultNames.map((name) => [name, rate(name)])) as unknown as FaultMix;
}

/** Each fault is off in about half of the seeds, and between rare and frequent in the others. */
export function drawFaultMix(random: Random): FaultMix {
  const share = random.pick([0.1, 0.3, 0.6]);
  return mixOf((name) => (random.chance(share) ? usual[name] * random.pick([0.3, 1, 1, 3]) : 0));
}

export function only(mix: Partial<FaultMix>): FaultMix {
  return { ...calm, ...mix };
}
