/** The comparison finds each kind of difference, and none where the table of outcomes holds. */
import { describe, expect, it } from 'vitest';
import type { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Book, OpenHold } from './books.ts';
import { totalsKey } from './collector.ts';
import { compareBooks, type Comparison } from './compare.ts';
import { listCost } from './prices.ts';
import type { Ended, LogLine } from './upstream-log.ts';

const tokens = { plain: 100, cacheRead: 40, cacheWrite5m: 8, cacheWrite1h: 4, output: 20 };
const model = 'claude-sonnet-4-6';
/** 100 × 3000 + 40 × 300 + 8 × 3750 + 4 × 6000 + 20 × 15000, by hand. */
const costNanoUsd = 666_000;

function entry(request: string, changes: Partial<Ended> = {}): LogLine[] {
  const end: Ended = {
    kind: 'ended',
    request,
    tenant: 'ten_a',
    n: 1,
    provider: 'anthropic',
    model,
    streamed: true,
    how: 'whole',
    status: 200,
    reported: tokens,
    bill: { tokens, nanoUsd: listCost(model, tokens) },
    endedAtMs: 1,
    shownAtMs: 1,
    ...changes,
  };
  return [{ kind: 'began', request, tenant: end.tenant, n: 1 }, end];
}

function receipt(requestId: string, changes: Partial<Receipt> = {}): Receipt {
  return {
    requestId,
    period: '2026-11',
    atMs: 1,
    provider: 'anthropic',
    model,
    inputTokens: 152,
    outputTokens: 20,
    cacheReadTokens: 40,
    cacheWriteTokens: 12,
    costNanoUsd,
    byok: false,
    listCostNanoUsd: 0,
    outcome: 'final',
    priceVersion: 'v',
    upstreamId: null,
    ...changes,
  };
}

function hold(requestId: string): OpenHold {
  const row = { requestId, period: '2026-11', atMs: 1, provider: 'anthropic', model, holdNanoUsd: 5, byok: false };
  return { ...row, state: 'unknown', why: 'interrupted' };
}

function book(receipts: readonly Receipt[], changes: Partial<Book> = {}): Book {
  const sum = (of: (one: Receipt) => number): number => receipts.reduce((all, one) => all + of(one), 0);
  const open = changes.open ?? [];
  const total = {
    period: '2026-11',
    version: 1,
    spentNanoUsd: sum((one) => one.costNanoUsd),
    heldNanoUsd: open.reduce((all, one) => all + one.holdNanoUsd, 0),
    requests: receipts.length,
    inputTokens: sum((one) => one.inputTokens),
    outputTokens: sum((one) => one.outputTokens),
  };
  return { tenantId: 'ten_a', receipts, open, totals: [total], ...changes };
}

/** Everything in `books` was told. */
function compare(lines: readonly LogLine[], ...books: readonly Book[]): Comparison {
  const receipts = new Map(books.flatMap((one) => one.receipts.map((r) => [r.requestId, r] as const)));
  const totals = new Map(
    books.flatMap((one) =>
      one.totals.map(
        (total) =>
          [totalsKey(one.tenantId, total.period), { ...total, awakeMs: 0, awakeMsBySize: {}, browserMs: 0 }] as const,
      ),
    ),
  );
  return compareBooks(lines, books, { receipts, totals });
}

const problemsOf = (lines: readonly LogLine[], ...books: readonly Book[]): readonly string[] =>
  compare(lines, ...books).problems;

describe('the list prices', () => {
  it('are whole nano-dollars, as worked out by hand', () => {
    expect(listCost(model, tokens)).toBe(costNanoUsd);
    expect(listCost('gpt-5.5', { ...tokens, plain: 280_000, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 })).toBe(
      280_000 * 10_000 + 20 * 45_000,
    );
  });
});

describe('books that agree', () => {
  it('have no difference, whatever class an answer is of', () => {
    const reported = { ...tokens, output: 1 };
    const partial = receipt('r2', { outcome: 'partial', outputTokens: 1, costNanoUsd: 666_000 - 19 * 15_000 });
    const lines = [
      ...entry('r1'),
      ...entry('r2', { how: 'cut', reported, bill: { tokens: { ...tokens, output: 9 }, nanoUsd: 1 } }),
      ...entry('r3', { how: 'left' }),
      ...entry('r4', { how: 'refused', reported: null, bill: null, status: 529 }),
      ...entry('r5', { how: 'cut', reported, bill: null }),
    ];
    const witness = receipt('r3', { outcome: 'estimated', cacheReadTokens: 0, cacheWriteTokens: 0 });
    const { problems, sums, classes } = compare(lines, book([receipt('r1'), partial, witness], { open: [hold('r9')] }));
    expect(problems).toEqual([]);
    expect(sums.chargedNanoUsd).toBe(sums.dueNanoUsd);
    expect(sums.chargedTokens).toBe(sums.dueTokens);
    expect(Object.values(classes).map(({ requests }) => requests)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('a difference is found', () => {
  it('when a request is charged a nano-dollar or a token too much', () => {
    expect(problemsOf(entry('r1'), book([receipt('r1', { costNanoUsd: costNanoUsd + 1 })]))).toHaveLength(1);
    expect(problemsOf(entry('r1'), book([receipt('r1', { outputTokens: 21 })]))).toHaveLength(1);
    expect(problemsOf(entry('r1'), book([receipt('r1', { cacheReadTokens: 41 })]))).toHaveLength(1);
  });

  it('when a request is lost, held for ever, or charged for nothing', () => {
    expect(problemsOf(entry('r1'), book([]))).toEqual([
      'r1 (whole, turn 1): lost: 666000 nano-USD are due and nothing is charged',
    ]);
    expect(problemsOf(entry('r1', { how: 'refused', bill: null }), book([], { open: [hold('r1')] }))).toHaveLength(1);
    expect(problemsOf(entry('r1', { how: 'refused', bill: null }), book([receipt('r1')]))).toHaveLength(1);
    expect(problemsOf([], book([receipt('r1')]))).toHaveLength(1);
  });

  it('when something happens twice', () => {
    expect(problemsOf([...entry('r1'), ...entry('r1')], book([receipt('r1')]))).toHaveLength(2);
    const other = book([receipt('r1')], { tenantId: 'ten_b' });
    expect(problemsOf(entry('r1'), book([receipt('r1')]), other).length).toBeGreaterThan(0);
  });

  it('when it is charged to another tenant, or as something that it was not', () => {
    expect(problemsOf(entry('r1', { tenant: 'ten_b' }), book([receipt('r1')]))).toHaveLength(1);
    expect(problemsOf(entry('r1', { how: 'left' }), book([receipt('r1')]))).toHaveLength(1);
    expect(problemsOf(entry('r1', { how: 'left' }), book([receipt('r1', { outcome: 'partial' })]))).toHaveLength(1);
  });

  it('when the totals are not the sum of the rows, or the control plane was told otherwise', () => {
    const sound = book([receipt('r1')]);
    const twice = sound.totals.map((total) => ({ ...total, spentNanoUsd: 2 * total.spentNanoUsd }));
    expect(problemsOf(entry('r1'), { ...sound, totals: twice })).toHaveLength(1);
    const told = { receipts: new Map(), totals: new Map() };
    expect(compareBooks(entry('r1'), [sound], told).problems).toHaveLength(2);
  });
});
