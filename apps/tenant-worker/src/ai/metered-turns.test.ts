/**
 * The numbers, over real HTTP and the demo model: what the ledger charged is what the upstream's own log says, to the
 * token and the nano-dollar, also for turns that nobody waited for and turns that a crash interrupted.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDemoModel, type DemoModel } from '../../../../local/demo-model/main.ts';
import type { LogEntry } from '../../../../local/demo-model/request-log.ts';
import { models, platformPays } from '../../../../test/support/ai-dispatch-world.ts';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { Ledger, LEDGER_MIGRATIONS } from '../modules/ledger.ts';
import { migrate } from '../modules/migrate.ts';
import type { Sql } from '../ports.ts';
import { createAiDispatch, type AiDispatch } from './dispatch.ts';
import { createReconciler } from './reconcile.ts';
import { chooseUpstream } from './upstream.ts';
import { chooseWitness } from './witness.ts';

const clock = { nowMs: (): number => Date.now() };
const context = { tenantId: 'ten_1', slug: 'ada', incarnation: 1, capNanoUsd: 50_000_000_000, models };
const period = new Date().toISOString().slice(0, 7);

let model: DemoModel;
let sql: Sql;
let alive: Promise<unknown>[] = [];

beforeEach(async () => {
  model = await startDemoModel({ port: 0, logFile: null, pieceDelayMs: 1, slowPieceDelayMs: 5 });
  sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, clock.nowMs());
  alive = [];
});

afterEach(() => model.close());

let ids = 0;

/** One life of the tenant's object; `kill` ends it as kill -9 does: its upstream connections break, nothing else runs. */
function boot(): { ai: AiDispatch; ledger: Ledger; kill: () => void } {
  const ledger = new Ledger(sql, clock);
  ledger.orphan();
  const life = new AbortController();
  let dead = false;
  const whileAlive = new Proxy(ledger, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (dead) throw new Error('the process is dead');
        return Reflect.apply(value, target, args);
      };
    },
  });
  const ai = createAiDispatch({
    ledger: whileAlive,
    payments: platformPays,
    upstream: chooseUpstream({ DEMO_MODEL_BASE_URL: model.baseUrl }),
    fetch: (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([life.signal, ...(init.signal ? [init.signal] : [])]) }),
    clock,
    ids: { ulid: () => `r${String((ids += 1)).padStart(6, '0')}` },
    onSettled: () => undefined,
    keepAlive: (work) => alive.push(work),
    onFault: () => undefined,
  });
  const kill = (): void => {
    dead = true;
    life.abort();
  };
  return { ai, ledger, kill };
}

const system = [
  { type: 'text', text: 'You are a personal assistant. '.repeat(300), cache_control: { type: 'ephemeral' } },
];

function turn(n: number, text: string): Request {
  const stream = n % 4 !== 3;
  const messages = [{ role: 'user', content: text }];
  const kinds = [
    {
      path: '/anthropic/v1/messages',
      body: { model: 'claude-sonnet-4-6', max_tokens: 4000, system, messages, stream },
    },
    {
      path: '/openai/v1/chat/completions',
      body: { model: 'gpt-4o', max_tokens: 4000, messages, stream },
    },
    { path: '/openai/v1/responses', body: { model: 'gpt-5.5', max_output_tokens: 4000, input: text, stream } },
    {
      path: `/google/v1beta/models/gemini-2.5-flash:${stream ? 'streamGenerateContent' : 'generateContent'}`,
      body: { contents: [{ role: 'user', parts: [{ text }] }], generationConfig: { maxOutputTokens: 4000 } },
    },
    {
      path: '/openrouter/v1/chat/completions',
      body: { model: 'anthropic/claude-sonnet-4.6', max_tokens: 4000, messages, stream },
    },
    {
      path: '/workers-ai/v1/chat/completions',
      body: { model: '@cf/openai/gpt-oss-120b', max_tokens: 4000, messages, stream },
    },
  ];
  const kind = kinds[n % kinds.length];
  return new Request(`http://ai.tidepool.internal${kind?.path ?? ''}`, {
    method: 'POST',
    body: JSON.stringify(kind?.body),
  });
}

async function readSome(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
}

async function logOf(): Promise<LogEntry[]> {
  const pages = await Promise.all([1, 2].map((page) => fetch(`${model.baseUrl}/logs?per_page=50&page=${page}`)));
  const bodies = (await Promise.all(pages.map((page) => page.json()))) as { result: LogEntry[] }[];
  return bodies.flatMap((body) => body.result);
}

function byId(a: { requestId: string }, b: { requestId: string }): number {
  return a.requestId.localeCompare(b.requestId);
}

/** Each receipt beside what the log says about the same request. */
async function compare(ledger: Ledger): Promise<{ ours: unknown[]; theirs: unknown[] }> {
  const theirs = (await logOf()).map((entry) => ({
    requestId: (JSON.parse(entry.metadata) as { request: string }).request,
    tokensIn: entry.tokens_in,
    tokensOut: entry.tokens_out,
    costNanoUsd: Math.ceil(Math.round(entry.cost * 1e12) / 1000),
  }));
  const ours = ledger.receipts({ limit: 200, before: null }).map((receipt) => ({
    requestId: receipt.requestId,
    tokensIn: receipt.inputTokens,
    tokensOut: receipt.outputTokens,
    costNanoUsd: receipt.costNanoUsd,
  }));
  return { ours: ours.toSorted(byId), theirs: theirs.toSorted(byId) };
}

describe('24 turns in every format, one of each cut off midway by the one who asked', () => {
  it('cost in the ledger what they cost in the log of the upstream', async () => {
    const { ai, ledger } = boot();
    for (let n = 0; n < 24; n += 1) {
      const cut = [1, 2, 9, 12, 16, 17].includes(n);
      const response = await ai.handle(turn(n, cut ? 'count to 40 slowly' : `Hello, this is message ${n}`), context);
      expect(response.status).toBe(200);
      if (cut) await readSome(response);
      else await response.text();
    }
    await Promise.all(alive);
    const { ours, theirs } = await compare(ledger);
    expect(ours).toHaveLength(24);
    expect(ours).toEqual(theirs);
    const receipts = ledger.receipts({ limit: 200, before: null });
    expect(receipts.every((receipt) => receipt.outcome === 'final')).toBe(true);
    expect(receipts.some((receipt) => receipt.cacheReadTokens > 1000)).toBe(true);
    const total = ledger.periodTotal(period);
    expect(total).toMatchObject({ heldNanoUsd: 0, requests: 24 });
    expect(total.spentNanoUsd).toBe(receipts.reduce((sum, receipt) => sum + receipt.costNanoUsd, 0));
  });
});

describe('turns that a crash interrupts', () => {
  it('stay held, and are settled from the log of the upstream: nothing lost, nothing twice', async () => {
    const first = boot();
    await (await first.ai.handle(turn(0, 'Hello'), context)).text();
    const interrupted = await Promise.all(
      [0, 1, 2].map(async (n) => {
        const response = await first.ai.handle(turn(n, 'count to 200 slowly'), context);
        await response.body?.getReader().read();
        return response;
      }),
    );
    expect(interrupted).toHaveLength(3);
    first.kill();
    await expect.poll(logOf).toHaveLength(4);

    const second = boot();
    expect(second.ledger.pending().map((hold) => [hold.state, hold.why])).toEqual([
      ['unknown', 'interrupted'],
      ['unknown', 'interrupted'],
      ['unknown', 'interrupted'],
    ]);
    const held = second.ledger.periodTotal(period).heldNanoUsd;
    expect(held).toBeGreaterThan(0);
    const later = { nowMs: (): number => Date.now() + 60_000 };
    const reconciler = createReconciler({
      ledger: second.ledger,
      witness: chooseWitness({ DEMO_MODEL_BASE_URL: model.baseUrl }),
      clock: later,
      onSettled: () => undefined,
      onFault: (event, error) => {
        throw new Error(event, { cause: error });
      },
    });
    expect(reconciler.nextRunMs()).not.toBeNull();
    expect(await reconciler.run()).toBe(3);
    expect(await reconciler.run()).toBe(0);
    expect(reconciler.nextRunMs()).toBeNull();
    const { ours, theirs } = await compare(second.ledger);
    expect(ours).toEqual(theirs);
    expect(second.ledger.periodTotal(period)).toMatchObject({ heldNanoUsd: 0, requests: 4 });
  });
});
