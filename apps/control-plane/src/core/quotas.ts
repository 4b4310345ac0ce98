/**
 * What an organisation may have, and may do in a day, whatever its plan. Each number with its reason; docs/limits.md lists
 * them. What differs by plan, the number of assistants among it, is the plan's (core/billing/plans.ts).
 */

/** Things done, counted over the last 24 hours. */
export type DailyQuota = 'snapshots' | 'imports' | 'exports';

export const quotas: {
  /** People of the organisation, invitations that wait included. */
  readonly members: number;
  readonly perDay: Readonly<Record<DailyQuota, number>>;
} = {
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
};

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
