// Releases over the API, and rollouts as the scheduled job carries them out.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runRollouts } from '../../../apps/control-plane/src/jobs/rollouts.ts';
import type { Rollout, RolloutDetails, RolloutPlan } from '../../../apps/control-plane/src/contract/rollouts.ts';
import {
  create,
  createWorld,
  json,
  newPerson,
  newSlug,
  newStaff,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

const older = '2026.8.2';
const newer = '2026.9.6';
let world: World;
let person: Person;
let staff: Person;
beforeAll(async () => {
  world = await createWorld();
  staff = await newStaff(world);
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  await rows("UPDATE tenant SET state = 'suspended'");
  await rows("UPDATE rollout SET state = 'done'");
  person = await newPerson(world);
});

const plan: RolloutPlan = {
  release: newer,
  stages: [100],
  soakMs: 0,
  failurePercentMax: 10,
  failuresMin: 1,
  atOnceMax: 50,
  quietHoursUtc: null,
};

async function onOlder(): Promise<{ id: string; slug: string }> {
  const { browser, orgId } = person;
  const made = await json<{ tenant: { id: string; slug: string } }>(
    browser.post(
      `/api/v1/orgs/${orgId}/tenants`,
      { name: 'Nora', slug: newSlug(), release: older },
      { 'idempotency-key': crypto.randomUUID() },
    ),
    202,
  );
  world.cell.become(made.tenant.slug, 'asleep');
  await json(browser.get(`/api/v1/tenants/${made.tenant.id}`));
  await world.settled();
  return made.tenant;
}

const specOf = (slug: string) => world.cell.tenants.get(slug)?.spec;
const outcomes = async () =>
  (await rows('SELECT tenant_id, outcome FROM rollout_tenant')).map((row) => [row['tenant_id'], row['outcome']]);
const fleet = '/api/v1/fleet';
const beginAs = ({ browser }: Person, key: string = crypto.randomUUID(), more: Partial<RolloutPlan> = {}) =>
  browser.post(`${fleet}/rollouts`, { ...plan, ...more, reason: 'It is new.' }, { 'idempotency-key': key });
const begin = async (): Promise<string> => (await json<Rollout>(beginAs(staff), 201)).id;
const tell = (id: string, act: 'pause' | 'resume' | 'halt', reason: string = act) =>
  staff.browser.post(`${fleet}/rollouts/${id}/${act}`, { reason });
const details = (id: string) => json<RolloutDetails>(staff.browser.get(`${fleet}/rollouts/${id}`));
const stateOf = async (id: string) => (await details(id)).state;
/** The assistant tells that it stays on its release. */
const fails = (tenantId: string) =>
  rows(
    "UPDATE tenant SET report = json_set(report, '$.upgradeFailure', json(?), '$.release', ?) WHERE id = ?",
    JSON.stringify({ to: newer, code: 'gateway_exit', detail: 'It ended.', atMs: world.clock.nowMs + 1 }),
    older,
    tenantId,
  );

describe('releases', () => {
  it('are listed, and one that is not there is refused before anything is made', async () => {
    const { items } = await json<{ items: unknown[] }>(person.browser.get('/api/v1/releases'));
    expect(items).toEqual([
      { version: newer, isDefault: true },
      { version: older, isDefault: false },
    ]);
    const refused = await problemOf(
      person.browser.post(
        `/api/v1/orgs/${person.orgId}/tenants`,
        { name: 'Nora', slug: newSlug(), release: '2026.1.1' },
        { 'idempotency-key': crypto.randomUUID() },
      ),
    );
    expect(refused).toMatchObject({ status: 422, code: 'release_unknown' });
    expect((await create(person)).status).toBe(202);
  });

  it('are changed upwards under an operation, never down, and there is nothing to go back to', async () => {
    const tenant = await onOlder();
    const at = (path: string, body?: unknown) =>
      person.browser.post(`/api/v1/tenants/${tenant.id}/${path}`, body, { 'idempotency-key': crypto.randomUUID() });
    expect(await problemOf(at('rollback'))).toMatchObject({ status: 409, code: 'rollback_unavailable' });
    expect(await json(at('upgrade', { release: newer }), 202)).toMatchObject({ kind: 'upgrade' });
    expect(specOf(tenant.slug)?.release).toBe(newer);
    expect(await problemOf(at('upgrade', { release: older }))).toMatchObject({
      status: 409,
      code: 'release_not_newer',
    });
  });
});

describe('a rollout', () => {
  it('asks everybody once but the pinned, and is done when they are there', async () => {
    const [first, second, pinned] = [await onOlder(), await onOlder(), await onOlder()];
    await json(person.browser.send('PATCH', `/api/v1/tenants/${pinned.id}`, { pinned: true }));
    const id = await begin();
    await runRollouts(world.ctx);
    expect([specOf(first.slug)?.release, specOf(second.slug)?.release]).toEqual([newer, newer]);
    expect(specOf(pinned.slug)).toMatchObject({ release: older, pinned: true });
    await runRollouts(world.ctx);
    expect(await stateOf(id)).toBe('running');
    for (const { id: tenantId } of [first, second]) await json(person.browser.get(`/api/v1/tenants/${tenantId}`));
    await world.settled();
    await runRollouts(world.ctx);
    expect((await outcomes()).filter(([tenantId]) => tenantId === first.id || tenantId === second.id)).toEqual(
      expect.arrayContaining([
        [first.id, 'succeeded'],
        [second.id, 'succeeded'],
      ]),
    );
    expect(await stateOf(id)).toBe('done');
  });

  it('asks nobody while it is paused, and halts when too many fail', async () => {
    const tenant = await onOlder();
    const id = await begin();
    expect(await json(tell(id, 'pause', 'A look first.'))).toMatchObject({ state: 'paused', reason: 'A look first.' });
    // Said twice it is done once.
    expect(await json(tell(id, 'pause'))).toMatchObject({ state: 'paused', reason: 'A look first.' });
    await runRollouts(world.ctx);
    expect(specOf(tenant.slug)?.release).toBe(older);
    expect(await json(tell(id, 'resume'))).toMatchObject({ state: 'running', reason: null });
    await runRollouts(world.ctx);
    await fails(tenant.id);
    await runRollouts(world.ctx);
    expect(await details(id)).toMatchObject({
      state: 'halted',
      reason: '1 of 1 upgrades failed',
      counts: { underWay: 0, succeeded: 0, failed: 1 },
      failures: [{ tenantId: tenant.id, code: 'gateway_exit' }],
    });
  });

  it('that halted goes on when somebody resumes it: what failed before does not halt it again, what fails after does', async () => {
    const two = [await onOlder(), await onOlder()];
    const wants = (slug: string) => specOf(slug)?.release === newer;
    const { id } = await json<Rollout>(beginAs(staff, crypto.randomUUID(), { atOnceMax: 1 }), 201);
    await runRollouts(world.ctx);
    const first = two.find(({ slug }) => wants(slug));
    const second = two.find(({ slug }) => !wants(slug));
    if (first === undefined || second === undefined) throw new Error('one of the two is asked first');
    await fails(first.id);
    await runRollouts(world.ctx);
    expect(await stateOf(id)).toBe('halted');
    expect(await problemOf(tell(id, 'pause'))).toMatchObject({ status: 409, code: 'rollout_not_allowed' });
    world.clock.nowMs += 60_000;
    await json(tell(id, 'resume', 'That one was out of disk.'));
    world.clock.nowMs += 60_000;
    await runRollouts(world.ctx);
    expect(await stateOf(id)).toBe('running');
    expect(wants(second.slug)).toBe(true);
    await fails(second.id);
    await runRollouts(world.ctx);
    const seen = await details(id);
    expect(seen).toMatchObject({ state: 'halted', reason: '1 of 1 upgrades failed', counts: { failed: 2 } });
    expect(seen.events.map(({ action, actor, reason }) => [action, actor, reason])).toEqual([
      ['halt', 'rollout', '1 of 1 upgrades failed'],
      ['resume', staff.userId, 'That one was out of disk.'],
      ['halt', 'rollout', '1 of 1 upgrades failed'],
      ['begin', staff.userId, 'It is new.'],
    ]);
  });

  it('is open once per release, begun once per key, and stays done', async () => {
    const key = crypto.randomUUID();
    const { id } = await json<Rollout>(beginAs(staff, key), 201);
    expect(await json(beginAs(staff, key), 201)).toMatchObject({ id });
    expect(await problemOf(beginAs(staff, key, { atOnceMax: 1 }))).toMatchObject({ code: 'idempotency_key_reused' });
    expect(await problemOf(beginAs(staff))).toMatchObject({ status: 409, code: 'rollout_open' });
    await json(tell(id, 'halt', 'Not now.'));
    const { id: other } = await json<Rollout>(beginAs(staff), 201);
    expect(await problemOf(tell(id, 'resume'))).toMatchObject({ status: 409, code: 'rollout_open' });
    await rows("UPDATE rollout SET state = 'done' WHERE id = ?", other);
    expect(await problemOf(tell(other, 'resume'))).toMatchObject({ status: 409, code: 'rollout_not_allowed' });
    const { items } = await json<{ items: Rollout[] }>(staff.browser.get(`${fleet}/rollouts?limit=2`));
    // Ids sort by the millisecond, and both may be of the same one.
    expect(new Map(items.map((each) => [each.id, each.state]))).toEqual(
      new Map([
        [other, 'done'],
        [id, 'halted'],
      ]),
    );
  });

  it('takes only the release for granted, and says what a plan may be', async () => {
    const post = (body: unknown) =>
      staff.browser.post(`${fleet}/rollouts`, body, { 'idempotency-key': crypto.randomUUID() });
    const refused = { status: 422, code: 'validation_failed' };
    expect(await problemOf(post({ release: newer }))).toMatchObject(refused);
    expect(await problemOf(post({ release: newer, reason: 'x', stages: [10, 5] }))).toMatchObject(refused);
    expect(await problemOf(post({ release: '2026.1.1', reason: 'x' }))).toMatchObject({ code: 'release_unknown' });
    expect(await json(post({ release: newer, reason: 'x' }), 201)).toMatchObject({
      plan: { stages: [1, 10, 50, 100], soakMs: 3_600_000, failurePercentMax: 5, failuresMin: 3, atOnceMax: 20 },
    });
  });

  it('that is cut off after it wrote somebody down does not ask twice', async () => {
    const tenant = await onOlder();
    await begin();
    world.cell.fault = (what) => (what === 'applySpec' ? 'before' : 'none');
    await runRollouts(world.ctx);
    world.cell.fault = () => 'none';
    const generation = (await rows('SELECT generation FROM tenant WHERE id = ?', tenant.id))[0]?.['generation'];
    await runRollouts(world.ctx);
    expect((await rows('SELECT generation FROM tenant WHERE id = ?', tenant.id))[0]?.['generation']).toBe(generation);
  });
});

describe('staff', () => {
  it('are those whom the setting names and who have shown that the address is theirs', async () => {
    const asked = () => staff.browser.get(`${fleet}/releases`);
    await onOlder();
    const { items } = await json<{ items: unknown[] }>(asked());
    expect(items).toMatchObject([
      { version: newer, isDefault: true, isOffered: true },
      { version: older, isDefault: false, assistants: expect.any(Number), pinned: expect.any(Number) },
    ]);
    await rows('UPDATE user SET email_verified = 0 WHERE id = ?', staff.userId);
    expect(await problemOf(asked())).toMatchObject({ status: 403, code: 'forbidden' });
    await rows("UPDATE user SET email_verified = 1, email = 'staff@example.test.evil.test' WHERE id = ?", staff.userId);
    expect(await problemOf(asked())).toMatchObject({ status: 403, code: 'forbidden' });
    await rows('UPDATE user SET email = ? WHERE id = ?', staff.email, staff.userId);
    expect((await asked()).status).toBe(200);
  });

  it('is not what anybody can make themselves: an owner may do none of it', async () => {
    for (const extra of [{ role: 'admin' }, { isStaff: true }, { email: staff.email }]) {
      await person.browser.post('/api/auth/update-user', { name: 'Nora', ...extra });
      expect(await problemOf(beginAs(person))).toMatchObject({ status: 403, code: 'forbidden' });
    }
  });
});
