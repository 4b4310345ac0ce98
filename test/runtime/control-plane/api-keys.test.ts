// API keys: shown once, kept as a hash, for the public API only, and gone the moment they are revoked.

import { beforeEach, describe, expect, it } from 'vitest';
import { apiKeysMax, type ApiKey } from '../../../apps/control-plane/src/contract/api-key-api.ts';
import { createdTenant, createWorld, json, newPerson, newSlug, problemOf, rows } from './support/world.ts';
import type { Person, World } from './support/world.ts';

let world: World;
let owner: Person;

beforeEach(async () => {
  world = await createWorld();
  owner = await newPerson(world, 'Owner');
});

interface Made {
  readonly key: ApiKey;
  readonly secret: string | null;
}
const path = () => `/api/v1/orgs/${owner.orgId}/api-keys`;
const make = (scope: string, key: string = crypto.randomUUID(), name = 'ci') =>
  owner.browser.post(path(), { name, scope, expiresInDays: 30 }, { 'idempotency-key': key });
const withKey = (secret: string | null, at: string, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${secret}`);
  return world.fetch(at, { ...init, headers });
};

describe('an API key', () => {
  it('is shown once; the database has its hash, and a repeat gets the same key without it', async () => {
    const first = await json<Made>(make('read', 'once'), 201);
    expect(first.secret).toMatch(/^tp_[A-Za-z0-9_-]{43}$/);
    const again = await json<Made>(make('read', 'once'), 201);
    expect(again).toEqual({ key: first.key, secret: null });
    expect(await problemOf(make('admin', 'once'))).toMatchObject({ code: 'idempotency_key_reused' });
    const everywhere = [await rows('SELECT * FROM api_key'), await rows('SELECT * FROM audit_entry')];
    everywhere.push(await rows('SELECT * FROM idempotency'));
    expect(JSON.stringify(everywhere)).not.toContain(first.secret?.slice(8));
    expect(first.key.starts).toBe(first.secret?.slice(0, 8));
    const { items } = await json<{ items: ApiKey[] }>(owner.browser.get(path()));
    expect(items).toEqual([first.key]);
  });

  it('acts in its own organisation, under its own name, within its scope', async () => {
    const { tenant } = await createdTenant(owner);
    const read = await json<Made>(make('read'), 201);
    const admin = await json<Made>(make('admin', undefined, 'deployer'), 201);
    const at = `/api/v1/tenants/${tenant.id}`;
    expect((await withKey(read.secret, at)).status).toBe(200);
    const rename = {
      method: 'PATCH',
      body: JSON.stringify({ name: 'Renamed' }),
      headers: { 'content-type': 'application/json' },
    };
    expect((await withKey(read.secret, at, rename)).status).toBe(403);
    expect((await withKey(admin.secret, at, rename)).status).toBe(200);
    const create = { method: 'POST', body: JSON.stringify({ name: 'Made', slug: newSlug() }) };
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'made-by-key' };
    const made = await withKey(admin.secret, `/api/v1/orgs/${owner.orgId}/tenants`, { ...create, headers });
    expect(made.status).toBe(202);
    const trail = await json<{ items: { actor: unknown; action: string }[] }>(
      owner.browser.get(`/api/v1/orgs/${owner.orgId}/audit?actor=${admin.key.id}`),
    );
    expect(trail.items.map(({ action }) => action)).toEqual(['tenant.create', 'tenant.update']);
    expect(trail.items[0]?.actor).toEqual({ kind: 'api_key', id: admin.key.id, name: 'deployer' });
    await world.settled();
    const [{ lastUsedAt }] = (await json<{ items: [ApiKey] }>(owner.browser.get(path()))).items;
    expect(lastUsedAt).not.toBeNull();
  });

  it('makes no session, opens no assistant, and manages neither keys nor accounts', async () => {
    const { tenant } = await createdTenant(owner);
    const { secret } = await json<Made>(make('admin'), 201);
    const state = 'A'.repeat(43);
    const opened = await withKey(secret, `/open?slug=${tenant.slug}&st=${state}&path=/`, { redirect: 'manual' });
    expect(opened.headers.get('location') ?? '').not.toContain('code=');
    expect((await withKey(secret, '/api/v1/me')).status).toBe(403);
    expect((await withKey(secret, path())).status).toBe(403);
    const session = await withKey(secret, '/api/auth/get-session');
    expect(await session.text()).toBe('null');
    expect((await withKey(secret, '/api/auth/list-sessions')).status).toBe(401);
    // Cookies beside a key are not looked at: the request is the key's.
    const both = await owner.browser.send('GET', '/api/v1/me', undefined, { authorization: `Bearer ${secret}` });
    expect(both.status).toBe(403);
  });

  it('is refused from the moment it is revoked, expired, or unknown, all in the same words', async () => {
    const { tenant } = await createdTenant(owner);
    const at = `/api/v1/tenants/${tenant.id}`;
    const { key, secret } = await json<Made>(make('read'), 201);
    expect((await withKey(secret, at)).status).toBe(200);
    const words = async (answer: Response) => (await answer.text()).replace(/req_[0-9a-z]{26}/, '');
    // Twice at once is once in the trail.
    const twice = Array.from({ length: 3 }, () => json(owner.browser.send('DELETE', `${path()}/${key.id}`)));
    await Promise.all(twice);
    const revoked = await withKey(secret, at);
    expect(revoked.status).toBe(401);
    const short = await json<Made>(make('read'), 201);
    world.clock.nowMs += 31 * 86_400_000;
    const said = [
      await words(revoked),
      await words(await withKey(short.secret, at)),
      await words(await withKey(`tp_${'A'.repeat(43)}`, at)),
      await words(await withKey('junk', at)),
    ];
    expect(new Set(said).size).toBe(1);
    const first = await json<ApiKey>(owner.browser.send('DELETE', `${path()}/${key.id}`));
    expect(first).toMatchObject({ state: 'revoked' });
    expect(await rows("SELECT seq FROM audit_entry WHERE action = 'apikey.revoke'")).toHaveLength(1);
  });

  it('is one of so many, also when they are made at the same time', async () => {
    for (let i = 0; i < apiKeysMax - 2; i++) await json(make('read'), 201);
    const answers = await Promise.all([make('read'), make('read'), make('read'), make('read')]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 409, 409]);
  });
});
