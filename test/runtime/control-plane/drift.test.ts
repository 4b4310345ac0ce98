// The second witness: a day's receipts against the log of the demo model, read over HTTP page by page as AI Gateway's is.
// One difference of each kind is planted among a thousand requests that agree; each is found, and nothing else is told.

import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayLogs, LoggedRequest } from '../../../apps/control-plane/src/adapters/gateway-logs.ts';
import type { DriftFinding } from '../../../apps/control-plane/src/contract/drift.ts';
import { ulidFrom } from '../../../apps/control-plane/src/contract/ids.ts';
import type { Receipt } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { compareWithGateway } from '../../../apps/control-plane/src/jobs/drift.ts';
import { bringReceipts, type Named } from './support/tenant-events.ts';
import { costNanoUsd } from '../../../apps/tenant-worker/src/core/metering/price.ts';
import { findPrice, priceTableAt, priceTables } from '../../../apps/tenant-worker/src/core/metering/price-table.ts';
import { noUsage } from '../../../apps/tenant-worker/src/core/metering/usage.ts';
import {
  bindings,
  createdTenant,
  createWorld,
  json,
  newPerson,
  newStaff,
  rows,
  type Person,
  type World,
} from './support/world.ts';

const dayMs = 86_400_000;
const model = 'claude-haiku-4-5';
const demo = bindings.DEMO_MODEL_URL;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

let world: World;
let person: Person;
let staff: Person;
beforeAll(async () => {
  world = await createWorld({ USAGE_WITNESS_URL: `${demo}/logs` });
  person = await newPerson(world);
  staff = await newStaff(world);
});

let made = 0;
const newId = (atMs: number): string => ulidFrom(atMs, crypto.getRandomValues(new Uint8Array(10)));

const Answer = z.object({ usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }) });

/** One model call through the gateway, as an assistant's object makes it. */
async function served(metadata: Record<string, string> | null): Promise<z.infer<typeof Answer>['usage']> {
  made++;
  const answer = await fetch(`${demo}/anthropic/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(metadata === null ? {} : { 'cf-aig-metadata': JSON.stringify(metadata) }),
    },
    body: JSON.stringify({ model, max_tokens: 200, messages: [{ role: 'user', content: `Hello, number ${made}` }] }),
  });
  return Answer.parse(await answer.json()).usage;
}

const none = { input_tokens: 40, output_tokens: 9 };

/** What the ledger makes of such a usage. */
function receiptOf(requestId: string, atMs: number, usage: typeof none, changes: Partial<Receipt> = {}): Receipt {
  const priced = findPrice(priceTableAt(priceTables, atMs), 'anthropic', model, atMs);
  if (priced === null) throw new Error('no price');
  return {
    requestId,
    period: dayOf(atMs).slice(0, 7),
    atMs,
    provider: 'anthropic',
    model,
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costNanoUsd: costNanoUsd({ ...noUsage, input: usage.input_tokens, output: usage.output_tokens }, priced.price),
    byok: false,
    listCostNanoUsd: 0,
    outcome: 'final',
    priceVersion: priced.priceVersion,
    upstreamId: null,
    ...changes,
  };
}

async function bring(tenant: Named, receipts: readonly Receipt[]): Promise<void> {
  expect(await bringReceipts(world, tenant, receipts)).toBe(receipts.length);
}

interface Day {
  readonly day: {
    readonly stage: string;
    readonly comparison: number;
    readonly report: Record<string, unknown> | null;
  };
  readonly tenants: { readonly tenantId: string; readonly requests: number; readonly findings: number }[];
  readonly findings: DriftFinding[];
  readonly nextCursor: string | null;
}

/** All pages of a day, as staff reads them. */
async function readDay(day: string, limit = 100): Promise<Day> {
  let page = await json<Day>(staff.browser.get(`/api/v1/fleet/drift/${day}?limit=${limit}`));
  const first = page;
  const findings = [...page.findings];
  while (page.nextCursor !== null) {
    const at = `limit=${limit}&cursor=${encodeURIComponent(page.nextCursor)}`;
    page = await json<Day>(staff.browser.get(`/api/v1/fleet/drift/${day}?${at}`));
    findings.push(...page.findings);
  }
  return { ...first, findings };
}

async function runToEnd(witness: GatewayLogs | null = world.ctx.witness): Promise<void> {
  for (let run = 0; run < 200; run++) {
    if ((await compareWithGateway({ ...world.ctx, witness })) === 0) return;
    world.clock.nowMs += 300_000;
  }
  expect.unreachable('the comparison does not end');
}

describe('a day with planted differences', () => {
  it('has each of them in its report, among a thousand requests that agree, and nothing else', async () => {
    const startMs = Date.now();
    const tenants: Named[] = [];
    for (let i = 0; i < 3; i++) tenants.push((await createdTenant(person)).tenant);
    const [a, b, c] = tenants;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were made');
    const ask = (tenant: Named, request: string) => served({ tenant: tenant.id, request });

    // Planted. What no receipt is of comes first, so that it is of this day even around midnight.
    const planted: Record<string, string> = {};
    await ask(a, (planted['theirs_only'] = newId(startMs)));
    await served(null);
    planted['ours_only'] = newId(startMs);
    await bring(a, [receiptOf(planted['ours_only'], startMs, none)]);
    planted['tokens'] = newId(startMs);
    const miscounted = await ask(b, planted['tokens']);
    await bring(b, [
      receiptOf(planted['tokens'], startMs, { ...miscounted, output_tokens: miscounted.output_tokens + 7 }),
    ]);
    planted['cost'] = newId(startMs);
    const right = receiptOf(planted['cost'], startMs, await ask(b, planted['cost']));
    await bring(b, [{ ...right, costNanoUsd: Math.round(right.costNanoUsd * 0.9) }]);
    planted['duplicate'] = newId(startMs);
    await ask(c, planted['duplicate']);
    await bring(c, [receiptOf(planted['duplicate'], startMs, await ask(c, planted['duplicate']))]);
    // Near it and nothing: a cost within two percent, and the customer's own key, which went past the gateway.
    const near = newId(startMs);
    const nearly = receiptOf(near, startMs, await ask(c, near));
    await bring(c, [
      { ...nearly, costNanoUsd: Math.round(nearly.costNanoUsd * 1.015) },
      receiptOf(newId(startMs), startMs, none, { byok: true, costNanoUsd: 0, listCostNanoUsd: 70_000 }),
    ]);

    // A thousand that agree.
    const agreeing = 1_000;
    for (let from = 0; from < agreeing; from += 25) {
      await Promise.all(
        tenants.map(async (tenant, t) => {
          const mine = Array.from({ length: 25 }, (_, i) => i).filter((i) => (from + i) % tenants.length === t);
          const receipts = await Promise.all(
            mine.map(async () => {
              const request = newId(startMs);
              return receiptOf(request, startMs, await ask(tenant, request));
            }),
          );
          await bring(tenant, receipts);
        }),
      );
    }

    const day = dayOf(startMs);
    world.clock.nowMs = Date.parse(`${day}T00:00:00Z`) + dayMs + 7 * 3_600_000;
    await runToEnd();
    const report = await readDay(day, 2);
    console.log(`drift report of ${day}: ${JSON.stringify(report.day.report)}`);
    for (const { kind, tenantId, ref, nanoUsd } of report.findings) {
      console.log(`  ${kind.padEnd(11)} ${tenantId === '' ? '(no assistant)' : tenantId} ${ref} ${nanoUsd} nano-USD`);
    }
    const found = report.findings.map(({ kind, tenantId, ref }) =>
      [kind, tenantId, kind === 'theirs_only' ? '' : ref].join(' '),
    );
    expect(found).toHaveLength(6);
    expect(new Set(found)).toEqual(
      new Set([
        `cost ${b.id} ${planted['cost']}`,
        `duplicate ${c.id} ${planted['duplicate']}`,
        `ours_only ${a.id} ${planted['ours_only']}`,
        'theirs_only  ',
        `theirs_only ${a.id} `,
        `tokens ${b.id} ${planted['tokens']}`,
      ]),
    );
    expect(report.day).toMatchObject({
      stage: 'done',
      comparison: 1,
      report: { requests: agreeing + 6, alerts: ['leak', 'duplicates'], truncated: false },
    });
    expect(Object.fromEntries(report.tenants.map(({ tenantId, findings }) => [tenantId, findings]))).toEqual({
      '': 1,
      [a.id]: 2,
      [b.id]: 2,
      [c.id]: 1,
    });
    // What was read is not kept, and a day that is done is not begun again.
    expect(await rows('SELECT count(*) AS n FROM witness_log')).toEqual([{ n: 0 }]);
    expect(await compareWithGateway(world.ctx)).toBe(0);

    // An owner sees their own assistant, and of the others nothing.
    const own = await json<{ days: { day: string; requests: number; found: unknown[] }[] }>(
      person.browser.get(`/api/v1/tenants/${c.id}/usage/drift`),
    );
    expect(own.days[0]).toEqual({
      day,
      requests: report.tenants.find(({ tenantId }) => tenantId === c.id)?.requests,
      found: [{ kind: 'duplicate', count: 1 }],
    });
  }, 240_000);
});

/** A log in memory that the test fills. */
class KeptLogs implements GatewayLogs {
  readonly entries: LoggedRequest[] = [];
  readonly #perPage: number;
  /** The n-th page from now is not answered. */
  failEach = 0;
  #asked = 0;

  constructor(perPage = 7) {
    this.#perPage = perPage;
  }

  add(of: Partial<LoggedRequest> & { readonly createdAtMs: number }): void {
    this.entries.push({
      logId: `log_${String(this.entries.length).padStart(6, '0')}`,
      tenantId: '',
      requestId: '',
      succeeded: true,
      tokensIn: none.input_tokens,
      tokensOut: none.output_tokens,
      costNanoUsd: null,
      ...of,
    });
  }

  page({ fromMs, toMs }: { fromMs: number; toMs: number }, page: number) {
    this.#asked++;
    if (this.failEach > 0 && this.#asked % this.failEach === 0) return Promise.reject(new Error('away'));
    const all = this.entries.filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < toMs);
    const entries = all.slice((page - 1) * this.#perPage, page * this.#perPage);
    return Promise.resolve({ entries, more: entries.length === this.#perPage });
  }
}

describe('whatever fails on the way', () => {
  it('ends in the same report, each day twice, the second in the place of the first', async () => {
    const { tenant } = await createdTenant(await newPerson(world));
    const logs = new KeptLogs();
    const startMs = Date.UTC(2027, 2, 9);
    const late: Receipt[] = [];
    const receipts = Array.from({ length: 60 }, (_, i) => {
      // The first and the last end after midnight, on the other side of it.
      const atMs = i === 59 ? startMs + dayMs - 1 : startMs + i * 60_000;
      const receipt = receiptOf(newId(atMs), atMs, none);
      const entry = { tenantId: tenant.id, requestId: receipt.requestId, createdAtMs: atMs + 30_000 };
      if (i !== 7) logs.add(entry);
      if (i === 9) logs.add({ ...entry, createdAtMs: atMs + 31_000 });
      if (i === 11) late.push(receipt);
      return receipt;
    });
    logs.add({ createdAtMs: startMs - 60_000 }); // of the day before
    await bring(
      tenant,
      receipts.filter((receipt) => !late.includes(receipt)),
    );

    world.clock.nowMs = startMs + dayMs + 6 * 3_600_000;
    for (let day = 2; day < 8; day++) {
      await rows(
        "INSERT INTO drift_day (day, pass, done_pass, stage, began_at_ms) VALUES (?, 2, 2, 'done', 0)",
        `2027-03-0${day}`,
      );
    }
    logs.failEach = 11;
    let faults = 0;
    for (let run = 0; run < 400; run++) {
      // Every part of a step fails now and then, before the database has it and after.
      world.database.failAt((run % 9) + 1, run % 2 === 0 ? 'before' : 'after');
      const steps = await compareWithGateway({ ...world.ctx, witness: logs }).catch(() => {
        faults++;
        return -1;
      });
      world.database.heal();
      world.clock.nowMs += 660_000;
      const [row] = await rows("SELECT done_pass FROM drift_day WHERE day = '2027-03-09'");
      if (row?.['done_pass'] === 1) break;
      expect(steps).toBeLessThan(81);
    }
    expect(faults).toBeGreaterThan(10);
    logs.failEach = 0;
    await runToEnd(logs);
    const kinds = async () => (await readDay('2027-03-09')).findings.map(({ kind }) => kind);
    expect(await kinds()).toEqual(['duplicate', 'ours_only', 'theirs_only']);
    const first = await readDay('2027-03-09');
    expect(first.day.report).toMatchObject({ requests: 59, logs: 59, alerts: ['leak', 'duplicates'] });
    expect((await readDay('2027-03-08')).findings.map(({ kind }) => kind)).toEqual(['theirs_only']);

    // The receipt that was late is there: the leak was none.
    await bring(tenant, late);
    world.clock.nowMs = startMs + 4 * dayMs + 6 * 3_600_000;
    await runToEnd(logs);
    expect(await kinds()).toEqual(['duplicate', 'ours_only']);
    expect((await readDay('2027-03-09')).day).toMatchObject({
      comparison: 2,
      report: { requests: 60, found: { theirs_only: { count: 0, nanoUsd: 0 } } },
    });
    expect(await rows("SELECT DISTINCT pass FROM drift_finding WHERE day = '2027-03-09'")).toEqual([{ pass: 2 }]);
  }, 120_000);

  it('a log that cannot be read for two days is an alert, and keeps the next days waiting no longer', async () => {
    const logs = new KeptLogs();
    logs.failEach = 1;
    world.clock.nowMs = Date.UTC(2027, 5, 10, 7);
    const told: string[] = [];
    const ctx = { ...world.ctx, witness: logs, log: (event: string) => void told.push(event) };
    for (let run = 0; run < 60; run++) {
      await compareWithGateway(ctx);
      world.clock.nowMs += 3_600_000;
    }
    const [row] = await rows("SELECT stage, report FROM drift_day WHERE day = '2027-06-02'");
    expect(row?.['stage']).toBe('done');
    expect(String(row?.['report'])).toContain('"alerts":["unread"]');
    expect(told).toContain('drift.alert');
    expect(told.filter((event) => event === 'drift.read_failed').length).toBeLessThan(70);
  }, 60_000);

  it('too many differences are one fault: the first thousands are kept, and it says so', async () => {
    const logs = new KeptLogs(700);
    const startMs = Date.UTC(2027, 7, 9);
    for (let i = 0; i < 5_600; i++) logs.add({ createdAtMs: startMs + i * 10 });
    world.clock.nowMs = startMs + dayMs + 6 * 3_600_000;
    await runToEnd(logs);
    const { day, findings } = await readDay('2027-08-09', 200);
    expect(day.report).toMatchObject({ truncated: true, alerts: ['leak', 'too_many'] });
    expect(findings.length).toBeGreaterThanOrEqual(5_000);
    expect(findings.length).toBeLessThan(5_600);
  }, 120_000);
});
