// What may be spent, over the API: budgets and the fuse of an assistant, the budget of an organisation, the prepaid
// balance, and the mails about all of them, each once.

import { beforeAll, expect, it } from 'vitest';
import type { SpendNotice } from '../../../apps/control-plane/src/contract/budgets.ts';
import {
  billingOf,
  createBillingWorld,
  payAt,
  payingPerson,
  send,
  use,
  type BillingWorld,
} from './support/billing-world.ts';
import { bringEvents, eventBase, type Named } from './support/tenant-events.ts';
import { createdTenant, join, json, newPerson, problemOf, rows, type Person } from './support/world.ts';

const usd = 1_000_000_000;
const period = '2026-11';
const opensAtMs = Date.UTC(2026, 11);

let world: BillingWorld;
beforeAll(async () => {
  world = await createBillingWorld();
});

const specOf = (slug: string) => world.cell.tenants.get(slug)?.spec;
const mailsTo = async (person: Person): Promise<unknown[]> =>
  (
    await rows("SELECT subject FROM mail_outbox WHERE recipient = ? AND key LIKE 'spend%' ORDER BY rowid", person.email)
  ).map(({ subject }) => subject);
const actions = async (tenantId: string, action: string): Promise<unknown[]> =>
  (await rows('SELECT outcome FROM audit_entry WHERE tenant_id = ? AND action = ? ORDER BY seq', tenantId, action)).map(
    ({ outcome }) => outcome,
  );

async function lookAt({ orgId }: Person): Promise<void> {
  await rows('UPDATE billing_account SET look_again_at_ms = CASE org_id WHEN ? THEN 0 ELSE 9e15 END', orgId);
  await world.sweep();
}

/** Brings what a tenant tells, as often as said; resolves to how many were taken. */
async function tell(tenant: Named, notice: SpendNotice, times = 1): Promise<number> {
  let taken = 0;
  const body = { ...eventBase(tenant), kind: 'spend', notice };
  for (let n = 0; n < times; n++) taken += await bringEvents(world, [body]);
  return taken;
}

const alert = (level: 50 | 80 | 100): SpendNotice => ({
  kind: 'alert',
  level,
  period,
  use: { name: { kind: 'month' }, capNanoUsd: 5 * usd, spentNanoUsd: 4 * usd, heldNanoUsd: 0, opensAtMs },
});

it('keeps budgets in the spec and sends them at once, with the share of the organisation beside them', async () => {
  const person = await newPerson(world);
  const { tenant } = await createdTenant(person);
  const path = `/api/v1/tenants/${tenant.id}/budgets`;
  const wanted = {
    dayNanoUsd: usd,
    models: [{ model: 'anthropic/claude-opus-4-6', monthNanoUsd: 2 * usd }],
    fuse: false,
  };
  expect(await json(person.browser.get(path))).toMatchObject({ wanted: { dayNanoUsd: null, models: [], fuse: true } });
  expect(await json(person.browser.send('PUT', path, wanted))).toEqual(wanted);
  expect(await json(person.browser.get(path))).toMatchObject({ wanted });
  expect(specOf(tenant.slug)?.budgets).toEqual({
    ...wanted,
    shared: { by: 'plan', nanoUsdPerMonth: usd, organisationNanoUsd: usd },
  });
  expect(await actions(tenant.id, 'tenant.budgets')).toEqual(['done']);
  const twice = { ...wanted, models: [...wanted.models, ...wanted.models] };
  expect(await problemOf(person.browser.send('PUT', path, twice))).toMatchObject({ code: 'validation_failed' });
  const nameless = { ...wanted, models: [{ model: 'opus', monthNanoUsd: 1 }] };
  expect(await problemOf(person.browser.send('PUT', path, nameless))).toMatchObject({ code: 'validation_failed' });
});

it('shows a pause of the fuse and ends it, written down', async () => {
  const person = await newPerson(world);
  const { tenant } = await createdTenant(person);
  const pause = { why: 'repeated', id: 'p1', atMs: 1, times: 21, withinMs: 600_000 } as const;
  world.cell.fuse = { ...world.cell.fuse, pause };
  expect(await json(person.browser.get(`/api/v1/tenants/${tenant.id}`))).toMatchObject({ spendPause: pause });
  const path = `/api/v1/tenants/${tenant.id}/budgets/resume`;
  const viewer = await newPerson(world);
  await join(viewer, person.orgId, 'viewer');
  expect(await problemOf(viewer.browser.post(path, { pauseId: 'p1' }))).toMatchObject({ code: 'forbidden' });
  expect(await json(person.browser.post(path, { pauseId: 'p0' }))).toMatchObject({ fuse: { pause } });
  expect(await json(person.browser.post(path, { pauseId: 'p1' }))).toMatchObject({ fuse: { pause: null } });
  expect(await json(person.browser.get(`/api/v1/tenants/${tenant.id}`))).toMatchObject({ spendPause: null });
  expect(await actions(tenant.id, 'tenant.spending_resume')).toEqual(['intended', 'done', 'intended', 'done']);
});

it('mails those who decide, once for each level and pause, however often it is told', async () => {
  const person = await newPerson(world);
  const { tenant } = await createdTenant(person);
  const viewer = await newPerson(world);
  await join(viewer, person.orgId, 'viewer');
  expect(await tell(tenant, alert(80), 3)).toBe(3);
  // D1 away at any moment: the event is not taken, and comes again.
  for (const fault of ['before', 'after'] as const) {
    for (let trip = 1; trip <= 4; trip++) {
      world.database.failAt(trip, fault);
      expect(await tell(tenant, alert(100)), `${fault} ${trip}`).toBe(0);
      world.database.heal();
    }
  }
  expect(await tell(tenant, alert(100), 2)).toBe(2);
  const pause = { why: 'rate', id: 'p7', atMs: 1, hourNanoUsd: 7 * usd, usualNanoUsd: usd } as const;
  expect(await tell(tenant, { kind: 'paused', pause }, 2)).toBe(2);
  expect(await mailsTo(person)).toEqual([
    'Nora has used 80 % of its monthly AI cap',
    'Nora has reached its monthly AI cap',
    'Nora is paused: its spending is out of line',
  ]);
  expect(await mailsTo(viewer)).toEqual([]);
});

it('holds the budget that an organisation sets itself, tells of it once, and goes on when it is raised by a cent', async () => {
  const person = await payingPerson(world);
  const [first, second] = [(await createdTenant(person)).tenant, (await createdTenant(person)).tenant];
  const set = (budgetNanoUsd: number | null) =>
    json(person.browser.send('PUT', `/api/v1/orgs/${person.orgId}/billing/budget`, { budgetNanoUsd }));
  expect(await set(4 * usd)).toMatchObject({ budgetNanoUsd: 4 * usd, aiLimitNanoUsd: 26 * usd });
  const share = (slug: string) => specOf(slug)?.budgets?.shared;
  expect(share(first.slug)).toEqual({ by: 'organisation', nanoUsdPerMonth: 4 * usd, organisationNanoUsd: 4 * usd });
  await use(first.id, period, { aiNanoUsd: 3 * usd, awakeMs: 0 });
  await use(second.id, period, { aiNanoUsd: 0.25 * usd, awakeMs: 0 });
  await lookAt(person);
  await lookAt(person);
  expect(share(first.slug)?.nanoUsdPerMonth).toBe(3.75 * usd);
  expect(share(second.slug)?.nanoUsdPerMonth).toBe(usd);
  await use(second.id, period, { aiNanoUsd: usd, awakeMs: 0 });
  await lookAt(person);
  await lookAt(person);
  expect([share(first.slug)?.nanoUsdPerMonth, share(second.slug)?.nanoUsdPerMonth]).toEqual([3 * usd, usd]);
  expect((await mailsTo(person)).map((subject) => String(subject).replace(/^.*? has/, 'has'))).toEqual([
    'has used 80 % of its AI budget',
    'has reached its AI budget',
  ]);
  await set(4_010_000_000);
  expect([share(first.slug)?.nanoUsdPerMonth, share(second.slug)?.nanoUsdPerMonth]).toEqual([
    3_010_000_000, 1_010_000_000,
  ]);
  await set(null);
  expect(share(first.slug)).toMatchObject({ by: 'plan', organisationNanoUsd: 26 * usd });
  expect(
    await rows("SELECT outcome FROM audit_entry WHERE org_id = ? AND action = 'billing.budget'", person.orgId),
  ).toHaveLength(3);
}, 60_000);

it('stops where the balance ends, and goes on at once with a top-up', async () => {
  const person = await newPerson(world);
  const { tenant } = await createdTenant(person);
  await use(tenant.id, period, { aiNanoUsd: usd, awakeMs: 0 });
  await lookAt(person);
  // Nothing left: its own month ends where it is.
  expect(await billingOf(person)).toMatchObject({ balanceNanoUsd: 0, aiLimitNanoUsd: usd });
  expect(specOf(tenant.slug)).toMatchObject({
    aiCapNanoUsdPerMonth: usd,
    budgets: { shared: { nanoUsdPerMonth: usd } },
  });
  const { url } = await json<{ url: string }>(send(person, 'top-ups', { cents: 500 }), 201);
  await payAt(world, url);
  await world.deliver();
  expect(specOf(tenant.slug)).toMatchObject({
    aiCapNanoUsdPerMonth: 5 * usd,
    budgets: { shared: { by: 'plan', nanoUsdPerMonth: 6 * usd, organisationNanoUsd: 6 * usd } },
  });
  await use(tenant.id, period, { aiNanoUsd: 6 * usd, awakeMs: 0 });
  await lookAt(person);
  expect(specOf(tenant.slug)?.aiCapNanoUsdPerMonth).toBe(5 * usd);
  expect(specOf(tenant.slug)?.budgets?.shared?.nanoUsdPerMonth).toBe(6 * usd);
});
