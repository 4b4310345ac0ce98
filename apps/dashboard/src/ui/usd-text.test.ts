import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUsd, parseUsdOrNone, usdFieldText } from './usd-text.ts';

describe('an amount that is typed', () => {
  it.each([
    ['20', 20_000_000_000],
    [' $12.50 ', 12_500_000_000],
    ['0', 0],
    ['0.000000001', 1],
    ['7.', 7_000_000_000],
    ['1000000', 1_000_000_000_000_000],
  ])('reads %j', (text, nanoUsd) => {
    expect(parseUsd(text)).toEqual({ ok: true, nanoUsd });
    expect(parseUsdOrNone(text)).toEqual({ ok: true, nanoUsd });
  });

  it.each(['-1', '1,500', '12,50', '1e3', '1.0000000001', '0x10', 'abc', '1000000.01', '1.2.3', 'NaN', '$'])(
    'refuses %j with a reason',
    (text) => {
      for (const parsed of [parseUsd(text), parseUsdOrNone(text)]) {
        expect(parsed.ok ? '' : parsed.reason).toMatch(/\.$/);
      }
    },
  );

  it('may be left empty only where that means something', () => {
    expect(parseUsd(' ').ok).toBe(false);
    expect(parseUsdOrNone(' ')).toEqual({ ok: true, nanoUsd: null });
  });

  it('has the bound that is asked for, itself included, and says it', () => {
    expect(parseUsd('12.5', 12_500_000_000).ok).toBe(true);
    expect(parseUsd('12.500000001', 12_500_000_000)).toEqual({ ok: false, reason: 'It can be at most $12.50.' });
  });

  it('is the text that a stored one puts into the field', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000_000 }), (nanoUsd) => {
        expect(parseUsd(usdFieldText(nanoUsd))).toEqual({ ok: true, nanoUsd });
      }),
    );
    expect([20_000_000_000, 12_500_000_000, null].map(usdFieldText)).toEqual(['20', '12.50', '']);
  });
});
