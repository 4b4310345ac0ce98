import { describe, expect, it } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { noBudgets, type SpendBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { noUsage } from '../core/metering/usage.ts';
import type { Sql } from '../ports.ts';
import { LEDGER_MIGRATIONS } from './ledger-schema.ts';
import { Ledger, type Reservation, type Reserved } from './ledger.ts';
import { migrate } from './migrate.ts';

const startMs = Date.parse('2026-11-29T22:30:00Z');
const opus = 'anthropic/claude-opus-4-6';

function world() {
  const clock = { ms: startMs, nowMs: (): number => clock.ms };
  const sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, startMs);
  const ledger = new Ledger(sql, clock);
  let ids = 0;
  const ask = (holdNanoUsd: number, over: Partial<Reservation> = {}): Reserved & { id: string } => {
    const id = `r${String((ids += 1)).padStart(4, '0')}`;
    const reserved = ledger.reserve({
      requestId: id,
      holdNanoUsd,
      provider: 'anthropic',
      model: 'claude-sonnet-4-6',
      capNanoUsd: 10_000,
      periodKey: ledger.currentPeriod(),
      byok: false,
      ...over,
    });
    return { ...reserved, id };
  };
  const spend = (nanoUsd: number, over: Partial<Reservation> = {}): string => {
    const { id } = ask(nanoUsd, over);
    ledger.settle(id, settled(nanoUsd));
    return id;
  };
  return { clock, sql, ledger, ask, spend };
}

const settled = (costNanoUsd: number) => ({
  usage: noUsage,
  costNanoUsd,
  outcome: 'final' as const,
  priceVersion: '2026-11-21',
  upstreamId: null,
  rawUsageJson: null,
});
const budgets = (over: Partial<SpendBudgets>): SpendBudgets => ({ ...noBudgets, shared: null, ...over });
const refusedBy = (reserved: Reserved): unknown =>
  !reserved.ok && reserved.reason === 'budget_reached'
    ? [reserved.refused.name.kind, reserved.leftNanoUsd, new Date(reserved.refused.opensAtMs).toISOString()]
    : null;

describe('a budget of the day', () => {
  const day = budgets({ dayNanoUsd: 1_000 });

  it('is kept to the nano-dollar, holds included, and begins anew at midnight UTC', () => {
    const { clock, ask, spend } = world();
    spend(600, { budgets: day });
    const held = ask(300, { budgets: day });
    expect(held.ok).toBe(true);
    expect(refusedBy(ask(101, { budgets: day }))).toEqual(['day', 100, '2026-11-30T00:00:00.000Z']);
    expect(ask(100, { budgets: day }).ok).toBe(true);
    clock.ms = Date.parse('2026-11-30T00:00:00Z');
    expect(ask(1_000, { budgets: day }).ok).toBe(true);
    expect(ask(1, { budgets: day }).ok).toBe(false);
  });

  it('counts a request on the day on which it was reserved', () => {
    const { clock, ledger, ask } = world();
    const { id } = ask(900, { budgets: day });
    clock.ms = Date.parse('2026-11-30T00:10:00Z');
    ledger.settle(id, settled(900));
    expect(ask(1_000, { budgets: day }).ok).toBe(true);
    clock.ms = startMs;
    expect(refusedBy(ask(101, { budgets: day }))).toEqual(['day', 100, '2026-11-30T00:00:00.000Z']);
  });

  it('raised, lets the next request through at once', () => {
    const { ask, spend } = world();
    spend(1_000, { budgets: day });
    expect(ask(1, { budgets: day }).ok).toBe(false);
    expect(ask(1, { budgets: budgets({ dayNanoUsd: 1_001 }) }).ok).toBe(true);
  });
});

describe('a budget of one model', () => {
  const models = budgets({ models: [{ model: opus, monthNanoUsd: 500 }] });
  const asOpus = { model: 'claude-opus-4-6-20260205', modelKey: opus, budgets: models };

  it('holds the model by whatever name, over the days of a month, and no other model', () => {
    const { clock, ask, spend } = world();
    spend(300, asOpus);
    clock.ms += 86_400_000;
    spend(100, asOpus);
    expect(refusedBy(ask(101, asOpus))).toEqual(['model', 100, '2026-12-01T00:00:00.000Z']);
    expect(ask(5_000, { budgets: models }).ok).toBe(true);
    clock.ms = Date.parse('2026-12-01T00:00:00Z');
    expect(ask(500, asOpus).ok).toBe(true);
  });

  it('is written by a dated name too', () => {
    const { ask } = world();
    const dated = budgets({ models: [{ model: `${opus}-20260205`, monthNanoUsd: 500 }] });
    expect(ask(501, { ...asOpus, budgets: dated }).ok).toBe(false);
  });
});

describe('several budgets at once', () => {
  it('say the one that opens last, and leave what the tightest has left', () => {
    const { ask, spend } = world();
    const all = budgets({
      dayNanoUsd: 2_000,
      shared: { by: 'plan', nanoUsdPerMonth: 3_000, organisationNanoUsd: 9_000 },
    });
    spend(1_500, { budgets: all });
    expect(refusedBy(ask(1_000, { budgets: all }))).toEqual(['day', 500, '2026-11-30T00:00:00.000Z']);
    expect(refusedBy(ask(1_600, { budgets: all }))).toEqual(['shared', 500, '2026-12-01T00:00:00.000Z']);
    expect(ask(500, { budgets: all }).ok).toBe(true);
  });

  it('ask nothing of what the customer pays', () => {
    const { ledger, ask } = world();
    const none = budgets({ dayNanoUsd: 0, models: [{ model: opus, monthNanoUsd: 0 }] });
    expect(ask(0, { byok: true, capNanoUsd: 0, budgets: none }).ok).toBe(true);
    expect(ledger.uses([{ name: { kind: 'day' }, capNanoUsd: 0 }])).toMatchObject([
      { spentNanoUsd: 0, heldNanoUsd: 0 },
    ]);
  });
});

describe('what a request costs the ledger itself', () => {
  it('is three row writes to reserve and three to settle, with every kind of budget', () => {
    const { sql } = world();
    const writes: string[] = [];
    const counting: Sql = {
      exec: (query, ...bindings) => {
        if (!query.startsWith('SELECT')) writes.push(query);
        return sql.exec(query, ...bindings);
      },
      transaction: (fn) => sql.transaction(fn),
    };
    const ledger = new Ledger(counting, { nowMs: () => startMs });
    const every = budgets({ dayNanoUsd: 1_000, models: [{ model: opus, monthNanoUsd: 1_000 }] });
    const request = { provider: 'anthropic', model: 'claude-opus-4-6', capNanoUsd: 1_000, periodKey: '2026-11' };
    ledger.reserve({ ...request, requestId: 'a', holdNanoUsd: 10, byok: false, budgets: every });
    expect(writes.splice(0)).toHaveLength(3);
    ledger.settle('a', settled(5));
    expect(writes.splice(0)).toHaveLength(3);
    ledger.reserve({ ...request, requestId: 'b', holdNanoUsd: 0, byok: true, budgets: every });
    ledger.settle('b', settled(5));
    expect(writes).toHaveLength(4);
  });
});

it('counts what was held and charged before days were counted', () => {
  const sql = openNodeSql();
  const [first, second, third] = LEDGER_MIGRATIONS;
  if (first === undefined || second === undefined || third === undefined) throw new Error('steps are missing');
  migrate(sql, [first, second], startMs);
  const insert = (id: string, state: string, todo: string | null, cost: number, hold: number): unknown =>
    sql.exec(
      `INSERT INTO ledger_request (request_id, period, state, todo, at_ms, provider, model, cost_nano_usd, hold_nano_usd)
       VALUES (?, '2026-11', ?, ?, ?, 'anthropic', 'claude-opus-4-6', ?, ?)`,
      id,
      state,
      todo,
      startMs,
      cost,
      hold,
    );
  insert('a', 'settled', null, 70, 100);
  insert('b', 'unknown', 'open', 0, 100);
  sql.exec("INSERT INTO ledger_period VALUES ('2026-11', 3, 70, 100, 1, 0, 0)");
  migrate(sql, LEDGER_MIGRATIONS, startMs);
  const ledger = new Ledger(sql, { nowMs: () => startMs });
  const day = { name: { kind: 'day' }, capNanoUsd: 0 } as const;
  expect(ledger.uses([day])).toMatchObject([{ spentNanoUsd: 70, heldNanoUsd: 100 }]);
  ledger.settle('b', settled(30));
  expect(ledger.uses([day])).toMatchObject([{ spentNanoUsd: 100, heldNanoUsd: 0 }]);
});
