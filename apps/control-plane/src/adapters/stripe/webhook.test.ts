// What is taken for news: only what one of our secrets signed lately. What is signed and unreadable is a failure of ours,
// and not called a wrong signature.

import { Stripe } from 'stripe';
import { expect, it } from 'vitest';
import { readStripeNews } from './webhook.ts';

const nowMs = Date.UTC(2026, 10, 21);
const secrets = ['whsec_new', 'whsec_old'];
const event = {
  id: 'evt_1',
  type: 'invoice.paid',
  created: nowMs / 1_000,
  data: { object: { id: 'in_1', customer: 'cus_1' } },
};

const read = (body: string, secret = 'whsec_new', signedMs = nowMs) =>
  readStripeNews(
    body,
    Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: Math.floor(signedMs / 1_000) }),
    { secrets, nowMs },
  );

it('is what either secret signed in the last five minutes', async () => {
  const news = { id: 'evt_1', type: 'invoice.paid', objectId: 'in_1', customerId: 'cus_1', createdMs: nowMs };
  for (const secret of secrets) expect(await read(JSON.stringify(event), secret)).toEqual(news);
  expect(await read(JSON.stringify(event), 'whsec_other')).toBeNull();
  expect(await read(JSON.stringify(event), 'whsec_new', nowMs - 301_000)).toBeNull();
  expect(await readStripeNews(JSON.stringify(event), 't=1,v1=junk', { secrets, nowMs })).toBeNull();
  expect(await readStripeNews(JSON.stringify(event), null, { secrets, nowMs })).toBeNull();
});

it('is a failure when it is signed and cannot be read', async () => {
  for (const body of [JSON.stringify({ ...event, data: 7 }), 'no JSON']) {
    await expect(read(body), body).rejects.toThrow();
  }
});
