// The timeline: what a tenant tells of its work and its recoveries, whatever order it comes in, page by page.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Incident } from '../../../apps/control-plane/src/contract/incident.ts';
import { OperationId, TenantId, ulidFrom } from '../../../apps/control-plane/src/contract/ids.ts';
import type { Operation, TenantEvent } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { bringEvents, eventBase, type Named } from './support/tenant-events.ts';
import { createdTenant, createWorld, json, newPerson, rows, type Person, type World } from './support/world.ts';

interface Page {
  readonly items: { kind: string; id: string; incident?: Incident; operation?: Operation }[];
  readonly nextCursor: string | null;
}

let world: World;
let person: Person;
let tenant: Named;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  person = await newPerson(world);
  tenant = (await createdTenant(person)).tenant;
});

const atMs = Date.parse('2026-11-21T10:00:00Z');
const base = () => eventBase(tenant, atMs);

function incidentAt(n: number, version: number, over: Partial<Incident> = {}): TenantEvent {
  const incident: Incident = {
    seq: n,
    version,
    kind: 'gateway_lost',
    code: null,
    words: null,
    logTail: null,
    lastSeenOkAtMs: atMs + n * 1_000 - 500,
    brokeAtMs: null,
    noticedAtMs: atMs + n * 1_000,
    steps: [{ code: 'gateway_started', atMs: atMs + n * 1_000 + 5, snapshotId: null }],
    endedAtMs: null,
    outcome: null,
    fromIncarnation: 1,
    toIncarnation: 1,
    lost: null,
    ...over,
  };
  return { ...base(), kind: 'incident', incident };
}

function operationAt(n: number): TenantEvent {
  const startedAtMs = atMs + n * 1_000;
  const operation: Operation = {
    id: OperationId.parse(`op_${ulidFrom(startedAtMs, crypto.getRandomValues(new Uint8Array(10)))}`),
    tenantId: TenantId.parse(tenant.id),
    kind: 'wake',
    startedAtMs,
    finishedAtMs: startedAtMs + 900,
    steps: [{ name: 'container', startedAtMs, endedAtMs: startedAtMs + 900, ok: true }],
    attempt: 1,
    error: null,
  };
  return { ...base(), kind: 'operation', operation };
}

async function deliver(events: readonly TenantEvent[]): Promise<void> {
  expect(await bringEvents(world, events)).toBe(events.length);
}

const page = (query = ''): Promise<Page> =>
  json<Page>(person.browser.get(`/api/v1/tenants/${tenant.id}/timeline${query}`));

describe('a timeline', () => {
  it('keeps the newest word on each incident, whatever comes last', async () => {
    const first = incidentAt(1, 1);
    const last = incidentAt(1, 3, { outcome: 'recovered', endedAtMs: atMs + 9_000 });
    await deliver([last, first, incidentAt(1, 2), last]);
    const { items } = await page();
    expect(items.filter(({ kind }) => kind === 'incident')).toMatchObject([
      { incident: { version: 3, outcome: 'recovered', endedAtMs: atMs + 9_000 } },
    ]);
  });

  it('merges both, newest first, and its pages show each entry once, also of one instant', async () => {
    await deliver([1, 2, 3, 4, 5, 6].flatMap((n) => [operationAt(n), operationAt(n), incidentAt(n, 1)]));
    const all = (await page('?limit=100')).items.map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: Page = await page(`?limit=4${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(next.items.length).toBeLessThanOrEqual(4);
      seen.push(...next.items.map(({ id }) => id));
      cursor = next.nextCursor;
    }
    expect(seen).toEqual(all);
    expect(new Set(seen).size).toBe(seen.length);
    // Eighteen that were told, and the creation.
    expect(seen).toHaveLength(19);
  });

  it('carries every step of an operation with its times', async () => {
    const told = operationAt(1);
    await deliver([told]);
    const { items } = await page();
    expect(items).toContainEqual(
      expect.objectContaining({ operation: told.kind === 'operation' ? told.operation : null }),
    );
  });

  it('is bounded: the newest stay', async () => {
    await deliver([incidentAt(1, 1), incidentAt(2, 1)]);
    await deliver([incidentAt(201, 1)]);
    const kept = await rows('SELECT seq FROM incident WHERE tenant_id = ? ORDER BY seq', tenant.id);
    expect(kept.map(({ seq: n }) => n)).toEqual([2, 201]);
    for (let from = 0; from < 320; from += 40)
      await deliver(Array.from({ length: 40 }, (_, i) => operationAt(100 + from + i)));
    const [left] = await rows('SELECT count(*) AS n FROM operation WHERE tenant_id = ?', tenant.id);
    expect(left?.['n']).toBe(300);
  });

  it('of an erased assistant holds nothing that it said, also when an incident comes late', async () => {
    await deliver([incidentAt(1, 1)]);
    const stand = world.cell.tenants.get(tenant.slug);
    if (stand === undefined) throw new Error('no such tenant');
    const report = { ...world.cell.reportOf(stand), version: 1_000, state: 'deleted' as const };
    await deliver([{ ...base(), kind: 'report', report }]);
    await deliver([incidentAt(1, 2)]);
    expect(await rows('SELECT seq FROM incident WHERE tenant_id = ?', tenant.id)).toEqual([]);
  });

  it('refuses a cursor that it did not give', async () => {
    const answer = await person.browser.get(`/api/v1/tenants/${tenant.id}/timeline?cursor=1%3B`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'validation_failed' });
  });
});
