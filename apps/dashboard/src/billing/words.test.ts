import { expect, test } from 'vitest';
import type { Billing } from '../../../control-plane/src/contract/billing-api.ts';
import { cents, hours, stateWords } from './words.ts';

const kinds = ['operator', 'trial', 'active', 'grace', 'restricted', 'suspended', 'frozen', 'deleted'] as const;

const billing = (kind: (typeof kinds)[number], endsAt: string | null = null): Billing =>
  ({
    plan: { name: 'Pool' },
    service: {
      kind,
      why: kind === 'suspended' ? 'unpaid' : null,
      next: { kind: 'suspended', at: '2026-12-05T09:00:00Z' },
    },
    subscription: { endsAt },
  }) as unknown as Billing;

test('every state that needs words has them, with its date', () => {
  const told = kinds.map((kind) => [kind, stateWords(billing(kind))] as const);
  expect(told.filter(([, words]) => words === null).map(([kind]) => kind)).toEqual(['operator', 'active', 'deleted']);
  for (const [kind, words] of told) {
    if (words !== null && kind !== 'frozen') expect(`${words.title} ${words.text}`).toContain('2026');
  }
});

test('a plan that ends says when', () => {
  expect(stateWords(billing('active', '2027-01-01T00:00:00Z'))?.title).toMatch(/^Pool ends on .*2027/);
});

test('hours and cents read like a price list', () => {
  expect([hours(0), hours(5_400_000), hours(288_000_000)]).toEqual(['0 h', '1.5 h', '80 h']);
  expect([cents(1_500), cents(1_509)]).toEqual(['$15', '$15.09']);
});
