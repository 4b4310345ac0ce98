/** Sleeping and waking by itself: what counts as activity, what does not, and a schedule under a clock that jumps. */
import { afterEach, expect, it } from 'vitest';
import { calmDown, comesRight } from './driver.ts';
import { Scenario, dayMs, minuteMs } from './scenario.ts';

let scenario = new Scenario();
const begin = async (): Promise<Scenario> => {
  scenario = new Scenario();
  scenario.world.controlPlane.spec = { ...scenario.world.controlPlane.spec, keepAwake: false };
  await scenario.awake();
  return scenario;
};
const wakes = (s: Scenario) => s.count('lifecycle.state wake_wanted');

afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

/** Everything that Tidepool itself does with a tenant: reads, sweeps, pokes, acknowledgements, probes. */
async function lookedAt(s: Scenario, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 10_000) {
    const object = s.world.tenant();
    const record = object.store.read();
    if (record === null) throw new Error('no tenant');
    object.report(record);
    object.lifecycle.save(record);
    object.poke(s.incarnation);
    s.world.controlPlane.repeatOld();
    object.outbox.acknowledge([]);
    await s.pass(10_000);
  }
}

it('nothing of ours keeps it awake, and nothing of ours wakes it', async () => {
  const s = await begin();
  s.write();
  // The next look sees that somebody was there.
  await s.pass(15_000);
  const before = s.world.tenant().lifecycle.volatile.lastActivityAtMs;
  await lookedAt(s, 5 * minuteMs);
  // A save of what was written came meanwhile; it is not use either.
  expect(s.count('lifecycle.action snapshot')).toBeGreaterThan(0);
  expect(s.world.tenant().lifecycle.volatile.lastActivityAtMs).toBe(before);
  await lookedAt(s, 6 * minuteMs);
  expect(s.state.kind).toBe('asleep');
  const { incarnation } = s;
  await lookedAt(s, 30 * minuteMs);
  expect(s.state).toMatchObject({ kind: 'asleep', incarnation });
});

it('a long turn without a word keeps it awake, and its end lets it sleep', async () => {
  const s = await begin();
  s.write();
  s.container.busySinceMs = s.world.time.nowMs;
  s.container.busyUntilMs = s.world.time.nowMs + 60 * minuteMs;
  await s.pass(59 * minuteMs);
  expect(s.state.kind).toBe('awake');
  const record = s.world.tenant().store.read();
  expect(record && s.world.tenant().lifecycle.staysAwake(record)).toEqual({ because: 'busy', sleepsAtMs: null });
  await s.pass(3 * minuteMs);
  expect(s.state.kind).toBe('asleep');
});

it('a turn that hangs is ended at the hard deadline', async () => {
  const s = await begin();
  s.container.busySinceMs = s.world.time.nowMs;
  s.container.busyUntilMs = Infinity;
  // The check of the world would call it a violation, were it not the deadline: it is the only one that may.
  s.world.clockJumps++;
  await s.pass(5 * 60 * minuteMs);
  expect(s.state.kind).toBe('asleep');
});

it('a gateway that does not say what it does is not idle, and not awake for ever', async () => {
  const s = await begin();
  s.container.muteUntilMs = Infinity;
  await s.pass(50 * minuteMs);
  expect(s.state.kind).toBe('awake');
  await s.pass(20 * minuteMs);
  expect(s.state.kind).toBe('asleep');
});

it('runs that follow each other closely keep it awake', async () => {
  const s = await begin();
  for (let n = 1; n <= 60; n++) s.world.schedule(s.container, n * 30_000);
  await s.pass(29 * minuteMs);
  expect(s.state.kind).toBe('awake');
  expect(wakes(s)).toBe(0);
});

it('a clock that jumps a day ahead loses no run', async () => {
  const s = await begin();
  const entry = s.world.schedule(s.container, 120 * minuteMs);
  s.world.controlPlane.command('sleep');
  await s.reach('asleep');
  s.world.clockJumps++;
  s.world.time.setWall(dayMs);
  // An alarm that is overdue by the new clock rings.
  await Promise.all([s.world.tenant().activate(), s.pass(minuteMs)]);
  expect(s.world.ranAtMs.has(entry)).toBe(true);
  expect(wakes(s)).toBe(1);
});

it('a clock that is set back a day neither loses a run nor wakes again and again', async () => {
  const s = await begin();
  const entry = s.world.schedule(s.container, 120 * minuteMs);
  s.world.controlPlane.command('sleep');
  await s.reach('asleep');
  s.world.clockJumps++;
  s.world.time.setWall(-dayMs);
  await s.pass(dayMs);
  expect(wakes(s)).toBe(0);
  await s.pass(121 * minuteMs);
  expect(s.world.ranAtMs.has(entry)).toBe(true);
  expect(wakes(s)).toBe(1);
});

it('a suspended tenant is not woken, and catches up when it is resumed', async () => {
  const s = await begin();
  const entry = s.world.schedule(s.container, 20 * minuteMs);
  s.world.controlPlane.want('suspended');
  await s.reach('suspended');
  await s.pass(60 * minuteMs);
  expect(s.state.kind).toBe('suspended');
  s.world.controlPlane.want('active');
  await s.pass(minuteMs);
  expect(s.world.ranAtMs.has(entry)).toBe(true);
});

it('keeps awake by its setting until told to sleep, and then stays asleep until it is woken', async () => {
  const s = await begin();
  s.world.controlPlane.keepAwake(true);
  await s.pass(24 * 60 * minuteMs);
  expect(s.state.kind).toBe('awake');
  s.world.controlPlane.command('sleep');
  await s.reach('asleep');
  s.world.object?.die();
  await lookedAt(s, 60 * minuteMs);
  expect(s.state.kind).toBe('asleep');
  s.world.controlPlane.visit();
  await s.reach('awake');
  await s.pass(60 * minuteMs);
  expect(s.state.kind).toBe('awake');
});

it('wakes by itself when the setting is switched on, also after it was told to sleep', async () => {
  const s = await begin();
  s.world.controlPlane.command('sleep');
  await s.reach('asleep');
  s.world.controlPlane.keepAwake(true);
  await s.reach('awake');
  s.world.controlPlane.command('sleep');
  await s.reach('asleep');
  s.world.controlPlane.keepAwake(false);
  await s.pass(minuteMs);
  expect(s.state.kind).toBe('asleep');
  s.world.controlPlane.keepAwake(true);
  await s.reach('awake');
});

it('wakes by its setting after a suspension, not during it, and never out of the hands of an operator', async () => {
  const s = await begin();
  s.world.controlPlane.keepAwake(true);
  s.world.controlPlane.want('suspended');
  await s.reach('suspended');
  await s.pass(60 * minuteMs);
  expect(s.state.kind).toBe('suspended');
  s.world.controlPlane.want('active');
  await s.reach('awake');
  // A crash loop: the breaker asks a person, and the setting does not try again.
  while (s.state.kind !== 'needs_operator') {
    if (s.state.kind === 'awake') s.container.die();
    await s.pass(1_000);
  }
  const { incarnation } = s;
  await s.pass(60 * minuteMs);
  expect(s.state).toMatchObject({ kind: 'needs_operator', incarnation });
});

it('a word to sleep that comes again just after a visit woke it is obeyed, and no fault', async () => {
  const asleep = async (): Promise<Scenario> => {
    const s = await begin();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    // Refused now, and not when it comes again.
    s.world.controlPlane.command('sleep');
    return s;
  };
  // As the end of a seed does.
  const visited = ({ world }: Scenario): void => {
    calmDown(world);
    world.controlPlane.want('active');
    world.controlPlane.visit();
  };
  const twin = await asleep();
  const fromMs = twin.world.time.nowMs;
  visited(twin);
  while (twin.state.kind !== 'awake') await twin.pass(1);
  const againAfterMs = twin.world.time.nowMs - fromMs + 1;
  const { incarnation } = twin;
  twin.world.close();

  const obeys = await asleep();
  obeys.world.controlPlane.repeatLast(againAfterMs);
  visited(obeys);
  await obeys.pass(60 * minuteMs);
  expect(obeys.count('lifecycle.state gateway_ready')).toBe(2);
  expect(obeys.state).toMatchObject({ kind: 'asleep', incarnation });
  expect(obeys.world.checks.violations).toEqual([]);
  obeys.world.close();

  // The end of a seed does not wait in vain for it to be awake.
  const s = await asleep();
  s.world.controlPlane.repeatLast(againAfterMs);
  await comesRight(s.world);
});
