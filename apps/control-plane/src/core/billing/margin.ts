/**
 * What each assistant of an organisation cost in a month against what it brought. Pure, in whole nano-USD: costs are
 * rounded up, and what is divided among assistants adds up to what there was.
 */
import type { MarginCost, MarginRevenue } from '../../contract/margins.ts';
import { sizeOfKey } from './awake-prices.ts';
import type { Rates } from './rates.ts';

export interface AssistantUse {
  readonly tenantId: string;
  readonly awakeMs: number;
  /** What isn't told by size is of the default one. */
  readonly awakeMsBySize: Readonly<Record<string, number>>;
  readonly aiNanoUsd: number;
  readonly requests: number;
  readonly browserMs: number;
  /** Bytes stored, added up over the days that were sampled. */
  readonly byteDays: number;
}

export interface OrgRevenue {
  /** A month of the plan; 0 where none is paid. */
  readonly planCents: number;
  /** Above the plan, on the invoice, and paid from what was prepaid. */
  readonly overageNanoUsd: number;
  readonly prepaidNanoUsd: number;
}

export interface MonthPart {
  readonly days: number;
  /** How much of the month is over, 0 to 1: so much of the plan was earned. */
  readonly elapsed: number;
  /** Nano-USD of an awake minute, to weigh what was used above the plan. */
  readonly awakeMinuteNanoUsd: number;
  readonly defaultSizeKey: string;
}

export interface Margin {
  readonly tenantId: string;
  readonly revenue: MarginRevenue;
  readonly cost: MarginCost;
  readonly revenueNanoUsd: number;
  readonly costNanoUsd: number;
  readonly marginNanoUsd: number;
}

const nanoPerCent = 10_000_000;

export function marginsOf(
  uses: readonly AssistantUse[],
  revenue: OrgRevenue,
  rates: Rates,
  month: MonthPart,
): Margin[] {
  if (uses.length === 0) return [];
  const plan = Math.floor(revenue.planCents * nanoPerCent * month.elapsed);
  const planShares = divide(
    plan,
    uses.map(() => 1),
  );
  const values = uses.map(({ aiNanoUsd, awakeMs }) => aiNanoUsd + (awakeMs / 60_000) * month.awakeMinuteNanoUsd);
  const overageShares = divide(revenue.overageNanoUsd, values);
  const prepaidShares = divide(revenue.prepaidNanoUsd, values);
  const brought = plan + revenue.overageNanoUsd + revenue.prepaidNanoUsd;
  const { feeMillionths, feeCents } = rates.assumed;
  const fee = brought === 0 ? 0 : Math.ceil((brought * feeMillionths) / 1e6 + feeCents * nanoPerCent * month.elapsed);
  const shares = uses.map((_use, i) => (planShares[i] ?? 0) + (overageShares[i] ?? 0) + (prepaidShares[i] ?? 0));
  const feeShares = divide(fee, shares);
  return uses.map((use, i) => {
    const parts: MarginRevenue = {
      planNanoUsd: planShares[i] ?? 0,
      overageNanoUsd: overageShares[i] ?? 0,
      prepaidNanoUsd: prepaidShares[i] ?? 0,
    };
    const cost: MarginCost = { ...costOfGoods(use, rates, month), collectionNanoUsd: feeShares[i] ?? 0 };
    const revenueNanoUsd = sum(Object.values(parts));
    const costNanoUsd = sum(Object.values(cost));
    const marginNanoUsd = revenueNanoUsd - costNanoUsd;
    return { tenantId: use.tenantId, revenue: parts, cost, revenueNanoUsd, costNanoUsd, marginNanoUsd };
  });
}

/** What the month of an assistant cost us, without what the payment provider keeps. */
export function costOfGoods(
  use: AssistantUse,
  rates: Rates,
  month: Pick<MonthPart, 'days' | 'defaultSizeKey'>,
): Omit<MarginCost, 'collectionNanoUsd'> {
  const { assumed } = rates;
  const told = sum(Object.values(use.awakeMsBySize));
  const untold = Math.max(0, use.awakeMs - told);
  const sizes = [...Object.entries(use.awakeMsBySize), [month.defaultSizeKey, untold] as const];
  const compute = sum(
    sizes.map(([key, ms]) => {
      const { vcpu, gib, gb } = sizeOfKey(key);
      const perSecond =
        gib * rates.memoryGibSecond + gb * rates.diskGbSecond + vcpu * assumed.cpuShare * rates.vcpuSecond;
      return (ms / 1_000) * perSecond;
    }),
  );
  const awakeSeconds = Math.max(use.awakeMs, told) / 1_000;
  const objectRequests =
    (awakeSeconds / 60) * assumed.objectRequestsPerAwakeMinute + use.requests * assumed.objectRequestsPerAiRequest;
  const objects = awakeSeconds * assumed.objectGb * rates.objectGbSecond + objectRequests * rates.objectRequest;
  const requests =
    use.requests *
    (assumed.workerRequestsPerAiRequest * rates.workerRequest + assumed.rowsPerAiRequest * rates.rowWritten);
  return {
    computeNanoUsd: up(compute),
    objectsNanoUsd: up(objects),
    requestsNanoUsd: up(requests),
    storageNanoUsd: up((use.byteDays / 1e9 / month.days) * rates.storedGbMonth),
    aiNanoUsd: use.aiNanoUsd,
    browserNanoUsd: up((use.browserMs / 1_000) * rates.browserSecond),
  };
}

/** Up to a whole nano-USD, once what the floating point added is taken off. */
const up = (nanoUsd: number): number => Math.ceil(Math.round(nanoUsd * 1_000) / 1_000);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** Whole shares by weight that add up to `total`; evenly when nothing weighs anything. */
export function divide(total: number, weights: readonly number[]): number[] {
  const all = sum(weights);
  const parts = weights.map((weight) => (all === 0 ? 1 / weights.length : weight / all));
  const shares = parts.map((part) => Math.floor(total * part));
  // The largest bears what rounding left: a nano-dollar or two.
  const heaviest = parts.indexOf(Math.max(...parts));
  return shares.map((share, i) => (i === heaviest ? share + total - sum(shares) : share));
}
