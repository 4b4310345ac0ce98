/** Restoring to a point in hand-written worlds: the chosen state comes, the replaced one stays within reach, nothing is lost. */
import { afterEach, describe, expect, it } from 'vitest';
import { minuteMs, Scenario } from './scenario.ts';

let scenario: Scenario;

/** Awake with three generations: entries `first`, `second`, and one that is not saved yet. */
async function begin(): Promise<{ s: Scenario; first: number; second: number; unsaved: number; oldest: string }> {
  scenario = new Scenario();
  const s = scenario;
  await s.awake();
  const first = s.write();
  await s.pass(minuteMs);
  const oldest = newest(s);
  const second = s.write();
  await s.pass(minuteMs);
  expect(newest(s)).not.toBe(oldest);
  const unsaved = s.write();
  return { s, first, second, unsaved, oldest };
}

const newest = (s: Scenario): string => [...s.world.checks.completed.keys()].at(-1) ?? '';
const marker = (s: Scenario) => s.world.sql.exec('SELECT * FROM snapshot_restore')[0];
const errors = (s: Scenario): (string | undefined)[] =>
  [...s.world.controlPlane.operations.values()].map(({ operation }) => operation.error?.code).filter(Boolean);

afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

describe('a restore of a running assistant', () => {
  it('brings the chosen state, and an undo brings back everything, with what was not saved before', async () => {
    const { s, first, second, unsaved, oldest } = await begin();
    s.world.controlPlane.restore(oldest);
    await s.reach('draining');
    await s.reach('awake');
    expect(s.entries).toContain(first);
    expect(s.entries).not.toContain(second);
    const after = s.write();
    await s.pass(minuteMs);
    expect(marker(s)).toMatchObject({ chosen: oldest, stage: 'done' });
    s.world.controlPlane.undoRestore();
    await s.reach('draining');
    await s.reach('awake');
    expect(s.entries).toEqual(expect.arrayContaining([first, second, unsaved]));
    expect(s.entries).not.toContain(after);
    await s.pass(minuteMs);
    expect(s.unfinished).toEqual([]);
  });

  it.each(['start', 'claim', 'restore', 'startGateway'])(
    'never falls back to the replaced state when its first %s is cut off and the container is lost',
    async (call) => {
      const { s, second, oldest } = await begin();
      s.world.controlPlane.restore(oldest);
      await s.reach('waking');
      s.interfere(`.${call}`, (n) => (n === 1 ? 'crash_after' : null));
      await s.pass(3_000);
      s.container.die();
      await s.reach('awake');
      expect(s.entries).not.toContain(second);
      s.peace();
    },
  );

  it('goes back to the replaced state, and says so, when the chosen one cannot be read', async () => {
    const { s, second, unsaved, oldest } = await begin();
    s.world.bucket.lose(oldest);
    s.world.controlPlane.restore(oldest);
    await s.reach('draining');
    await s.reach('awake');
    expect(s.entries).toEqual(expect.arrayContaining([second, unsaved]));
    await s.pass(minuteMs);
    expect(errors(s)).toContain('snapshot_unreadable');
    expect(marker(s)).toMatchObject({ stage: 'unreadable' });
    expect(s.unfinished).toEqual([]);
  });

  it('of one that is being removed is refused, also when its removal does not end (seed 100584)', async () => {
    const { s } = await begin();
    const early = [...s.world.checks.completed.keys()];
    s.interfere('r2.remove', () => 'answer_lost');
    for (let i = 0; i < 8; i++) {
      await s.pass(minuteMs);
      s.write();
    }
    await s.pass(minuteMs);
    const gone = early.find((id) => !s.world.bucket.data.has(id)) ?? 'none';
    expect(gone).not.toBe('none');
    s.world.controlPlane.restore(gone);
    await s.pass(minuteMs);
    expect(s.state.kind).toBe('awake');
    expect(marker(s)?.['chosen'] ?? null).toBeNull();
    s.peace();
  });

  it('does not happen when what is there cannot be saved first: the assistant goes on as it was', async () => {
    const { s, unsaved, oldest } = await begin();
    s.interfere('.snapshot', () => 'fails');
    s.world.controlPlane.restore(oldest);
    await s.reach('draining');
    await s.reach('awake');
    s.peace();
    expect(s.entries).toContain(unsaved);
    expect(marker(s)).toMatchObject({ stage: 'not_saved' });
    await s.pass(minuteMs);
    expect(errors(s)).toContain('snapshot_failed');
  });
});

describe('a restore of a sleeping assistant', () => {
  it('waits for the next start, and wakes nothing itself', async () => {
    const { s, second, oldest } = await begin();
    s.world.controlPlane.command('sleep');
    await s.reach('asleep');
    s.world.controlPlane.restore(oldest);
    await s.pass(minuteMs);
    expect(s.state.kind).toBe('asleep');
    expect(s.unfinished).toEqual([]);
    s.world.controlPlane.visit();
    await s.reach('awake');
    expect(s.entries).not.toContain(second);
    s.world.controlPlane.undoRestore();
    await s.reach('draining');
    await s.reach('awake');
    expect(s.entries).toContain(second);
  });
});

describe('a snapshot by hand', () => {
  it('is taken at once, and told as an operation', async () => {
    const { s, unsaved } = await begin();
    s.world.controlPlane.snapshot();
    await s.pass(12_000);
    expect(s.world.checks.completed.get(newest(s))).toContain(unsaved);
    const row = s.world.sql.exec('SELECT why, protection FROM snapshot WHERE id = ?', newest(s))[0];
    expect(row).toMatchObject({ why: 'manual', protection: 'customer' });
    expect(s.unfinished).toEqual([]);
  });

  it('that fails is told, and not tried again unasked', async () => {
    const { s } = await begin();
    s.interfere('.snapshot', (n) => (n === 1 ? 'fails' : null));
    s.world.controlPlane.snapshot();
    await s.pass(minuteMs);
    expect(errors(s)).toContain('snapshot_failed');
    expect(s.world.sql.exec("SELECT count(*) AS n FROM snapshot WHERE why = 'manual' AND complete = 1")[0]?.['n']).toBe(
      0,
    );
  });
});
