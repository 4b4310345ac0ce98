// A year on one clock, with the stand-in for Stripe: trial, paid, upgrade, a declined card, grace, restricted, paid, cancelled,
// taken out, deleted. Every mail and every invoice of it is listed; the assistant follows.

import { expect, it } from 'vitest';
import { billingOf, createBillingWorld, payAt, send, use, type BillingWorld } from './support/billing-world.ts';
import { createdTenant, json, newPerson, rows } from './support/world.ts';

const usd = 1_000_000_000;
const hourMs = 3_600_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const declinedCard = '4000000000000002';

async function until(world: BillingWorld, day: string): Promise<void> {
  while (dayOf(world.clock.nowMs) < day) await world.days(1);
}

it('trial to paid to declined to paid to cancelled to deleted', { timeout: 120_000 }, async () => {
  const world = await createBillingWorld();
  const person = await newPerson(world);
  const { tenant } = await createdTenant(person);
  const assistant = () => world.cell.tenants.get(tenant.slug)?.spec;
  const story: string[] = [];
  const note = async (what: string): Promise<void> => {
    const { service, plan } = await billingOf(person);
    const day = dayOf(world.clock.nowMs);
    story.push(`${day} ${what}: ${plan.id}, ${service.kind}, assistant ${assistant()?.desired ?? ''}`);
  };
  await note('signed up');

  await until(world, '2026-12-03');
  const { url } = await json<{ url: string }>(send(person, 'checkouts', { plan: 'pool' }), 201);
  await payAt(world, url);
  await world.deliver();
  await note('paid');

  await use(tenant.id, '2026-12', { aiNanoUsd: 9 * usd, awakeMs: 100 * hourMs });
  await until(world, '2027-01-03');
  await note('renewed');

  await world.jump(38);
  expect(await json(person.browser.get(`/api/v1/orgs/${person.orgId}/billing/plan-preview?plan=reef`))).toMatchObject({
    payNow: true,
  });
  await json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/plan`, { plan: 'reef' }));
  await world.deliver();
  await json(person.browser.send('PATCH', `/api/v1/tenants/${tenant.id}`, { keepAwake: true }));
  expect(assistant()?.keepAwake).toBe(true);
  await note('upgraded');

  await until(world, '2027-03-20');
  const portal = await json<{ url: string }>(send(person, 'portal', {}), 201);
  await payAt(world, portal.url, declinedCard);
  await until(world, '2027-04-02');
  await note('declined');
  expect(assistant()).toMatchObject({ desired: 'active', keepAwake: true });

  await until(world, '2027-04-10');
  await note('still declined');
  expect(assistant()).toMatchObject({ desired: 'active', keepAwake: false });

  const owing = await billingOf(person);
  expect(owing.subscription).toMatchObject({ dueCents: 4_900 });
  await payAt(world, owing.subscription?.payUrl ?? '');
  await world.deliver();
  await note('paid by hand');
  expect(assistant()).toMatchObject({ desired: 'active', keepAwake: true });

  await until(world, '2027-06-12');
  await json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/ending`, { end: true }));
  await note('cancelled');
  await until(world, '2027-07-01');
  await note('ended');
  const exported = await person.browser.get(`/api/v1/tenants/${tenant.id}/export`);
  expect(exported.status).toBe(200);
  await exported.arrayBuffer();

  await until(world, '2027-08-02');
  await note('gone');

  expect(story).toEqual([
    '2026-11-21 signed up: trial, trial, assistant active',
    '2026-12-03 paid: pool, active, assistant active',
    '2027-01-03 renewed: pool, active, assistant active',
    '2027-02-10 upgraded: reef, active, assistant active',
    '2027-04-02 declined: reef, grace, assistant active',
    '2027-04-10 still declined: reef, restricted, assistant active',
    '2027-04-10 paid by hand: reef, active, assistant active',
    '2027-06-12 cancelled: reef, active, assistant active',
    '2027-07-01 ended: trial, suspended, assistant suspended',
    '2027-08-02 gone: trial, deleted, assistant deleted',
  ]);
  const mails = await rows(
    "SELECT created_at_ms, subject FROM mail_outbox WHERE key LIKE 'billing:%' AND recipient = ? ORDER BY created_at_ms, id",
    person.email,
  );
  expect(mails.map(({ created_at_ms: atMs, subject }) => `${dayOf(Number(atMs))} ${String(subject)}`)).toEqual([
    '2026-12-02 Your Tidepool trial ends in three days',
    '2027-04-01 A payment for Tidepool failed',
    '2027-04-04 The payment for Tidepool still fails',
    '2027-04-07 Tomorrow Tidepool runs only on demand',
    '2027-04-08 Tidepool runs only on demand until the payment',
    '2027-04-10 Thank you: everything runs again',
    '2027-07-01 Your Tidepool plan has ended',
    '2027-07-17 Your assistants will be deleted in two weeks',
    '2027-07-28 Your assistants will be deleted in three days',
    '2027-07-30 Your assistants will be deleted tomorrow',
    '2027-07-31 Your assistants were deleted',
  ]);
  const invoices = world.stripe.store.all('invoice').toReversed();
  expect(
    invoices.map(({ created, status, total, lines }) => {
      const what = lines.data.map(({ description }) => description).join(', ');
      return `${dayOf(created * 1_000)} ${status} ${(total / 100).toFixed(2)}: ${what}`;
    }),
  ).toEqual([
    '2026-12-03 paid 13.85: 1 × Tidepool Pool (part of a month)',
    '2027-01-01 paid 18.00: 1 × Tidepool Pool, 3000000 × AI above the plan',
    '2027-02-01 paid 15.00: 1 × Tidepool Pool',
    '2027-02-10 paid 22.61: Unused time on Tidepool Pool, Remaining time on Tidepool Reef',
    '2027-03-01 paid 49.00: 1 × Tidepool Reef',
    '2027-04-01 paid 49.00: 1 × Tidepool Reef',
    '2027-05-01 paid 49.00: 1 × Tidepool Reef',
    '2027-06-01 paid 49.00: 1 × Tidepool Reef',
    '2027-07-01 paid 0.00: ',
  ]);
});
