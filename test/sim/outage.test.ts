/** The control plane is away for a quarter of an hour: assistants go on, sleep and wake; then it hears of everything. */
import { afterEach, expect, it } from 'vitest';
import { text } from '../../apps/tenant-worker/src/modules/row.ts';
import { minuteMs, Scenario } from './scenario.ts';

let scenario = new Scenario();
afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

const waiting = (s: Scenario): string[] =>
  s.world.sql.exec('SELECT key FROM outbox ORDER BY seq').map((row) => text(row, 'key'));

it.each(['queue', 'consumer'] as const)(
  'a %s that is away for 15 minutes stops nothing and loses nothing',
  async (away) => {
    scenario = new Scenario();
    const s = scenario;
    const { controlPlane } = s.world;
    controlPlane.spec = { ...controlPlane.spec, keepAwake: false, idleSleepMs: 2 * minuteMs };
    await s.awake();
    const before = { incarnation: s.incarnation, snapshots: s.count('lifecycle.action snapshot') };

    controlPlane.away = away;
    const heard = controlPlane.arrived.length;
    // Chats for two minutes, falls asleep, and a person with a session wakes it: twice.
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 4; n++) {
        s.write();
        await s.pass(30_000);
      }
      await s.reach('asleep');
      controlPlane.visit();
      await s.reach('awake');
    }
    const written = s.write();
    await s.pass(30_000);
    expect(s.incarnation).toBe(before.incarnation + 2);
    expect(s.entries).toContain(written);
    expect(s.count('lifecycle.action snapshot')).toBeGreaterThan(before.snapshots);
    while (s.world.time.nowMs < 16 * minuteMs) await s.pass(minuteMs);
    expect(controlPlane.arrived.length).toBe(heard);
    const owed = waiting(s);
    expect(owed.filter((key) => key.startsWith('operation:')).length).toBeGreaterThanOrEqual(2);

    controlPlane.away = null;
    // At the latest the next of the pauses brings one through, and that one all the rest.
    while (controlPlane.arrived.length === heard) await s.pass(10_000);
    await s.pass(2 * minuteMs);
    expect(waiting(s)).toEqual([]);
    expect(s.unfinished).toEqual([]);
    expect(controlPlane.report).toMatchObject({ state: s.state.kind, incarnation: s.incarnation });
  },
);

it('what was sent in vain goes out in the order of its numbers when one was heard of', async () => {
  scenario = new Scenario();
  const s = scenario;
  const { controlPlane } = s.world;
  await s.awake();
  controlPlane.away = 'consumer';
  for (let n = 0; n < 3; n++) {
    controlPlane.command('sleep');
    await s.reach('asleep');
    controlPlane.visit();
    await s.reach('awake');
    await s.pass(2 * minuteMs);
  }
  const owed = s.world.sql.exec('SELECT seq FROM outbox ORDER BY seq').map((row) => Number(row['seq']));
  expect(owed.length).toBeGreaterThan(3);
  controlPlane.away = null;
  const object = s.world.tenant();
  expect(object.outbox.hurry(s.world.time.wallMs)).toBe(true);
  const sent = object.outbox.take(s.world.time.wallMs).map(({ seq }) => seq);
  expect(sent).toEqual(owed.filter((seq) => sent.includes(seq)));
  expect(sent.length).toBeGreaterThanOrEqual(owed.length - 2);
  await s.pass(10 * minuteMs);
  expect(waiting(s)).toEqual([]);
});
