// The control plane with the Stripe stand-in beside it, on one clock that the test moves: whoever moves it lets the
// stand-in do what is due, brings its news to the webhook, and runs billing's part of the sweep.

import { createBilling } from '../../../../apps/control-plane/src/billing.ts';
import { sweepBilling } from '../../../../apps/control-plane/src/jobs/billing.ts';
import type { Billing as BillingView } from '../../../../apps/control-plane/src/contract/billing-api.ts';
import { StripeStandIn } from '../../../../local/stripe/stand-in.ts';
import { createWorld, json, newPerson, rows, type Person, type World } from './world.ts';

export const webhookSecret = 'whsec_only_for_tests';
const dayMs = 86_400_000;

export interface News {
  readonly body: string;
  readonly signature: string;
}

export interface BillingWorld extends World {
  readonly stripe: StripeStandIn;
  news(): Promise<News[]>;
  tell(news: News): Promise<Response>;
  /** Brings all news there is, in order. */
  deliver(): Promise<void>;
  sweep(): Promise<void>;
  /** Moves the clock, a sweep a day, news as it comes. */
  days(count: number): Promise<void>;
  /** The same without looking on the way: what is due meanwhile is late. */
  jump(days: number): Promise<void>;
}

export async function createBillingWorld(startMs = Date.UTC(2026, 10, 21, 9)): Promise<BillingWorld> {
  let stripe: StripeStandIn | null = null;
  const world = await createWorld(
    {},
    {
      billing: (clock) => {
        clock.nowMs = startMs;
        const made = new StripeStandIn({ origin: 'http://stripe.test', realNowMs: () => clock.nowMs });
        stripe = made;
        return createBilling(
          {
            secretKey: 'sk_test_standin',
            webhookSecrets: ['whsec_the_one_before', webhookSecret],
            apiBase: 'http://stripe.test',
            tax: false,
            meters: true,
            standIn: true,
          },
          { retriesMax: 0, fetch: async (input, init) => made.fetch(new Request(input, init)) },
        );
      },
    },
  );
  if (stripe === null) throw new Error('the world made no billing');
  const at: StripeStandIn = stripe;
  const self: BillingWorld = {
    ...world,
    stripe: at,
    news: () => at.takeNews(webhookSecret),
    tell: ({ body, signature }) =>
      world.fetch('/api/stripe/webhook', { method: 'POST', body, headers: { 'stripe-signature': signature } }),
    async deliver() {
      for (const each of await self.news()) {
        await json(self.tell(each));
        await world.settled();
      }
    },
    async sweep() {
      await sweepBilling(world.ctx);
      await world.settled();
    },
    async days(count) {
      for (let day = 0; day < count; day++) await self.jump(1);
    },
    async jump(days) {
      world.clock.nowMs += days * dayMs;
      at.catchUp();
      await self.deliver();
      await self.sweep();
    },
  };
  return self;
}

export const billingOf = (person: Person): Promise<BillingView> =>
  json<BillingView>(person.browser.get(`/api/v1/orgs/${person.orgId}/billing`));

export function send(
  person: Person,
  path: string,
  body: unknown,
  key: string = crypto.randomUUID(),
): Promise<Response> {
  return person.browser.post(`/api/v1/orgs/${person.orgId}/billing/${path}`, body, { 'idempotency-key': key });
}

/** Fills in the card on a page of the stand-in. */
export async function payAt(world: BillingWorld, url: string, card = '4242424242424242'): Promise<Response> {
  const body = new URLSearchParams({ card }).toString();
  return world.stripe.fetch(new Request(url, { method: 'POST', body }));
}

/** Somebody with a paid plan. */
export async function payingPerson(
  world: BillingWorld,
  plan: 'pool' | 'reef' = 'pool',
  card?: string,
): Promise<Person> {
  const person = await newPerson(world);
  const { url } = await json<{ url: string }>(send(person, 'checkouts', { plan }), 201);
  await payAt(world, url, card);
  await world.deliver();
  return person;
}

/** An assistant's absolute totals of a month, as its reports would leave them. */
export async function use(tenantId: string, period: string, of: { aiNanoUsd: number; awakeMs: number }): Promise<void> {
  const body = JSON.stringify({ period, spentNanoUsd: of.aiNanoUsd, awakeMs: of.awakeMs });
  await rows(
    'INSERT OR REPLACE INTO usage_period (tenant_id, period, version, awake_ms, body) VALUES (?, ?, 1, ?, ?)',
    tenantId,
    period,
    of.awakeMs,
    body,
  );
}
