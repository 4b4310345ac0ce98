/**
 * Plans as dated data. An edition holds from its date until the next one's; a subscription keeps the edition that it was
 * bought in, because its Stripe price names it (`lookupKeyOf`). Editions are added, never edited: a price that people pay
 * is a promise. Amounts are US cents where Stripe charges them and nano-USD where use is counted.
 */

export const planIds = ['trial', 'pool', 'reef', 'operator'] as const;
export type PlanId = (typeof planIds)[number];
/** Those that are sold. */
export const paidPlanIds = ['pool', 'reef'] as const;
export type PaidPlanId = (typeof paidPlanIds)[number];

export interface Plan {
  readonly id: PlanId;
  readonly name: string;
  /** When its edition began, `YYYY-MM`. */
  readonly edition: string;
  readonly monthlyCents: number;
  /** A month's, or for the trial the whole of it. At the providers' own prices. */
  readonly includedAiNanoUsd: number;
  readonly includedAwakeMs: number;
  readonly assistantsMax: number;
  /** May be set to never sleep. */
  readonly keepAwake: boolean;
  /** Above what is included: charged on, or the end. */
  readonly payAsYouGo: boolean;
  /** What may be run up above what is included and prepaid, unless the organisation sets less or more. */
  readonly defaultOverageNanoUsd: number;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;
const usd = 1_000_000_000;

/** A trial is 14 days: two working weeks, and over before the first invoice would be. */
export const trialMs = 14 * dayMs;

/**
 * One awake minute of the default size above the plan, in a tenth of a US cent: 6 cents an hour. The size costs about 4
 * (compute, disk, its object), so an hour always pays for itself.
 */
export const awakeMinuteNanoUsd = 1_000_000;

export interface Edition {
  readonly edition: string;
  readonly fromMs: number;
  readonly plans: Readonly<Record<PlanId, Plan>>;
}

/** Oldest first. */
export const editions: readonly [Edition, ...Edition[]] = [
  {
    edition: '2026-11',
    fromMs: Date.UTC(2026, 10, 1),
    plans: {
      trial: plan('trial', 'Trial', { cents: 0, ai: 1, hours: 40, assistants: 1, keepAwake: false, overage: 0 }),
      pool: plan('pool', 'Pool', { cents: 1_500, ai: 5, hours: 80, assistants: 3, keepAwake: true, overage: 20 }),
      reef: plan('reef', 'Reef', { cents: 4_900, ai: 20, hours: 400, assistants: 10, keepAwake: true, overage: 100 }),
      operator: plan('operator', 'Operator', {
        cents: 0,
        ai: 1_000_000,
        hours: 1_000_000,
        // Who runs this for themselves changes the number here.
        assistants: 5,
        keepAwake: true,
        overage: 0,
      }),
    },
  },
];

function plan(
  id: PlanId,
  name: string,
  of: { cents: number; ai: number; hours: number; assistants: number; keepAwake: boolean; overage: number },
): Plan {
  return {
    id,
    name,
    edition: '2026-11',
    monthlyCents: of.cents,
    includedAiNanoUsd: of.ai * usd,
    includedAwakeMs: of.hours * hourMs,
    assistantsMax: of.assistants,
    keepAwake: of.keepAwake,
    payAsYouGo: of.overage > 0,
    defaultOverageNanoUsd: of.overage * usd,
  };
}

/** The edition in force; before the first one, the first. */
export function editionAt(nowMs: number): Edition {
  return editions.findLast(({ fromMs }) => fromMs <= nowMs) ?? editions[0];
}

export const planAt = (id: PlanId, nowMs: number): Plan => editionAt(nowMs).plans[id];

/** Stripe's lookup key of a plan's monthly price. */
export const lookupKeyOf = ({ id, edition }: Pick<Plan, 'id' | 'edition'>): string => `tidepool_${id}_${edition}`;

/** The plan behind a price; null for a price that is not a plan's. */
export function planOfLookupKey(key: string): Plan | null {
  for (const { plans } of editions) {
    const found = paidPlanIds.map((id) => plans[id]).find((each) => lookupKeyOf(each) === key);
    if (found !== undefined) return found;
  }
  return null;
}

/** What is metered above a plan: the meter's event name is the lookup key of its price. One unit is the smallest billed. */
export const meters = {
  ai: { lookupKey: 'tidepool_ai_micro_usd', name: 'AI above the plan', unitNanoUsd: 1_000, unitCents: '0.0001' },
  awake: {
    lookupKey: 'tidepool_awake_minutes',
    name: 'Awake minutes above the plan',
    unitNanoUsd: awakeMinuteNanoUsd,
    unitCents: '0.1',
  },
} as const;
export type MeterName = keyof typeof meters;
