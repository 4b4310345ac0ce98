// An organisation whose trial is over: every endpoint × who asks. Who may do what is as ever; what reads, leaves or pays
// still works, and nothing that anybody sends makes an assistant run.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoints, keyAllows, orgRoles, roleAllows } from '../../../apps/control-plane/src/contract/api.ts';
import type { Endpoint, EndpointName, OrgRole } from '../../../apps/control-plane/src/contract/api.ts';
import { requestOf, samples, type Things } from '../../authz/samples.ts';
import { billingOf, createBillingWorld, type BillingWorld } from './support/billing-world.ts';
import { createdTenant, join, json, newPerson, newSlug, problemOf, type Person } from './support/world.ts';

let world: BillingWorld;
let things: Things;
let slug = '';
let key = '';
let checked = 0;
const people = new Map<OrgRole, Person>();
const names = Object.keys(endpoints) as EndpointName[];

/** What the suspension itself refuses; the rest is answered as in any other organisation. */
const refused: { readonly [Name in EndpointName]?: { readonly status: number; readonly code: string } } = {
  tenantCreate: { status: 402, code: 'billing_plan_needed' },
  tenantWake: { status: 409, code: 'tenant_not_startable' },
  tenantSleep: { status: 409, code: 'tenant_not_startable' },
  tenantRestart: { status: 409, code: 'tenant_not_startable' },
  tenantUpgrade: { status: 409, code: 'tenant_not_startable' },
  tenantRollback: { status: 409, code: 'rollback_unavailable' },
  snapshotTake: { status: 409, code: 'tenant_not_startable' },
};
/** What must not be refused: one's data and one's way back. */
const open: readonly EndpointName[] = ['tenantExport', 'checkoutCreate', 'topUpCreate', 'billingRead', 'auditList'];

beforeAll(async () => {
  world = await createBillingWorld();
  const owner = await newPerson(world, 'Owner');
  people.set('owner', owner);
  for (const role of orgRoles.filter((each) => each !== 'owner')) {
    const person = await newPerson(world, role);
    await join(person, owner.orgId, role);
    people.set(role, person);
  }
  const { tenant, operation } = await createdTenant(owner);
  things = { orgId: owner.orgId, tenantId: tenant.id, operationId: operation.id };
  slug = tenant.slug;
  // The stand-in has no clockwork: it is told what a cell makes of the spec that comes now.
  const stand = world.cell.tenants.get(slug);
  if (stand !== undefined) stand.state = 'suspended';
  await world.days(16);
  const created = await json<{ secret: string }>(
    owner.browser.post(
      `/api/v1/orgs/${owner.orgId}/api-keys`,
      { name: 'a key to all', scope: 'admin', expiresInDays: 1 },
      { 'idempotency-key': crypto.randomUUID() },
    ),
    201,
  );
  key = created.secret;
  expect(await billingOf(owner)).toMatchObject({ service: { kind: 'suspended', why: 'trial_ended' } });
  expect(stand?.spec.desired).toBe('suspended');
});

afterAll(() => {
  console.log(`authz, suspended: ${names.length} endpoints, ${checked} requests as the table says`);
});

async function person(role: OrgRole, isNew: boolean): Promise<Person> {
  if (isNew) {
    const one = await newPerson(world, 'Another');
    await join(one, things.orgId, role);
    return one;
  }
  const one = people.get(role);
  if (one === undefined) throw new Error('nobody has that role');
  return one;
}

async function expectAsSuspended(name: EndpointName, answer: Response): Promise<void> {
  checked += 1;
  const refusal = refused[name];
  if (refusal !== undefined) {
    expect(await problemOf(answer)).toMatchObject(refusal);
    return;
  }
  const { status }: Endpoint = endpoints[name];
  if (open.includes(name)) expect(answer.status).toBe(status);
  else expect([status, ...(samples[name].alsoAllowed ?? [])]).toContain(answer.status);
}

describe.each(names)('%s', (name) => {
  const { permission }: Endpoint = endpoints[name];

  it.each(orgRoles)('as %s', async (role) => {
    const { browser } = await person(role, samples[name].spends === true);
    const { method, path, body } = requestOf(name, things, newSlug());
    const answer = await browser.send(method, path, body, { 'idempotency-key': crypto.randomUUID() });
    if (roleAllows[role][permission]) return expectAsSuspended(name, answer);
    checked += 1;
    expect(await problemOf(answer)).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('by an API key', async () => {
    const { method, path, body } = requestOf(name, things, newSlug());
    const answer = await world.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'idempotency-key': crypto.randomUUID(),
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (keyAllows('admin', permission)) return expectAsSuspended(name, answer);
    checked += 1;
    expect(await problemOf(answer)).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

it('ran nothing, whoever asked', () => {
  expect(world.cell.commanded).toEqual([]);
  expect(world.cell.tenants.get(slug)?.spec.desired).toBe('suspended');
});
