// Every endpoint of the table × who asks. The answer follows from the table alone; a foreign row is a missing row.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  endpoints,
  keyAllows,
  keyScopes,
  orgRoles,
  roleAllows,
  type EndpointName,
} from '../../../apps/control-plane/src/contract/api.ts';
import type { Endpoint, KeyScope, OrgRole } from '../../../apps/control-plane/src/contract/api.ts';
import { requestOf, samples, type Things } from '../../authz/samples.ts';
import {
  Browser,
  createdTenant,
  createWorld,
  join,
  json,
  newPerson,
  newSlug,
  newStaff,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

let world: World;
let things: Things;
let absent: Things;
let foreigner: Person;
let staff: Person;
const people = new Map<OrgRole, Person>();
const keys = new Map<KeyScope, string>();
const over = new Map<'expired' | 'revoked' | 'unknown' | 'malformed', string>();
let foreignKey = '';
/** Requests of the matrix: endpoint × who asks. */
let checked = 0;
const actors = new Set<string>();
const names = Object.keys(endpoints) as EndpointName[];

beforeAll(async () => {
  world = await createWorld();
  const owner = await newPerson(world, 'Owner');
  people.set('owner', owner);
  for (const role of orgRoles.filter((each) => each !== 'owner')) {
    const person = await newPerson(world, role);
    await join(person, owner.orgId, role);
    people.set(role, person);
  }
  foreigner = await newPerson(world, 'Foreigner');
  staff = await newStaff(world);
  const { tenant, operation } = await createdTenant(owner);
  things = { orgId: owner.orgId, tenantId: tenant.id, operationId: operation.id };
  const none = '0'.repeat(26);
  absent = { orgId: `org_${none}`, tenantId: `ten_${none}`, operationId: `op_${none}` };
  for (const scope of keyScopes) keys.set(scope, (await newKey(owner, scope)).secret);
  foreignKey = (await newKey(foreigner, 'admin')).secret;
  const revoked = await newKey(owner, 'admin');
  await json(owner.browser.send('DELETE', `/api/v1/orgs/${owner.orgId}/api-keys/${revoked.key.id}`));
  const expired = await newKey(owner, 'admin');
  await rows('UPDATE api_key SET expires_at_ms = 1 WHERE id = ?', expired.key.id);
  over.set('revoked', revoked.secret);
  over.set('expired', expired.secret);
  over.set('unknown', `tp_${'A'.repeat(43)}`);
  over.set('malformed', 'tp_short');
});

interface MadeKey {
  readonly key: { readonly id: string };
  readonly secret: string;
}

async function newKey(person: Person, scope: KeyScope): Promise<MadeKey> {
  const body = { name: `a key to ${scope}`, scope, expiresInDays: 1 };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  return json<MadeKey>(person.browser.post(`/api/v1/orgs/${person.orgId}/api-keys`, body, headers), 201);
}

/** A program with a key and no cookie. */
function sendWithKey(key: string, name: EndpointName, of: Things): Promise<Response> {
  const { method, path, body } = requestOf(name, of, newSlug());
  return world.fetch(path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      'idempotency-key': crypto.randomUUID(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const wordOf = async (answer: Response): Promise<string> =>
  (await answer.text()).replace(/req_[0-9a-z]{26}/, 'REQUEST');

function count(actor: string): void {
  checked += 1;
  actors.add(actor);
}

afterAll(() => {
  console.log(`authz: ${names.length} endpoints × ${actors.size} actors, ${checked} requests as the table says`);
});

/** Somebody new with that role in the organisation. */
async function another(role: OrgRole): Promise<Person> {
  const person = await newPerson(world, 'Another');
  await join(person, things.orgId, role);
  return person;
}

function send(browser: Browser, name: EndpointName, of: Things): Promise<Response> {
  const { method, path, body } = requestOf(name, of, newSlug());
  return browser.send(method, path, body, { 'idempotency-key': crypto.randomUUID() });
}

const named = (name: EndpointName): boolean => /\{(orgId|tenantId|operationId)\}/.test(endpoints[name].path);

describe.each(names)('%s', (name) => {
  const endpoint: Endpoint = endpoints[name];
  const allowed = [endpoint.status, ...(samples[name].alsoAllowed ?? [])];

  it('without a session', async () => {
    count('anonymous');
    const answer = await send(new Browser(world), name, things);
    if (endpoint.permission === 'public') expect(allowed).toContain(answer.status);
    else expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it.each(orgRoles)('as %s', async (role) => {
    count(role);
    const person = samples[name].spends ? await another(role) : people.get(role);
    if (person === undefined) throw new Error('nobody has that role');
    const answer = await send(person.browser, name, things);
    if (roleAllows[role][endpoint.permission]) expect(allowed).toContain(answer.status);
    else expect(await problemOf(answer)).toMatchObject({ status: 403, code: 'forbidden' });
    const written = await rows(
      'SELECT action FROM audit_entry WHERE request_id = ?',
      answer.headers.get('x-request-id') ?? '',
    );
    // What was done is written down under the table's action, and nothing else is.
    if (typeof endpoint.audit !== 'string' || answer.status !== endpoint.status) return;
    expect(written).toContainEqual({ action: endpoint.audit });
  });

  it('as staff, who have no part in an organisation', async () => {
    const { browser } = samples[name].spends ? await newPerson(world, 'Another') : staff;
    const answer = await send(browser, name, things);
    if (named(name)) expect(answer.status).toBe(404);
    else expect(allowed).toContain(answer.status);
  });

  it('from another organisation: the same answer as for what is not there, and no effect', async () => {
    count('foreigner');
    if (!named(name)) {
      const stranger = samples[name].spends ? await newPerson(world, 'Stranger') : foreigner;
      const answer = await send(stranger.browser, name, things);
      if (endpoint.permission === 'fleet:operate') expect(answer.status).toBe(403);
      else expect(allowed).toContain(answer.status);
      return;
    }
    const trace = async (): Promise<unknown> => [
      await rows('SELECT * FROM tenant WHERE org_id = ?', things.orgId),
      await rows('SELECT count(*) AS n FROM audit_entry'),
      await rows('SELECT count(*) AS n FROM operation'),
    ];
    const before = await trace();
    const calls = world.cell.calls.length;
    const [theirs, nothing] = [
      await send(foreigner.browser, name, things),
      await send(foreigner.browser, name, absent),
    ];
    expect(theirs.status).toBe(404);
    expect(await wordOf(theirs)).toBe(await wordOf(nothing));
    expect(await trace()).toEqual(before);
    expect(world.cell.calls.length).toBe(calls);
  });

  it.each(keyScopes)('by an API key to %s', async (scope) => {
    count(`key:${scope}`);
    const answer = await sendWithKey(keys.get(scope) ?? '', name, things);
    if (keyAllows(scope, endpoint.permission)) expect(allowed).toContain(answer.status);
    else expect(await problemOf(answer)).toMatchObject({ status: 403, code: 'forbidden' });
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it.each(['expired', 'revoked', 'unknown', 'malformed'] as const)('by an API key that is %s', async (why) => {
    count(`key ${why}`);
    const answer = await sendWithKey(over.get(why) ?? '', name, things);
    if (endpoint.permission === 'public') expect(allowed).toContain(answer.status);
    else expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('by an API key of another organisation: as for what is not there', async () => {
    count('foreign key');
    const [theirs, nothing] = [
      await sendWithKey(foreignKey, name, things),
      await sendWithKey(foreignKey, name, absent),
    ];
    if (!named(name)) return;
    expect(theirs.status).toBe(keyAllows('admin', endpoint.permission) ? 404 : 403);
    expect(await wordOf(theirs)).toBe(await wordOf(nothing));
  });

  it('with a session that has ended', async () => {
    count('ended session');
    const person = await newPerson(world, 'Gone');
    await rows('DELETE FROM session WHERE user_id = ?', person.userId);
    person.browser.cookies.delete('tidepool.session_data');
    const answer = await send(person.browser, name, things);
    if (endpoint.permission === 'public') expect(allowed).toContain(answer.status);
    else expect(answer.status).toBe(401);
  });

  it('by another method', async () => {
    count('wrong method');
    const taken = names.filter((other) => endpoints[other].path === endpoint.path);
    const methods = new Set<string>(taken.map((other) => endpoints[other].method.toUpperCase()));
    const wrong = ['DELETE', 'PUT', 'POST', 'GET'].find((method) => !methods.has(method)) ?? 'DELETE';
    const owner = people.get('owner');
    if (owner === undefined) throw new Error('nobody owns');
    const [path = ''] = requestOf(name, things, newSlug()).path.split('?');
    const answer = await owner.browser.send(wrong, path);
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual([...methods].sort());
    expect(await problemOf(answer)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  it('sent by another site', async () => {
    const owner = people.get('owner');
    if (owner === undefined || endpoint.method === 'get') return;
    count('another site');
    const [path = ''] = requestOf(name, things, newSlug()).path.split('?');
    const headers: Record<string, string>[] = [
      { origin: 'https://evil.example', cookie: owner.browser.cookieHeader },
      { origin: 'http://pool.localhost:8787', cookie: owner.browser.cookieHeader },
      { origin: 'null', cookie: owner.browser.cookieHeader },
      { 'sec-fetch-site': 'cross-site', cookie: owner.browser.cookieHeader },
      { 'sec-fetch-site': 'same-site', cookie: owner.browser.cookieHeader },
      { cookie: owner.browser.cookieHeader },
    ];
    for (const each of headers) {
      const answer = await world.fetch(path, {
        method: endpoint.method.toUpperCase(),
        headers: { ...each, 'content-type': 'text/plain', 'idempotency-key': crypto.randomUUID() },
        body: '{}',
      });
      expect(await problemOf(answer)).toMatchObject({ status: 403, code: 'origin_forbidden' });
    }
  });
});
