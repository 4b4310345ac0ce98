/**
 * What running an assistant costs us, as dated data: Cloudflare's published prices as read, and beside them the few numbers
 * that nobody publishes and we assume. Included allowances are left out: they are the account's, not an assistant's.
 * Not counted, together below a cent a month for an ordinary assistant: egress, Worker CPU, R2 operations, rows read.
 * AI is the providers' own list price, which is what receipts charge. Editions are added, never edited.
 */

export interface Rates {
  readonly fromMs: number;
  /** Where the numbers are from, and when they were read. */
  readonly source: string;
  readonly readOn: string;
  /** Nano-USD for one unit. */
  readonly memoryGibSecond: number;
  readonly diskGbSecond: number;
  /** Only while it is used. */
  readonly vcpuSecond: number;
  readonly objectGbSecond: number;
  readonly objectRequest: number;
  readonly workerRequest: number;
  readonly rowWritten: number;
  readonly storedGbMonth: number;
  readonly browserSecond: number;
  readonly assumed: Assumed;
}

/** Ours, to be replaced by what is measured. */
interface Assumed {
  /** Of the vCPUs, while awake. */
  readonly cpuShare: number;
  /** Memory that a Durable Object is billed for. The container's is billed as long as it runs. */
  readonly objectGb: number;
  readonly objectRequestsPerAwakeMinute: number;
  readonly objectRequestsPerAiRequest: number;
  readonly workerRequestsPerAiRequest: number;
  readonly rowsPerAiRequest: number;
  /** What the payment provider keeps: of the amount, in millionths, and cents of each invoice. */
  readonly feeMillionths: number;
  readonly feeCents: number;
}

/** Oldest first. */
const editions: readonly [Rates, ...Rates[]] = [
  {
    fromMs: Date.UTC(2026, 7, 1),
    source: "Cloudflare's pricing pages: Containers, Durable Objects, Workers, D1, R2",
    readOn: '2026-08',
    memoryGibSecond: 2_500,
    diskGbSecond: 70,
    vcpuSecond: 20_000,
    objectGbSecond: 12_500,
    objectRequest: 150,
    workerRequest: 300,
    rowWritten: 1_000,
    storedGbMonth: 15_000_000,
    browserSecond: 0,
    assumed: {
      cpuShare: 0.1,
      objectGb: 0.125,
      objectRequestsPerAwakeMinute: 12,
      objectRequestsPerAiRequest: 6,
      workerRequestsPerAiRequest: 2,
      rowsPerAiRequest: 4,
      feeMillionths: 36_000,
      feeCents: 30,
    },
  },
];

export const ratesAt = (atMs: number): Rates => editions.findLast(({ fromMs }) => fromMs <= atMs) ?? editions[0];
