/**
 * What an organisation may have, and may do in a day, by plan. Each number with its reason; docs/limits.md lists them.
 * Until plans are sold every organisation is on `standard`.
 */

export type PlanName = 'standard';

/** Things done, counted over the last 24 hours. */
export type DailyQuota = 'snapshots' | 'imports' | 'exports';

export interface Quotas {
  readonly assistants: number;
  /** People of the organisation, invitations that wait included. */
  readonly members: number;
  readonly perDay: Readonly<Record<DailyQuota, number>>;
}

const byPlan: Readonly<Record<PlanName, Quotas>> = {
  standard: {
    // Without billing; a plan says its own number (core/billing/plans.ts).
    assistants: 5,
    // A team; a company asks.
    members: 25,
    perDay: {
      // One before each risky thing a person does. Every save reads and stores the whole state.
      snapshots: 50,
      // An upload may have gigabytes, and each conversion takes a container.
      imports: 20,
      // A copy of everything for each assistant, and again when a download was cut.
      exports: 50,
    },
  },
};

export function quotasOf(plan: PlanName = 'standard'): Quotas {
  return byPlan[plan];
}

/** How a refusal names it. */
export const dailyQuotaWords: Readonly<Record<DailyQuota, { readonly done: string; readonly next: string }>> = {
  snapshots: {
    done: 'snapshots by hand',
    next: 'Wait some hours. The assistant goes on being saved by itself.',
  },
  imports: { done: 'uploads', next: 'Wait some hours. Uploads that were begun go on.' },
  exports: { done: 'downloads', next: 'Wait some hours. If a download was cut off, ask support for help.' },
};

/** What counts as a day: whatever happened in the last 24 hours. */
export const quotaDayMs = 86_400_000;
