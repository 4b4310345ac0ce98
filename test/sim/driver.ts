/** What people, programs and bad luck do to one tenant while the faults are on; then whether everything comes right. */
import type { StateKind } from '../../apps/tenant-worker/src/core/lifecycle/state.ts';
import type { FakeContainer } from './fake-container.ts';
import { text } from '../../apps/tenant-worker/src/modules/row.ts';
import type { FaultMix } from './fault-mix.ts';
import type { World } from './world.ts';

/** How often moments, seconds, minutes and many minutes pass between two steps. */
export type Pace = readonly [number, number, number, number];
export const paces: readonly [Pace, ...Pace[]] = [
  [4, 5, 3, 0.6],
  [4, 5, 3, 0.6],
  [8, 4, 0.5, 0.05],
  [1, 2, 4, 4],
];

/** One step: something happens, then time passes. */
export async function driveStep(world: World, mix: FaultMix, pace: Pace): Promise<void> {
  const { random, controlPlane } = world;
  const acts: readonly (readonly [weight: number, act: () => void])[] = [
    [30, () => use(world)],
    [6, () => plans(world)],
    [6, () => works(world)],
    [10, () => controlPlane.visit()],
    [6, () => controlPlane.command('wake')],
    [6, () => controlPlane.command('sleep')],
    [4, () => controlPlane.command('restart')],
    [2, () => controlPlane.snapshot()],
    [2, () => restoreAny(world)],
    [1, () => controlPlane.undoRestore()],
    [1, () => controlPlane.want('suspended')],
    [2, () => controlPlane.want('active')],
    [1, () => controlPlane.keepAwake(random.chance(0.5))],
    [0.1, () => controlPlane.want('deleted')],
    [10, () => undefined],
  ];
  acts[random.weighted(acts.map(([weight]) => weight))]?.[1]();
  misfortune(world, mix);
  const passes = [
    () => random.between(0, 300),
    () => random.between(1_000, 10_000),
    () => random.between(10_000, 60_000),
    () => random.between(60_000, 400_000),
  ];
  await world.advance(passes[random.weighted(pace)]?.() ?? 0);
}

/** A person's client talks to the gateway, which writes; sometimes a model call tells the object so. */
export function use(world: World): boolean {
  const record = world.checks.record();
  if (record?.state.kind !== 'awake') return false;
  const { container } = world.sandbox(record.state.incarnation);
  if (container === null || !container.ready) return false;
  world.writeTo(record.state.incarnation);
  container.lastTrafficAtMs = world.time.wallMs;
  if (world.random.chance(0.6)) world.tenant().lifecycle.touched();
  return true;
}

/** A person chooses any of the snapshots that are listed. */
function restoreAny(world: World): void {
  const listed = world.sql.exec('SELECT id FROM snapshot WHERE complete = 1 ORDER BY seq');
  const row = listed[world.random.between(0, Math.max(0, listed.length - 1))];
  if (row !== undefined) world.controlPlane.restore(text(row, 'id'));
}

/** The present incarnation. */
function runOf(world: World): number {
  const { state } = world.checks.record() ?? {};
  return state !== undefined && 'incarnation' in state ? state.incarnation : 0;
}

/** The container of the tenant when it is awake and ready, as a person finds it. */
function readyContainer(world: World): FakeContainer | null {
  const record = world.checks.record();
  if (record?.state.kind !== 'awake') return null;
  const { container } = world.sandbox(record.state.incarnation);
  return container?.ready === true ? container : null;
}

/** A person asks for something later. */
function plans(world: World): void {
  const container = readyContainer(world);
  if (container !== null)
    world.schedule(container, world.random.between(1_000, world.random.pick([90_000, 1_200_000])));
}

/** A turn begins that takes a while without a word. */
function works(world: World): void {
  const container = readyContainer(world);
  if (container === null) return;
  container.busySinceMs = container.busy ? container.busySinceMs : world.time.nowMs;
  container.busyUntilMs = world.time.nowMs + world.random.between(1_000, world.random.pick([60_000, 3_600_000]));
}

function misfortune(world: World, mix: FaultMix): void {
  const { random, time, bucket } = world;
  for (const sandbox of world.sandboxes.values()) {
    const { container, incarnation } = sandbox;
    if (container === null || !container.running) continue;
    // The assistant's own doing, also when nobody is routed to it.
    if (container.ready && random.chance(0.1)) world.writeTo(incarnation);
    if (world.faults('containerDies')) container.die();
    if (world.faults('keeperRestarts')) container.restartKeeper(random.between(200, 30_000));
    if (world.faults('gatewayMute')) container.muteUntilMs = time.nowMs + random.between(1_000, 200_000);
    if (world.faults('gatewayCrashes')) container.crashGateway();
    if (world.faults('goesSilent')) {
      sandbox.silentUntilMs = time.nowMs + random.between(2_000, 200_000);
      world.trace(() => `run ${incarnation} is out of reach until ${sandbox.silentUntilMs / 1000}`);
    }
  }
  if (world.faults('storeDown')) {
    bucket.downUntilMs = time.nowMs + random.between(1_000, random.pick([60_000, 600_000, 600_000, 7_200_000]));
    bucket.hangs = random.chance(0.25);
    world.trace(() => `R2 is down until ${bucket.downUntilMs / 1000}`);
  }
  if (world.faults('storeLoses')) bucket.harm(random);
  if (world.faults('evict')) world.object?.die();
  if (world.faults('commandStale')) world.controlPlane.repeatOld();
  if (world.faults('pokeStale')) world.tenant().poke(random.between(0, 20));
  if (mix.clockJump > 0 && world.faults('clockJump')) {
    const deltaMs = random.pick([-86_400_000, -3_600_000, -20_000, 20_000, 3_600_000, 86_400_000]);
    world.clockJumps++;
    time.setWall(deltaMs);
    world.trace(() => `the clock is set ${deltaMs / 1000} s on`);
  }
}

/** Alarms and pokes within which everything must have come right, and the time they may take. */
const activationsMax = 400;
const settleMs = 40 * 60_000;

/** Lets time pass until the tenant is in one of `kinds`; a violation when it takes too long. */
export async function until(
  world: World,
  what: string,
  kinds: readonly StateKind[],
  or: () => boolean = () => false,
): Promise<boolean> {
  const endMs = world.time.nowMs + settleMs;
  const endActivations = world.activations + activationsMax;
  while (!kinds.includes(world.checks.record()?.state.kind ?? 'absent') && !or()) {
    if (world.time.nowMs >= endMs || world.activations >= endActivations) {
      const state = JSON.stringify(world.checks.record()?.state);
      world.checks.fail(
        'liveness',
        `${what}: still ${state} after ${settleMs / 60_000} min or ${activationsMax} alarms`,
      );
      return false;
    }
    if (world.checks.violations.length > 0) return false;
    await world.advance(500);
  }
  return true;
}

/** No fault is played any more: what is out of reach comes back, what sticks stays stuck. */
export function calmDown(world: World): void {
  world.faultsOn = false;
  world.bucket.downUntilMs = 0;
  for (const sandbox of world.sandboxes.values()) sandbox.silentUntilMs = 0;
  world.trace(() => '--- faults stop');
}

/** After the faults: reaches what is wanted, can be woken, used, put to sleep, woken again with everything, and deleted. */
export async function comesRight(world: World): Promise<void> {
  calmDown(world);
  const { controlPlane, checks } = world;
  const ok = (): boolean => checks.violations.length === 0;
  // A word to sleep that comes late is obeyed: it is judged once all was said.
  while (controlPlane.underWay > 0) await world.advance(500);
  // The object may have been left without anything under way: a sweep of the control plane would repeat its last word.
  controlPlane.want(controlPlane.spec.desired);
  const { kind } = checks.record()?.state ?? { kind: 'absent' };
  // A deletion that has begun is never taken back.
  if (controlPlane.spec.desired === 'deleted' || checks.deletionBegan || kind === 'deleted') return endsDeleted(world);
  if (controlPlane.spec.desired === 'suspended') {
    if (!(await until(world, 'suspended', ['suspended']))) return;
    controlPlane.want('active');
  }
  if (!(await until(world, 'at rest', ['asleep', 'awake', 'needs_operator']))) return;
  // One that is set to stay awake needs nobody to wake it.
  if (checks.sleep.mustWake && !(await until(world, 'awake by its setting', ['awake', 'needs_operator']))) return;
  if (checks.record()?.state.kind === 'needs_operator') controlPlane.command('restart');
  else controlPlane.visit();
  // Only a tenant whose every snapshot R2 lost may stay with a person.
  if (!(await until(world, 'awake', ['awake', 'needs_operator']))) return;
  if (checks.record()?.state.kind === 'needs_operator') {
    if (!world.everythingWasLost) checks.fail('liveness', `awake: ${JSON.stringify(checks.record()?.state)}`);
    controlPlane.want('deleted');
    return endsDeleted(world);
  }
  // It may say awake of a run that just died.
  while (!use(world)) {
    await world.advance(500);
    // The last of several losses: a person is asked.
    if (checks.record()?.state.kind === 'needs_operator') controlPlane.command('restart');
    if (!(await until(world, 'usable', ['awake', 'needs_operator']))) return;
  }
  await wakesByItself(world);
  if (!ok()) return;
  while (!use(world)) {
    await world.advance(500);
    if (!(await until(world, 'usable after its run', ['awake']))) return;
  }
  const kept = world.lastWritten;
  await world.advance(world.random.between(0, 2_000));
  // A run that is near wakes it again at once: it need not be seen asleep.
  const before = runOf(world);
  controlPlane.command('sleep');
  if (!(await until(world, 'asleep', ['asleep'], () => runOf(world) > before))) return;
  // Somebody comes, or sets it to stay awake: the setting is newer than the word that put it to sleep.
  if (world.random.chance(0.5)) controlPlane.visit();
  else {
    controlPlane.keepAwake(false);
    controlPlane.keepAwake(true);
  }
  if (!(await until(world, 'awake again', ['awake']))) return;
  if (controlPlane.spec.keepAwake) world.reach('set to stay awake');
  const { state } = checks.record() ?? { state: { kind: 'absent' as const } };
  const container = 'incarnation' in state ? world.sandbox(state.incarnation).container : null;
  if (kept !== null && !container?.entries.includes(kept)) checks.fail('saved is kept', `${kept} after a sleep`);
  if (!ok()) return;
  controlPlane.want('deleted');
  await endsDeleted(world);
}

/** With nothing wrong, a scheduled run begins at most this late. A start on these containers takes up to 13 s, and the lead covers it. */
const runLateMaxMs = 30_000;

/** Asked for something later and put to sleep at once: it is done on time all the same. */
async function wakesByItself(world: World): Promise<void> {
  const { checks, controlPlane, time } = world;
  const container = readyContainer(world);
  if (container === null) return;
  const delayMs = world.random.between(60_000, 900_000);
  const dueAtMs = time.nowMs + delayMs;
  const entry = world.schedule(container, delayMs);
  controlPlane.command('sleep');
  while (!world.ranAtMs.has(entry)) {
    if (time.nowMs >= dueAtMs + runLateMaxMs) {
      const state = JSON.stringify(checks.record()?.state);
      return checks.fail('a run is not slept through', `${entry} is ${runLateMaxMs} ms late: ${state}`);
    }
    await world.advance(500);
  }
  if (runOf(world) > container.incarnation) world.reach('woke for a run');
  // It may have gone to sleep again meanwhile.
  controlPlane.visit();
  await until(world, 'awake after its run', ['awake']);
}

async function endsDeleted(world: World): Promise<void> {
  if (!(await until(world, 'deleted', ['deleted']))) return;
  // Events that were lost in the queue are sent again within the hour.
  for (let i = 0; i < 40 && (world.outboxLength > 0 || world.alarmAtMs !== null); i++) await world.advance(180_000);
  const { checks, bucket, controlPlane } = world;
  // Nothing brings it back.
  controlPlane.visit();
  for (let i = 0; i < 3; i++) controlPlane.repeatOld();
  world.tenant().poke(world.random.between(0, 20));
  for (let i = 0; i < 40 && (i < 2 || world.outboxLength > 0 || world.alarmAtMs !== null); i++)
    await world.advance(180_000);
  if (checks.record()?.state.kind !== 'deleted')
    checks.fail('deleted for ever', JSON.stringify(checks.record()?.state));
  if (bucket.data.size > 0) checks.fail('deleted', `${bucket.data.size} objects are left`);
  if (world.running.length > 0) checks.fail('deleted', `container ${world.running.join()} runs`);
  if (world.outboxLength > 0) checks.fail('outbox', `${world.outboxLength} events are left`);
  if (world.openRuns > 0) checks.fail('run rows', `${world.openRuns} are open`);
  if (world.alarmAtMs !== null) checks.fail('alarm', 'one is set for a tombstone');
  for (const id of controlPlane.accepted) {
    const known = controlPlane.operations.get(id);
    if (known === undefined) checks.fail('operations end', `${id} was accepted and never heard of`);
  }
  for (const { operation } of controlPlane.operations.values()) {
    if (operation.finishedAtMs === null)
      checks.fail('operations end', `${operation.kind} ${operation.id} is under way`);
  }
  for (const incident of controlPlane.incidents.values()) {
    if (incident.outcome === null) checks.fail('recoveries end', `the last word is ${JSON.stringify(incident)}`);
  }
  if (controlPlane.report?.state !== 'deleted')
    checks.fail('outbox', `the last report says ${controlPlane.report?.state}`);
}
