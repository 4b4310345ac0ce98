// What is kept of use: single requests for 90 days, their sums for good, and a month as a file.

import { beforeAll, describe, expect, it } from 'vitest';
import { ulidFrom } from '../../../apps/control-plane/src/contract/ids.ts';
import type { Receipt } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { purgeReceipts } from '../../../apps/control-plane/src/jobs/receipts.ts';
import { bringReceipts, type Named } from './support/tenant-events.ts';
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
beforeAll(async () => {
  world = await createWorld();
  person = await newPerson(world);
});

const dayMs = 86_400_000;
const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(10));

function aReceipt(atMs: number, changes: Partial<Receipt> = {}): Receipt {
  return {
    requestId: ulidFrom(atMs, random()),
    period: new Date(atMs).toISOString().slice(0, 7),
    atMs,
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    inputTokens: 100,
    outputTokens: 10,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costNanoUsd: 1_001,
    byok: false,
    listCostNanoUsd: 0,
    outcome: 'final',
    priceVersion: '2026-11-21',
    upstreamId: null,
    ...changes,
  };
}

const bring = (tenant: Named, receipts: readonly Receipt[]): Promise<number> => bringReceipts(world, tenant, receipts);

interface Usage {
  readonly byModel: { readonly requests: number; readonly costNanoUsd: number }[];
  readonly byDay: { readonly day: string; readonly requests: number; readonly costNanoUsd: number }[];
  readonly requestsKeptFrom: string | null;
}
const usageOf = (tenant: Named, period: string): Promise<Usage> =>
  json<Usage>(person.browser.get(`/api/v1/tenants/${tenant.id}/usage?period=${period}`));

describe('after 90 days', () => {
  it('single requests go a piece at a time, and their sums stay as they were', async () => {
    const { tenant } = await createdTenant(person);
    const oldMs = world.clock.nowMs - 95 * dayMs;
    const old = Array.from({ length: 30 }, (_, i) => aReceipt(oldMs + i));
    const young = aReceipt(world.clock.nowMs - 80 * dayMs);
    const period = old[0]?.period ?? '';
    // One that came to nothing is listed, and counts nowhere.
    await bring(tenant, [aReceipt(oldMs, { outcome: 'failed', costNanoUsd: 0 })]);
    expect((await usageOf(tenant, period)).byModel).toEqual([]);
    await bring(tenant, [...old, young]);
    const before = await usageOf(tenant, period);
    expect(before.byDay.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)).toBeGreaterThanOrEqual(30 * 1_001);

    expect(await purgeReceipts(world.ctx)).toBe(31);
    expect(await purgeReceipts(world.ctx)).toBe(0);
    const left = await rows('SELECT request_id FROM receipt WHERE tenant_id = ?', tenant.id);
    expect(left).toEqual([{ request_id: young.requestId }]);
    // A queue that kept them this long: acknowledged, and counted no second time.
    expect(await bring(tenant, old)).toBe(30);
    const after = await usageOf(tenant, period);
    expect({ ...after, requestsKeptFrom: null }).toEqual({ ...before, requestsKeptFrom: null });
    expect(Date.parse(after.requestsKeptFrom ?? '')).toBeGreaterThan(oldMs + 30);
    await expect(rows('DELETE FROM receipt WHERE tenant_id = ?', tenant.id)).rejects.toThrow(/append-only/);
  });

  it('a clock of ours that is far ahead removes nothing: the database has its own', async () => {
    const { tenant } = await createdTenant(person);
    await bring(tenant, [aReceipt(world.clock.nowMs - dayMs)]);
    const nowMs = world.clock.nowMs;
    world.clock.nowMs += 365 * dayMs;
    await expect(purgeReceipts(world.ctx)).rejects.toThrow(/no nearer than 89 days/);
    world.clock.nowMs = nowMs;
    expect(await rows('SELECT request_id FROM receipt WHERE tenant_id = ?', tenant.id)).toHaveLength(1);
  });
});

describe('a month as a file', () => {
  const csvOf = (tenant: Named, period: string) =>
    person.browser.get(`/api/v1/tenants/${tenant.id}/usage/requests.csv?period=${period}`);

  it('has every request of that month once, over pages, exact and safe in a spreadsheet', async () => {
    const { tenant } = await createdTenant(person);
    const atMs = Date.UTC(2026, 9, 31, 23, 30);
    const evil = aReceipt(atMs, { model: '=HYPERLINK("http://x","y")', costNanoUsd: 213_457, upstreamId: '@sum' });
    const many = Array.from({ length: 1_203 }, (_, i) => aReceipt(atMs + i, { costNanoUsd: i }));
    const own = aReceipt(atMs + 5_000, { byok: true, costNanoUsd: 0, listCostNanoUsd: 9 });
    await bring(tenant, [...many, evil, own, aReceipt(Date.UTC(2026, 10, 1))]);
    const answer = await csvOf(tenant, '2026-10');
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="${tenant.slug}-2026-10-requests.csv"`,
    );
    const lines = (await answer.text()).split('\r\n');
    expect(lines.at(-1)).toBe('');
    const records = lines.slice(1, -1);
    expect(records).toHaveLength(1_205);
    expect(new Set(records.map((line) => line.split(',')[1])).size).toBe(1_205);
    const evils = records.find((line) => line.includes(evil.requestId));
    expect(evils).toBe(
      `2026-10-31T23:30:00.000Z,${evil.requestId},anthropic,"'=HYPERLINK(""http://x"",""y"")",100,10,0,0,0.000213457,final,2026-11-21,'@sum,no,,${evil.requestId},1,,,`,
    );
    expect(records.at(-1)).toMatch(/,0\.000000000,final,2026-11-21,,yes,0\.000000009,[0-9a-z]{26},1,,,$/);
    expect((await (await csvOf(tenant, '2025-01')).text()).split('\r\n')).toHaveLength(2);
  }, 60_000);

  it('fails in words before its first byte, and ends broken after it: half a file is no file', async () => {
    const { tenant } = await createdTenant(person);
    const atMs = Date.UTC(2026, 9, 3);
    await bring(
      tenant,
      Array.from({ length: 501 }, (_, i) => aReceipt(atMs + i)),
    );
    expect(
      await problemOf(person.browser.get(`/api/v1/tenants/${tenant.id}/usage/requests.csv?period=2026-13`)),
    ).toMatchObject({ status: 422, code: 'validation_failed' });
    const answer = await csvOf(tenant, '2026-10');
    expect(answer.status).toBe(200);
    world.database.failAt(1, 'before');
    await expect(answer.text()).rejects.toThrow();
    world.database.heal();
  }, 60_000);
});
