/** Interleavings that once never came to an end, or came to a wrong one. Each names what happened. */
import { afterEach, describe, expect, it } from 'vitest';
import { awakeProbeMs } from '../../apps/tenant-worker/src/core/limits.ts';
import { Scenario, dayMs, minuteMs } from './scenario.ts';

let scenario = new Scenario();
const begin = async (): Promise<Scenario> => {
  scenario = new Scenario();
  await scenario.awake();
  return scenario;
};

afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

describe('sleep', () => {
  it('comes for an idle tenant whose object is evicted all the time', async () => {
    const s = await begin();
    for (let i = 0; i < 60 && s.state.kind === 'awake'; i++) {
      s.world.object?.die();
      await s.pass(15_000);
    }
    await s.reach('asleep');
  });

  it('comes in time after the clock was set back a day', async () => {
    const s = await begin();
    s.write();
    s.world.clockJumps++;
    s.world.time.setWall(-dayMs);
    await s.pass(11 * minuteMs);
    await s.reach('asleep');
    expect(s.world.time.nowMs).toBeLessThan(20 * minuteMs);
  });

  it('does not come early when a short silence meets a burst of pokes', async () => {
    const s = await begin();
    const { incarnation } = s;
    s.interfere('look', (n) => (n <= 6 ? 'fails' : null));
    for (let i = 0; i < 12; i++) {
      s.world.tenant().poke(incarnation);
      await s.pass(150);
    }
    s.peace();
    await s.pass(minuteMs);
    expect(s.state).toMatchObject({ kind: 'awake', incarnation });
  });
});

describe('a start', () => {
  it('ends with a person when the gateway never gets ready', async () => {
    scenario = new Scenario({ gatewayStartFails: 1 });
    scenario.world.controlPlane.provision();
    await scenario.reach('needs_operator');
    await scenario.pass(minuteMs);
    expect(scenario.unfinished).toEqual([]);
  });

  it('ends with a person when the keeper refuses every start', async () => {
    scenario = new Scenario();
    scenario.interfere('startGateway', () => 'fails');
    scenario.world.controlPlane.provision();
    await scenario.reach('needs_operator');
    expect(scenario.count('lifecycle.action_failed start_gateway')).toBeLessThan(20);
  });

  it('ends with a person when the keeper refuses every claim', async () => {
    scenario = new Scenario();
    scenario.interfere('claim', () => 'fails');
    scenario.world.controlPlane.provision();
    await scenario.reach('needs_operator');
  });

  it('leaves a readable record when the clock is set back during it', async () => {
    scenario = new Scenario();
    scenario.world.controlPlane.provision();
    await scenario.pass(1_000);
    scenario.world.clockJumps++;
    scenario.world.time.setWall(-dayMs);
    await scenario.reach('awake');
    scenario.world.object?.die();
    expect(scenario.world.tenant().store.read()?.state.kind).toBe('awake');
  });

  it('does not wait for a stuck container that no gateway was ever in', async () => {
    const s = await begin();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    const next = s.incarnation + 1;
    s.world.sandbox(next).silentUntilMs = s.world.time.nowMs + 20 * minuteMs;
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.incarnation).toBe(next + 1);
    expect(s.world.time.nowMs).toBeLessThan(4 * minuteMs);
    await s.pass(25 * minuteMs);
    expect(s.world.openRuns).toBeLessThanOrEqual(1);
  });
});

describe('operations', () => {
  it('end when a sleeping tenant is suspended', async () => {
    const s = await begin();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    s.world.controlPlane.want('suspended');
    await s.reach('suspended');
    await s.pass(minuteMs);
    expect(s.unfinished).toEqual([]);
    expect([...s.world.controlPlane.accepted].every((id) => s.world.controlPlane.operations.has(id))).toBe(true);
  });

  it('end when what they were for is overtaken, and do not say that it was done', async () => {
    const s = await begin();
    s.world.controlPlane.command('restart');
    await s.pass(50);
    s.world.controlPlane.want('suspended');
    await s.reach('suspended');
    await s.pass(minuteMs);
    const ended = [...s.world.controlPlane.operations.values()].map(({ operation }) => operation);
    expect(ended.find((operation) => operation.kind === 'restart')?.error?.code).toBe('replaced');
    expect(s.unfinished).toEqual([]);
  });

  it('end when a suspension is asked for during a deletion', async () => {
    const s = await begin();
    s.world.bucket.downUntilMs = s.world.time.nowMs + 5 * minuteMs;
    s.world.controlPlane.want('deleted');
    await s.pass(minuteMs);
    s.world.controlPlane.want('suspended');
    await s.reach('deleted');
    expect(s.count('lifecycle.action_failed erase')).toBeGreaterThan(3);
    expect(s.count('lifecycle.action_failed erase')).toBeLessThan(30);
    await s.pass(minuteMs);
    expect([...s.world.controlPlane.accepted].every((id) => s.world.controlPlane.operations.has(id))).toBe(true);
    expect(s.unfinished).toEqual([]);
  });
});

describe('awake time', () => {
  it('ends with the last good look when a container dies unseen', async () => {
    const s = await begin();
    s.world.faultsOn = true;
    await s.pass(minuteMs);
    const { container } = s;
    s.interfere('look', () => 'fails');
    container.die();
    await s.pass(30_000);
    s.peace();
    await s.reach('awake');
    const up = s.world.upMs + s.container.runningUpMs;
    const told = s.world.tenant().store.awakeMs(0, Number.MAX_SAFE_INTEGER);
    expect(told).toBeLessThanOrEqual(up);
    expect(told).toBeGreaterThan(up - 2 * awakeProbeMs);
  });

  it('is nothing for a run that never got ready', async () => {
    scenario = new Scenario({ gatewayStartFails: 1 });
    scenario.world.controlPlane.provision();
    await scenario.reach('needs_operator');
    expect(scenario.world.tenant().store.awakeMs(0, Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  it('never falls, and never grows by the leap, when the clock is set forward and back', async () => {
    const s = await begin();
    await s.pass(minuteMs);
    for (const deltaMs of [dayMs, -dayMs]) {
      s.world.clockJumps++;
      s.write();
      s.world.time.setWall(deltaMs);
      s.write();
      await s.pass(minuteMs);
    }
    const told = s.world.tenant().store.awakeMs(0, Number.MAX_SAFE_INTEGER);
    expect(told).toBeLessThan(s.world.time.nowMs + 16 * minuteMs);
  });
});
