/**
 * The copy of what Stripe says of one customer, and what it means. Pure: `mirrorOf` makes the copy from a whole reading,
 * never from an event and never from the copy before, so that order and repeats of events cannot matter.
 */
import { z } from 'zod';
import { planOfLookupKey } from './plans.ts';
import type { Plan } from './plans.ts';

const int = z.number().int();

export const subscriptionStatuses = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
] as const;

/** One subscription as it was read. */
export const SubscriptionTruth = z.object({
  id: z.string(),
  status: z.enum(subscriptionStatuses),
  createdMs: int,
  /** Lookup key of the plan's price; null for one that is none of ours. */
  planKey: z.string().nullable(),
  /** Stripe's ids of the items, by lookup key. */
  items: z.record(z.string(), z.string()),
  periodStartMs: int,
  periodEndMs: int,
  cancelAtMs: int.nullable(),
  endedAtMs: int.nullable(),
  /** Stripe's reason when it ended: by payment failure, by request, by dispute. */
  endedBecause: z.string().nullable(),
  invoice: z
    .object({
      id: z.string(),
      status: z.string().nullable(),
      dueCents: int,
      attempts: int,
      nextAttemptMs: int.nullable(),
      payUrl: z.string().nullable(),
    })
    .nullable(),
});
export type SubscriptionTruth = z.infer<typeof SubscriptionTruth>;

export const CustomerTruth = z.object({
  customerId: z.string(),
  deleted: z.boolean(),
  card: z.object({ brand: z.string(), last4: z.string() }).nullable(),
  subscriptions: z.array(SubscriptionTruth).max(100),
});
export type CustomerTruth = z.infer<typeof CustomerTruth>;

export const Mirror = z.object({
  card: CustomerTruth.shape.card,
  subscription: SubscriptionTruth.nullable(),
  /** Living subscriptions besides the one that counts: there should be none. */
  extraIds: z.array(z.string()),
});
export type Mirror = z.infer<typeof Mirror>;

export const emptyMirror: Mirror = { card: null, subscription: null, extraIds: [] };

/** Living ones first; of several the oldest, so that a second one by mistake never takes over. */
const rank: Record<SubscriptionTruth['status'], number> = {
  active: 0,
  trialing: 0,
  past_due: 1,
  unpaid: 1,
  paused: 1,
  incomplete: 2,
  canceled: 3,
  incomplete_expired: 4,
};
const living = (each: SubscriptionTruth): boolean => rank[each.status] < 2;

export function mirrorOf(truth: CustomerTruth): Mirror {
  const ours = truth.subscriptions.filter(({ planKey }) => planKey !== null && planOfLookupKey(planKey) !== null);
  const sorted = ours.toSorted((a, b) => {
    if (rank[a.status] !== rank[b.status]) return rank[a.status] - rank[b.status];
    // Of those that ended the newest tells why it is over.
    return living(a) ? a.createdMs - b.createdMs || order(a.id, b.id) : b.createdMs - a.createdMs || order(a.id, b.id);
  });
  const [subscription = null, ...others] = sorted;
  return { card: truth.card, subscription, extraIds: others.filter(living).map(({ id }) => id) };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function planOfMirror({ subscription }: Mirror): Plan | null {
  const key = subscription?.planKey ?? null;
  return key === null ? null : planOfLookupKey(key);
}

/** What the copy says of paying: all that the service state looks at. */
export type Standing = 'paid' | 'owing' | 'cancelled' | 'none';

export function standingOf({ subscription }: Mirror): Standing {
  if (subscription === null) return 'none';
  switch (subscription.status) {
    case 'active':
    case 'trialing':
      return 'paid';
    case 'past_due':
    case 'unpaid':
      // An invoice that nobody tried to collect is our failure or Stripe's, not theirs.
      return subscription.invoice !== null && subscription.invoice.attempts === 0 ? 'paid' : 'owing';
    case 'paused':
      return 'owing';
    case 'canceled':
      return subscription.endedBecause === 'payment_failed' ? 'owing' : 'cancelled';
    case 'incomplete':
    case 'incomplete_expired':
      return 'none';
    default:
      return subscription.status satisfies never;
  }
}
