import { beforeEach, describe, expect, it } from 'vitest';
import {
  anthropicCost,
  anthropicEvents,
  agentTurn,
  events,
  platformPays,
  request,
  startMs,
  streamed,
} from '../../../../test/support/ai-dispatch-world.ts';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { tenantRecord } from '../../../../test/support/tenant-record.ts';
import { noBudgets, type SpendBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { createAiDispatch, type AiDispatch } from '../ai/dispatch.ts';
import { chooseUpstream } from '../ai/upstream.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { repeatsMax } from '../core/metering/spend-guard.ts';
import { noUsage } from '../core/metering/usage.ts';
import { LEDGER_MIGRATIONS } from '../modules/ledger-schema.ts';
import { Ledger } from '../modules/ledger.ts';
import { migrate } from '../modules/migrate.ts';
import { Outbox, OUTBOX_MIGRATIONS } from '../modules/outbox.ts';
import { SPEND_GUARD_MIGRATIONS, SpendGuard } from '../modules/spend-guard.ts';
import { createSpending, limitsOf, type Spending } from './spending.ts';

const clock = { ms: startMs, nowMs: (): number => clock.ms };
let record: TenantRecord;
let ledger: Ledger;
let guard: SpendGuard;
let outbox: Outbox;
let spending: Spending;
let ai: AiDispatch;
let ids = 0;
let calls = 0;
let saved = 0;

beforeEach(() => {
  clock.ms = startMs;
  calls = 0;
  saved = 0;
  record = { ...tenantRecord, spec: { ...tenantRecord.spec, aiCapNanoUsdPerMonth: 5_000_000_000 } };
  const sql = openNodeSql();
  migrate(sql, [...LEDGER_MIGRATIONS, ...SPEND_GUARD_MIGRATIONS, ...OUTBOX_MIGRATIONS], startMs);
  const ulids = { ulid: () => `r${String((ids += 1)).padStart(6, '0')}` };
  ledger = new Ledger(sql, clock);
  guard = new SpendGuard({ sql, ledger, clock, ids: ulids });
  outbox = new Outbox(sql);
  spending = createSpending({
    sql,
    ledger,
    guard,
    outbox,
    clock,
    read: () => record,
    save: () => (saved += 1),
    flush: () => undefined,
  });
  ai = createAiDispatch({
    ledger: spending.ledger,
    upstream: chooseUpstream({ ANTHROPIC_API_KEY: 'key-a' }),
    payments: platformPays,
    fetch: async () => {
      calls += 1;
      return streamed(events(anthropicEvents));
    },
    clock,
    ids: ulids,
    onSettled: () => {
      const requestIds = ledger.pendingExport().map(({ requestId }) => requestId);
      ledger.exported(requestIds);
      spending.charged(record, requestIds);
    },
    onBudgetReached: (use) => spending.budgetReached(use),
    keepAlive: () => undefined,
    onFault: (event, error) => {
      throw new Error(event, { cause: error });
    },
  });
});

function want(budgets: Partial<SpendBudgets>, capNanoUsd = record.spec.aiCapNanoUsdPerMonth): void {
  const spec = {
    ...record.spec,
    aiCapNanoUsdPerMonth: capNanoUsd,
    budgets: { ...noBudgets, shared: null, ...budgets },
  };
  record = { ...record, spec };
}

/** A turn of the assistant, as the tenant's object lets it through: its code and what stands in the chat. */
async function say(text: string): Promise<{ code: string | null; chat: string }> {
  const body = { ...agentTurn, messages: [{ role: 'user', content: text }] };
  const about = { tenantId: record.tenantId, slug: record.slug, incarnation: 1, ...limitsOf(record) };
  const response = await ai.handle(request('/anthropic/v1/messages', body), about);
  return { code: response.headers.get('x-tidepool-code'), chat: await response.text() };
}

const notices = (): unknown[] =>
  outbox.take(clock.nowMs()).map((event) => {
    if (event.kind !== 'spend') return event.kind;
    const { notice } = event;
    return notice.kind === 'paused' ? `paused ${notice.pause.why}` : `${notice.use.name.kind} ${notice.level}`;
  });

describe('a budget that is reached', () => {
  it.each<[string, Partial<SpendBudgets>, RegExp]>([
    ['ai_day_budget_reached', { dayNanoUsd: 1 }, /has reached its AI budget of the day/],
    [
      'ai_model_budget_reached',
      { models: [{ model: 'anthropic/claude-sonnet-4-6', monthNanoUsd: 1 }] },
      /for the model anthropic\/claude-sonnet-4-6 is reached/,
    ],
    [
      'ai_organisation_limit_reached',
      { shared: { by: 'organisation', nanoUsdPerMonth: 1, organisationNanoUsd: 9_000_000_000 } },
      /share is reached: \$9\.00 a month/,
    ],
  ])('says so in the chat (%s), calls nothing, and raised lets the next turn through', async (code, budgets, words) => {
    want(budgets);
    const refused = await say('Hello');
    expect(refused.code).toBe(code);
    expect(refused.chat).toMatch(words);
    expect(refused.chat).toContain('2026-1');
    expect(calls).toBe(0);
    want({});
    const answered = await say('Hello');
    expect([answered.code, calls]).toEqual([null, 1]);
    expect(answered.chat).toContain('Grüße');
  });

  it('is told once by the first refusal, and by no request that a shorter answer helps', async () => {
    want({}, 40_000_000);
    const long = { ...agentTurn, max_tokens: 32_000 };
    const about = { tenantId: record.tenantId, slug: record.slug, incarnation: 1, ...limitsOf(record) };
    await (await ai.handle(request('/anthropic/v1/messages', long), about)).text();
    expect([calls, notices()]).toEqual([1, []]);
    want({}, 1_000_000);
    await say('one');
    await say('two');
    expect(notices()).toEqual(['month 100']);
  });
});

it('tells a charge that passes a level, in the transaction that takes its receipt', async () => {
  want({ dayNanoUsd: anthropicCost * 2 }, 1_000_000_000);
  // What a turn may cost is far above the day's budget, so it is raised for the moment of asking.
  const told = record;
  want({}, 1_000_000_000);
  const asking = say('Hello');
  record = told;
  await asking;
  expect(notices()).toEqual(['day 50']);
});

it('says nothing of a charge whose day has ended meanwhile', () => {
  want({ dayNanoUsd: 1_000 }, 1_000_000_000);
  const asked = { provider: 'anthropic', model: 'claude-sonnet-4-6', periodKey: '2026-11', byok: false };
  const charge = (requestId: string, settledMs: number): void => {
    spending.ledger.reserve({ ...asked, requestId, holdNanoUsd: 1_000, capNanoUsd: 1_000_000_000 });
    clock.ms = settledMs;
    const settlement = { usage: noUsage, costNanoUsd: 1_000, outcome: 'final', priceVersion: 'p' } as const;
    spending.ledger.settle(requestId, { ...settlement, upstreamId: null, rawUsageJson: null });
    spending.charged(record, [requestId]);
  };
  charge('before', Date.parse('2026-11-22T00:00:01Z'));
  expect(notices()).toEqual([]);
  charge('after', Date.parse('2026-11-22T00:00:02Z'));
  expect(notices()).toEqual(['day 100']);
});

describe('a loop', () => {
  it('pauses model requests with words in the chat, and goes on when somebody says so', async () => {
    for (let n = 0; n <= repeatsMax; n++) expect((await say('the same')).code).toBeNull();
    const paused = await say('anything');
    expect(paused.code).toBe('ai_spend_paused');
    expect(paused.chat).toMatch(/charged 21 times within 10 minutes/);
    expect(calls).toBe(repeatsMax + 1);
    expect(notices()).toEqual(['paused repeated']);
    const { pause } = spending.view(record).fuse;
    spending.resume('another');
    expect((await say('anything')).code).toBe('ai_spend_paused');
    spending.resume(pause?.id ?? '');
    expect([(await say('anything')).code, saved]).toEqual([null, 1]);
    spending.resume(pause?.id ?? '');
    expect([saved, notices()]).toEqual([1, []]);
  });

  it('does not hold back what the customer pays', () => {
    const asked = { provider: 'anthropic', model: 'm', capNanoUsd: 0, periodKey: '2026-11', holdNanoUsd: 0 };
    want({});
    for (let n = 0; n <= repeatsMax; n++) {
      const requestId = `l${n}`;
      ledger.reserve({ ...asked, requestId, byok: false, bodyHash: 7 });
      const end = {
        costNanoUsd: 0,
        outcome: 'final' as const,
        priceVersion: 'v',
        upstreamId: null,
        rawUsageJson: null,
      };
      ledger.settle(requestId, { usage: noUsage, ...end });
      spending.charged(record, [requestId]);
    }
    expect(spending.ledger.reserve({ ...asked, requestId: 'x', byok: false })).toMatchObject({ reason: 'paused' });
    expect(spending.ledger.reserve({ ...asked, requestId: 'y', byok: true })).toEqual({ ok: true });
  });
});
