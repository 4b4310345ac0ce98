/** Interleavings that once lost what a tenant wrote, or would. Each names what happened. */
import { afterEach, describe, expect, it } from 'vitest';
import { lastTriesMax, unreachableTriesMax } from '../../apps/tenant-worker/src/core/limits.ts';
import { Scenario, dayMs, minuteMs } from './scenario.ts';

let scenario = new Scenario();
const begin = async (): Promise<Scenario> => {
  scenario = new Scenario();
  await scenario.awake();
  return scenario;
};

/** A person is asked: a run answers, and holds an entry that no save of it takes. */
const beginUnsavable = async (): Promise<{ s: Scenario; entry: number }> => {
  const s = await begin();
  await s.pass(minuteMs);
  const entry = s.write();
  s.interfere('snapshot', () => 'fails');
  s.container.refuseStarts = true;
  s.container.crashGateway();
  await s.reach('needs_operator');
  return { s, entry };
};

/** Of each recovery that the control plane was told of: whether something was lost. */
const lossesTold = (s: Scenario): boolean[] =>
  [...s.world.controlPlane.incidents.values()].map(({ lost }) => lost !== null);

afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

describe('what a container holds', () => {
  it('survives a keeper that restarts in it: the same container goes on, however old it is', async () => {
    const s = await begin();
    await s.pass(5 * minuteMs);
    const entry = s.write();
    const { incarnation } = s;
    s.container.restartKeeper(20_000);
    await s.pass(15_000);
    await s.reach('awake');
    await s.pass(40_000);
    expect(s.state.kind).toBe('awake');
    expect(s.incarnation).toBe(incarnation);
    expect(s.entries).toContain(entry);
  });

  it('survives looks that fail just after its keeper was claimed at last (seed 104928)', async () => {
    const s = await begin();
    const entry = s.write();
    let [claims, looks] = [0, 0];
    s.world.interferer = (_n, name) => {
      if (name.endsWith('.claim')) return ++claims < unreachableTriesMax ? 'fails' : null;
      return claims >= unreachableTriesMax && name.endsWith('.look') && ++looks <= 2 ? 'fails' : null;
    };
    s.world.controlPlane.command('sleep');
    s.container.restartKeeper(1);
    await s.reach('asleep');
    expect([claims, looks >= 2]).toEqual([unreachableTriesMax, true]);
    s.peace();
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).toContain(entry);
  });

  it('survives R2 being down while it is put to sleep: it goes back to work and sleeps later', async () => {
    const s = await begin();
    const entry = s.write();
    s.world.bucket.downUntilMs = s.world.time.nowMs + 5 * minuteMs;
    s.world.controlPlane.command('sleep');
    await s.pass(4 * minuteMs);
    expect(s.count('lifecycle.state drain_failed')).toBeGreaterThan(0);
    expect(s.world.running).toEqual([s.incarnation]);
    await s.reach('asleep');
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).toContain(entry);
  });

  it('is kept by a suspended tenant for as long as it cannot be saved, without going back to work', async () => {
    const s = await begin();
    const entry = s.write();
    s.world.bucket.downUntilMs = s.world.time.nowMs + 60 * minuteMs;
    s.world.controlPlane.want('suspended');
    await s.pass(50 * minuteMs);
    expect(s.state.kind).toBe('draining');
    expect(s.container.gatewayAlive).toBe(false);
    expect(s.count('lifecycle.state drain_failed')).toBe(0);
    // Failed saves come further and further apart.
    expect(s.count('lifecycle.action_failed snapshot')).toBeLessThan(20);
    await s.reach('suspended');
    s.world.controlPlane.want('active');
    await s.reach('asleep');
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).toContain(entry);
  });

  it('is not given up because silences far apart add up', async () => {
    // 1 a drain is to save; 2 the run is out of reach for 35 s, answers once, and so on; 3 saving fails whenever it answers.
    const s = await begin();
    const entry = s.write();
    s.world.bucket.downUntilMs = s.world.time.nowMs + 10 * minuteMs;
    s.interfere('look', () => (s.world.time.nowMs % 40_000 < 35_000 ? 'fails' : null));
    s.world.controlPlane.want('suspended');
    await s.pass(9 * minuteMs);
    expect(s.count('lifecycle.action note_unreachable')).toBeGreaterThan(5);
    expect(s.count('lifecycle.action_failed snapshot')).toBeGreaterThan(2);
    expect(s.entries).toContain(entry);
    expect(s.container.running).toBe(true);
    s.peace();
    await s.reach('suspended');
  });

  it('is given up, and says so, when its container never answers again', async () => {
    const s = await begin();
    s.write();
    const first = s.incarnation;
    s.sandbox.silentUntilMs = s.world.time.nowMs + 2 * minuteMs;
    await s.pass(3 * minuteMs);
    await s.reach('awake');
    expect(s.incarnation).toBe(first + 1);
    expect(s.count('lifecycle.unsaved_lost')).toBe(1);
  });

  it('waits with a person when it answers and cannot be saved, and is saved as soon as it can be', async () => {
    const s = await begin();
    const entry = s.write();
    // The gateway ends and will not start again; the container is replaced, which R2 does not allow.
    s.world.bucket.downUntilMs = s.world.time.nowMs + 70 * minuteMs;
    s.container.refuseStarts = true;
    s.container.crashGateway();
    await s.reach('needs_operator');
    expect(s.state).toMatchObject({ reason: 'snapshot_failed' });
    expect(s.world.running).toHaveLength(1);
    await s.pass(minuteMs);
    expect(s.unfinished).toEqual([]);
    await s.pass(80 * minuteMs);
    expect(s.world.running).toEqual([]);
    s.world.controlPlane.command('restart');
    await s.reach('awake');
    expect(s.entries).toContain(entry);
  });

  it('is given up on a person’s word when it still cannot be saved', async () => {
    const { s } = await beginUnsavable();
    await s.pass(30 * minuteMs);
    expect(s.world.running).toHaveLength(1);
    const saves = s.count('lifecycle.action_failed snapshot');
    s.world.controlPlane.command('restart');
    await s.reach('awake');
    expect(s.count('lifecycle.action_failed snapshot') - saves).toBe(lastTriesMax);
    expect(s.count('lifecycle.unsaved_lost')).toBe(1);
    expect(lossesTold(s)).toEqual([true]);
  });

  it.each(['restart', 'restore'] as const)(
    'is saved once more before a person’s %s, also right after a try that failed',
    async (command) => {
      // 1 a replaced run answers, and twelve saves of it fail; 2 a person is asked; 3 R2 is mended between two tries, five
      // minutes apart; 4 the person decides before the next one.
      const { s, entry } = await beginUnsavable();
      const held = s.world.running;
      expect(held).toHaveLength(1);
      s.peace();
      const [chosen = ''] = s.world.bucket.data.keys();
      if (command === 'restart') s.world.controlPlane.command('restart');
      else s.world.controlPlane.restore(chosen);
      await s.reach('awake');
      expect(s.world.running).not.toEqual(held);
      expect(s.count('lifecycle.unsaved_lost')).toBe(0);
      expect(lossesTold(s)).toEqual([false]);
      const waited = [...s.world.controlPlane.operations.values()].find(({ operation }) => operation.kind === command);
      expect(waited?.operation.steps.map(({ name }) => name)).toContain('snapshot');
      // A restore brings back what was chosen; what it took the place of is kept beside.
      if (command === 'restart') expect(s.entries).toContain(entry);
      else expect([...s.world.bucket.data.values()].some(({ entries }) => entries.includes(entry))).toBe(true);
    },
  );

  it('is given up soon after a person’s word when it does not answer any more', async () => {
    const { s } = await beginUnsavable();
    const [held = 0] = s.world.running;
    s.world.sandbox(held).silentUntilMs = s.world.time.nowMs + dayMs;
    const saidAtMs = s.world.time.nowMs;
    s.world.controlPlane.command('restart');
    await s.reach('awake');
    expect(s.world.time.nowMs - saidAtMs).toBeLessThan(4 * minuteMs);
    expect(lossesTold(s)).toEqual([true]);
  });

  it('is given up on a person’s word when the object died over the manifest of the last try (seed 502164)', async () => {
    // 1 a replaced run answers, and twelve saves of it fail; 2 a person is asked; 3 its data is taken once more, and the
    // object dies before the index says complete; 4 the person restarts before the next try.
    const { s } = await beginUnsavable();
    const saves = s.count('lifecycle.action snapshot');
    const lives = s.world.lives;
    s.interfere('putManifest', (n) => (n === 1 ? 'crash_after' : null));
    while (s.world.lives === lives) await s.pass(minuteMs);
    expect(s.count('lifecycle.action snapshot')).toBe(saves);
    s.interfere('snapshot', () => 'fails');
    s.world.controlPlane.command('restart');
    await s.reach('awake');
    expect(s.count('lifecycle.unsaved_lost')).toBe(1);
  });

  it('is saved again when a gateway comes up after it was saved', async () => {
    // 1 awake; 2 the gateway is lost; 3 our start of it is late; 4 suspended, stopped, saved; 5 the start arrives.
    const s = await begin();
    const { container, sandbox } = s;
    s.interfere('snapshot', () => {
      s.world.time.after(1_000, () => container.startGateway());
      s.world.time.after(8_000, () => {
        if (container.ready) s.world.writeTo(sandbox.incarnation);
      });
      s.peace();
      return null;
    });
    s.interfere('destroy', (n) => (n === 1 ? 'fails' : null));
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
  });
});

describe('snapshots', () => {
  it('are in the order in which they were made, also when the clock is set back between them', async () => {
    const s = await begin();
    s.write();
    await s.pass(minuteMs);
    s.world.clockJumps++;
    s.world.time.setWall(-dayMs);
    const entry = s.write();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).toContain(entry);
  });

  it('that cannot be read are passed over for the one before, never for nothing', async () => {
    const s = await begin();
    const first = s.write();
    await s.pass(minuteMs);
    s.write();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    s.world.bucket.lose([...s.world.bucket.data.keys()].at(-1) ?? '');
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).toContain(first);
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    for (const id of s.world.bucket.data.keys()) s.world.bucket.lose(id);
    s.world.controlPlane.visit();
    await s.reach('needs_operator');
    expect(s.state).toMatchObject({ reason: 'snapshot_unreadable' });
    s.world.controlPlane.command('restart');
    await s.pass(minuteMs);
    await s.reach('needs_operator');
  });

  it('are gone through one by one, however many of the newest were lost', async () => {
    const s = await begin();
    const first = s.write();
    await s.pass(minuteMs);
    for (let i = 0; i < 5; i++) {
      s.write();
      await s.pass(minuteMs);
    }
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    const [oldest, second, ...newer] = s.world.bucket.data.keys();
    expect(newer.length).toBeGreaterThan(3);
    for (const id of newer) s.world.bucket.lose(id);
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect([oldest, second].length).toBe(2);
    expect(s.entries).toContain(first);
  });

  it('are not made again and again for an object that is evicted while nothing changes', async () => {
    const s = await begin();
    await s.pass(minuteMs);
    const before = s.count('lifecycle.action snapshot');
    for (let i = 0; i < 20; i++) {
      s.world.object?.die();
      await s.pass(15_000);
    }
    expect(s.state.kind).toBe('awake');
    expect(s.count('lifecycle.action snapshot')).toBe(before);
  });
});
