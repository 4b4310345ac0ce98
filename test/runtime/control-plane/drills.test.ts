// Restore drills: on demand through the API, and the fleet's daily sample.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { drillSample } from '../../../apps/control-plane/src/jobs/drills.ts';
import { createdTenant, createWorld, json, newPerson, rows, type Person, type World } from './support/world.ts';

const dayMs = 86_400_000;
let world: World;
let person: Person;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  // Those of earlier tests are nobody's business here.
  await rows("UPDATE tenant SET state = 'suspended'");
  world.cell.fault = () => 'none';
  person = await newPerson(world);
});

async function asleep(): Promise<{ id: string; slug: string }> {
  const { tenant } = await createdTenant(person);
  world.cell.become(tenant.slug, 'asleep');
  await json(person.browser.get(`/api/v1/tenants/${tenant.id}`));
  await world.settled();
  return tenant;
}

const drilled = () => world.cell.calls.filter(({ what }) => what === 'drill').map(({ slug }) => slug);
const lastDrilled = (id: string, atMs: number) => rows('UPDATE tenant SET drilled_at_ms = ? WHERE id = ?', atMs, id);

describe('a drill on demand', () => {
  it('is an operation, and the same key is the same drill', async () => {
    const tenant = await asleep();
    const ask = () =>
      json<{ id: string; kind: string }>(
        person.browser.post(`/api/v1/tenants/${tenant.id}/drills`, undefined, { 'idempotency-key': 'same-key-0001' }),
        202,
      );
    const first = await ask();
    expect(first).toMatchObject({ kind: 'drill' });
    expect((await ask()).id).toBe(first.id);
    expect(world.cell.tenants.get(tenant.slug)?.operations.filter((id) => id === first.id)).toHaveLength(1);
  });
});

describe('the daily sample', () => {
  it('asks whoever was proven longest ago, each once a day, until nobody is left', async () => {
    const [recent, older] = [await asleep(), await asleep()];
    await lastDrilled(recent.id, world.clock.nowMs - 2 * dayMs);
    await lastDrilled(older.id, world.clock.nowMs - 3 * dayMs);
    world.cell.calls.length = 0;
    const runs = [await drillSample(world.ctx), await drillSample(world.ctx), await drillSample(world.ctx)];
    expect(runs).toEqual(['asked', 'asked', 'nobody']);
    expect(drilled()).toEqual([older.slug, recent.slug]);
  });

  it('is five a day, those that drilled themselves among them', async () => {
    const tenants = await Promise.all([asleep(), asleep(), asleep(), asleep(), asleep()]);
    for (const { id } of tenants) await lastDrilled(id, world.clock.nowMs - 1_000);
    person = await newPerson(world);
    await asleep();
    expect(await drillSample(world.ctx)).toBe('enough');
    await lastDrilled(tenants[0]?.id ?? '', world.clock.nowMs - 2 * dayMs);
    expect(await drillSample(world.ctx)).toBe('asked');
  });

  it('does not stay with one that cannot be asked', async () => {
    await asleep();
    world.cell.fault = (what) => (what === 'drill' ? 'before' : 'none');
    expect([await drillSample(world.ctx), await drillSample(world.ctx)]).toEqual(['refused', 'nobody']);
  });
});
