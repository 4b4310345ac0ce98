// Billing against the stateful stand-in: one customer under any number of clicks, the inbox, money in and back, limits.

import { beforeAll, expect, it, vi } from 'vitest';
import {
  billingOf,
  createBillingWorld,
  payAt,
  payingPerson,
  send,
  use,
  type BillingWorld,
  type News,
} from './support/billing-world.ts';
import { create, createdTenant, json, newPerson, newStaff, problemOf, rows, type Person } from './support/world.ts';

let world: BillingWorld;
beforeAll(async () => {
  world = await createBillingWorld();
});

const usd = 1_000_000_000;
/** The sweep has this organisation to look at and no other. */
const lookAtOnly = ({ orgId }: Person) =>
  rows('UPDATE billing_account SET look_again_at_ms = CASE org_id WHEN ? THEN 0 ELSE 9e15 END', orgId);
const checkout = async (person: Person, plan: 'pool' | 'reef' = 'pool'): Promise<string> =>
  (await json<{ url: string }>(send(person, 'checkouts', { plan }), 201)).url;
const specOf = (slug: string) => world.cell.tenants.get(slug)?.spec;

it('begins a trial with the first look, with its limits in the spec', async () => {
  const person = await newPerson(world);
  expect(await billingOf(person)).toMatchObject({
    mode: 'stand_in',
    plan: { id: 'trial' },
    service: { kind: 'trial', step: 'choose_plan', next: { kind: 'suspended', at: '2026-12-05T09:00:00.000Z' } },
    subscription: null,
  });
  const { tenant } = await createdTenant(person);
  expect(specOf(tenant.slug)).toMatchObject({ desired: 'active', aiCapNanoUsdPerMonth: usd });
  expect(await problemOf(create(person))).toMatchObject({ status: 409, code: 'quota_reached' });
});

it('makes one customer and one checkout of 50 clicks at once, and one subscription', async () => {
  const person = await newPerson(world);
  const made = (path: string): number => world.stripe.calls.filter((call) => call === `POST ${path}`).length;
  const customers = world.stripe.store.all('customer').length;
  const sessions = world.stripe.store.all('checkout.session').length;
  const before = made('checkout/sessions');
  const urls = await Promise.all(Array.from({ length: 50 }, () => checkout(person)));
  expect(new Set(urls).size).toBe(1);
  expect(made('checkout/sessions')).toBeGreaterThan(before);
  expect(world.stripe.store.all('customer').length).toBe(customers + 1);
  expect(world.stripe.store.all('checkout.session').length).toBe(sessions + 1);
  const [url = ''] = urls;
  await Promise.all(Array.from({ length: 5 }, () => payAt(world, url)));
  await world.deliver();
  const mine = await rows('SELECT customer_id FROM billing_account WHERE org_id = ?', person.orgId);
  const { subscriptions } = { subscriptions: world.stripe.store.all('subscription') };
  expect(subscriptions.filter((each) => each.customer === mine[0]?.['customer_id'])).toHaveLength(1);
  expect(await billingOf(person)).toMatchObject({ plan: { id: 'pool' }, service: { kind: 'active', step: 'none' } });
  expect(await problemOf(send(person, 'checkouts', { plan: 'reef' }))).toMatchObject({ code: 'billing_subscribed' });
});

it('closes the open checkout when another plan is chosen, and takes what was paid in another tab', async () => {
  const person = await newPerson(world);
  const pool = await checkout(person, 'pool');
  const reef = await checkout(person, 'reef');
  expect((await payAt(world, pool)).status).toBe(410);
  expect(await checkout(person, 'reef')).toBe(reef);
  // Paid, and the news of it not here yet: choosing again finds it.
  expect((await payAt(world, reef)).status).toBe(303);
  expect(await problemOf(send(person, 'checkouts', { plan: 'pool' }))).toMatchObject({ code: 'billing_subscribed' });
  expect(await billingOf(person)).toMatchObject({ plan: { id: 'reef' }, service: { kind: 'active' } });
  await world.deliver();
});

it('grants nothing for coming back, and everything for having paid', async () => {
  const person = await newPerson(world);
  const { tenant } = await createdTenant(person);
  const url = await checkout(person);
  expect((await payAt(world, url, '4000000000000002')).status).toBe(402);
  expect(await json(send(person, 'refresh', {}))).toMatchObject({ service: { kind: 'trial' } });
  expect((await payAt(world, url)).headers.get('location')).toBe('http://localhost:8787/billing?checkout=done');
  expect(await json(send(person, 'refresh', {}))).toMatchObject({
    service: { kind: 'active' },
    card: { last4: '4242' },
  });
  // The plan's and the trial's together; pay as you go above.
  expect(specOf(tenant.slug)?.aiCapNanoUsdPerMonth).toBe(5 * usd);
  const [kept] = await rows('SELECT limits FROM tenant WHERE id = ?', tenant.id);
  expect(JSON.parse(String(kept?.['limits']))).toMatchObject({ aiNanoUsdPerMonth: 26 * usd, keepAwake: true });
  await world.deliver();
});

it('takes an event once, refuses what is not signed, and ignores what is not ours', async () => {
  await payingPerson(world);
  world.stripe.store.put({ ...world.stripe.store.all('event')[0] } as never);
  const person = await newPerson(world);
  await payAt(world, await checkout(person));
  const news = await world.news();
  const first = news[0] as News;
  const count = async (): Promise<unknown> => (await rows('SELECT count(*) AS n FROM stripe_event'))[0]?.['n'];
  const before = Number(await count());
  for (let i = 0; i < 3; i++) await json(world.tell(first));
  await world.settled();
  expect(Number(await count())).toBe(before + 1);
  const forged: News[] = [
    { ...first, body: first.body.replace('livemode', 'alivemode') },
    { ...first, signature: first.signature.replace(/v1=.{4}/, 'v1=0000') },
    { ...first, signature: `t=${Math.floor(world.clock.nowMs / 1_000) - 3_600},v1=00` },
    { ...first, signature: '' },
  ];
  for (const each of forged)
    expect(await problemOf(world.tell(each))).toMatchObject({ status: 400, code: 'billing_signature' });
  for (const each of news.slice(1)) await world.tell(each);
  await world.settled();
  expect(await rows("SELECT type FROM stripe_event WHERE state NOT IN ('done', 'ignored')")).toEqual([]);
});

it('ends in the same mirror whatever the order and however often news comes', async () => {
  const person = await payingPerson(world);
  await json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/plan`, { plan: 'reef' }));
  await json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/ending`, { end: true }));
  await json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/ending`, { end: false }));
  const news = await world.news();
  expect(news.length).toBeGreaterThan(5);
  const kept = async () =>
    (await rows('SELECT mirror FROM billing_account WHERE org_id = ?', person.orgId))[0]?.['mirror'];
  const truth = await kept();
  for (const order of [news.toReversed(), news.toSorted((a, b) => (a.signature < b.signature ? -1 : 1)), news]) {
    // As new each time, with a mirror that is older than they are.
    await rows('DELETE FROM stripe_event');
    await rows(
      'UPDATE billing_account SET mirror_at_ms = 0, mirror = \'{"card":null,"subscription":null,"extraIds":[]}\'',
    );
    await Promise.all([...order, ...order].map((each) => world.tell(each)));
    await world.settled();
    expect(await kept()).toBe(truth);
  }
  expect(JSON.parse(String(truth))).toMatchObject({
    subscription: { planKey: 'tidepool_reef_2026-11', cancelAtMs: null },
  });
});

it('drops an older reading that comes back after a newer one', async () => {
  const person = await payingPerson(world);
  const answer = world.stripe.fetch.bind(world.stripe);
  const late = Promise.withResolvers<void>();
  let held = false;
  world.stripe.fetch = async (request) => {
    const given = await answer(request);
    if (!held && request.method === 'GET' && request.url.includes('/v1/subscriptions')) {
      held = true;
      await late.promise;
    }
    return given;
  };
  const older = send(person, 'refresh', {});
  await vi.waitFor(() => expect(held).toBe(true));
  await json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/ending`, { end: true }));
  late.resolve();
  await json(older);
  world.stripe.fetch = answer;
  expect((await billingOf(person)).subscription?.endsAt).not.toBeNull();
});

it('tries again what Stripe or D1 kept it from doing', async () => {
  const person = await newPerson(world);
  await payAt(world, await checkout(person));
  world.stripe.fault = (method) => (method === 'GET' ? 'away' : 'none');
  await world.deliver();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'trial' } });
  expect((await rows("SELECT count(*) AS n FROM stripe_event WHERE state = 'pending'"))[0]?.['n']).not.toBe(0);
  world.stripe.fault = null;
  world.clock.nowMs += 120_000;
  await world.sweep();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'active' } });
  expect((await rows("SELECT count(*) AS n FROM stripe_event WHERE state = 'pending'"))[0]?.['n']).toBe(0);
});

it('finds the customer whose answer was lost, and makes no second one', async () => {
  const person = await newPerson(world);
  const before = world.stripe.store.all('customer').length;
  // More often than the library itself tries.
  let losses = 3;
  world.stripe.fault = (_method, path) => (path === 'customers' && losses-- > 0 ? 'lost' : 'none');
  expect(await problemOf(send(person, 'checkouts', { plan: 'pool' }))).toMatchObject({ code: 'billing_unavailable' });
  world.stripe.fault = null;
  await checkout(person);
  expect(world.stripe.store.all('customer').length).toBe(before + 1);
  await world.deliver();
}, 30_000);

it('counts a top-up once, takes a refund back, and never grants below zero', async () => {
  const person = await newPerson(world);
  const key = crypto.randomUUID();
  const first = await json<{ url: string }>(send(person, 'top-ups', { cents: 1_000 }, key), 201);
  expect(await json(send(person, 'top-ups', { cents: 1_000 }, key), 201)).toEqual(first);
  const other = await problemOf(send(person, 'top-ups', { cents: 2_500 }, key));
  expect(other.code).toBe('idempotency_key_reused');
  await payAt(world, first.url);
  const news = await world.news();
  for (const each of [...news, ...news.toReversed()]) await world.tell(each);
  await world.settled();
  expect(await billingOf(person)).toMatchObject({ balanceNanoUsd: 10 * usd, aiLimitNanoUsd: 11 * usd });
  // Also where the inbox has forgotten that it was told.
  await rows('DELETE FROM stripe_event');
  for (const each of news) await world.tell(each);
  await world.settled();
  expect(await billingOf(person)).toMatchObject({ balanceNanoUsd: 10 * usd });
  const [charge] = world.stripe.store.all('charge');
  const refund = (amount: number) =>
    world.stripe.fetch(
      new Request('http://stripe.test/v1/refunds', { method: 'POST', body: `charge=${charge?.id}&amount=${amount}` }),
    );
  await refund(400);
  await world.deliver();
  expect(await billingOf(person)).toMatchObject({ balanceNanoUsd: 6 * usd });
  const { tenant } = await createdTenant(person);
  await use(tenant.id, '2026-11', { aiNanoUsd: 6 * usd, awakeMs: 0 });
  await refund(600);
  await world.deliver();
  expect(await billingOf(person)).toMatchObject({ balanceNanoUsd: 0, aiLimitNanoUsd: usd });
});

it('freezes for a dispute, keeps everything, and goes on when it is won', async () => {
  const person = await payingPerson(world, 'pool');
  const { tenant } = await createdTenant(person);
  const [account] = await rows('SELECT customer_id FROM billing_account WHERE org_id = ?', person.orgId);
  const charge = world.stripe.store
    .all('charge')
    .find((each) => each.customer === account?.['customer_id'] && each.paid);
  const dispute = await world.stripe.fetch(
    new Request(`http://stripe.test/v1/standin/disputes/${charge?.id}`, { method: 'POST' }),
  );
  const { id } = await dispute.json<{ id: string }>();
  await world.deliver();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'frozen', next: null, step: 'contact_us' } });
  expect(specOf(tenant.slug)?.desired).toBe('suspended');
  await lookAtOnly(person);
  await world.days(2);
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'frozen' } });
  const won = world.stripe.store.get('dispute', id);
  won.status = 'won';
  const { emit } = await import('../../../local/stripe/events.ts');
  emit(world.stripe.store, 'charge.dispute.closed', won);
  await world.deliver();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'active' } });
  expect(specOf(tenant.slug)?.desired).toBe('active');
});

it('lets staff end a hold with a reason, once and for good, whatever is told of the dispute later', async () => {
  const person = await payingPerson(world, 'pool');
  const staff = await newStaff(world);
  const [account] = await rows('SELECT customer_id FROM billing_account WHERE org_id = ?', person.orgId);
  const charge = world.stripe.store
    .all('charge')
    .find((each) => each.customer === account?.['customer_id'] && each.paid);
  await world.stripe.fetch(new Request(`http://stripe.test/v1/standin/disputes/${charge?.id}`, { method: 'POST' }));
  const news = await world.news();
  for (const each of news) await world.tell(each);
  await world.settled();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'frozen' } });

  interface Held {
    readonly id: string;
    readonly orgId: string;
    readonly releasedAt: string | null;
  }
  const open = async (): Promise<Held | undefined> =>
    (await json<{ items: Held[] }>(staff.browser.get('/api/v1/fleet/holds'))).items.find(
      ({ orgId }) => orgId === person.orgId,
    );
  const release = async (by: Person, reason: string): Promise<Response> =>
    by.browser.post(`/api/v1/fleet/holds/${(await open())?.id ?? 'dp_none'}/release`, { reason });
  expect(await problemOf(release(person, 'mine'))).toMatchObject({ status: 403 });
  expect(await problemOf(release(staff, ' '))).toMatchObject({ status: 422 });
  const atOnce = Array.from({ length: 3 }, () => release(staff, 'The bank withdrew it by phone.'));
  const [held] = await Promise.all(atOnce.map((answer) => json<Held>(answer)));
  if (held === undefined) throw new Error('nothing was released');
  expect(held.releasedAt).not.toBeNull();
  expect(await open()).toBeUndefined();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'active' } });
  const [entry] = await rows(
    "SELECT actor_kind, actor_id, reason FROM audit_entry WHERE org_id = ? AND action = 'billing.hold_release'",
    person.orgId,
  );
  expect(entry).toEqual({ actor_kind: 'staff', actor_id: staff.userId, reason: 'The bank withdrew it by phone.' });
  // Again by staff, and again by Stripe: nothing more happens.
  await json(staff.browser.post(`/api/v1/fleet/holds/${held.id}/release`, { reason: 'again' }));
  await rows('DELETE FROM stripe_event');
  for (const each of news) await world.tell(each);
  await world.settled();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'active' } });
  expect(
    await rows("SELECT 1 FROM audit_entry WHERE org_id = ? AND action = 'billing.hold_release'", person.orgId),
  ).toHaveLength(1);
});

it('shares use out and exports each hour once, absolute, also when it is told late', async () => {
  const person = await payingPerson(world);
  const { tenant } = await createdTenant(person);
  const period = new Date(world.clock.nowMs).toISOString().slice(0, 7);
  const soon = async (): Promise<void> => {
    await lookAtOnly(person);
    await world.sweep();
  };
  const exported = () => {
    const hours = new Map<string, number>();
    for (const { meter, atSeconds, value, customerId } of world.stripe.store.data.usage) {
      hours.set(`${customerId} ${meter} ${Math.floor(atSeconds / 3_600)}`, value);
    }
    return [...hours.values()].reduce((sum, value) => sum + value, 0);
  };
  // Above the plan's 5 and the trial's 1: a dollar and a half, and 90 minutes above 80 and 40 hours.
  await use(tenant.id, period, { aiNanoUsd: 7.5 * usd, awakeMs: 121.5 * 3_600_000 });
  await soon();
  await soon();
  expect(exported()).toBe(1_500_000 + 90);
  world.clock.nowMs += 3_600_000;
  await use(tenant.id, period, { aiNanoUsd: 8 * usd, awakeMs: 121.5 * 3_600_000 });
  world.stripe.fault = (_method, path) => (path.startsWith('billing/') ? 'away' : 'none');
  await soon();
  expect(exported()).toBe(1_500_000 + 90);
  world.stripe.fault = null;
  await soon();
  expect(exported()).toBe(2_000_000 + 90);
  expect(await billingOf(person)).toMatchObject({
    above: { aiNanoUsd: 2 * usd, awakeMinutes: 90 },
    estimateCents: 1_500 + 200 + 9,
  });
}, 60_000);

it('stops nobody who pays because we or Stripe failed to renew', async () => {
  const person = await payingPerson(world);
  const { tenant } = await createdTenant(person);
  world.stripe.fault = () => 'away';
  world.clock.nowMs += 60 * 86_400_000;
  await lookAtOnly(person);
  await world.sweep();
  expect(await billingOf(person)).toMatchObject({ service: { kind: 'active' } });
  expect(specOf(tenant.slug)?.desired).toBe('active');
  world.stripe.fault = null;
}, 60_000);
