/**
 * What an assistant may spend on models: its budgets, the share of its organisation, the fuse. Wanted by the control
 * plane as a part of the spec, enforced by the cell's ledger, told back as a view and as notices that are sent once.
 */
import { z } from 'zod';

/** Integer nano-USD (1e-9 USD), a safe integer. */
export const NanoUsd = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** `provider/model`, as in the assistant's settings. A name with a release date counts as the model that it is priced as. */
export const BudgetModel = z
  .string()
  .max(120)
  .regex(
    /^[a-z0-9][a-z0-9-]*\/[@A-Za-z0-9][A-Za-z0-9._:@/-]*$/,
    'Write the provider and the model: anthropic/claude-opus-4-6.',
  );

/** More models than anybody uses in a month. */
export const modelBudgetsMax = 20;

/** What its people set beside the monthly cap. */
export const WantedBudgets = z.object({
  /** Of one UTC day; null = none. */
  dayNanoUsd: NanoUsd.nullable(),
  /** Of one UTC month, for one model each. */
  models: z.array(z.object({ model: BudgetModel, monthNanoUsd: NanoUsd })).max(modelBudgetsMax),
  /** Spending that is out of line pauses model requests until somebody says that they may go on. */
  fuse: z.boolean(),
});
export type WantedBudgets = z.infer<typeof WantedBudgets>;

export const noBudgets: WantedBudgets = { dayNanoUsd: null, models: [], fuse: true };

/** Whose limit the assistants of an organisation share: its plan's (with the balance), or a lower one that it set. */
export const SharedBy = z.enum(['plan', 'organisation']);
export type SharedBy = z.infer<typeof SharedBy>;

export const SpendBudgets = WantedBudgets.extend({
  /**
   * The organisation's limit as this assistant may use it: its own spending of the month ends at `nanoUsdPerMonth`, since
   * all of them together may spend `organisationNanoUsd`. Laid over by billing; null where nothing is charged.
   */
  shared: z.object({ by: SharedBy, nanoUsdPerMonth: NanoUsd, organisationNanoUsd: NanoUsd }).nullable(),
});
export type SpendBudgets = z.infer<typeof SpendBudgets>;

export const BudgetName = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('shared'), by: SharedBy, organisationNanoUsd: NanoUsd }),
  z.object({ kind: z.literal('month') }),
  z.object({ kind: z.literal('day') }),
  z.object({ kind: z.literal('model'), model: z.string().max(120) }),
]);
export type BudgetName = z.infer<typeof BudgetName>;

/** One budget and what counts against it now. */
export const BudgetUse = z.object({
  name: BudgetName,
  capNanoUsd: NanoUsd,
  spentNanoUsd: NanoUsd,
  /** Set aside for requests under way. */
  heldNanoUsd: NanoUsd,
  /** When it begins anew: the next UTC day or month. */
  opensAtMs: z.number().int(),
});
export type BudgetUse = z.infer<typeof BudgetUse>;

/** Shares of a budget, in percent, at which its people are told. The last one is also told by the first refusal. */
export const alertLevels = [50, 80, 100] as const;
export const AlertLevel = z.union([z.literal(50), z.literal(80), z.literal(100)]);
export type AlertLevel = z.infer<typeof AlertLevel>;

/** Why the fuse paused model requests. `id` names this pause: resuming another one changes nothing. */
export const SpendPause = z.discriminatedUnion('why', [
  z.object({
    why: z.literal('repeated'),
    id: z.string().max(40),
    atMs: z.number().int(),
    /** Equal requests that were answered and charged, and within how long. */
    times: z.number().int(),
    withinMs: z.number().int(),
  }),
  z.object({
    why: z.literal('rate'),
    id: z.string().max(40),
    atMs: z.number().int(),
    /** Charged in this UTC hour, and what a dear hour of the last days cost. */
    hourNanoUsd: NanoUsd,
    usualNanoUsd: NanoUsd,
  }),
]);
export type SpendPause = z.infer<typeof SpendPause>;

/** What its people are told once. The key is the same however often it is said. */
export const SpendNotice = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('alert'),
    use: BudgetUse,
    level: AlertLevel,
    /** `2026-11`, or `2026-11-21` of a day's budget. */
    period: z.string().max(10),
  }),
  z.object({ kind: z.literal('paused'), pause: SpendPause }),
]);
export type SpendNotice = z.infer<typeof SpendNotice>;

/** The budgets of one assistant, whole. */
export const SpendingView = z.object({
  budgets: z.array(BudgetUse).max(modelBudgetsMax + 3),
  fuse: z.object({
    on: z.boolean(),
    pause: SpendPause.nullable(),
    /** Charged in this UTC hour, and above what it trips; null while too little is known of what is usual. */
    hourNanoUsd: NanoUsd,
    tripsAboveNanoUsd: NanoUsd.nullable(),
  }),
});
export type SpendingView = z.infer<typeof SpendingView>;
