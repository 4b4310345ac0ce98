// The queue consumer: whatever order and however often events come, D1 ends the same.

import * as fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OperationId, TenantId, ulidFrom } from '../../../apps/control-plane/src/contract/ids.ts';
import type { Operation, Receipt, TenantEvent } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { consumeTenantEvents, type EventMessage } from '../../../apps/control-plane/src/jobs/tenant-events.ts';
import { createdTenant, createWorld, json, newPerson, rows, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.database.heal();
  world.cell.fault = () => 'none';
  world.cell.acknowledged.length = 0;
  person = await newPerson(world);
});

class Message implements EventMessage {
  readonly body: unknown;
  outcome: 'ack' | 'retry' | null = null;
  constructor(body: unknown) {
    this.body = body;
  }
  ack(): void {
    this.outcome = 'ack';
  }
  retry(): void {
    this.outcome = 'retry';
  }
}

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(10));
const atMs = Date.parse('2026-11-21T10:00:00Z');

interface Named {
  readonly id: string;
  readonly slug: string;
}

/** A history as a tenant tells it: an operation in steps, receipts, and reports in between. */
function history(tenant: Named, turns: number, finishes = true): TenantEvent[] {
  const tenantId = TenantId.parse(tenant.id);
  const operationId = OperationId.parse(`op_${ulidFrom(atMs, random())}`);
  const events: TenantEvent[] = [];
  const base = { v: 1 as const, tenantId, slug: tenant.slug };
  const next = (): { seq: number; atMs: number } => ({ seq: events.length + 1, atMs: atMs + events.length });
  const operationAt = (steps: number, finished: boolean): Operation => ({
    id: operationId,
    tenantId,
    kind: 'wake',
    startedAtMs: atMs,
    finishedAtMs: finished ? atMs + 9_000 : null,
    steps: Array.from({ length: steps }, (_, i) => ({
      name: 'gateway' as const,
      startedAtMs: atMs + i,
      endedAtMs: finished || i < steps - 1 ? atMs + i + 1 : null,
      ok: finished || i < steps - 1 ? true : null,
    })),
    attempt: 1,
    error: null,
  });
  for (let i = 0; i < turns; i++) {
    events.push({
      ...base,
      ...next(),
      kind: 'receipt',
      receipt: {
        requestId: ulidFrom(atMs + i, random()),
        period: '2026-11',
        atMs: atMs + i * 3_600_000,
        provider: i % 2 === 0 ? 'anthropic' : 'openai',
        model: i % 2 === 0 ? 'claude' : 'gpt',
        inputTokens: 10 + i,
        outputTokens: 5,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        costNanoUsd: i === 0 ? 0 : 1_000 + i,
        byok: i === 0,
        listCostNanoUsd: i === 0 ? 1_000 : 0,
        outcome: 'final',
        priceVersion: '2026-11-21',
        upstreamId: null,
      },
    });
    const operation = operationAt(i + 1, finishes && i === turns - 1);
    events.push({ ...base, ...next(), kind: 'operation', operation });
    const stand = world.cell.tenants.get(tenant.slug);
    if (stand === undefined) throw new Error('no such tenant');
    events.push({
      ...base,
      ...next(),
      kind: 'report',
      report: {
        ...world.cell.reportOf(stand),
        // Several reports of one version, as when only a step was added.
        version: 2 + Math.floor(i / 2),
        state: i === turns - 1 ? 'awake' : 'waking',
        reason: `turn_${i}`,
        operation,
        usage: {
          period: '2026-11',
          version: i + 1,
          spentNanoUsd: (i + 1) * 1_000,
          heldNanoUsd: 0,
          requests: i + 1,
          inputTokens: (i + 1) * 10,
          outputTokens: (i + 1) * 5,
          awakeMs: i * 100,
          awakeMsBySize: { '1-3072-4000': i * 100 },
          browserMs: 0,
        },
      },
    });
  }
  return events;
}

async function deliver(batches: readonly (readonly unknown[])[]): Promise<Message[]> {
  const all: Message[] = [];
  for (const batch of batches) {
    const messages = batch.map((body) => new Message(body));
    await consumeTenantEvents(messages, world.ctx);
    all.push(...messages);
  }
  return all;
}

/** What D1 knows of a tenant. */
async function stateOf(tenant: Named): Promise<Record<string, unknown>> {
  const [row] = await rows('SELECT report, report_seq, state, reported_at_ms FROM tenant WHERE id = ?', tenant.id);
  const wake = "SELECT body, finished FROM operation WHERE tenant_id = ? AND body LIKE '%wake%'";
  const totals = await rows('SELECT body FROM usage_period WHERE tenant_id = ?', tenant.id);
  const receipts = await rows('SELECT request_id FROM receipt WHERE tenant_id = ? ORDER BY 1', tenant.id);
  const [sums] = await rows(
    `SELECT sum(requests) AS requests, sum(input_tokens) AS input, sum(cost_nano_usd) AS cost,
       sum(list_cost_nano_usd) AS list_cost, count(*) AS hours FROM usage_rollup WHERE tenant_id = ?`,
    tenant.id,
  );
  return {
    ...row,
    operations: await rows(wake, tenant.id),
    totals: totals.map(({ body }) => body),
    receipts: receipts.map(({ request_id: id }) => id),
    sums,
  };
}

/** What D1 must know after these events, in any order. */
function lastWords(events: readonly TenantEvent[]): Record<string, unknown> {
  const reports = events.flatMap((event) => (event.kind === 'report' ? [event] : []));
  const operations = events.flatMap((event) => (event.kind === 'operation' ? [event.operation] : []));
  const receipts = events.flatMap((event) => (event.kind === 'receipt' ? [event.receipt] : []));
  const sum = (of: (one: Receipt) => number): number => receipts.reduce((total, one) => total + of(one), 0);
  const last = reports.at(-1);
  const operation = operations.at(-1);
  return {
    report: JSON.stringify(last?.report),
    report_seq: last?.seq,
    state: last?.report.state,
    reported_at_ms: last?.atMs,
    operations: [{ body: JSON.stringify(operation), finished: operation?.finishedAtMs === null ? 0 : 1 }],
    totals: [JSON.stringify(last?.report.usage)],
    receipts: receipts.map(({ requestId }) => requestId).sort(),
    sums: {
      requests: receipts.length,
      input: sum(({ inputTokens }) => inputTokens),
      cost: sum(({ costNanoUsd }) => costNanoUsd),
      list_cost: sum(({ listCostNanoUsd }) => listCostNanoUsd),
      // One request an hour in these histories.
      hours: receipts.length,
    },
  };
}

describe('order and repetition', () => {
  it('change nothing: shuffled, doubled and cut into batches, D1 ends with the last word of each', async () => {
    const turns = fc.integer({ min: 1, max: 5 });
    const dice = fc.array(fc.nat(), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(turns, fc.boolean(), dice, async (count, finishes, thrown) => {
        const { tenant } = await createdTenant(await newPerson(world));
        const events = history(tenant, count, finishes);
        const doubled = [...events, ...events.filter((_event, i) => (thrown[i] ?? 0) % 2 === 0)];
        const shuffled = doubled
          .map((event, i) => ({ event, at: thrown[i] ?? 0 }))
          .sort((one, other) => one.at - other.at)
          .map(({ event }) => event);
        const cut = (thrown[39] ?? 0) % shuffled.length;
        const messages = await deliver([shuffled.slice(0, cut), shuffled.slice(cut)]);
        expect(messages.every(({ outcome }) => outcome === 'ack')).toBe(true);
        expect(await stateOf(tenant)).toEqual(lastWords(events));
      }),
      { numRuns: 25 },
    );
  });

  it('never take back what has finished: the whole history again, backwards', async () => {
    const { tenant } = await createdTenant(person);
    const events = history(tenant, 3);
    await deliver([events, events.toReversed()]);
    expect(await stateOf(tenant)).toEqual(lastWords(events));
    const ids = events.flatMap((event) => (event.kind === 'operation' ? [event.operation.id] : []));
    const shown = await json(person.browser.get(`/api/v1/operations/${ids[0] ?? ''}`));
    expect(shown).toMatchObject({ finishedAtMs: expect.any(Number) });
  });
});

describe('acknowledgement', () => {
  it('is of what was applied, after it was applied', async () => {
    const { tenant } = await createdTenant(person);
    await deliver([history(tenant, 1)]);
    expect(ascending(world.cell.acknowledged)).toEqual([1, 2, 3]);
  });

  it('that does not arrive costs nothing: the events come again', async () => {
    const { tenant } = await createdTenant(person);
    const events = history(tenant, 2);
    world.cell.fault = (what) => (what === 'acknowledge' ? 'before' : 'none');
    const messages = await deliver([events]);
    expect(messages.every(({ outcome }) => outcome === 'ack')).toBe(true);
    world.cell.fault = () => 'none';
    await deliver([events]);
    expect(await stateOf(tenant)).toEqual(lastWords(events));
  });

  it.each(['before', 'after'] as const)(
    'waits for D1: when it fails (%s it is applied) nothing is lost',
    async (when) => {
      const { tenant } = await createdTenant(person);
      const events = history(tenant, 2);
      for (let n = 1; n <= 10; n++) {
        world.cell.acknowledged.length = 0;
        world.database.failAt(n, when);
        const messages = await deliver([events]);
        world.database.heal();
        const acked = messages.flatMap(({ outcome, body }) => (outcome === 'ack' ? [(body as TenantEvent).seq] : []));
        expect(ascending(world.cell.acknowledged)).toEqual(ascending(acked));
        expect(messages.every(({ outcome }) => outcome !== null)).toBe(true);
      }
      await deliver([events]);
      expect(await stateOf(tenant)).toEqual(lastWords(events));
    },
  );
});

describe('what cannot be applied', () => {
  it('is retried by itself and keeps nobody waiting', async () => {
    const { tenant } = await createdTenant(person);
    const [good, , report] = history(tenant, 1);
    if (good === undefined || report?.kind !== 'report') throw new Error('another history');
    const other = (await createdTenant(person)).tenant;
    const orphan = { ...good, tenantId: `ten_${ulidFrom(atMs, random())}` };
    const foreign = { ...report, report: { ...report.report, tenantId: other.id } };
    const messages = await deliver([['not an event', { v: 2 }, orphan, foreign, { ...good, slug: other.slug }, good]]);
    expect(messages.map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'retry', 'retry', 'retry', 'ack']);
    expect(await rows('SELECT request_id FROM receipt WHERE tenant_id = ?', tenant.id)).toHaveLength(1);
    expect(await rows('SELECT request_id FROM receipt WHERE tenant_id = ?', orphan.tenantId)).toEqual([]);
  });
});

describe('usage pages', () => {
  it('add up: totals, by model, by day, and every request once through the pages', async () => {
    const { tenant } = await createdTenant(person);
    const events = history(tenant, 7);
    await deliver([events, events]);
    const usage = await json<{
      totals: { requests: number };
      byModel: { requests: number; costNanoUsd: number; inputTokens: number }[];
      byDay: { day: string; requests: number; costNanoUsd: number }[];
    }>(person.browser.get(`/api/v1/tenants/${tenant.id}/usage?period=2026-11`));
    const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
    expect(usage.totals.requests).toBe(7);
    expect(sum(usage.byModel.map(({ requests }) => requests))).toBe(7);
    expect(sum(usage.byModel.map(({ costNanoUsd }) => costNanoUsd))).toBe(6_021);
    expect(sum(usage.byModel.map(({ inputTokens }) => inputTokens))).toBe(91);
    expect(sum(usage.byDay.map(({ costNanoUsd }) => costNanoUsd))).toBe(6_021);
    const seen: string[] = [];
    const own: number[] = [];
    let cursor = '';
    do {
      const page: {
        items: { requestId: string; byok: boolean; listCostNanoUsd: number }[];
        nextCursor: string | null;
      } = await json(
        person.browser.get(
          `/api/v1/tenants/${tenant.id}/usage/requests?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`,
        ),
      );
      seen.push(...page.items.map(({ requestId }) => requestId));
      own.push(...page.items.filter(({ byok }) => byok).map(({ listCostNanoUsd }) => listCostNanoUsd));
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    expect(seen).toHaveLength(7);
    // What the customer's own key paid is in none of the sums.
    expect(own).toEqual([1_000]);
    expect([...seen].sort().toReversed()).toEqual(seen);
  });
});
