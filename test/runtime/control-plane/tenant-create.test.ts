// Creating assistants: what is written before the cell is asked, and what a failure at any point leaves.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sweep } from '../../../apps/control-plane/src/jobs/sweep.ts';
import {
  create,
  createdTenant,
  createWorld,
  join,
  json,
  newPerson,
  newSlug,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

interface Created {
  readonly tenant: { readonly id: string; readonly slug: string; readonly state: string; readonly live: boolean };
  readonly operation: { readonly id: string; readonly finishedAtMs: number | null; readonly error: object | null };
}

let world: World;
let person: Person;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.database.heal();
  person = await newPerson(world);
});

const stored = (slug: string): Promise<Record<string, unknown>[]> => rows('SELECT * FROM tenant WHERE slug = ?', slug);

describe('creation', () => {
  it('answers 202 with the assistant being made and its operation', async () => {
    const slug = newSlug();
    const { tenant, operation } = await json<Created>(create(person, { slug, name: '  Nora  ' }), 202);
    expect(tenant).toMatchObject({
      id: expect.stringMatching(/^ten_/),
      orgId: person.orgId,
      name: 'Nora',
      slug,
      origin: `http://${slug}.localhost:8787`,
      state: 'provisioning',
      live: true,
      aiCapNanoUsdPerMonth: 5_000_000_000,
      release: '2026.9.6',
    });
    expect(world.cell.tenants.get(slug)).toMatchObject({
      tenantId: tenant.id,
      generation: 1,
      operations: [operation.id],
      spec: { members: [{ userId: person.userId, role: 'owner' }], idleSleepMs: 900_000 },
    });
    expect(await rows('SELECT action, actor_id FROM audit_entry WHERE tenant_id = ?', tenant.id)).toEqual([
      { action: 'tenant.create', actor_id: person.userId },
    ]);
  });

  it('gives a repeat of the key the same answer, to the byte, also when the assistant has moved on', async () => {
    const request = { slug: newSlug(), key: crypto.randomUUID() };
    const first = await (await create(person, request)).text();
    world.cell.become(request.slug, 'asleep');
    const again = await create(person, request);
    expect([again.status, await again.text()]).toEqual([202, first]);
    expect(await stored(request.slug)).toHaveLength(1);
  });

  it('gives many repeats at the same time one answer and makes one assistant', async () => {
    const request = { slug: newSlug(), key: crypto.randomUUID() };
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(person, request)));
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 202));
    expect(texts.size).toBe(1);
    expect(await stored(request.slug)).toHaveLength(1);
    expect(world.cell.tenants.get(request.slug)?.operations).toHaveLength(1);
  });

  it('refuses a key for another request, and a request without one', async () => {
    const key = crypto.randomUUID();
    await createdTenant(person, { key });
    expect(await problemOf(create(person, { key }))).toMatchObject({ status: 409, code: 'idempotency_key_reused' });
    const path = `/api/v1/orgs/${person.orgId}/tenants`;
    const body = { name: 'Nora', slug: newSlug() };
    expect((await problemOf(person.browser.post(path, body))).code).toBe('idempotency_key_missing');
    expect((await problemOf(person.browser.post(path, body, { 'idempotency-key': 'x'.repeat(101) }))).code).toBe(
      'idempotency_key_missing',
    );
  });

  it('lets one of 50 at the same time have a slug; the others are told another', async () => {
    const slug = newSlug();
    const others = await Promise.all(Array.from({ length: 4 }, (_, i) => newPerson(world, `Racer${i}`)));
    const racers = Array.from({ length: 50 }, (_, i) => others[i % 4] ?? person);
    const answers = await Promise.all(racers.map((racer) => create(racer, { slug })));
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      const problem = await problemOf(answer);
      expect(problem).toMatchObject({ status: 409, code: 'slug_taken' });
      expect(problem.next).toMatch(/such as nora-[0-9a-z]{4}\./);
    }
    expect(await stored(slug)).toHaveLength(1);
    // Who lost has nothing left behind: no key, no operation.
    const id = (await stored(slug))[0]?.['id'];
    expect(await rows('SELECT id FROM operation WHERE tenant_id NOT IN (SELECT id FROM tenant)')).toEqual([]);
    expect(
      await rows(
        "SELECT key FROM idempotency WHERE result_id <> ? AND result_id LIKE 'ten_%' AND result_id NOT IN (SELECT id FROM tenant)",
        id,
      ),
    ).toEqual([]);
  });

  it('keeps the quota when many are created at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(person)));
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(5);
    const codes = await Promise.all(answers.filter(({ status }) => status !== 202).map((answer) => problemOf(answer)));
    expect(new Set(codes.map(({ code }) => code))).toEqual(new Set(['quota_reached']));
    expect(await rows('SELECT id FROM tenant WHERE org_id = ?', person.orgId)).toHaveLength(5);
  });

  it.each([
    ['ab', 'slug_malformed'],
    ['-abc', 'slug_malformed'],
    ['Nora', 'slug_malformed'],
    ['xn--nora', 'slug_malformed'],
    ['nora.evil', 'slug_malformed'],
    ['8787-nora', 'slug_malformed'],
    ['admin', 'slug_reserved'],
    ['constructor', 'slug_reserved'],
    ['g00gle', 'slug_confusable'],
    ['my-paypa1', 'slug_confusable'],
  ])('refuses the address %s as %s and calls nobody', async (slug, code) => {
    const before = world.cell.calls.length;
    expect(await problemOf(create(person, { slug }))).toMatchObject({ status: 422, code });
    expect(world.cell.calls.length).toBe(before);
    expect(await stored(slug)).toEqual([]);
  });

  it('refuses unknown fields and an empty name', async () => {
    const path = `/api/v1/orgs/${person.orgId}/tenants`;
    const key = { 'idempotency-key': crypto.randomUUID() };
    const extra = { name: 'Nora', slug: newSlug(), ownerId: 'usr_x' };
    expect((await problemOf(person.browser.post(path, extra, key))).code).toBe('validation_failed');
    expect((await problemOf(person.browser.post(path, { name: ' ', slug: newSlug() }, key))).code).toBe(
      'validation_failed',
    );
  });

  it('knows every member of the organisation from the start', async () => {
    const helper = await newPerson(world, 'Helper');
    await join(helper, person.orgId, 'member');
    const { tenant } = await createdTenant(person);
    expect(world.cell.tenants.get(tenant.slug)?.spec.members).toEqual([
      { userId: person.userId, role: 'owner' },
      { userId: helper.userId, role: 'operator' },
    ]);
  });
});

describe('a cell that is away', () => {
  it('leaves the assistant under way; a look at it, or the sweep, sends the same creation', async () => {
    world.cell.fault = () => 'before';
    const { tenant, operation } = await json<Created>(create(person), 202);
    expect(tenant).toMatchObject({ state: 'provisioning', live: false });
    expect(world.cell.tenants.has(tenant.slug)).toBe(false);
    // Still away: the stored copy.
    expect(await json(person.browser.get(`/api/v1/tenants/${tenant.id}`))).toMatchObject({ live: false });
    world.cell.fault = () => 'none';
    expect(await json(person.browser.get(`/api/v1/tenants/${tenant.id}`))).toMatchObject({ live: true });
    expect(world.cell.tenants.get(tenant.slug)?.operations).toEqual([operation.id]);
  });

  it('is reached by the sweep once, and not again when it has answered', async () => {
    world.cell.fault = (what) => (what === 'provision' ? 'after' : 'none');
    const { tenant, operation } = await json<Created>(create(person), 202);
    world.cell.fault = () => 'none';
    await sweep(world.ctx);
    expect(world.cell.tenants.get(tenant.slug)?.operations).toEqual([operation.id]);
    const calls = world.cell.calls.filter(({ slug }) => slug === tenant.slug).length;
    await sweep(world.ctx);
    expect(world.cell.calls.filter(({ slug }) => slug === tenant.slug)).toHaveLength(calls);
  });

  it('does not make anew what its cell has lost', async () => {
    const { tenant } = await createdTenant(person);
    world.cell.tenants.delete(tenant.slug);
    expect(await json(person.browser.get(`/api/v1/tenants/${tenant.id}`))).toMatchObject({ live: false });
    await sweep(world.ctx);
    expect(world.cell.tenants.has(tenant.slug)).toBe(false);
  });

  it('says why when it will not take the creation', async () => {
    const slug = newSlug();
    const other = await newPerson(world, 'Other');
    await createdTenant(other, { slug });
    // A cell that knows the address although D1 does not: D1 was set back.
    await rows('DELETE FROM tenant WHERE slug = ?', slug);
    const { tenant, operation } = await json<Created>(create(person, { slug }), 202);
    expect(tenant.live).toBe(false);
    const told = await json<Created['operation']>(person.browser.get(`/api/v1/operations/${operation.id}`));
    expect(told).toMatchObject({ finishedAtMs: expect.any(Number), error: { code: 'slug_taken' } });
    expect(world.cell.tenants.get(slug)?.tenantId).not.toBe(tenant.id);
  });
});

describe('D1 failing at any point of a creation', () => {
  // How many round trips a creation makes; each is failed in turn, before and after it was applied.
  it.each(['before', 'after'] as const)(
    '%s it is applied: a repeat of the key ends with one assistant',
    async (when) => {
      let reached = true;
      let n = 0;
      while (reached) {
        n += 1;
        const who = await newPerson(world, `Faulty${n}`);
        const request = { slug: newSlug(), key: crypto.randomUUID() };
        world.database.sent.length = 0;
        world.database.failAt(n, when);
        const first = await create(who, request);
        reached = world.database.sent.length >= n;
        world.database.heal();
        await first.text();
        const { tenant, operation } = await json<Created>(create(who, request), 202);
        expect((await stored(request.slug)).map(({ id }) => id)).toEqual([tenant.id]);
        expect(await rows('SELECT id FROM operation WHERE tenant_id = ?', tenant.id)).toEqual([{ id: operation.id }]);
        expect(await rows('SELECT action FROM audit_entry WHERE tenant_id = ?', tenant.id)).toHaveLength(1);
        expect(world.cell.tenants.get(request.slug)).toMatchObject({ tenantId: tenant.id, operations: [operation.id] });
      }
      expect(n).toBeGreaterThan(5);
    },
  );

  it.each(['before', 'after'] as const)(
    '%s it is applied: without a repeat the sweep makes it, or nothing is there',
    async (when) => {
      for (let n = 1; n <= 10; n++) {
        const who = await newPerson(world, `Gone${n}`);
        const slug = newSlug();
        world.database.failAt(n, when);
        await (await create(who, { slug })).text();
        world.database.heal();
        await sweep(world.ctx);
        const [row] = await stored(slug);
        expect(world.cell.tenants.get(slug)?.tenantId).toBe(row?.['id']);
        const shown = await json<{ items: { slug: string }[] }>(who.browser.get(`/api/v1/orgs/${who.orgId}/tenants`));
        expect(shown.items.map((item) => item.slug)).toEqual(row === undefined ? [] : [slug]);
      }
    },
  );
});
