import { expect, it } from 'vitest';
import { isNewerRelease } from './release-order.ts';

it.each([
  ['2026.9.7', '2026.9.6', true],
  ['2026.10.1', '2026.9.6', true],
  ['2027.1.1', '2026.12.30', true],
  ['2026.9.6', '2026.9.6', false],
  ['2026.9.6', '2026.10.1', false],
  ['main', '2026.9.6', false],
])('%s is newer than %s: %s', (a, b, expected) => {
  expect(isNewerRelease(a, b)).toBe(expected);
});
