/**
 * The books against the upstream's log, request by request and in sum. Pure. What each class of answer must cost is worked out
 * here from the table of outcomes in docs/metering.md and the list prices, with nothing of the tenant worker's own reckoning.
 */
import type { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { UsageTotals } from '../../apps/control-plane/src/contract/usage-totals.ts';
import type { Book } from './books.ts';
import { totalsKey } from './collector.ts';
import { allInput, listCost, type Tokens } from './prices.ts';
import type { Ended, LogLine } from './upstream-log.ts';

export interface Told {
  readonly receipts: ReadonlyMap<string, Receipt>;
  readonly totals: ReadonlyMap<string, UsageTotals>;
}

export interface ClassOfOutcome {
  requests: number;
  chargedNanoUsd: number;
  /** What the provider bills for the same requests. */
  billedNanoUsd: number;
}

export interface Comparison {
  /** One sentence per difference; empty is what must be. */
  readonly problems: readonly string[];
  readonly classes: Readonly<Record<string, ClassOfOutcome>>;
  readonly sums: {
    readonly tenants: number;
    readonly receipts: number;
    /** By the ledgers' receipts. */
    readonly chargedNanoUsd: number;
    /** By the upstream's log and the table of outcomes. */
    readonly dueNanoUsd: number;
    /** By the upstream's log alone. */
    readonly billedNanoUsd: number;
    readonly chargedTokens: number;
    readonly dueTokens: number;
  };
}

interface Due {
  readonly className: string;
  readonly tokens: Tokens | null;
  readonly nanoUsd: number;
}

export function compareBooks(lines: readonly LogLine[], books: readonly Book[], told: Told): Comparison {
  const problems: string[] = [];
  const classes: Record<string, ClassOfOutcome> = {};
  const sums = { receipts: 0, chargedNanoUsd: 0, dueNanoUsd: 0, billedNanoUsd: 0, chargedTokens: 0, dueTokens: 0 };
  const note = (className: string, charged: number, billed: number): void => {
    const found = (classes[className] ??= { requests: 0, chargedNanoUsd: 0, billedNanoUsd: 0 });
    found.requests++;
    found.chargedNanoUsd += charged;
    found.billedNanoUsd += billed;
  };

  const ended = uniqueEnds(lines, problems);
  const receipts = new Map<string, { receipt: Receipt; tenantId: string }>();
  for (const { tenantId, receipts: list } of books) {
    for (const receipt of list) {
      if (receipts.has(receipt.requestId)) problems.push(`${receipt.requestId}: charged to two tenants`);
      receipts.set(receipt.requestId, { receipt, tenantId });
      sums.receipts++;
      sums.chargedNanoUsd += receipt.costNanoUsd;
      sums.chargedTokens += receipt.inputTokens + receipt.outputTokens;
      if (!ended.has(receipt.requestId)) problems.push(`${receipt.requestId}: charged, and the upstream never saw it`);
    }
  }
  for (const [request, entry] of ended) {
    const found = receipts.get(request) ?? null;
    const due = dueFor(entry, found?.receipt ?? null);
    const billed = entry.bill?.nanoUsd ?? 0;
    sums.dueNanoUsd += due.nanoUsd;
    sums.billedNanoUsd += billed;
    sums.dueTokens += due.tokens === null ? 0 : allInput(due.tokens) + due.tokens.output;
    note(due.className, found?.receipt.costNanoUsd ?? 0, billed);
    const wrong = differences(entry, due, found);
    if (wrong !== null) problems.push(`${request} (${entry.how}, turn ${entry.n}): ${wrong}`);
  }
  for (const book of books) {
    problems.push(...withinBook(book), ...againstTold(book, told));
    for (const hold of book.open) {
      const entry = ended.get(hold.requestId);
      if (entry === undefined) note('held: it never reached the upstream; written off after 72 h', 0, 0);
      else problems.push(`${hold.requestId}: still held (${hold.why ?? hold.state}), and the upstream's log knows it`);
    }
  }
  return { problems, classes, sums: { tenants: books.length, ...sums } };
}

/** Every request that arrived ended once. */
function uniqueEnds(lines: readonly LogLine[], problems: string[]): Map<string, Ended> {
  const ended = new Map<string, Ended>();
  const began = new Set<string>();
  for (const line of lines) {
    if (line.kind === 'began') {
      if (began.has(line.request)) problems.push(`${line.request}: sent to the upstream twice under one reservation`);
      began.add(line.request);
    } else {
      if (ended.has(line.request)) problems.push(`${line.request}: ended twice in the upstream's log`);
      ended.set(line.request, line);
    }
  }
  for (const request of began) if (!ended.has(request)) problems.push(`${request}: the upstream has not ended it`);
  return ended;
}

/** What the table says of an answer, given how the ledger came to know of its end. */
function dueFor(entry: Ended, receipt: Receipt | null): Due {
  const cost = (tokens: Tokens): number => listCost(entry.model, tokens);
  const all = entry.bill?.tokens ?? null;
  if (entry.how === 'whole' && all !== null) {
    const how = receipt?.outcome === 'estimated' ? 'whole, and interrupted here: the witness' : 'whole: its usage';
    return { className: how, tokens: all, nanoUsd: cost(all) };
  }
  if (entry.how === 'cut' && entry.reported !== null && receipt?.outcome === 'partial') {
    const { reported } = entry;
    return { className: 'broken after usage: what was reported', tokens: reported, nanoUsd: cost(reported) };
  }
  if (all === null) return { className: `${nothingWords[entry.how]}: nothing`, tokens: null, nanoUsd: 0 };
  return { className: `${witnessWords[entry.how]}: the witness`, tokens: all, nanoUsd: cost(all) };
}

const nothingWords: Record<Ended['how'], string> = {
  whole: 'whole and not billed',
  no_usage: 'no usage and not billed',
  cut: 'broken and not billed',
  refused: 'refused by the upstream',
  hung_up: 'no answer from the upstream',
  left: 'interrupted before anything was made',
};
const witnessWords: Record<Ended['how'], string> = {
  whole: 'whole',
  no_usage: 'whole without usage',
  cut: 'broken without a settled usage',
  refused: 'refused',
  hung_up: 'no answer',
  left: 'interrupted here',
};

function differences(entry: Ended, due: Due, found: { receipt: Receipt; tenantId: string } | null): string | null {
  if (found === null)
    return due.tokens === null ? null : `lost: ${due.nanoUsd} nano-USD are due and nothing is charged`;
  const { receipt, tenantId } = found;
  if (due.tokens === null) return `charged ${receipt.costNanoUsd} nano-USD for nothing`;
  if (tenantId !== entry.tenant) return `charged to ${tenantId}, asked by ${entry.tenant}`;
  if (receipt.model !== entry.model || receipt.provider !== entry.provider) return `charged as ${receipt.model}`;
  const expected = [due.nanoUsd, allInput(due.tokens), due.tokens.output].join(' / ');
  const charged = [receipt.costNanoUsd, receipt.inputTokens, receipt.outputTokens].join(' / ');
  if (expected !== charged) return `due ${expected} (nano-USD / in / out), charged ${charged} as ${receipt.outcome}`;
  if (receipt.outcome === 'partial' && entry.how !== 'cut') return 'charged as broken, and the upstream says otherwise';
  if (receipt.outcome === 'final' && entry.how !== 'whole') return 'charged as whole, and the upstream says otherwise';
  if (receipt.outcome === 'estimated') return null;
  const { cacheRead, cacheWrite5m, cacheWrite1h } = due.tokens;
  return receipt.cacheReadTokens === cacheRead && receipt.cacheWriteTokens === cacheWrite5m + cacheWrite1h
    ? null
    : 'the cached parts of its input differ';
}

/** A period's totals are the sums of its rows. */
function withinBook({ tenantId, receipts, open, totals }: Book): string[] {
  return totals.flatMap((total) => {
    const mine = receipts.filter(({ period }) => period === total.period);
    const held = open.filter(({ period }) => period === total.period);
    const sum = (of: (receipt: Receipt) => number): number => mine.reduce((all, one) => all + of(one), 0);
    const pairs: readonly (readonly [string, number, number])[] = [
      ['spent', total.spentNanoUsd, sum((one) => one.costNanoUsd)],
      ['requests', total.requests, mine.length],
      ['input tokens', total.inputTokens, sum((one) => one.inputTokens)],
      ['output tokens', total.outputTokens, sum((one) => one.outputTokens)],
      ['held', total.heldNanoUsd, held.reduce((all, one) => all + one.holdNanoUsd, 0)],
    ];
    return pairs.flatMap(([what, says, is]) =>
      says === is ? [] : [`${tenantId} ${total.period}: its ${what} say ${says}, its rows add up to ${is}`],
    );
  });
}

/** The control plane was told every receipt and the last totals. */
function againstTold({ tenantId, receipts, totals }: Book, told: Told): string[] {
  const missing = receipts.flatMap((receipt) => {
    const heard = told.receipts.get(receipt.requestId);
    if (heard === undefined) return [`${receipt.requestId}: charged, and the control plane was never told`];
    return JSON.stringify(heard) === JSON.stringify(receipt)
      ? []
      : [`${receipt.requestId}: told otherwise than charged`];
  });
  const stale = totals.flatMap(({ period, spentNanoUsd, requests }) => {
    const heard = told.totals.get(totalsKey(tenantId, period));
    if (requests === 0 || (heard?.spentNanoUsd === spentNanoUsd && heard.requests === requests)) return [];
    return [
      `${tenantId} ${period}: the control plane was told ${heard?.spentNanoUsd ?? 'nothing'}, spent is ${spentNanoUsd}`,
    ];
  });
  return [...missing, ...stale];
}
