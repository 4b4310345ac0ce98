// Setting an account up: what is missing is made once, what is there is left, what differs is said.

import { expect, test } from 'vitest';
import { createStripe } from '../../apps/control-plane/src/adapters/stripe/client.ts';
import { setUpStripe } from './set-up.ts';
import { StripeStandIn } from './stand-in.ts';

function account() {
  const standIn = new StripeStandIn({
    origin: 'http://stripe.test',
    realNowMs: () => Date.UTC(2026, 10, 21),
    bare: true,
  });
  const stripe = createStripe({
    secretKey: 'sk_test_x',
    apiBase: 'http://stripe.test',
    fetch: async (input, init) => standIn.fetch(new Request(input, init)),
  });
  return { standIn, stripe };
}
const states = async (...of: Parameters<typeof setUpStripe>) =>
  new Set((await setUpStripe(...of)).map(({ state }) => state));

test('looks first, makes what is missing once, and leaves a price that differs', async () => {
  const { standIn, stripe } = account();
  expect(await states(stripe, { apply: false })).toEqual(new Set(['missing']));
  expect(standIn.store.all('price')).toHaveLength(0);
  expect(await states(stripe, { apply: true })).toEqual(new Set(['made']));
  expect(await states(stripe, { apply: true })).toEqual(new Set(['there']));
  expect(standIn.store.all('price')).toHaveLength(4);
  const pool = standIn.store.all('price').find(({ lookup_key: key }) => key === 'tidepool_pool_2026-11');
  Object.assign(pool ?? {}, { unit_amount: 1 });
  expect(await setUpStripe(stripe, { apply: true })).toContainEqual({
    what: 'price tidepool_pool_2026-11',
    state: 'differs',
  });
  expect(pool?.unit_amount).toBe(1);
});
