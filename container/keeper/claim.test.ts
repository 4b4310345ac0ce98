import { expect, test } from 'vitest';
import { ClaimGate } from './claim.ts';

const request = { token: 'a'.repeat(40), tenantId: 'ten_1', incarnation: 3 };

test('the first caller owns the keeper; the same owner may come again, nobody else', () => {
  const gate = new ClaimGate();
  expect(gate.claimed).toBe(false);
  expect(gate.authorizes(`Bearer ${request.token}`)).toBe(false);
  expect(gate.claim(request, '10.0.0.1')).toBe('claimed');
  expect(gate.claim(request, '10.0.0.1')).toBe('same');
  expect(gate.claim({ ...request, token: 'b'.repeat(40) }, '10.0.0.1')).toBe('refused');
  expect(gate.claim({ ...request, incarnation: 2 }, '10.0.0.1')).toBe('refused');
  expect(gate.claim({ ...request, tenantId: 'ten_2' }, '10.0.0.1')).toBe('refused');
});

test.each([
  ['the token', `Bearer ${'a'.repeat(40)}`, true],
  ['another token', `Bearer ${'a'.repeat(39)}b`, false],
  ['a shorter one', 'Bearer a', false],
  ['no scheme', 'a'.repeat(40), false],
  ['nothing', undefined, false],
])('%s as authorization', (_what, header, allowed) => {
  const gate = new ClaimGate();
  gate.claim(request, '10.0.0.1');
  expect(gate.authorizes(header)).toBe(allowed);
});

test("only the owner's addresses are trusted, a bounded number of them, in plain IPv4 form", () => {
  const gate = new ClaimGate();
  gate.claim(request, '::ffff:10.0.0.1');
  gate.claim({ ...request, token: 'b'.repeat(40) }, '10.6.6.6');
  gate.claim(request, '10.0.0.1');
  expect(gate.peers).toEqual(['10.0.0.1']);
  for (let i = 2; i < 100; i++) gate.claim(request, `10.0.0.${i}`);
  expect(gate.peers).toHaveLength(8);
});
