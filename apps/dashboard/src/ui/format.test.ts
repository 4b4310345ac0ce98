import { describe, expect, it } from 'vitest';
import { decimalFromNano } from '../../../control-plane/src/contract/money.ts';
import {
  capRatio,
  counted,
  formatBytes,
  formatCap,
  formatClock,
  formatCount,
  formatDate,
  formatDuration,
  formatElapsed,
  formatSpan,
  formatUsd,
  formatUsdExact,
  formatUtc,
  formatWhen,
} from './format.ts';

const en = { locale: 'en-US', timeZone: 'UTC' };

describe('money', () => {
  it('is exact as a decimal, to the nano-dollar and at the largest safe integer', () => {
    expect(decimalFromNano(0)).toBe('0.000000000');
    expect(decimalFromNano(1)).toBe('0.000000001');
    expect(decimalFromNano(1_500)).toBe('0.000001500');
    expect(decimalFromNano(-2_000_000_001)).toBe('-2.000000001');
    expect(decimalFromNano(Number.MAX_SAFE_INTEGER)).toBe('9007199.254740991');
  });

  it.each([
    [0, '$0.00'],
    [1, '$0.000000001'],
    [213_457, '$0.000213'],
    [9_999_999, '$0.01'],
    [10_000_000, '$0.01'],
    [12_345_678, '$0.0123'],
    [302_400_000, '$0.3024'],
    [999_950_000, '$1.00'],
    [1_000_000_000, '$1.00'],
    [4_213_400_120, '$4.21'],
    [1_234_567_891_000, '$1,234.57'],
  ])('%d nano reads as %s', (nano, text) => {
    expect(formatUsd(nano, en)).toBe(text);
  });

  it('shows all nine decimals on demand, without a float in between', () => {
    expect(formatUsdExact(213_457, en)).toBe('$0.000213457');
    expect(formatUsdExact(Number.MAX_SAFE_INTEGER, en)).toBe('$9,007,199.254740991');
  });

  it('shows a cap in whole dollars where it is one', () => {
    expect(formatCap(20_000_000_000, en)).toBe('$20');
    expect(formatCap(12_500_000_000, en)).toBe('$12.50');
    expect(formatCap(1, en)).toBe('$0.000000001');
  });

  it('never calls a zero cap empty', () => {
    expect(capRatio(0, 0)).toBe(1);
    expect(capRatio(5, 10)).toBe(0.5);
    expect(capRatio(30, 10)).toBe(3);
  });
});

describe('sizes and counts', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [1_549, '1.5 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [18_400_000, '18 MB'],
    [2_340_000_000, '2.3 GB'],
    [5e15, '5,000 TB'],
  ])('%d bytes read as %s', (bytes, text) => {
    expect(formatBytes(bytes, en)).toBe(text);
  });

  it('groups counts, and one is one', () => {
    expect(formatCount(1_234_567, en)).toBe('1,234,567');
    expect([0, 1, 1_200].map((files) => counted(files, 'file', en))).toEqual(['0 files', '1 file', '1,200 files']);
  });
});

describe('time', () => {
  it.each([
    [-5, '0.0 s'],
    [480, '0.4 s'],
    [14_900, '14 s'],
    [59_999, '59 s'],
    [65_000, '1 min 05 s'],
    [3_600_000, '1 h 00 min'],
  ])('a clock at %d ms shows %s', (ms, text) => {
    expect(formatElapsed(ms)).toBe(text);
  });

  it('measures short steps to a tenth', () => {
    expect(formatDuration(9_949)).toBe('9.9 s');
    expect(formatDuration(12_300)).toBe('12 s');
  });

  it.each([
    [0, 'none yet'],
    [59_999, 'under 1 min'],
    [47 * 60_000, '47 min'],
    [60_420_000, '16 h 47 min'],
  ])('a span of %d ms reads as %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });

  const now = Date.UTC(2026, 10, 21, 12, 0, 0);
  it.each([
    [now - 10_000, 'just now'],
    [now + 10_000, 'just now'],
    [now - 5 * 60_000, '5 minutes ago'],
    [now - 50_000, '1 minute ago'],
    [now - 3_599_000, '59 minutes ago'],
    [now + 3_599_000, 'in 59 minutes'],
    [now - 3 * 3_600_000, '3 hours ago'],
    [now - 86_399_000, '23 hours ago'],
    [now - 3 * 86_400_000, 'Nov 18, 2026'],
  ])('%d is said as %s', (at, text) => {
    expect(formatWhen(at, now, en)).toBe(text);
  });

  it('names the zone of the viewer, and UTC beside it', () => {
    expect(formatClock(now, { locale: 'en-GB', timeZone: 'Europe/Stockholm' })).toBe('13:00:00');
    expect(formatDate(Date.UTC(2026, 10, 21, 23), { locale: 'en-US', timeZone: 'Asia/Tokyo' })).toBe(
      'November 22, 2026',
    );
    expect(formatUtc(now)).toBe('2026-11-21 12:00:00 UTC');
  });
});
