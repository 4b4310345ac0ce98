import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { noUsage } from '../core/metering/usage.ts';
import type { Clock, Sql } from '../ports.ts';
import {
  HOLD_AGE_MAX_MS,
  Ledger,
  LEDGER_MIGRATIONS,
  UNKNOWN_AGE_MAX_MS,
  type Reservation,
  type Settlement,
} from './ledger.ts';
import { hourColumns } from './ledger-schema.ts';
import { migrate } from './migrate.ts';

const startMs = Date.parse('2026-11-21T08:00:00Z');

interface World {
  readonly sql: Sql;
  readonly ledger: Ledger;
  readonly clock: { ms: number };
}

function world(): World {
  const clock = { ms: startMs };
  const sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, startMs);
  return { sql, clock, ledger: new Ledger(sql, clockOf(clock)) };
}

function clockOf(clock: { ms: number }): Clock {
  return { nowMs: () => clock.ms };
}

function reservation(requestId: string, over: Partial<Reservation> = {}): Reservation {
  return {
    requestId,
    holdNanoUsd: 100,
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    capNanoUsd: 1000,
    periodKey: '2026-11',
    byok: false,
    ...over,
  };
}

function settlement(costNanoUsd: number, over: Partial<Settlement> = {}): Settlement {
  return {
    usage: { ...noUsage, input: 10, cacheRead: 3, cacheWrite5m: 2, cacheWrite1h: 1, output: 4 },
    costNanoUsd,
    outcome: 'final',
    priceVersion: '2026-11-21',
    upstreamId: 'msg_1',
    rawUsageJson: '{}',
    ...over,
  };
}

describe('reserve', () => {
  it('grants up to the cap exactly and refuses one nano-dollar more, saying what is spent and held', () => {
    const { ledger } = world();
    expect(ledger.reserve(reservation('a', { holdNanoUsd: 600 }))).toEqual({ ok: true });
    ledger.settle('a', settlement(500));
    expect(ledger.reserve(reservation('b', { holdNanoUsd: 200 }))).toEqual({ ok: true });
    expect(ledger.reserve(reservation('c', { holdNanoUsd: 301 }))).toEqual({
      ok: false,
      reason: 'budget_reached',
      leftNanoUsd: 300,
      refused: {
        name: { kind: 'month' },
        spentNanoUsd: 500,
        heldNanoUsd: 200,
        capNanoUsd: 1000,
        opensAtMs: Date.UTC(2026, 11),
      },
    });
    expect(ledger.reserve(reservation('c', { holdNanoUsd: 300 }))).toEqual({ ok: true });
  });

  it('grants exactly as many of many as the cap has room for', () => {
    const { ledger } = world();
    const granted = Array.from({ length: 100 }, (_, n) => ledger.reserve(reservation(`r${n}`, { holdNanoUsd: 30 })));
    expect(granted.filter((one) => one.ok)).toHaveLength(33);
  });

  it('knows a request id for ever, whatever became of it', () => {
    const { ledger } = world();
    ledger.reserve(reservation('held'));
    ledger.reserve(reservation('settled'));
    ledger.settle('settled', settlement(1));
    ledger.reserve(reservation('released'));
    ledger.release('released', 'upstream_500');
    for (const id of ['held', 'settled', 'released']) {
      expect(ledger.reserve(reservation(id))).toEqual({ ok: false, reason: 'duplicate' });
      expect(ledger.reserve(reservation(id, { capNanoUsd: 0 }))).toEqual({ ok: false, reason: 'duplicate' });
    }
  });

  it('counts each month by itself', () => {
    const { ledger } = world();
    ledger.reserve(reservation('a', { holdNanoUsd: 1000 }));
    expect(ledger.reserve(reservation('b', { periodKey: '2026-12' }))).toEqual({ ok: true });
    ledger.settle('a', settlement(70));
    expect(ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 70, heldNanoUsd: 0, requests: 1 });
    expect(ledger.periodTotal('2026-12')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 100, requests: 0 });
  });

  it.each([[-1], [0.5], [Number.NaN], [2 ** 53]])('refuses the amount %d', (holdNanoUsd) => {
    expect(() => world().ledger.reserve(reservation('a', { holdNanoUsd }))).toThrow(RangeError);
  });
});

describe('settle', () => {
  it('charges once, whatever is said again', () => {
    const { ledger } = world();
    ledger.reserve(reservation('a'));
    expect(ledger.settle('a', settlement(42))).toEqual({ charged: true });
    expect(ledger.settle('a', settlement(99))).toEqual({ charged: false });
    expect(ledger.release('a', 'late')).toEqual({ released: false });
    expect(ledger.periodTotal('2026-11')).toEqual({
      period: '2026-11',
      version: 2,
      spentNanoUsd: 42,
      heldNanoUsd: 0,
      requests: 1,
      inputTokens: 16,
      outputTokens: 4,
    });
  });

  it('charges nothing that was not reserved, or was released', () => {
    const { ledger } = world();
    ledger.reserve(reservation('a'));
    ledger.release('a', 'upstream_500');
    expect([ledger.settle('a', settlement(1)), ledger.settle('never', settlement(1))]).toEqual([
      { charged: false },
      { charged: false },
    ]);
    expect(ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0, requests: 0 });
  });

  it('charges what it cost, also above the hold', () => {
    const { ledger } = world();
    ledger.reserve(reservation('a', { holdNanoUsd: 10 }));
    ledger.settle('a', settlement(25));
    expect(ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 25, heldNanoUsd: 0 });
  });

  it('keeps the receipt as it was settled', () => {
    const { ledger } = world();
    ledger.reserve(reservation('a'));
    ledger.settle('a', settlement(42, { outcome: 'partial' }));
    expect(ledger.receipts({ limit: 10, before: null })).toEqual([
      {
        requestId: 'a',
        period: '2026-11',
        atMs: startMs,
        provider: 'anthropic',
        model: 'claude-sonnet-4-6',
        inputTokens: 16,
        outputTokens: 4,
        cacheReadTokens: 3,
        cacheWriteTokens: 3,
        costNanoUsd: 42,
        byok: false,
        listCostNanoUsd: 0,
        outcome: 'partial',
        priceVersion: '2026-11-21',
        upstreamId: 'msg_1',
      },
    ]);
  });
});

describe('what the customer pays elsewhere', () => {
  it('is written down whole and never charged, held or held back, also beside what is', () => {
    const { ledger } = world();
    ledger.reserve(reservation('ours', { holdNanoUsd: 1000 }));
    expect(ledger.reserve(reservation('a', { holdNanoUsd: 0, byok: true }))).toEqual({ ok: true });
    expect(ledger.pending()[1]).toMatchObject({ requestId: 'ours', byok: false });
    ledger.settle('a', settlement(42));
    expect(ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 1000, requests: 1 });
    expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([
      { byok: true, costNanoUsd: 0, listCostNanoUsd: 42, inputTokens: 16 },
    ]);
  });
});

describe('receipts', () => {
  it('pages from the newest back, each once', () => {
    const { ledger } = world();
    for (const id of ['01', '02', '03', '04', '05']) {
      ledger.reserve(reservation(id));
      if (id === '02') ledger.release(id, 'upstream_500');
      else ledger.settle(id, settlement(1));
    }
    const first = ledger.receipts({ limit: 2, before: null });
    const second = ledger.receipts({ limit: 2, before: '04' });
    expect([first, second].map((page) => page.map((receipt) => receipt.requestId))).toEqual([
      ['05', '04'],
      ['03', '01'],
    ]);
  });
});

describe('holds that a crash leaves behind', () => {
  it('stay held and visible, and are settled by the second witness', () => {
    const { sql, clock, ledger } = world();
    ledger.reserve(reservation('a'));
    const restarted = new Ledger(sql, clockOf(clock));
    expect(restarted.orphan()).toBe(1);
    expect(restarted.orphan()).toBe(0);
    expect(restarted.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 100 });
    expect(restarted.pending()).toMatchObject([
      { requestId: 'a', state: 'unknown', holdNanoUsd: 100, why: 'interrupted' },
    ]);
    expect(restarted.settle('a', settlement(60, { outcome: 'estimated' }))).toEqual({ charged: true });
    expect(restarted.pending()).toEqual([]);
    expect(restarted.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 60, heldNanoUsd: 0 });
  });

  it('become unknown when they are older than any stream, and are written off uncharged after that', () => {
    const { clock, ledger } = world();
    ledger.reserve(reservation('a'));
    expect(ledger.nextExpiryMs()).toBe(startMs + HOLD_AGE_MAX_MS);
    expect(ledger.expire(startMs + HOLD_AGE_MAX_MS - 1)).toEqual({ unknown: 0, writtenOff: 0 });
    expect(ledger.expire(startMs + HOLD_AGE_MAX_MS)).toEqual({ unknown: 1, writtenOff: 0 });
    expect(ledger.nextExpiryMs()).toBe(startMs + UNKNOWN_AGE_MAX_MS);
    clock.ms = startMs + UNKNOWN_AGE_MAX_MS;
    expect(ledger.expire(clock.ms)).toEqual({ unknown: 0, writtenOff: 1 });
    expect(ledger.nextExpiryMs()).toBeNull();
    expect(ledger.settle('a', settlement(60))).toEqual({ charged: false });
    expect(ledger.periodTotal('2026-11')).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0 });
  });
});

describe('export', () => {
  it('gives each receipt until it is taken, and never again; what came to nothing has one too', () => {
    const { ledger } = world();
    for (const id of ['a', 'b', 'c']) ledger.reserve(reservation(id));
    ledger.settle('a', settlement(1));
    ledger.release('b', 'upstream_500');
    ledger.settle('c', settlement(2));
    expect(ledger.pendingExport().map((receipt) => receipt.requestId)).toEqual(['a', 'b', 'c']);
    expect(ledger.pendingExport()[1]).toMatchObject({ outcome: 'failed', why: 'upstream_500', costNanoUsd: 0 });
    ledger.exported(['a', 'b']);
    expect(ledger.pendingExport().map((receipt) => receipt.requestId)).toEqual(['c']);
    ledger.exported(['c']);
    expect(ledger.pendingExport()).toEqual([]);
    expect(ledger.receipts({ limit: 10, before: null })).toHaveLength(2);
    expect(ledger.receipts({ limit: 10, before: null, failed: true })).toHaveLength(3);
  });

  it('says which attempt of a turn each one was', () => {
    const { ledger } = world();
    ledger.reserve(reservation('a'));
    ledger.release('a', 'upstream_529');
    const part = { turn: 'a', attempt: 2, asked: 'anthropic/claude-sonnet-4-6', after: 'upstream_529' };
    ledger.reserve(reservation('b', { part }));
    ledger.settle('b', settlement(3));
    expect(ledger.pendingExport().map((receipt) => receipt.part)).toEqual([undefined, part]);
  });
});

describe('amounts are conserved', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const amount = fc.integer({ min: 0, max: 500 });
  const step = fc.oneof(
    fc.record({ op: fc.constant('reserve'), id, amount, month: fc.constantFrom('2026-11', '2026-12') }),
    fc.record({ op: fc.constant('settle'), id, amount, month: fc.constant('') }),
    fc.record({
      op: fc.constantFrom('release', 'unknown', 'restart', 'later', 'export'),
      id,
      amount,
      month: fc.constant(''),
    }),
  );
  // After how many statements of the step the object dies; its transaction is then rolled back. Null: it lives.
  const crashAfter = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null });

  it('over any sequence of steps, repeats and crashes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, crashAfter), { maxLength: 60 }), (steps) => {
        const { sql, clock } = world();
        const charged = new Map<string, number>();
        let versions = new Map<string, number>();
        for (const [one, crash] of steps) {
          const ledger = new Ledger(dyingSql(sql, crash), clockOf(clock));
          try {
            const settled = perform(ledger, clock, one);
            if (settled) {
              expect(charged.has(one.id)).toBe(false);
              charged.set(one.id, one.amount);
            }
          } catch (error) {
            if (!(error instanceof Died)) throw error;
          }
          versions = checkInvariants(sql, versions);
        }
        const spent = ['2026-11', '2026-12'].map(
          (month) => new Ledger(sql, clockOf(clock)).periodTotal(month).spentNanoUsd,
        );
        expect(spent.reduce((a, b) => a + b)).toBe([...charged.values()].reduce((a, b) => a + b, 0));
      }),
      { numRuns: 300 },
    );
  });
});

function perform(
  ledger: Ledger,
  clock: { ms: number },
  step: { op: string; id: string; amount: number; month: string },
): boolean {
  switch (step.op) {
    case 'reserve': {
      const before = ledger.periodTotal(step.month);
      const reserved = ledger.reserve(reservation(step.id, { holdNanoUsd: step.amount, periodKey: step.month }));
      if (reserved.ok) expect(before.spentNanoUsd + before.heldNanoUsd + step.amount).toBeLessThanOrEqual(1000);
      return false;
    }
    case 'settle':
      return ledger.settle(step.id, settlement(step.amount)).charged;
    case 'release':
      ledger.release(step.id, 'upstream_500');
      return false;
    case 'unknown':
      ledger.markUnknown(step.id, 'cut');
      return false;
    case 'restart':
      ledger.orphan();
      return false;
    case 'later':
      clock.ms += step.amount * 1_000_000;
      ledger.expire(clock.ms);
      return false;
    case 'export':
      ledger.exported(ledger.pendingExport(2).map((receipt) => receipt.requestId));
      return false;
    default:
      throw new Error(step.op);
  }
}

function checkInvariants(sql: Sql, before: Map<string, number>): Map<string, number> {
  const after = new Map<string, number>();
  for (const row of sql.exec('SELECT * FROM ledger_period')) {
    const period = row['period'] as string;
    const sums = sql.exec(
      `SELECT sum(CASE state WHEN 'settled' THEN cost_nano_usd ELSE 0 END) AS spent,
              sum(CASE WHEN state IN ('held', 'unknown') THEN hold_nano_usd ELSE 0 END) AS held,
              sum(state = 'settled') AS requests,
              sum((todo IS 'open') <> (state IN ('held', 'unknown'))) AS misfiled
       FROM ledger_request WHERE period = ?`,
      period,
    )[0];
    expect(sums).toEqual({
      spent: row['spent_nano_usd'],
      held: row['held_nano_usd'],
      requests: row['requests'],
      misfiled: 0,
    });
    const version = Number(row['version']);
    expect(version).toBeGreaterThanOrEqual(before.get(period) ?? 0);
    after.set(period, version);
  }
  const days = sql.exec(
    `SELECT day, model_key, spent_nano_usd, held_nano_usd,
       ${hourColumns.join(' + ')} AS hours FROM ledger_day ORDER BY day, model_key`,
  );
  const requests = sql.exec(
    `SELECT date(at_ms / 1000, 'unixepoch') AS day, model_key, sum(cost_nano_usd) AS spent_nano_usd,
       sum(CASE WHEN todo = 'open' THEN hold_nano_usd ELSE 0 END) AS held_nano_usd, sum(cost_nano_usd) AS hours
     FROM ledger_request WHERE byok = 0 GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  expect(days).toEqual(requests);
  return after;
}

class Died extends Error {}

/** Dies before the statement number `after`; what was done in an open transaction is undone, as in a real crash. */
function dyingSql(sql: Sql, after: number | null): Sql {
  let left = after ?? Number.POSITIVE_INFINITY;
  return {
    exec(query, ...bindings) {
      if (left <= 0) throw new Died();
      left -= 1;
      return sql.exec(query, ...bindings);
    },
    transaction: (fn) => sql.transaction(fn),
  };
}
