// What assistants cost against what they bring, worked out by the scheduled job and read by staff, worst first; and the daily
// samples it rests on. The numbers are worked out by hand.

import { beforeAll, expect, it } from 'vitest';
import { sampleStorage } from '../../../apps/control-plane/src/jobs/storage-sample.ts';
import { workOutMargins } from '../../../apps/control-plane/src/jobs/margins.ts';
import type { Margins } from '../../../apps/control-plane/src/contract/margins.ts';
import { createBillingWorld, payingPerson, use, type BillingWorld } from './support/billing-world.ts';
import { createdTenant, json, newPerson, newStaff, problemOf, rows, type Person } from './support/world.ts';

let world: BillingWorld;
let staff: Person;
beforeAll(async () => {
  world = await createBillingWorld();
  staff = await newStaff(world);
});

const usd = 1_000_000_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const marginsIn = (query: string): Promise<Margins> =>
  json<Margins>(staff.browser.get(`/api/v1/fleet/margins?${query}`));

async function walk(run: () => Promise<number>): Promise<void> {
  for (let i = 0; i < 50; i++) if ((await run()) === 0) return;
  expect.unreachable('the walk does not end');
}

it('is by hand: a plan halved, use above it, what is stored and what it all costs; the trial brings nothing', async () => {
  const paying = await payingPerson(world, 'pool');
  const [one, two] = [(await createdTenant(paying)).tenant, (await createdTenant(paying)).tenant];
  const trying = await newPerson(world);
  const { tenant: free } = await createdTenant(trying);
  await use(one.id, '2026-11', { aiNanoUsd: 7 * usd, awakeMs: 60 * hourMs });
  await use(free.id, '2026-11', { aiNanoUsd: usd / 2, awakeMs: 0 });
  // 10 GB of it for the three days on which the job ran.
  for (const day of ['21', '22', '23']) {
    world.clock.nowMs = Date.UTC(2026, 10, Number(day), 9);
    await rows("UPDATE tenant SET report = json_set(report, '$.storedBytes', ?) WHERE id = ?", 10e9, one.id);
    await walk(() => sampleStorage(world.ctx));
  }
  expect(await rows('SELECT day, stored_bytes FROM usage_day WHERE tenant_id = ?', one.id)).toEqual(
    ['2026-11-21', '2026-11-22', '2026-11-23'].map((day) => ({ day, stored_bytes: 10e9 })),
  );
  await rows('UPDATE billing_account SET look_again_at_ms = 0');
  world.clock.nowMs = Date.UTC(2026, 11, 1);
  await world.sweep();
  await walk(() => workOutMargins(world.ctx));

  const { items, totals, rates } = await marginsIn('period=2026-11');
  const of = (id: string) => items.find(({ tenantId }) => tenantId === id);
  // 7 USD of AI, of which the plan's 5 and the trial's 1 are included; 1 USD above, all of it by the first.
  expect(of(one.id)).toMatchObject({
    orgId: paying.orgId,
    revenue: { planNanoUsd: 7.5 * usd, overageNanoUsd: usd, prepaidNanoUsd: 0 },
    cost: {
      computeNanoUsd: 2_112_480_000, // 216,000 s × 9,780
      objectsNanoUsd: 343_980_000, // 216,000 × 1,562.5 + 43,200 × 150
      storageNanoUsd: 15_000_000, // 30 GB-days of 30 × 15,000,000
      aiNanoUsd: 7 * usd,
      browserNanoUsd: 0,
    },
  });
  // 3.6 % of 16 USD and 30 cents, by what each brought: 8.5 and 7.5.
  expect(of(one.id)?.cost.collectionNanoUsd).toBe(465_375_000);
  expect(of(one.id)?.marginNanoUsd).toBe(8.5 * usd - 7 * usd - 2_112_480_000 - 343_980_000 - 15_000_000 - 465_375_000);
  expect(of(two.id)).toMatchObject({ costNanoUsd: 410_625_000, marginNanoUsd: 7.5 * usd - 410_625_000 });
  expect(of(free.id)).toMatchObject({ revenueNanoUsd: 0, marginNanoUsd: -usd / 2 });
  expect(rates.readOn).toBe('2026-08');

  // Worst first, page by page, and the sums of all.
  const worst = items.map(({ marginNanoUsd }) => marginNanoUsd);
  expect(worst).toEqual(worst.toSorted((a, b) => a - b));
  expect(totals.marginNanoUsd).toBe(worst.reduce((sum, each) => sum + each, 0));
  const paged: string[] = [];
  let cursor = '';
  do {
    const page = await marginsIn(
      `period=2026-11&limit=1${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    paged.push(...page.items.map(({ tenantId }) => tenantId));
    cursor = page.nextCursor ?? '';
  } while (cursor !== '');
  expect(paged).toEqual(items.map(({ tenantId }) => tenantId));
  expect(await problemOf(staff.browser.get('/api/v1/fleet/margins?cursor=x'))).toMatchObject({
    code: 'validation_failed',
  });

  // The same day again: nothing is walked. The next day it takes the place of what was there.
  expect(await workOutMargins(world.ctx)).toBe(0);
  world.clock.nowMs += dayMs;
  await walk(() => workOutMargins(world.ctx));
  expect((await marginsIn('period=2026-11')).items.map(({ marginNanoUsd }) => marginNanoUsd)).toEqual(worst);
}, 60_000);
