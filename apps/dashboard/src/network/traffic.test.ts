import { expect, test } from 'vitest';
import { trafficOfDay } from './traffic.ts';

const row = (day: string, host: string, n: number) => ({
  day,
  host,
  allowed: n,
  denied: 1,
  bytesOut: 10 * n,
  bytesIn: 7,
});

test('a day is its own rows, and their sum', () => {
  const traffic = [row('2026-11-21', 'a.com', 2), row('2026-11-21', 'b.com', 3), row('2026-11-20', 'a.com', 50)];
  const { rows, total } = trafficOfDay(traffic, '2026-11-21');
  expect(rows.map(({ host }) => host)).toEqual(['a.com', 'b.com']);
  expect(total).toEqual({ allowed: 5, denied: 2, bytesOut: 50, bytesIn: 14 });
  expect(trafficOfDay(traffic, '')).toEqual({ rows: [], total: { allowed: 0, denied: 0, bytesOut: 0, bytesIn: 0 } });
});
