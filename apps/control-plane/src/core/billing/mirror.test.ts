// What is made of a reading of Stripe, and what it means.

import { expect, test } from 'vitest';
import { mirrorOf, standingOf, subscriptionStatuses } from './mirror.ts';
import type { SubscriptionTruth } from './mirror.ts';

const one = (over: Partial<SubscriptionTruth> = {}): SubscriptionTruth => ({
  id: 'sub_1',
  status: 'active',
  createdMs: 1_000,
  planKey: 'tidepool_pool_2026-11',
  items: { 'tidepool_pool_2026-11': 'si_1' },
  periodStartMs: 0,
  periodEndMs: 10_000,
  cancelAtMs: null,
  endedAtMs: null,
  endedBecause: null,
  invoice: { id: 'in_1', status: 'open', dueCents: 1_500, attempts: 1, nextAttemptMs: null, payUrl: null },
  ...over,
});
const read = (...subscriptions: SubscriptionTruth[]) =>
  mirrorOf({ customerId: 'cus_1', deleted: false, card: null, subscriptions });

test('each status by what it means', () => {
  const meaning = subscriptionStatuses.map((status) => `${status}: ${standingOf(read(one({ status })))}`);
  expect(meaning).toEqual([
    'incomplete: none',
    'incomplete_expired: none',
    'trialing: paid',
    'active: paid',
    'past_due: owing',
    'canceled: cancelled',
    'unpaid: owing',
    'paused: owing',
  ]);
});

test('an invoice that nobody tried to collect is no debt', () => {
  const invoice = { id: 'in_1', status: 'open', dueCents: 1_500, attempts: 0, nextAttemptMs: null, payUrl: null };
  expect(standingOf(read(one({ status: 'past_due', invoice })))).toBe('paid');
});

test('ended because payments failed goes on down step by step, ended by request is over', () => {
  expect(standingOf(read(one({ status: 'canceled', endedBecause: 'payment_failed' })))).toBe('owing');
  expect(standingOf(read(one({ status: 'canceled', endedBecause: 'cancellation_requested' })))).toBe('cancelled');
});

test('of several the oldest living one counts, in whatever order they are listed', () => {
  const all = [
    one({ id: 'sub_ended', status: 'canceled', createdMs: 1 }),
    one({ id: 'sub_old', createdMs: 5 }),
    one({ id: 'sub_new', createdMs: 9 }),
    one({ id: 'sub_other', planKey: null, createdMs: 2 }),
    one({ id: 'sub_late', status: 'past_due', createdMs: 1 }),
  ];
  for (const order of [all, all.toReversed()]) {
    const mirror = read(...order);
    expect(mirror.subscription?.id).toBe('sub_old');
    expect(new Set(mirror.extraIds)).toEqual(new Set(['sub_new', 'sub_late']));
  }
});

test('nothing there is nothing paid', () => {
  expect(standingOf(read())).toBe('none');
  expect(read(one({ planKey: 'someone_elses' })).subscription).toBeNull();
});
