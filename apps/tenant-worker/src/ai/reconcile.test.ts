import { describe, expect, it } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { HOLD_AGE_MAX_MS, Ledger, LEDGER_MIGRATIONS, UNKNOWN_AGE_MAX_MS } from '../modules/ledger.ts';
import { migrate } from '../modules/migrate.ts';
import { createReconciler, NO_RECORD_AFTER_MS, type Reconciler } from './reconcile.ts';
import { chooseWitness, type UsageWitness, type WitnessRecord } from './witness.ts';

const startMs = Date.parse('2026-11-21T12:00:00Z');

interface World {
  readonly clock: { ms: number; nowMs: () => number };
  readonly ledger: Ledger;
  readonly reconciler: Reconciler;
  readonly asked: string[];
  readonly faults: string[];
  answer: (requestId: string) => Promise<WitnessRecord | null>;
}

function world(over: { witness?: UsageWitness | null } = {}): World {
  const clock = { ms: startMs, nowMs: (): number => clock.ms };
  const sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, startMs);
  const ledger = new Ledger(sql, clock);
  const asked: string[] = [];
  const faults: string[] = [];
  const witness: UsageWitness = {
    find(requestId) {
      asked.push(requestId);
      return made.answer(requestId);
    },
  };
  const reconciler = createReconciler({
    ledger,
    witness: over.witness === undefined ? witness : over.witness,
    clock,
    onSettled: () => undefined,
    onFault: (event) => faults.push(event),
  });
  const made: World = { clock, ledger, reconciler, asked, faults, answer: () => Promise.resolve(null) };
  for (const requestId of ['r1', 'r2']) {
    ledger.reserve({
      requestId,
      holdNanoUsd: 1_000_000,
      provider: 'anthropic',
      model: 'claude-sonnet-4-6',
      capNanoUsd: 1_000_000_000,
      periodKey: '2026-11',
      byok: false,
    });
  }
  ledger.orphan();
  clock.ms += 60_000;
  return made;
}

const record: WitnessRecord = {
  logId: 'log_1',
  succeeded: true,
  cached: false,
  tokensIn: 100,
  tokensOut: 10,
  costNanoUsd: 400_000,
};

describe('what the witness says of an open reservation', () => {
  it.each<[string, Partial<WitnessRecord>, Record<string, unknown>]>([
    ['its cost', {}, { costNanoUsd: 400_000, priceVersion: 'gateway-log', outcome: 'estimated', inputTokens: 100 }],
    ['its tokens, priced by our table', { costNanoUsd: null }, { costNanoUsd: 450_000, priceVersion: '2026-11-21' }],
    ['more than was reserved: no more than that', { costNanoUsd: 9_000_000 }, { costNanoUsd: 1_000_000 }],
    ['that its cache answered', { cached: true }, { costNanoUsd: 0 }],
  ])('%s', async (_name, over, receipt) => {
    const one = world();
    one.answer = (requestId) => Promise.resolve(requestId === 'r1' ? { ...record, ...over } : null);
    expect(await one.reconciler.run()).toBe(1);
    expect(one.ledger.receipts({ limit: 10, before: null })).toMatchObject([
      { requestId: 'r1', upstreamId: 'log_1', ...receipt },
    ]);
    expect(one.ledger.pending().map((hold) => hold.requestId)).toEqual(['r2']);
  });

  it("of a request that the customer's own key paid: what it would have cost, charged nothing", async () => {
    const one = world();
    one.ledger.reserve({
      requestId: 'own',
      holdNanoUsd: 0,
      provider: 'anthropic',
      model: 'claude-sonnet-4-6',
      capNanoUsd: 0,
      periodKey: '2026-11',
      byok: true,
    });
    one.ledger.orphan();
    one.clock.ms += 60_000;
    one.answer = (requestId) => Promise.resolve(requestId === 'own' ? record : null);
    await one.reconciler.run();
    expect(one.ledger.receipts({ limit: 10, before: null })).toMatchObject([
      { requestId: 'own', costNanoUsd: 0, listCostNanoUsd: 400_000 },
    ]);
  });

  it('that it failed: nothing is charged', async () => {
    const one = world();
    one.answer = () => Promise.resolve({ ...record, succeeded: false });
    expect(await one.reconciler.run()).toBe(2);
    expect(one.ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0, requests: 0 });
  });

  it('nothing yet: asked again, less and less often, and let go uncharged when no record can come any more', async () => {
    const one = world();
    await one.reconciler.run();
    expect(one.asked).toEqual(['r1', 'r2']);
    const gaps: number[] = [];
    while (one.ledger.pending().length > 0) {
      const nextMs = one.reconciler.nextRunMs() ?? 0;
      gaps.push((nextMs - one.clock.ms) / 60_000);
      one.clock.ms = nextMs;
      await one.reconciler.run();
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32]);
    expect(one.clock.ms - startMs).toBeGreaterThanOrEqual(NO_RECORD_AFTER_MS);
    expect(one.ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0 });
    expect(one.ledger.receipts({ limit: 10, before: null, failed: true })).toMatchObject([
      { requestId: 'r2', why: 'witness_knows_nothing' },
      { requestId: 'r1', why: 'witness_knows_nothing' },
    ]);
    expect(one.reconciler.nextRunMs()).toBeNull();
  });

  it('its cost, however late it is asked for the first time', async () => {
    const one = world();
    one.clock.ms += NO_RECORD_AFTER_MS;
    one.answer = () => Promise.resolve(record);
    expect(await one.reconciler.run()).toBe(2);
    expect(one.ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 800_000, heldNanoUsd: 0 });
  });

  it('nothing, because it could never be asked: written off in the end', async () => {
    const one = world();
    one.answer = () => Promise.reject(new Error('down'));
    one.clock.ms = startMs + UNKNOWN_AGE_MAX_MS - 1;
    await one.reconciler.run();
    expect(one.ledger.pending()).toHaveLength(2);
    one.clock.ms += 1;
    expect(await one.reconciler.run()).toBe(2);
    expect(one.ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0 });
  });

  it('nothing, because it cannot be asked: all stays as it is', async () => {
    const one = world();
    one.answer = () => Promise.reject(new Error('down'));
    expect(await one.reconciler.run()).toBe(0);
    expect(one.faults).toEqual(['ai.reconcile_failed']);
    expect(one.ledger.pending()).toHaveLength(2);
    expect(one.reconciler.nextRunMs()).toBeGreaterThan(one.clock.ms);
  });
});

describe('a reservation that the witness never knows', () => {
  const reserve = (one: World, requestId: string): void => {
    const { ledger } = one;
    const request = { provider: 'anthropic', model: 'claude-sonnet-4-6', periodKey: '2026-11', byok: false };
    ledger.reserve({ ...request, requestId, holdNanoUsd: 1_000_000, capNanoUsd: 1_000_000_000 });
    ledger.markUnknown(requestId, 'cut_before_usage');
  };
  const settle =
    (known: (requestId: string) => boolean) =>
    (requestId: string): Promise<WitnessRecord | null> =>
      Promise.resolve(known(requestId) ? record : null);

  it('keeps no other waiting, however often it was asked about', async () => {
    const one = world();
    for (let n = 0; n < 8; n += 1) {
      await one.reconciler.run();
      one.clock.ms = one.reconciler.nextRunMs() ?? 0;
    }
    reserve(one, 'later');
    one.answer = settle((requestId) => requestId === 'later');
    expect(one.reconciler.nextRunMs()).toBeLessThanOrEqual(one.clock.ms + 5_000);
    one.clock.ms += 5_000;
    expect(await one.reconciler.run()).toBe(1);
  });

  it('keeps no other waiting, however many there are', async () => {
    const one = world();
    for (let n = 0; n < 30; n += 1) reserve(one, `never-${String(n).padStart(2, '0')}`);
    reserve(one, 'z-known');
    one.answer = settle((requestId) => requestId === 'z-known');
    one.clock.ms += 60_000;
    expect([await one.reconciler.run(), await one.reconciler.run()]).toEqual([0, 1]);
  });

  it('keeps no other waiting when asking about it fails', async () => {
    const one = world();
    one.answer = (requestId) =>
      requestId === 'r1' ? Promise.reject(new Error('unreadable')) : Promise.resolve(record);
    expect(await one.reconciler.run()).toBe(0);
    one.clock.ms = one.reconciler.nextRunMs() ?? 0;
    expect(await one.reconciler.run()).toBe(1);
    expect(one.ledger.pending().map((hold) => hold.requestId)).toEqual(['r1']);
  });
});

describe('without a witness', () => {
  it('holds are pending until they are written off', async () => {
    const one = world({ witness: null });
    expect(await one.reconciler.run()).toBe(0);
    expect(one.reconciler.nextRunMs()).toBe(startMs + UNKNOWN_AGE_MAX_MS);
  });
});

describe('a stream that is under way', () => {
  it('is not asked about', async () => {
    const one = world();
    one.ledger.reserve({
      requestId: 'r3',
      holdNanoUsd: 1,
      provider: 'anthropic',
      model: 'claude-sonnet-4-6',
      capNanoUsd: 1_000_000_000,
      periodKey: '2026-11',
      byok: false,
    });
    await one.reconciler.run();
    expect(one.asked).not.toContain('r3');
    one.clock.ms += HOLD_AGE_MAX_MS;
    await one.reconciler.run();
    expect(one.asked).toContain('r3');
  });
});

describe('chooseWitness', () => {
  function logs(...entries: Record<string, unknown>[]): (url: string, init: RequestInit) => Promise<Response> {
    return (url, init) => {
      calls.push({ url, authorization: new Headers(init.headers).get('authorization') });
      return Promise.resolve(Response.json({ success: true, result: entries }));
    };
  }
  const calls: { url: string; authorization: string | null }[] = [];
  const entry = {
    id: 'log_9',
    success: true,
    cached: false,
    tokens_in: 7,
    tokens_out: 3,
    cost: 0.0000123,
    metadata: '{"tenant":"t","request":"r9"}',
  };
  const gateway = { AI_GATEWAY_BASE_URL: 'https://gateway.ai.cloudflare.com/v1/acc1/gw1', AI_GATEWAY_TOKEN: 't' };

  it("asks AI Gateway's log API with its own token", async () => {
    const witness = chooseWitness({ ...gateway, AI_GATEWAY_LOGS_TOKEN: 'read' }, logs(entry));
    expect(await witness?.find('r9')).toEqual({
      logId: 'log_9',
      succeeded: true,
      cached: false,
      tokensIn: 7,
      tokensOut: 3,
      costNanoUsd: 12_300,
    });
    expect(calls.at(-1)).toMatchObject({ authorization: 'Bearer read' });
    expect(calls.at(-1)?.url).toMatch(
      /^https:\/\/api\.cloudflare\.com\/client\/v4\/accounts\/acc1\/ai-gateway\/gateways\/gw1\/logs\?filters=/,
    );
  });

  it('takes no record that is about another request', async () => {
    const witness = chooseWitness(
      { DEMO_MODEL_BASE_URL: 'http://127.0.0.1:1/v1/local/demo' },
      logs({ ...entry, metadata: '{"request":"r8"}' }, { ...entry, metadata: null }),
    );
    expect(await witness?.find('r9')).toBeNull();
  });

  it('is nobody where nobody keeps a log', () => {
    expect([chooseWitness({}), chooseWitness({ ANTHROPIC_API_KEY: 'k' }), chooseWitness(gateway)]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
