/** The comparison finds each kind of difference, and none where the table of outcomes holds. */
import { describe, expect, it } from 'vitest';
import type { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Book, OpenHold } from './books.ts';
import { plainRouting } from '../../apps/control-plane/src/contract/models.ts';
import type { Planned } from './attempts.ts';
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
    payer: 'platform',
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

/** An attempt that came to nothing. */
function failed(requestId: string, changes: Partial<Receipt> = {}): Receipt {
  const nothing = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costNanoUsd: 0 };
  return receipt(requestId, { ...nothing, outcome: 'failed', priceVersion: '', why: 'upstream_529', ...changes });
}

/** What the customer's own key paid. */
const own = (requestId: string): Receipt =>
  receipt(requestId, { byok: true, costNanoUsd: 0, listCostNanoUsd: costNanoUsd });

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
    requests: receipts.filter(({ outcome }) => outcome !== 'failed').length,
    inputTokens: sum((one) => one.inputTokens),
    outputTokens: sum((one) => one.outputTokens),
  };
  return { tenantId: 'ten_a', receipts, open, totals: [total], ...changes };
}

const asked = `anthropic/${model}`;
const next = 'claude-haiku-4-5';
const routing = { ...plainRouting, fallbacks: [{ model: asked, then: [`anthropic/${next}`] }] };
/** `ten_own` stored a key for Anthropic; the others did not. */
const planned: Planned = {
  tenants: new Map([
    ['ten_a', { ownKeys: [], routing }],
    ['ten_b', { ownKeys: [], routing }],
    ['ten_own', { ownKeys: ['anthropic'], routing }],
  ]),
  asks: new Map([
    [1, asked],
    [2, asked],
  ]),
};

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
  return compareBooks(lines, books, { receipts, totals }, planned);
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
    const all = [receipt('r1'), partial, witness, failed('r4')];
    const reportedOnly = receipt('r5', { ...partial, requestId: 'r5' });
    const { problems, sums, classes } = compare(lines, book([...all, reportedOnly], { open: [hold('r9')] }));
    expect(problems).toEqual([]);
    expect(sums.chargedNanoUsd).toBe(sums.dueNanoUsd);
    expect(sums.chargedTokens).toBe(sums.dueTokens);
    expect(Object.values(classes).map(({ requests }) => requests)).toEqual([1, 2, 1, 1, 1]);
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
    expect(problemsOf(entry('r1', { how: 'refused', bill: null }), book([], { open: [hold('r1')] }))).toHaveLength(2);
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
    expect(compareBooks(entry('r1'), [sound], told, planned).problems).toHaveLength(2);
  });
});

describe("the customer's own key", () => {
  const paid = { tenant: 'ten_own', payer: 'own' } as const;
  const ofOwn = (receipts: readonly Receipt[]): Book => book(receipts, { tenantId: 'ten_own' });

  it('pays for whatever it came with: charged nothing, and what it would have cost', () => {
    const { problems, sums, shares } = compare(entry('r1', paid), ofOwn([own('r1')]));
    expect(problems).toEqual([]);
    expect(sums).toMatchObject({ chargedNanoUsd: 0, dueNanoUsd: 0, billedNanoUsd: 0, listedNanoUsd: costNanoUsd });
    expect(shares['anthropic, own key']).toMatchObject({ requests: 1, chargedNanoUsd: 0, listedNanoUsd: costNanoUsd });
  });

  it.each([
    ['charged all the same', paid, receipt('r1', { byok: true, listCostNanoUsd: costNanoUsd })],
    ["charged as the platform's", paid, receipt('r1')],
    ['not said what it would have cost', paid, { ...own('r1'), listCostNanoUsd: 0 }],
    ['said a nano-dollar more', paid, { ...own('r1'), listCostNanoUsd: costNanoUsd + 1 }],
    ["left aside for the platform's", { ...paid, payer: 'platform' }, receipt('r1')],
    ["another tenant's", { ...paid, payer: 'foreign' }, own('r1')],
  ] as const)('is found to be %s', (_what, changes, wrong) => {
    expect(problemsOf(entry('r1', changes), ofOwn([wrong]))).toHaveLength(1);
  });

  it('of nobody is found where it came with a request', () => {
    expect(problemsOf(entry('r1', { payer: 'own' }), book([own('r1')]))).toHaveLength(1);
  });
});

describe('a fallback', () => {
  const nextCost = listCost(next, tokens);
  const refused = { how: 'refused', status: 529, reported: null, bill: null } as const;
  const answers = { model: next, bill: { tokens, nanoUsd: nextCost } };
  const lines = [...entry('r1', refused), ...entry('r2', answers)];
  const part = { turn: 'r1', attempt: 2, asked, after: 'upstream_529' };
  const second = receipt('r2', { model: next, costNanoUsd: nextCost, part });
  const first = failed('r1');

  it('that answers has a receipt of its own beside the one of what failed', () => {
    const { problems, sums } = compare(lines, book([first, second]));
    expect(problems).toEqual([]);
    expect(sums).toMatchObject({
      receipts: 1,
      failed: 1,
      takenOver: 1,
      chargedNanoUsd: nextCost,
      dueNanoUsd: nextCost,
    });
  });

  it.each<[string, readonly Receipt[]]>([
    ['is not charged', [first]],
    ['is charged at the price of what was asked for', [first, { ...second, costNanoUsd }]],
    ['is charged beside what failed', [receipt('r1'), second]],
    ['leaves what failed without a receipt', [second]],
    ['is told as what was asked for', [first, { ...second, model, costNanoUsd }]],
    ['does not say of which turn it is', [first, { ...second, part: undefined }]],
    ['says another model was asked for', [first, { ...second, part: { ...part, asked: 'openai/gpt-4o' } }]],
    ['skips a number', [first, { ...second, part: { ...part, attempt: 3 } }]],
    ['belongs to a turn that is not there', [first, { ...second, part: { ...part, turn: 'r0' } }]],
  ])('that %s is found', (_what, receipts) => {
    expect(problemsOf(lines, book(receipts)).length).toBeGreaterThan(0);
  });

  it.each<[string, Partial<Ended>, readonly Receipt[]]>([
    ['one that answered', {}, [receipt('r1'), second]],
    ['a request that is wrong anywhere', { ...refused, status: 400 }, [first, second]],
    ['an attempt of another turn', { ...refused, n: 2 }, [first, second]],
  ])('after %s is found', (_what, changes, receipts) => {
    expect(problemsOf([...entry('r1', changes), ...entry('r2', answers)], book(receipts))).toHaveLength(1);
  });

  it('that the platform pays for after a refused key is found, unless that was chosen', () => {
    const host = { provider: 'openrouter', model: 'anthropic/claude-sonnet-4.6' } as const;
    const hostCost = listCost(host.model, tokens);
    const keyRefused = entry('r1', { ...refused, status: 401, tenant: 'ten_own', payer: 'own' });
    const paidByUs = entry('r2', { ...host, tenant: 'ten_own', bill: { tokens, nanoUsd: hostCost } });
    const receipts = [
      { ...first, byok: true },
      { ...second, ...host, costNanoUsd: hostCost },
    ];
    const problemsWith = (keyRefusedRule: 'stop' | 'fall_back') => {
      const fallbacks = [{ model: asked, then: [`${host.provider}/${host.model}`] }];
      const tenant = {
        ownKeys: ['anthropic'],
        routing: { ...plainRouting, fallbacks, keyRefused: keyRefusedRule },
      } as const;
      const told = { receipts: new Map(receipts.map((one) => [one.requestId, one])), totals: new Map() };
      const books = [book(receipts, { tenantId: 'ten_own', totals: [] })];
      const tenants = new Map([['ten_own', tenant]]);
      return compareBooks([...keyRefused, ...paidByUs], books, told, { ...planned, tenants }).problems;
    };
    expect(problemsWith('stop')).toHaveLength(1);
    expect(problemsWith('fall_back')).toEqual([]);
  });
});
