/**
 * Which models an assistant uses, which it may use, and what takes over when one fails. A part of what is wanted of it
 * (`TenantSpec.models`): the cell decides on requests by it, and OpenClaw in the container is configured from it.
 */
import { z } from 'zod';
import { NanoUsd } from './budgets.ts';
import { stableHash } from './stable-hash.ts';

/** `provider/model`, the model by its id in the price table. */
export const ModelRef = z
  .string()
  .max(120)
  .regex(/^[a-z0-9-]+\/[A-Za-z0-9@][A-Za-z0-9@._:/-]*$/);

export const fallbacksMax = 4;
const listedMax = 200;
const rulesMax = 50;

const Fallbacks = z.strictObject({ model: ModelRef, then: z.array(ModelRef).min(1).max(fallbacksMax) });

export const ModelRouting = z.strictObject({
  /** Null: every model that has a price. */
  allowed: z.array(ModelRef).min(1).max(listedMax).nullable(),
  /** What is tried, in this order, when a model fails before its answer has begun. */
  fallbacks: z.array(Fallbacks).max(rulesMax),
  /**
   * When the customer's own key is refused: say so, or let a fallback answer that the platform charges for. A fallback that
   * another key of theirs pays for takes over in both cases.
   */
  keyRefused: z.enum(['stop', 'fall_back']),
  /** Once this share of the month's cap is spent, this model answers where it can. */
  economy: z.strictObject({ abovePercent: z.number().int().min(1).max(99), model: ModelRef }).nullable(),
  /** Most requests to a model in a minute. */
  perMinute: z.array(z.strictObject({ model: ModelRef, requests: z.number().int().min(1).max(600) })).max(rulesMax),
  /** How long a whole answer is given again, free, to the very same request; null: never. */
  answerMinutes: z.number().int().min(1).max(1_440).nullable(),
});
export type ModelRouting = z.infer<typeof ModelRouting>;

/** Every priced model is open and nothing takes over: what an assistant has whose people chose nothing. */
export const plainRouting: ModelRouting = {
  allowed: null,
  fallbacks: [],
  keyRefused: 'stop',
  economy: null,
  perMinute: [],
  answerMinutes: null,
};

export const TenantModels = z.object({
  /** What the assistant thinks with, unless it was told otherwise in a conversation. */
  primary: z.string().max(120),
  /** For titles and the like. */
  utility: z.string().max(120),
  /** Absent: `plainRouting`. */
  routing: ModelRouting.optional(),
});
export type TenantModels = z.infer<typeof TenantModels>;

export const routingOf = (models: TenantModels): ModelRouting => models.routing ?? plainRouting;

/** Changes with every change of the models: what a change is based on. */
export function modelsVersion({ primary, utility, routing = plainRouting }: TenantModels): string {
  return stableHash(JSON.stringify([primary, utility, routing])).toString(36);
}

/** A model that has a price, for the one who chooses. */
export const ModelChoice = z.object({
  ref: ModelRef,
  provider: z.string().max(40),
  model: z.string().max(120),
  kind: z.enum(['chat', 'embedding']),
  /** Wire formats that the provider speaks: only models with one in common can take over from each other within a turn. */
  formats: z.array(z.string().max(40)).max(8),
  /** All it can see at once; null when its price list does not say. */
  contextTokens: z.number().int().nullable(),
  /** Nano-USD for a million tokens. */
  inputNanoUsd: NanoUsd,
  cacheReadNanoUsd: NanoUsd,
  outputNanoUsd: NanoUsd,
  /** Requests with more input than this cost more than these prices; null when there is one price. */
  dearerAboveTokens: z.number().int().nullable(),
  /** `own_key`: the customer's own account at the provider pays. `none`: nothing is configured for the provider. */
  paidBy: z.enum(['platform', 'own_key', 'none']),
});
export type ModelChoice = z.infer<typeof ModelChoice>;

export interface ModelProblem {
  /** JSON pointer into `TenantModels`. */
  readonly pointer: string;
  readonly detail: string;
}

/** Everything that is wrong with a choice of models; empty: it can be saved. */
export function modelProblems(models: TenantModels, choices: readonly ModelChoice[]): ModelProblem[] {
  const known = new Map(choices.map((choice) => [choice.ref, choice]));
  const { allowed, fallbacks, economy, perMinute } = routingOf(models);
  const problems: ModelProblem[] = [];
  const say = (pointer: string, detail: string): void => void problems.push({ pointer, detail });

  function usable(pointer: string, ref: string): void {
    const choice = known.get(ref);
    if (choice === undefined) return say(pointer, `${ref} has no price here.`);
    if (choice.kind === 'embedding') say(pointer, `${ref} cannot talk: it is for search.`);
    if (choice.paidBy === 'none') say(pointer, `No access to ${choice.provider} is configured on this platform.`);
    if (allowed !== null && !allowed.includes(ref)) say(pointer, `${ref} is not among the allowed models.`);
  }

  usable('/primary', models.primary);
  usable('/utility', models.utility);
  for (const [at, ref] of (allowed ?? []).entries()) {
    if (!known.has(ref)) say(`/routing/allowed/${at}`, `${ref} has no price here.`);
    if (allowed?.indexOf(ref) !== at) say(`/routing/allowed/${at}`, `${ref} is listed twice.`);
  }
  for (const [at, { model, then }] of fallbacks.entries()) {
    const pointer = `/routing/fallbacks/${at}`;
    if (fallbacks.findIndex((one) => one.model === model) !== at) say(pointer, `${model} has two lists of fallbacks.`);
    if (!known.has(model)) say(`${pointer}/model`, `${model} has no price here.`);
    for (const [n, ref] of then.entries()) {
      usable(`${pointer}/then/${n}`, ref);
      if (ref === model) say(`${pointer}/then/${n}`, `${model} cannot take over from itself.`);
      if (then.indexOf(ref) !== n) say(`${pointer}/then/${n}`, `${ref} is listed twice.`);
    }
  }
  if (economy !== null) usable('/routing/economy/model', economy.model);
  for (const [at, { model }] of perMinute.entries()) {
    const pointer = `/routing/perMinute/${at}`;
    if (!known.has(model)) say(pointer, `${model} has no price here.`);
    if (perMinute.findIndex((one) => one.model === model) !== at) say(pointer, `${model} has two limits.`);
  }
  return problems;
}
