/** Upgrades and rollbacks in hand-written worlds: tried first, promoted or not, never two releases at once, nothing lost. */
import { afterEach, describe, expect, it } from 'vitest';
import { minuteMs, Scenario } from './scenario.ts';

const older = '2026.8.2';
const newer = '2026.9.6';
const well = { ok: true, counts: { files: 1, sessions: 1, cronJobs: 0 } } as const;
const unwell = { ok: false, code: 'gateway_exit', detail: 'It ended at once.' } as const;
let scenario: Scenario;

/** Awake on the older release, with one entry that is saved and one that is not. */
async function begin(): Promise<{ s: Scenario; saved: number; unsaved: number }> {
  scenario = new Scenario();
  const s = scenario;
  s.world.controlPlane.spec = { ...s.world.controlPlane.spec, release: older };
  await s.awake();
  const saved = s.write();
  await s.pass(minuteMs);
  return { s, saved, unsaved: s.write() };
}

const record = (s: Scenario) => {
  const found = s.world.checks.record();
  if (found === null) throw new Error('the tenant is not provisioned');
  return found;
};
const releases = (s: Scenario): unknown[] =>
  s.world.sql.exec('SELECT release FROM run ORDER BY incarnation').map((row) => row['release']);
const errors = (s: Scenario): (string | undefined)[] =>
  [...s.world.controlPlane.operations.values()].map(({ operation }) => operation.error?.code).filter(Boolean);

/** Passes time until the release that runs is `release` and it is awake. */
async function runs(s: Scenario, release: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const now = record(s);
    if (now.release === release && now.upgrade === null && now.rollingBack === null && now.state.kind === 'awake')
      return;
    await s.pass(10_000);
  }
  throw new Error(`never on ${release}: ${JSON.stringify(record(s))}`);
}

afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

describe('an upgrade', () => {
  it('goes on with the older release while it is tried, then restarts on the newer with everything', async () => {
    const { s, saved, unsaved } = await begin();
    s.world.controlPlane.release(newer);
    await s.pass(minuteMs);
    expect([s.world.trials, s.state.kind, new Set(releases(s))]).toEqual([[newer], 'awake', new Set([older])]);
    s.world.trialOutcome = well;
    await runs(s, newer);
    expect(s.entries).toEqual(expect.arrayContaining([saved, unsaved]));
    expect(releases(s).at(-1)).toBe(newer);
    const row = s.world.sql.exec(
      'SELECT why, protection, release FROM snapshot WHERE id = ?',
      record(s).rollback?.snapshotId ?? '',
    )[0];
    expect(row).toEqual({ why: 'before_upgrade', protection: 'automatic', release: older });
    await s.pass(minuteMs);
    expect([s.unfinished, errors(s)]).toEqual([[], []]);
  });

  it('that fails its trial stays, says why, and is tried again only when somebody asks', async () => {
    const { s } = await begin();
    s.world.trialOutcome = unwell;
    s.world.controlPlane.release(newer);
    await s.pass(2 * minuteMs);
    expect(record(s)).toMatchObject({
      release: older,
      upgrade: null,
      upgradeFailure: { to: newer, code: 'gateway_exit' },
    });
    expect([s.world.trials, s.incarnation, errors(s)]).toEqual([[newer], 1, ['gateway_exit']]);
    s.world.controlPlane.want('active');
    await s.pass(2 * minuteMs);
    expect(s.world.trials).toHaveLength(1);
    s.world.trialOutcome = well;
    s.world.controlPlane.release(newer);
    await runs(s, newer);
    expect(s.world.trials).toHaveLength(2);
  });

  it('of a sleeping assistant wakes nothing, and its next start is on the newer release', async () => {
    const { s, saved } = await begin();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    s.world.trialOutcome = well;
    s.world.controlPlane.release(newer);
    await s.pass(minuteMs);
    expect([s.state.kind, record(s).release, s.unfinished]).toEqual(['asleep', newer, []]);
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).toContain(saved);
    expect(releases(s)).toEqual([older, newer]);
  });

  it('whose last save fails goes on with the older release', async () => {
    const { s, unsaved } = await begin();
    s.world.controlPlane.release(newer);
    await s.pass(minuteMs);
    s.interfere('.snapshot', () => 'fails');
    s.world.trialOutcome = well;
    await s.pass(5 * minuteMs);
    s.peace();
    expect(record(s)).toMatchObject({ release: older, upgradeFailure: { code: 'snapshot_failed' } });
    await s.reach('awake');
    expect(s.entries).toContain(unsaved);
  });
});

describe('a rollback', () => {
  it('brings back the release with the state from before, and keeps what came after', async () => {
    const { s, saved, unsaved } = await begin();
    s.world.trialOutcome = well;
    s.world.controlPlane.release(newer);
    await runs(s, newer);
    const after = s.write();
    await s.pass(minuteMs);
    s.world.controlPlane.release(older);
    await runs(s, older);
    expect(s.entries).toEqual(expect.arrayContaining([saved, unsaved]));
    expect(s.entries).not.toContain(after);
    expect(record(s)).toMatchObject({ rollback: null, upgradeFailure: null });
    const kept = s.world.sql.exec("SELECT release FROM snapshot WHERE why = 'before_restore' AND complete = 1");
    expect(kept).toEqual([{ release: newer }]);
    await s.pass(minuteMs);
    expect([s.unfinished, errors(s)]).toEqual([[], []]);
  });
});

describe('with one call in turn going wrong', () => {
  const points = Array.from({ length: 36 }, (_, i) => i + 1);
  it.each([
    ['crash_before', ''],
    ['crash_after', ''],
    ['answer_lost', '.'],
    ['fails', '.'],
  ] as const)('%s', async (fault, calls) => {
    for (const at of points) {
      const { s, saved, unsaved } = await begin();
      s.world.trialOutcome = well;
      s.interfere(calls, (n) => (n === at ? fault : null));
      s.world.controlPlane.release(newer);
      await runs(s, newer);
      const after = s.write();
      await s.pass(minuteMs);
      s.interfere(calls, (n) => (n === at ? fault : null));
      s.world.controlPlane.release(older);
      await runs(s, older);
      s.peace();
      expect(s.entries).toEqual(expect.arrayContaining([saved, unsaved]));
      expect(s.entries).not.toContain(after);
      await s.pass(minuteMs);
      expect([at, s.unfinished, s.world.checks.violations]).toEqual([at, [], []]);
      if (at !== points.at(-1)) s.world.close();
    }
  });
});
