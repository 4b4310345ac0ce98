/** Recoveries in hand-written worlds: what is done, what is told of it, and what a person can undo. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Incident } from '../../apps/control-plane/src/contract/incident.ts';
import { crashesMax } from '../../apps/tenant-worker/src/core/limits.ts';
import { minuteMs, Scenario } from './scenario.ts';

let scenario: Scenario;

async function awake(): Promise<Scenario> {
  scenario = new Scenario();
  await scenario.awake();
  return scenario;
}

/** As the control plane knows them, oldest first. */
const told = (s: Scenario): Incident[] => [...s.world.controlPlane.incidents.values()].sort((a, b) => a.seq - b.seq);
const done = (incident: Incident | undefined): string[] => incident?.steps.map(({ code }) => code) ?? [];

afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

describe('a recovery', () => {
  it('in place is one incident, and loses nothing', async () => {
    const s = await awake();
    const kept = s.write();
    s.container.crashGateway();
    await s.reach('waking');
    await s.reach('awake');
    await s.pass(minuteMs);
    expect(s.entries).toContain(kept);
    expect(told(s)).toMatchObject([
      { kind: 'gateway_lost', outcome: 'recovered', lost: null, fromIncarnation: 1, toIncarnation: 1 },
    ]);
    expect(done(told(s)[0])).toEqual(['gateway_started']);
  });

  it('of a container that is gone says since when what was written is missing', async () => {
    const s = await awake();
    const saved = s.write();
    await s.pass(minuteMs);
    const unsaved = s.write();
    s.container.die();
    await s.reach('waking');
    await s.reach('awake');
    await s.pass(minuteMs);
    expect(s.entries).toContain(saved);
    expect(s.entries).not.toContain(unsaved);
    const [incident] = told(s);
    expect(incident).toMatchObject({ kind: 'run_lost', outcome: 'recovered', lost: { sinceMs: expect.any(Number) } });
    expect(done(incident)).toEqual(['unsaved_given_up', 'container_replaced', 'restored', 'gateway_started']);
    const writtenAtMs = s.world.written.get(unsaved)?.wallMs ?? 0;
    expect(incident?.lost?.sinceMs).toBeLessThanOrEqual(writtenAtMs);
  });

  it('survives the object that makes it: cut off after any write, it is still told once', async () => {
    const s = await awake();
    s.interfere('.startGateway', (n) => (n <= 2 ? 'crash_after' : null));
    s.container.crashGateway();
    await s.reach('waking');
    await s.reach('awake');
    s.peace();
    await s.pass(minuteMs);
    expect(told(s)).toHaveLength(1);
    expect(told(s)[0]).toMatchObject({ outcome: 'recovered' });
  });
});

it('a crash loop asks a person once, with its reason and the end of the log', async () => {
  const s = await awake();
  for (let n = 0; n < crashesMax; n++) {
    if (n > 0) await s.reach('awake');
    await s.pass(1_000);
    s.container.crashGateway();
    await s.pass(500);
  }
  await s.reach('needs_operator');
  await s.pass(minuteMs);
  expect(s.world.checks.record()?.state).toMatchObject({ reason: 'crash_loop' });
  const last = told(s).at(-1);
  expect(last).toMatchObject({ outcome: null, code: 'crash_loop', logTail: 'the end of the log', lost: null });
  expect(done(last)).toContain('asked_person');
  expect(
    told(s)
      .slice(0, -1)
      .every(({ outcome }) => outcome === 'recovered'),
  ).toBe(true);
});

describe('settings that OpenClaw refuses', () => {
  it('give way to the last that worked, in the same container; a person can go back to them', async () => {
    const s = await awake();
    const kept = s.write();
    s.container.refusedSettings = ['current'];
    s.container.crashGateway();
    await s.reach('waking');
    await s.reach('awake');
    await s.pass(minuteMs);
    expect(s.entries).toContain(kept);
    expect(s.container.settings).toBe('last_good');
    expect(told(s)).toMatchObject([{ outcome: 'recovered', fromIncarnation: 1, toIncarnation: 1, lost: null }]);
    expect(done(told(s)[0])).toEqual(['gateway_started', 'last_good_config']);
    s.world.controlPlane.command('restart', 'refused');
    await s.reach('draining');
    await s.reach('awake');
    expect(s.container.settings).toBe('refused');
    // The choice was for one start.
    s.world.controlPlane.command('restart');
    await s.reach('draining');
    await s.reach('awake');
    expect(s.container.settings).toBe('current');
    expect(told(s)).toHaveLength(1);
  });

  it('and the last that worked as well: a person is asked, and their Undo is tried', async () => {
    const s = await awake();
    s.container.refusedSettings = ['current', 'last_good'];
    s.container.crashGateway();
    await s.reach('needs_operator');
    expect(s.world.checks.record()?.state).toMatchObject({ reason: 'config_invalid' });
    await s.pass(minuteMs);
    expect(told(s)).toMatchObject([
      { outcome: null, code: 'config_invalid', words: 'it ended with config_invalid', logTail: 'the end of the log' },
    ]);
    expect(done(told(s)[0]).at(-1)).toBe('asked_person');
    s.world.controlPlane.command('restart', 'last_good');
    await s.reach('awake');
    expect(s.container.settings).toBe('last_good');
    await s.pass(minuteMs);
    expect(told(s)).toMatchObject([{ outcome: 'recovered', lost: null }]);
    expect(done(told(s)[0])).toContain('person_restarted');
  });
});
