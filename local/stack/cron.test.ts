import { expect, test } from 'vitest';
import { cronIsDue } from './cron.ts';

const at = (text: string): number => Date.parse(`${text}Z`);

test.each([
  ['*/5 * * * *', '2026-11-21T08:10:30', true],
  ['*/5 * * * *', '2026-11-21T08:11:00', false],
  ['0 3 * * *', '2026-11-21T03:00:59', true],
  ['0 3 * * *', '2026-11-21T04:00:00', false],
  ['10-20/5 * * * *', '2026-11-21T08:15:00', true],
  ['10-20/5 * * * *', '2026-11-21T08:25:00', false],
  ['0,30 * * * *', '2026-11-21T08:30:00', true],
  ['3/20 * * * *', '2026-11-21T08:43:00', true],
  ['0 0 1 1 *', '2027-01-01T00:00:00', true],
  ['0 0 * * 1', '2026-11-22T00:00:00', true], // A Sunday is day 1.
  ['0 0 * * 1', '2026-11-23T00:00:00', false],
])('%s at %s: %s', (expression, time, due) => {
  expect(cronIsDue(expression, at(time))).toBe(due);
});

test('an expression it cannot read is an error, not silence', () => {
  expect(() => cronIsDue('0 0 * * SUN', at('2026-11-22T00:00:00'))).toThrow('day of week field "SUN"');
  expect(() => cronIsDue('* * *', at('2026-11-22T00:00:00'))).toThrow('five fields');
});
