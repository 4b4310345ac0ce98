// Releases over the API, and rollouts as the scheduled job carries them out.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runRollouts } from '../../../apps/control-plane/src/jobs/rollouts.ts';
import type { RolloutPlan } from '../../../apps/control-plane/src/core/rollout.ts';
import { rolloutBegin, rolloutSwitch } from '../../../apps/control-plane/src/services/rollout-control.ts';
import {
  create,
  createWorld,
  json,
  newPerson,
  newSlug,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

const older = '2026.8.2';
const newer = '2026.9.6';
let world: World;
let person: Person;
beforeAll(async () => {
  world = await createWorld();
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
const stateOf = async (id: string) => (await rows('SELECT state FROM rollout WHERE id = ?', id))[0]?.['state'];

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
    const id = await rolloutBegin(world.ctx, plan);
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
    const id = await rolloutBegin(world.ctx, plan);
    expect(await rolloutSwitch(world.ctx, id, 'pause')).toBe(true);
    await runRollouts(world.ctx);
    expect(specOf(tenant.slug)?.release).toBe(older);
    expect(await rolloutSwitch(world.ctx, id, 'resume')).toBe(true);
    await runRollouts(world.ctx);
    const failure = { to: newer, code: 'gateway_exit', detail: 'It ended.', atMs: world.clock.nowMs + 1 };
    await rows(
      "UPDATE tenant SET report = json_set(report, '$.upgradeFailure', json(?), '$.release', ?) WHERE id = ?",
      JSON.stringify(failure),
      older,
      tenant.id,
    );
    await runRollouts(world.ctx);
    expect(await stateOf(id)).toBe('halted');
    expect(await rolloutSwitch(world.ctx, id, 'resume')).toBe(false);
  });

  it('that is cut off after it wrote somebody down does not ask twice', async () => {
    const tenant = await onOlder();
    await rolloutBegin(world.ctx, plan);
    world.cell.fault = (what) => (what === 'applySpec' ? 'before' : 'none');
    await runRollouts(world.ctx);
    world.cell.fault = () => 'none';
    const generation = (await rows('SELECT generation FROM tenant WHERE id = ?', tenant.id))[0]?.['generation'];
    await runRollouts(world.ctx);
    expect((await rows('SELECT generation FROM tenant WHERE id = ?', tenant.id))[0]?.['generation']).toBe(generation);
  });
});
