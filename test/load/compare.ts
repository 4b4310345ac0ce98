/**
 * The books against the upstream's log, request by request and in sum. Pure. What each class of answer must cost is worked out
 * here from the table of outcomes in docs/metering.md and the list prices, with nothing of the tenant worker's own reckoning.
 */
import { attemptProblems, wrongKey, type Attempt, type Planned } from './attempts.ts';
import type { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Book } from './books.ts';
import { allInput, listCost, type Tokens } from './prices.ts';
import { againstTold, withinBook, type Told } from './totals.ts';
import type { Ended, LogLine } from './upstream-log.ts';

export interface ClassOfOutcome {
  requests: number;
  chargedNanoUsd: number;
  /** What the provider bills the platform for the same requests. */
  billedNanoUsd: number;
}

/** What a provider's models cost, by who paid for them. */
export interface Share {
  /** With an answer that cost something. */
  requests: number;
  /** Attempts that came to nothing. */
  failed: number;
  chargedNanoUsd: number;
  /** What the customer's own key paid, by our list. */
  listedNanoUsd: number;
}

export interface Comparison {
  /** One sentence per difference; empty is what must be. */
  readonly problems: readonly string[];
  readonly classes: Readonly<Record<string, ClassOfOutcome>>;
  readonly shares: Readonly<Record<string, Share>>;
  readonly sums: {
    readonly tenants: number;
    /** Of requests that cost something. */
    readonly receipts: number;
    /** Of attempts that came to nothing. */
    readonly failed: number;
    /** Turns that another model answered than the first that was tried. */
    readonly takenOver: number;
    /** What customers' own keys paid, by the receipts and by the upstream's log. */
    readonly listedNanoUsd: number;
    readonly dueListedNanoUsd: number;
    /** By the ledgers' receipts. */
    readonly chargedNanoUsd: number;
    /** By the upstream's log and the table of outcomes. */
    readonly dueNanoUsd: number;
    /** By the upstream's log alone, to the platform. */
    readonly billedNanoUsd: number;
    readonly chargedTokens: number;
    readonly dueTokens: number;
  };
}

interface Due {
  readonly className: string;
  readonly tokens: Tokens | null;
  /** By the list; who pays it is the key's owner. */
  readonly nanoUsd: number;
}

type Found = { readonly receipt: Receipt; readonly tenantId: string };

export function compareBooks(
  lines: readonly LogLine[],
  books: readonly Book[],
  told: Told,
  planned: Planned,
): Comparison {
  const problems: string[] = [];
  const classes: Record<string, ClassOfOutcome> = {};
  const shares: Record<string, Share> = {};
  const sums = {
    receipts: 0,
    failed: 0,
    takenOver: 0,
    listedNanoUsd: 0,
    dueListedNanoUsd: 0,
    chargedNanoUsd: 0,
    dueNanoUsd: 0,
    billedNanoUsd: 0,
    chargedTokens: 0,
    dueTokens: 0,
  };
  const note = (className: string, charged: number, billed: number): void => {
    const found = (classes[className] ??= { requests: 0, chargedNanoUsd: 0, billedNanoUsd: 0 });
    found.requests++;
    found.chargedNanoUsd += charged;
    found.billedNanoUsd += billed;
  };

  const ended = uniqueEnds(lines, problems);
  const receipts = new Map<string, Found>();
  for (const { tenantId, receipts: list } of books) {
    for (const receipt of list) {
      const { requestId, costNanoUsd, listCostNanoUsd, inputTokens, outputTokens, outcome, part } = receipt;
      if (receipts.has(requestId)) problems.push(`${requestId}: charged to two tenants`);
      receipts.set(requestId, { receipt, tenantId });
      const failed = outcome === 'failed';
      if (failed) sums.failed++;
      else sums.receipts++;
      if (!failed && part !== undefined && part.attempt > 1) sums.takenOver++;
      sums.chargedNanoUsd += costNanoUsd;
      sums.listedNanoUsd += listCostNanoUsd;
      sums.chargedTokens += inputTokens + outputTokens;
      if (!failed && !ended.has(requestId)) problems.push(`${requestId}: charged, and the upstream never saw it`);
    }
  }
  const attempts = new Map<string, Attempt>();
  for (const [request, entry] of ended) {
    const found = receipts.get(request) ?? null;
    if (found !== null) attempts.set(request, { receipt: found.receipt, entry });
    const due = dueFor(entry, found?.receipt ?? null);
    const isOurs = entry.payer === 'platform';
    const billed = isOurs ? (entry.bill?.nanoUsd ?? 0) : 0;
    if (isOurs) sums.dueNanoUsd += due.nanoUsd;
    else sums.dueListedNanoUsd += due.nanoUsd;
    sums.billedNanoUsd += billed;
    sums.dueTokens += due.tokens === null ? 0 : allInput(due.tokens) + due.tokens.output;
    note(due.className, found?.receipt.costNanoUsd ?? 0, billed);
    addShare(shares, entry, found?.receipt ?? null);
    const wrong = wrongKey(entry, planned) ?? differences(entry, due, found);
    if (wrong !== null) problems.push(`${request} (${entry.how}, turn ${entry.n}): ${wrong}`);
  }
  problems.push(...attemptProblems(attempts, planned));
  for (const book of books) {
    problems.push(...withinBook(book), ...againstTold(book, told));
    for (const hold of book.open) {
      const entry = ended.get(hold.requestId);
      if (entry === undefined) note('held: it never reached the upstream; let go an hour later', 0, 0);
      else problems.push(`${hold.requestId}: still held (${hold.why ?? hold.state}), and the upstream's log knows it`);
    }
  }
  return { problems, classes, shares, sums: { tenants: books.length, ...sums } };
}

function addShare(shares: Record<string, Share>, { provider, payer }: Ended, receipt: Receipt | null): void {
  const share = (shares[`${provider}, ${payer === 'platform' ? 'our account' : 'own key'}`] ??= {
    requests: 0,
    failed: 0,
    chargedNanoUsd: 0,
    listedNanoUsd: 0,
  });
  if (receipt === null) return;
  if (receipt.outcome === 'failed') share.failed++;
  else share.requests++;
  share.chargedNanoUsd += receipt.costNanoUsd;
  share.listedNanoUsd += receipt.listCostNanoUsd;
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

function differences(entry: Ended, due: Due, found: Found | null): string | null {
  if (found === null)
    return due.tokens === null
      ? 'it came to nothing, and no receipt says so'
      : `lost: ${due.nanoUsd} nano-USD are due and nothing is charged`;
  const { receipt, tenantId } = found;
  if (tenantId !== entry.tenant) return `charged to ${tenantId}, asked by ${entry.tenant}`;
  if (receipt.model !== entry.model || receipt.provider !== entry.provider) return `charged as ${receipt.model}`;
  const byok = entry.payer !== 'platform';
  if (receipt.byok !== byok)
    return `its receipt says ${receipt.byok ? 'own key' : 'platform'}, and the key was otherwise`;
  if ((due.tokens === null) !== (receipt.outcome === 'failed'))
    return `due ${due.nanoUsd} nano-USD, and its receipt says ${receipt.outcome}`;
  const [cost, listed] = byok ? [0, due.nanoUsd] : [due.nanoUsd, 0];
  const counts = due.tokens === null ? [0, 0] : [allInput(due.tokens), due.tokens.output];
  const expected = [cost, listed, ...counts].join(' / ');
  const charged = [receipt.costNanoUsd, receipt.listCostNanoUsd, receipt.inputTokens, receipt.outputTokens].join(' / ');
  if (expected !== charged)
    return `due ${expected} (nano-USD / of the own key / in / out), charged ${charged} as ${receipt.outcome}`;
  if (due.tokens === null) return null;
  if (receipt.outcome === 'partial' && entry.how !== 'cut') return 'charged as broken, and the upstream says otherwise';
  if (receipt.outcome === 'final' && entry.how !== 'whole') return 'charged as whole, and the upstream says otherwise';
  if (receipt.outcome === 'estimated') return null;
  const { cacheRead, cacheWrite5m, cacheWrite1h } = due.tokens;
  return receipt.cacheReadTokens === cacheRead && receipt.cacheWriteTokens === cacheWrite5m + cacheWrite1h
    ? null
    : 'the cached parts of its input differ';
}
