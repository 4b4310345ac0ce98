// Reading, changing and commanding an assistant that exists.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sweep } from '../../../apps/control-plane/src/jobs/sweep.ts';
import {
  createdTenant,
  createWorld,
  json,
  newPerson,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

let world: World;
let person: Person;
let tenant: { id: string; slug: string };
let path: string;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.database.heal();
  person = await newPerson(world);
  tenant = (await createdTenant(person)).tenant;
  path = `/api/v1/tenants/${tenant.id}`;
});

const withKey = (key: string = crypto.randomUUID()): Record<string, string> => ({ 'idempotency-key': key });

interface ShownOperation {
  readonly id: string;
  readonly kind: string;
  readonly finishedAtMs: number | null;
  readonly error: { readonly code: string } | null;
}

describe('reading', () => {
  it('is live while the cell answers, and the stored copy with its age when it does not', async () => {
    world.cell.become(tenant.slug, 'asleep');
    expect(await json(person.browser.get(path))).toMatchObject({ state: 'asleep', live: true });
    await world.settled();
    world.cell.fault = () => 'before';
    const copy = await json<{ asOf: string }>(person.browser.get(path));
    expect(copy).toMatchObject({ state: 'asleep', live: false });
    expect(Date.parse(copy.asOf)).toBeLessThanOrEqual(world.clock.nowMs);
  });

  it('writes nothing when nothing changed', async () => {
    await json(person.browser.get(path));
    await world.settled();
    world.database.sent.length = 0;
    await json(person.browser.get(path));
    await world.settled();
    expect(world.database.sent.filter((query) => /insert|update|delete/i.test(query))).toEqual([]);
  });

  it('does not wait for a cell that never answers', async () => {
    const silent = await createWorld();
    const who = await newPerson(silent);
    const made = await createdTenant(who);
    silent.cell.report = () => new Promise(() => undefined);
    expect(await json(who.browser.get(`/api/v1/tenants/${made.tenant.id}`))).toMatchObject({ live: false });
  });

  it('does not believe a cell whose answer has another shape', async () => {
    const odd = await createWorld();
    const who = await newPerson(odd);
    const made = await createdTenant(who);
    odd.cell.report = () => Promise.resolve({ ok: true, value: { state: 'flying' } } as never);
    expect(await json(who.browser.get(`/api/v1/tenants/${made.tenant.id}`))).toMatchObject({ live: false });
  });

  it('lists from D1 alone, page by page', async () => {
    for (let i = 0; i < 4; i++) await createdTenant(person);
    const before = world.cell.calls.length;
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { id: string }[]; nextCursor: string | null } = await json(
        person.browser.get(`/api/v1/orgs/${person.orgId}/tenants?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`),
      );
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
    expect(world.cell.calls.length).toBe(before);
  });
});

describe('changing', () => {
  it('saves the next generation, tells the cell, and leaves a trace', async () => {
    const changed = await json(person.browser.send('PATCH', path, { name: 'Nora II', aiCapNanoUsdPerMonth: 1 }));
    expect(changed).toMatchObject({ name: 'Nora II', aiCapNanoUsdPerMonth: 1 });
    expect(world.cell.tenants.get(tenant.slug)).toMatchObject({
      generation: 2,
      spec: { displayName: 'Nora II', aiCapNanoUsdPerMonth: 1 },
    });
    expect(
      await rows("SELECT id FROM audit_entry WHERE tenant_id = ? AND action = 'tenant.update'", tenant.id),
    ).toHaveLength(1);
    await json(person.browser.send('PATCH', path, { name: 'Nora II' }));
    expect(world.cell.tenants.get(tenant.slug)?.generation).toBe(2);
  });

  it('changes when it sleeps, within bounds', async () => {
    expect(await json(person.browser.send('GET', path))).toMatchObject({ idleSleepMs: 900_000, keepAwake: false });
    const changed = await json(person.browser.send('PATCH', path, { idleSleepMs: 60_000, keepAwake: true }));
    expect(changed).toMatchObject({ idleSleepMs: 60_000, keepAwake: true });
    expect(world.cell.tenants.get(tenant.slug)).toMatchObject({
      generation: 2,
      spec: { idleSleepMs: 60_000, keepAwake: true },
    });
  });

  it('applies both of two changes at the same time', async () => {
    await Promise.all([
      person.browser.send('PATCH', path, { name: 'Both' }),
      person.browser.send('PATCH', path, { aiCapNanoUsdPerMonth: 7 }),
    ]);
    expect(world.cell.tenants.get(tenant.slug)).toMatchObject({
      generation: 3,
      spec: { displayName: 'Both', aiCapNanoUsdPerMonth: 7 },
    });
    expect(
      await rows("SELECT id FROM audit_entry WHERE tenant_id = ? AND action = 'tenant.update'", tenant.id),
    ).toHaveLength(2);
  });

  it('reaches a cell that was away by the sweep', async () => {
    world.cell.fault = () => 'before';
    expect(await json(person.browser.send('PATCH', path, { name: 'Later' }))).toMatchObject({ name: 'Later' });
    world.cell.fault = () => 'none';
    expect(world.cell.tenants.get(tenant.slug)?.generation).toBe(1);
    await sweep(world.ctx);
    expect(world.cell.tenants.get(tenant.slug)).toMatchObject({ generation: 2, spec: { displayName: 'Later' } });
  });

  it.each([
    [{ name: '' }],
    [{ aiCapNanoUsdPerMonth: -1 }],
    [{ aiCapNanoUsdPerMonth: 1.5 }],
    [{ idleSleepMs: 59_999 }],
    [{ idleSleepMs: 86_400_001 }],
    [{ keepAwake: 'yes' }],
    [{ slug: 'other-slug' }],
    [[]],
  ])('refuses %j', async (body) => {
    expect((await problemOf(person.browser.send('PATCH', path, body))).code).toBe('validation_failed');
  });
});

describe('commands', () => {
  it('take an operation once, whatever is repeated', async () => {
    world.cell.become(tenant.slug, 'asleep');
    const key = crypto.randomUUID();
    const first = await json<ShownOperation>(person.browser.post(`${path}/wake`, {}, withKey(key)), 202);
    const again = await json<ShownOperation>(person.browser.post(`${path}/wake`, {}, withKey(key)), 202);
    expect(again).toEqual(first);
    expect(first).toMatchObject({ kind: 'wake', finishedAtMs: null });
    expect(world.cell.tenants.get(tenant.slug)?.operations).toHaveLength(2);
    expect(await json(person.browser.get(`/api/v1/operations/${first.id}`))).toMatchObject({ id: first.id });
    expect((await problemOf(person.browser.post(`${path}/sleep`, {}, withKey(key)))).code).toBe(
      'idempotency_key_reused',
    );
  });

  it.each([
    ['wake', 'awake'],
    ['sleep', 'asleep'],
    ['restart', 'asleep'],
    ['wake', 'suspended'],
  ] as const)('refuse %s while %s, and leave nothing behind', async (kind, state) => {
    world.cell.become(tenant.slug, state);
    const key = crypto.randomUUID();
    expect(await problemOf(person.browser.post(`${path}/${kind}`, {}, withKey(key)))).toMatchObject({
      status: 409,
      code: 'tenant_not_startable',
    });
    expect(await rows('SELECT key FROM idempotency WHERE key = ?', key)).toEqual([]);
    expect(world.cell.tenants.get(tenant.slug)?.operations).toHaveLength(1);
  });

  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ settings: 'current' }, undefined],
    [{ settings: 'last_good' }, 'last_good'],
    [{ settings: 'refused' }, 'refused'],
  ])('restart with %j asks the cell for settings %s', async (body, settings) => {
    world.cell.become(tenant.slug, 'needs_operator');
    await json(person.browser.send('POST', `${path}/restart`, body, withKey()), 202);
    expect(world.cell.commanded.at(-1)).toMatchObject({ kind: 'restart' });
    expect(world.cell.commanded.at(-1)).toHaveProperty('operationId');
    expect(JSON.parse(JSON.stringify(world.cell.commanded.at(-1)))['settings']).toBe(settings);
  });

  it('restart refuses settings that are none, and a key that stood for others', async () => {
    world.cell.become(tenant.slug, 'needs_operator');
    expect(await problemOf(person.browser.post(`${path}/restart`, { settings: 'none' }, withKey()))).toMatchObject({
      code: 'validation_failed',
    });
    const key = withKey();
    await json(person.browser.post(`${path}/restart`, { settings: 'last_good' }, key), 202);
    expect((await problemOf(person.browser.post(`${path}/restart`, { settings: 'refused' }, key))).code).toBe(
      'idempotency_key_reused',
    );
  });

  it.each(['before', 'after'] as const)(
    'reach a cell that was away (%s the effect) by repeating the key',
    async (when) => {
      world.cell.become(tenant.slug, 'asleep');
      world.cell.fault = (what) => (what === 'command' ? when : 'none');
      const key = crypto.randomUUID();
      expect(await problemOf(person.browser.post(`${path}/wake`, {}, withKey(key)))).toMatchObject({
        status: 502,
        code: 'tenant_unreachable',
      });
      world.cell.fault = () => 'none';
      const told = await json<ShownOperation>(person.browser.post(`${path}/wake`, {}, withKey(key)), 202);
      expect(world.cell.tenants.get(tenant.slug)?.operations.slice(1)).toEqual([told.id]);
    },
  );

  it('that never arrived are shown as failed after a while, and not before', async () => {
    world.cell.become(tenant.slug, 'asleep');
    world.cell.fault = (what) => (what === 'command' ? 'before' : 'none');
    await person.browser.post(`${path}/wake`, {}, withKey());
    const [row] = await rows('SELECT id FROM operation WHERE tenant_id = ? AND body LIKE \'%"wake"%\'', tenant.id);
    const look = (): Promise<ShownOperation> => json(person.browser.get(`/api/v1/operations/${String(row?.['id'])}`));
    expect(await look()).toMatchObject({ finishedAtMs: null });
    world.clock.nowMs += 601_000;
    expect(await look()).toMatchObject({ error: { code: 'tenant_unreachable' } });
    world.clock.nowMs -= 601_000;
  });

  it.each(['before', 'after'] as const)('survive D1 failing at any point, %s it is applied', async (when) => {
    for (let n = 1; n <= 9; n++) {
      world.cell.become(tenant.slug, 'asleep');
      const taken = world.cell.tenants.get(tenant.slug)?.operations.length ?? 0;
      const key = crypto.randomUUID();
      world.database.failAt(n, when);
      await (await person.browser.post(`${path}/wake`, {}, withKey(key))).text();
      world.database.heal();
      const answer = await person.browser.post(`${path}/wake`, {}, withKey(key));
      await answer.text();
      expect(answer.status).toBe(202);
      expect(world.cell.tenants.get(tenant.slug)?.operations).toHaveLength(taken + 1);
      await world.settled();
    }
  });
});

describe('secrets', () => {
  const use = { kind: 'model_key', provider: 'openai' };
  const audits = () =>
    rows(
      "SELECT action FROM audit_entry WHERE tenant_id = ? AND action LIKE 'secret.%' AND outcome = 'done' ORDER BY seq",
      tenant.id,
    );

  it('are stored without their value coming back, and one in use is deleted only when confirmed', async () => {
    const value = 'sk-canary-0123456789';
    const put = await person.browser.send('PUT', `${path}/secrets/openai`, { use, value });
    expect(put.status).toBe(200);
    expect(await put.text()).not.toContain('canary');
    const stored = world.cell.stored.at(-1);
    if (stored === undefined) throw new Error('nothing stored');
    world.cell.stored.splice(-1, 1, { ...stored, usedBy: [{ kind: 'models', provider: 'openai' }] });
    const refused = await person.browser.send('DELETE', `${path}/secrets/openai`);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      code: 'secret_in_use',
      errors: [{ pointer: '/usedBy/0', detail: 'It is used by all requests to OpenAI models.' }],
    });
    // What did not happen is not written down as if it had.
    expect(await audits()).toEqual([{ action: 'secret.put' }]);
    expect(await json(person.browser.send('DELETE', `${path}/secrets/openai?confirmed=true`))).toEqual({
      deleted: true,
    });
    expect(await audits()).toEqual([{ action: 'secret.put' }, { action: 'secret.delete' }]);
  });
});
