import { beforeEach, describe, expect, it } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { noBudgets, type SpendBudgets, type SpendNotice } from '../../../control-plane/src/contract/budgets.ts';
import { rateFloorNanoUsd, rateHoursMin, repeatsMax, repeatWindowMs } from '../core/metering/spend-guard.ts';
import { noUsage } from '../core/metering/usage.ts';
import type { Sql } from '../ports.ts';
import { LEDGER_MIGRATIONS } from './ledger-schema.ts';
import { Ledger } from './ledger.ts';
import { migrate } from './migrate.ts';
import { SPEND_GUARD_MIGRATIONS, SpendGuard } from './spend-guard.ts';

const startMs = Date.parse('2026-11-21T12:00:00Z');
const hourMs = 3_600_000;
const clock = { ms: startMs, nowMs: (): number => clock.ms };
const usd = 1_000_000_000;

let sql: Sql;
let ledger: Ledger;
let guard: SpendGuard;
let ids = 0;

/** The object is built again on the same storage. */
function boot(): void {
  ledger = new Ledger(sql, clock);
  guard = new SpendGuard({ sql, ledger, clock, ids: { ulid: () => `p${(ids += 1)}` } });
}

beforeEach(() => {
  clock.ms = startMs;
  sql = openNodeSql();
  migrate(sql, [...LEDGER_MIGRATIONS, ...SPEND_GUARD_MIGRATIONS], startMs);
  boot();
});

const budgets = (over: Partial<SpendBudgets>): SpendBudgets => ({ ...noBudgets, shared: null, ...over });

/** Charges one request and says what is told of it. */
function charge(nanoUsd: number, over: { body?: number; budgets?: SpendBudgets; cap?: number; byok?: boolean } = {}) {
  const requestId = `r${String((ids += 1)).padStart(6, '0')}`;
  const { byok = false } = over;
  const reserved = ledger.reserve({
    requestId,
    holdNanoUsd: byok ? 0 : nanoUsd,
    provider: 'anthropic',
    model: 'claude-opus-4-6',
    capNanoUsd: Number.MAX_SAFE_INTEGER,
    periodKey: ledger.currentPeriod(),
    byok,
    bodyHash: over.body ?? ids,
  });
  if (!reserved.ok) throw new Error(reserved.reason);
  ledger.settle(requestId, {
    usage: noUsage,
    costNanoUsd: nanoUsd,
    outcome: 'final',
    priceVersion: '2026-11-21',
    upstreamId: null,
    rawUsageJson: null,
  });
  return guard.charged({ capNanoUsd: over.cap ?? Number.MAX_SAFE_INTEGER, budgets: over.budgets }, [requestId]);
}

const told = (notices: readonly SpendNotice[]): string[] =>
  notices.map((notice) =>
    notice.kind === 'paused'
      ? `paused ${notice.pause.why}`
      : `${notice.use.name.kind} ${notice.period} ${notice.level}`,
  );

describe('alerts', () => {
  it('come once for each level, and of several passed at once only for the highest', () => {
    const cap = { cap: 1_000 };
    expect(told(charge(499, cap))).toEqual([]);
    expect(told(charge(1, cap))).toEqual(['month 2026-11 50']);
    expect(told(charge(100, cap))).toEqual([]);
    expect(told(charge(400, cap))).toEqual(['month 2026-11 100']);
    expect(told(charge(1, cap))).toEqual([]);
  });

  it('come once for each day and model, and again in the next period', () => {
    const of = {
      budgets: budgets({ dayNanoUsd: 100, models: [{ model: 'anthropic/claude-opus-4-6', monthNanoUsd: 200 }] }),
    };
    expect(told(charge(80, of))).toEqual(['day 2026-11-21 80']);
    expect(told(charge(20, of))).toEqual(['day 2026-11-21 100', 'model 2026-11 50']);
    clock.ms += 24 * hourMs;
    expect(told(charge(50, of))).toEqual(['day 2026-11-22 50']);
    clock.ms = Date.parse('2026-12-01T08:00:00Z');
    expect(told(charge(100, of))).toEqual(['day 2026-12-01 100', 'model 2026-12 50']);
  });

  it('are remembered by the object that is built next', () => {
    expect(told(charge(500, { cap: 1_000 }))).toEqual(['month 2026-11 50']);
    boot();
    expect(told(charge(1, { cap: 1_000 }))).toEqual([]);
  });

  it('that a crash kept from being told come with the next charge', () => {
    const before = sql.exec('SELECT count(*) AS n FROM spend_alert');
    expect(() =>
      sql.transaction(() => {
        expect(told(charge(800, { cap: 1_000 }))).toEqual(['month 2026-11 80']);
        throw new Error('died');
      }),
    ).toThrow('died');
    expect(sql.exec('SELECT count(*) AS n FROM spend_alert')).toEqual(before);
    boot();
    expect(told(charge(800, { cap: 1_000 }))).toEqual(['month 2026-11 80']);
  });

  it('say that a budget is reached with the first refusal, however little of it is spent', () => {
    charge(10, { cap: 1_000 });
    const [use] = ledger.uses([{ name: { kind: 'month' }, capNanoUsd: 1_000 }]);
    if (use === undefined) throw new Error('no use');
    expect(told(guard.refused(use))).toEqual(['month 2026-11 100']);
    expect(told(guard.refused(use))).toEqual([]);
    expect(told(charge(990, { cap: 1_000 }))).toEqual([]);
  });

  it('leave the share of the organisation to the control plane', () => {
    const shared = { by: 'plan' as const, nanoUsdPerMonth: 10, organisationNanoUsd: 10 };
    expect(told(charge(10, { budgets: budgets({ shared }) }))).toEqual([]);
  });
});

describe('the fuse for a loop', () => {
  it('trips with the request that was charged once too often, and only then', () => {
    for (let n = 0; n < repeatsMax; n++) expect(told(charge(1, { body: 7 }))).toEqual([]);
    expect(guard.pause()).toBeNull();
    expect(told(charge(1, { body: 8 }))).toEqual([]);
    expect(told(charge(1, { body: 7 }))).toEqual(['paused repeated']);
    expect(guard.pause()).toMatchObject({ why: 'repeated', times: repeatsMax + 1, withinMs: repeatWindowMs });
    expect(told(charge(1, { body: 7 }))).toEqual([]);
  });

  it('counts over a restart of the object, and forgets what is older than the window', () => {
    for (let n = 0; n < repeatsMax; n++) charge(1, { body: 7 });
    boot();
    expect(told(charge(1, { body: 7 }))).toEqual(['paused repeated']);
    boot();
    expect(guard.pause()).toMatchObject({ why: 'repeated' });
    guard.resume(guard.pause()?.id ?? '');
    clock.ms += repeatWindowMs + 1;
    for (let n = 0; n < repeatsMax; n++) expect(told(charge(1, { body: 7 }))).toEqual([]);
  });

  it('counts anew after a resumption', () => {
    for (let n = 0; n <= repeatsMax; n++) charge(1, { body: 7 });
    expect(guard.resume(guard.pause()?.id ?? '')).toBe(true);
    clock.ms += 1;
    for (let n = 0; n < repeatsMax; n++) expect(told(charge(1, { body: 7 }))).toEqual([]);
    expect(told(charge(1, { body: 7 }))).toEqual(['paused repeated']);
  });

  it('does not count what failed, nor what the customer pays', () => {
    for (let n = 0; n < 60; n++) {
      const requestId = `f${n}`;
      ledger.reserve({
        requestId,
        holdNanoUsd: 1,
        provider: 'anthropic',
        model: 'claude-opus-4-6',
        capNanoUsd: 100,
        periodKey: '2026-11',
        byok: false,
        bodyHash: 7,
      });
      ledger.release(requestId, 'upstream_529');
      expect(told(charge(1, { body: 7, byok: true }))).toEqual([]);
    }
    expect(told(charge(1, { body: 7 }))).toEqual([]);
  });

  it('switched off, never trips; a pause that is there stays until somebody ends it', () => {
    const off = { budgets: budgets({ fuse: false }), body: 7 };
    for (let n = 0; n < 60; n++) expect(told(charge(1, off))).toEqual([]);
    expect(told(charge(1, { body: 7 }))).toEqual(['paused repeated']);
    charge(1, off);
    expect(guard.pause()).not.toBeNull();
  });
});

describe('the fuse for a rate', () => {
  /** As many hours of use as are needed, a dollar in each. */
  function usualWeek(): void {
    for (let n = 0; n < rateHoursMin; n++) {
      charge(usd);
      clock.ms += hourMs;
    }
  }

  it('trips above five dear hours, says how much, and rests while nobody knows what is usual', () => {
    expect(told(charge(50 * usd))).toEqual([]);
    sql.exec('DELETE FROM ledger_day');
    clock.ms += hourMs;
    boot();
    usualWeek();
    expect(told(charge(5 * usd))).toEqual([]);
    expect(told(charge(1))).toEqual(['paused rate']);
    expect(guard.pause()).toMatchObject({ why: 'rate', hourNanoUsd: 5 * usd + 1, usualNanoUsd: usd });
  });

  it('goes on after a resumption, and trips again only for as much again', () => {
    usualWeek();
    charge(5 * usd);
    charge(1);
    const { id = '' } = guard.pause() ?? {};
    expect(guard.resume('another')).toBe(false);
    expect(guard.pause()).not.toBeNull();
    expect(guard.resume(id)).toBe(true);
    expect(guard.resume(id)).toBe(false);
    expect(guard.pause()).toBeNull();
    expect(told(charge(5 * usd))).toEqual([]);
    expect(told(charge(1))).toEqual(['paused rate']);
    expect(guard.pause()?.id).not.toBe(id);
  });

  it('asks nobody about small change', () => {
    for (let n = 0; n < rateHoursMin; n++) {
      charge(1_000);
      clock.ms += hourMs;
    }
    expect(told(charge(rateFloorNanoUsd))).toEqual([]);
    expect(guard.view({ capNanoUsd: 1 }).fuse).toEqual({
      on: true,
      pause: null,
      hourNanoUsd: rateFloorNanoUsd,
      tripsAboveNanoUsd: rateFloorNanoUsd,
    });
  });
});

it('refuses what it cannot read of a pause', () => {
  sql.exec('UPDATE spend_fuse SET pause = \'{"why":"whim"}\'');
  expect(() => guard.pause()).toThrow();
});
