import { expect, test } from 'vitest';
import { stableHash } from './stable-hash.ts';

test('the same for ever: who was in a ring stays in it', () => {
  expect([stableHash(''), stableHash('ten_1'), stableHash('ten_2')]).toMatchInlineSnapshot(`
    [
      2872998923,
      3446256441,
      3339086860,
    ]
  `);
});

test('ids that differ in one character are spread evenly over a hundred places', () => {
  const places = Array.from({ length: 100 }, () => 0);
  for (let i = 0; i < 20_000; i++) {
    const place = stableHash(`ten_${i}`) % 100;
    places[place] = (places[place] ?? 0) + 1;
  }
  expect(Math.min(...places)).toBeGreaterThan(140);
  expect(Math.max(...places)).toBeLessThan(260);
});
