/**
 * Attempts over real HTTP: provider A refuses, is overloaded, says nothing, breaks. The table that each test compares has
 * one line for every attempt, with what the ledger charged and what the log of the upstream says of the same request.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDemoModel, type DemoModel } from '../../../../local/demo-model/main.ts';
import type { LogEntry } from '../../../../local/demo-model/request-log.ts';
import { models, platformPays } from '../../../../test/support/ai-dispatch-world.ts';
import { startFaultyUpstream, type Fault, type FaultyUpstream } from '../../../../test/support/faulty-upstream.ts';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { plainRouting } from '../../../control-plane/src/contract/models.ts';
import { Ledger, LEDGER_MIGRATIONS } from '../modules/ledger.ts';
import { migrate } from '../modules/migrate.ts';
import type { Sql } from '../ports.ts';
import { aiLimits, createAiDispatch, type AiDispatch } from './dispatch.ts';
import { createReconciler } from './reconcile.ts';
import { chooseUpstream } from './upstream.ts';
import { chooseWitness } from './witness.ts';

const a = 'claude-sonnet-4-6';
const b = 'claude-haiku-4-5';
const clock = { nowMs: (): number => Date.now() };
const context = {
  tenantId: 'ten_1',
  slug: 'ada',
  incarnation: 1,
  capNanoUsd: 50_000_000_000,
  models: {
    ...models,
    routing: { ...plainRouting, fallbacks: [{ model: `anthropic/${a}`, then: [`anthropic/${b}`] }] },
  },
};

let model: DemoModel;
let upstream: FaultyUpstream;
let sql: Sql;
let alive: Promise<unknown>[] = [];
let ids = 0;

beforeEach(async () => {
  model = await startDemoModel({ port: 0, logFile: null, pieceDelayMs: 1 });
  upstream = await startFaultyUpstream(model);
  sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, clock.nowMs());
  alive = [];
  ids = 0;
});

afterEach(async () => {
  await upstream.close();
  await model.close();
});

/** One life of the tenant's object. It may die before or after its first call of a kind, as kill -9 would have it. */
function boot(
  dies: { before?: keyof Ledger; after?: keyof Ledger } = {},
  limits = aiLimits,
): { ai: AiDispatch; ledger: Ledger } {
  const ledger = new Ledger(sql, clock);
  ledger.orphan();
  const life = new AbortController();
  const mortal = new Proxy(ledger, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (name === dies.before) life.abort();
        if (life.signal.aborted) throw new Error('the process is dead');
        const result: unknown = Reflect.apply(value, target, args);
        if (name === dies.after) life.abort();
        return result;
      };
    },
  });
  const ai = createAiDispatch({
    ledger: mortal,
    payments: platformPays,
    upstream: chooseUpstream({ DEMO_MODEL_BASE_URL: upstream.baseUrl }),
    fetch: (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([life.signal, ...(init.signal ? [init.signal] : [])]) }),
    clock,
    ids: { ulid: () => `r${String((ids += 1)).padStart(2, '0')}` },
    limits,
    onSettled: () => undefined,
    keepAlive: (work) => alive.push(work),
    onFault: () => undefined,
  });
  return { ai, ledger };
}

function turn(init: RequestInit = {}): Request {
  return new Request('http://ai.tidepool.internal/anthropic/v1/messages', {
    method: 'POST',
    body: JSON.stringify({
      model: a,
      max_tokens: 4000,
      stream: true,
      messages: [{ role: 'user', content: 'count to 5' }],
    }),
    ...init,
  });
}

/** What the client saw of an answer, in a word. */
async function seen(response: Response): Promise<string> {
  try {
    const text = await response.text();
    if (response.status !== 200) return `error ${response.status}`;
    return `${text.includes('message_stop') ? 'whole answer' : 'part'} of ${response.headers.get('x-tidepool-model') ?? '?'}`;
  } catch {
    return `broke off, of ${response.headers.get('x-tidepool-model') ?? '?'}`;
  }
}

async function logged(): Promise<Map<string, number>> {
  const answer = await fetch(`${model.baseUrl}/logs?per_page=50`);
  const { result } = (await answer.json()) as { result: LogEntry[] };
  return new Map(
    result.map((entry) => [
      (JSON.parse(entry.metadata) as { request: string }).request,
      Math.ceil(Math.round(entry.cost * 1e12) / 1000),
    ]),
  );
}

const widths = [3, 17, 30, 27, 8];

/** Every attempt that the ledger knows, in the order in which they began. */
async function table(ledger: Ledger): Promise<string[]> {
  const log = await logged();
  const ended = ledger.receipts({ limit: 50, before: null, failed: true }).map((one) => ({
    requestId: one.requestId,
    model: one.model,
    outcome: one.why === undefined ? one.outcome : `${one.outcome} (${one.why})`,
    charged: String(one.costNanoUsd),
    after: one.part?.after ?? '',
  }));
  const open = ledger.pending().map((one) => ({
    requestId: one.requestId,
    model: one.model,
    outcome: `pending (${one.why ?? one.state})`,
    charged: 'held',
    after: '',
  }));
  return [...ended, ...open]
    .toSorted((x, y) => (x.requestId < y.requestId ? -1 : 1))
    .map((one) => {
      // How much of a broken answer the upstream had written when it noticed is its own affair.
      const part =
        one.outcome === 'partial' ? 'at least that' : one.outcome.startsWith('pending') ? 'asked later' : null;
      const upstreamSays = part ?? log.get(one.requestId)?.toString() ?? '–';
      const because = one.after === '' ? '' : `after ${one.after}`;
      const cells = [one.requestId, one.model, one.outcome, because, one.charged, upstreamSays];
      return cells
        .map((cell, n) => cell.padEnd(widths[n] ?? 0))
        .join(' | ')
        .trimEnd();
    });
}

const status = (code: number): Fault => ({ kind: 'status', status: code });

const scenarios: readonly (readonly [string, Record<string, Fault>])[] = [
  ['nobody fails', {}],
  ['A refuses: no credit', { [a]: status(402) }],
  ['A refuses: its key', { [a]: status(401) }],
  ['A has no such model', { [a]: status(404) }],
  ['A limits us', { [a]: status(429) }],
  ['A is overloaded', { [a]: status(529) }],
  ['A hangs up', { [a]: { kind: 'hang_up' } }],
  ['A is silent', { [a]: { kind: 'silent' } }],
  ['A says yes and closes', { [a]: { kind: 'empty' } }],
  ['A is cut off midway', { [a]: { kind: 'cut' } }],
  ['A finds the request wrong', { [a]: status(400) }],
  ['A overloaded, B down', { [a]: status(529), [b]: status(503) }],
  ['A overloaded, B cut off', { [a]: status(529), [b]: { kind: 'cut' } }],
];

it('a turn whose model fails is answered by the next where it may be, each attempt on its own receipt', async () => {
  const lines = ['request | model | outcome | because | charged (nano-USD) | logged upstream (nano-USD)'];
  for (const [name, faults] of scenarios) {
    upstream.faults = faults;
    sql = openNodeSql();
    migrate(sql, LEDGER_MIGRATIONS, clock.nowMs());
    // Only who never answers is given up soon: a slow machine is no silent provider.
    const isSilent = faults[a]?.kind === 'silent';
    const { ai, ledger } = boot({}, isSilent ? { ...aiLimits, answerBeginsBeforeFallbackMs: 100 } : aiLimits);
    const client = await seen(await ai.handle(turn(), context));
    await Promise.all(alive);
    lines.push('', `${name}: the client has ${client}`, ...(await table(ledger)));
    const receipts = ledger.receipts({ limit: 50, before: null });
    for (const { requestId } of receipts)
      await expect.poll(async () => [...(await logged()).keys()]).toContain(requestId);
    const log = await logged();
    for (const one of receipts) {
      // A whole answer costs what the upstream logged; a part of one never more.
      if (one.outcome === 'final') expect(one.costNanoUsd).toBe(log.get(one.requestId));
      else expect(one.costNanoUsd).toBeLessThanOrEqual(log.get(one.requestId) ?? 0);
    }
    const { spentNanoUsd } = ledger.periodTotal(ledger.currentPeriod());
    expect(spentNanoUsd).toBe(receipts.reduce((sum, one) => sum + one.costNanoUsd, 0));
  }
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "request | model | outcome | because | charged (nano-USD) | logged upstream (nano-USD)

    nobody fails: the client has whole answer of anthropic/claude-sonnet-4-6
    r01 | claude-sonnet-4-6 | final                          |                             | 495000   | 495000

    A refuses: no credit: the client has whole answer of anthropic/claude-haiku-4-5
    r02 | claude-sonnet-4-6 | failed (upstream_402)          |                             | 0        | –
    r03 | claude-haiku-4-5  | final                          | after upstream_402          | 165000   | 165000

    A refuses: its key: the client has whole answer of anthropic/claude-haiku-4-5
    r04 | claude-sonnet-4-6 | failed (upstream_401)          |                             | 0        | –
    r05 | claude-haiku-4-5  | final                          | after upstream_401          | 165000   | 165000

    A has no such model: the client has whole answer of anthropic/claude-haiku-4-5
    r06 | claude-sonnet-4-6 | failed (upstream_404)          |                             | 0        | –
    r07 | claude-haiku-4-5  | final                          | after upstream_404          | 165000   | 165000

    A limits us: the client has whole answer of anthropic/claude-haiku-4-5
    r08 | claude-sonnet-4-6 | failed (upstream_429)          |                             | 0        | –
    r09 | claude-haiku-4-5  | final                          | after upstream_429          | 165000   | 165000

    A is overloaded: the client has whole answer of anthropic/claude-haiku-4-5
    r10 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –
    r11 | claude-haiku-4-5  | final                          | after upstream_529          | 165000   | 165000

    A hangs up: the client has whole answer of anthropic/claude-haiku-4-5
    r12 | claude-sonnet-4-6 | failed (upstream_unreachable)  |                             | 0        | –
    r13 | claude-haiku-4-5  | final                          | after upstream_unreachable  | 165000   | 165000

    A is silent: the client has whole answer of anthropic/claude-haiku-4-5
    r14 | claude-sonnet-4-6 | failed (upstream_silent)       |                             | 0        | –
    r15 | claude-haiku-4-5  | final                          | after upstream_silent       | 165000   | 165000

    A says yes and closes: the client has whole answer of anthropic/claude-haiku-4-5
    r16 | claude-sonnet-4-6 | pending (upstream_empty)       |                             | held     | asked later
    r17 | claude-haiku-4-5  | final                          | after upstream_empty        | 165000   | 165000

    A is cut off midway: the client has broke off, of anthropic/claude-sonnet-4-6
    r18 | claude-sonnet-4-6 | partial                        |                             | 90000    | at least that

    A finds the request wrong: the client has error 400
    r19 | claude-sonnet-4-6 | failed (upstream_400)          |                             | 0        | –

    A overloaded, B down: the client has error 529
    r20 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –
    r21 | claude-haiku-4-5  | failed (upstream_503)          | after upstream_529          | 0        | –

    A overloaded, B cut off: the client has broke off, of anthropic/claude-haiku-4-5
    r22 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –
    r23 | claude-haiku-4-5  | partial                        | after upstream_529          | 30000    | at least that"
  `);
});

it('is answered by another provider that speaks the same format', async () => {
  const openAi = 'gpt-4o';
  const routing = {
    ...plainRouting,
    fallbacks: [{ model: `openai/${openAi}`, then: ['openrouter/openai/gpt-4o-mini'] }],
  };
  const lines: string[] = [];
  for (const fault of [status(402), status(503), { kind: 'silent' }, { kind: 'cut' }] as const) {
    upstream.faults = { [openAi]: fault };
    sql = openNodeSql();
    migrate(sql, LEDGER_MIGRATIONS, clock.nowMs());
    const isSilent = fault.kind === 'silent';
    const { ai, ledger } = boot({}, isSilent ? { ...aiLimits, answerBeginsBeforeFallbackMs: 100 } : aiLimits);
    const request = new Request('http://ai.tidepool.internal/openai/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: openAi, stream: true, messages: [{ role: 'user', content: 'count to 5' }] }),
    });
    const answer = await ai.handle(request, { ...context, models: { ...models, routing } });
    const from = answer.headers.get('x-tidepool-model');
    const text = await answer.text().catch(() => 'broke off');
    await Promise.all(alive);
    lines.push('', `${from}: ${text.includes('[DONE]') ? 'whole answer' : text}`, ...(await table(ledger)));
  }
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "
    openrouter/openai/gpt-4o-mini: whole answer
    r01 | gpt-4o            | failed (upstream_402)          |                             | 0        | –
    r02 | openai/gpt-4o-mini | final                          | after upstream_402          | 18900    | 18900

    openrouter/openai/gpt-4o-mini: whole answer
    r03 | gpt-4o            | failed (upstream_503)          |                             | 0        | –
    r04 | openai/gpt-4o-mini | final                          | after upstream_503          | 18900    | 18900

    openrouter/openai/gpt-4o-mini: whole answer
    r05 | gpt-4o            | failed (upstream_silent)       |                             | 0        | –
    r06 | openai/gpt-4o-mini | final                          | after upstream_silent       | 18900    | 18900

    openai/gpt-4o: broke off
    r07 | gpt-4o            | pending (upstream_cut)         |                             | held     | asked later"
  `);
});

it('a client that goes away during the first attempt gets no second one', async () => {
  const client = new AbortController();
  upstream.faults = { [a]: status(529) };
  upstream.onRequest = () => client.abort();
  const { ai, ledger } = boot();
  await ai.handle(turn({ signal: client.signal }), context);
  await Promise.all(alive);
  expect(upstream.asked).toEqual([a]);
  expect(await table(ledger)).toMatchInlineSnapshot(`
    [
      "r01 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –",
    ]
  `);
});

describe('a crash', () => {
  it('between two attempts leaves nothing open and nothing charged; the next turn is answered', async () => {
    upstream.faults = { [a]: status(529) };
    const first = boot({ after: 'release' });
    expect((await first.ai.handle(turn(), context)).status).toBe(503);
    const second = boot();
    expect(second.ledger.pending()).toEqual([]);
    expect(await seen(await second.ai.handle(turn(), context))).toBe(`whole answer of anthropic/${b}`);
    expect(await table(second.ledger)).toMatchInlineSnapshot(`
      [
        "r01 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –",
        "r03 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –",
        "r04 | claude-haiku-4-5  | final                          | after upstream_529          | 165000   | 165000",
      ]
    `);
  });

  it('in the second attempt leaves that one to the second witness, and is charged by it once', async () => {
    upstream.faults = { [a]: status(529) };
    const first = boot({ before: 'settle' });
    await (await first.ai.handle(turn(), context)).text();
    await Promise.all(alive);
    const second = boot();
    expect(second.ledger.pending()).toMatchObject([{ requestId: 'r02', state: 'unknown', why: 'interrupted' }]);
    const reconciler = createReconciler({
      ledger: second.ledger,
      witness: chooseWitness({ DEMO_MODEL_BASE_URL: model.baseUrl }),
      clock: { nowMs: () => Date.now() + 60_000 },
      onSettled: () => undefined,
      onFault: (event, error) => {
        throw new Error(event, { cause: error });
      },
    });
    expect([await reconciler.run(), await reconciler.run()]).toEqual([1, 0]);
    expect(await table(second.ledger)).toMatchInlineSnapshot(`
      [
        "r01 | claude-sonnet-4-6 | failed (upstream_529)          |                             | 0        | –",
        "r02 | claude-haiku-4-5  | estimated                      | after upstream_529          | 165000   | 165000",
      ]
    `);
    expect(second.ledger.periodTotal(second.ledger.currentPeriod()).spentNanoUsd).toBe((await logged()).get('r02'));
  });
});
