import { expect, onTestFinished, test } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { migrate } from './migrate.ts';
import { Schedule, SCHEDULE_MIGRATIONS } from './schedule.ts';

function opened(): Schedule {
  const sql = openNodeSql();
  onTestFinished(() => sql.close());
  migrate(sql, SCHEDULE_MIGRATIONS, 0);
  return new Schedule(sql);
}

test('remembers the next run, and tells a run that began from a plan that changed', () => {
  const schedule = opened();
  expect(schedule.read()).toEqual({ nextRunAtMs: null, wakes: 0, lastWakeAtMs: null });
  expect(schedule.mirror(null, 10)).toBe('same');
  expect(schedule.mirror(1_000, 10)).toBe('changed');
  expect(schedule.mirror(1_000, 999)).toBe('same');
  expect(schedule.mirror(900, 20)).toBe('changed');
  expect(schedule.mirror(5_000, 900)).toBe('run_begun');
  expect(schedule.read()).toEqual({ nextRunAtMs: 5_000, wakes: 0, lastWakeAtMs: null });
});

test('counts wakes by the run they are for', () => {
  const schedule = opened();
  schedule.mirror(1_000, 0);
  schedule.woken(900);
  schedule.woken(1_100);
  expect(schedule.read()).toEqual({ nextRunAtMs: 1_000, wakes: 2, lastWakeAtMs: 1_100 });
  schedule.mirror(2_000, 1_200);
  expect(schedule.read()).toEqual({ nextRunAtMs: 2_000, wakes: 0, lastWakeAtMs: null });
  // Told again of a run that it was woken for in vain: the count goes on.
  schedule.mirror(1_000, 1_300);
  expect(schedule.read()).toMatchObject({ wakes: 2 });
  schedule.mirror(2_000, 1_400);
  schedule.woken(1_900);
  expect(schedule.read()).toEqual({ nextRunAtMs: 2_000, wakes: 1, lastWakeAtMs: 1_900 });
  schedule.mirror(null, 2_100);
  schedule.woken(2_200);
  expect(schedule.read()).toEqual({ nextRunAtMs: null, wakes: 0, lastWakeAtMs: null });
});
