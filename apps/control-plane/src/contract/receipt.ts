/** Receipts of model requests, as the ledger of an assistant makes them and the usage page shows them. */
import { z } from 'zod';
import { NanoUsd } from './budgets.ts';

/**
 * Where a request stands in a turn of several attempts: the model that was asked for fails, another one answers. A request
 * without it is a first attempt of the model that was asked for.
 */
export const TurnPart = z.object({
  /** Request id of the turn's first attempt. */
  turn: z.string().min(1).max(64),
  attempt: z.number().int().min(1).max(9),
  /** `provider/model` that was asked for, when this is another one. */
  asked: z.string().max(160).nullable(),
  /** Why the attempt before it failed, or which rule chose the model. */
  after: z.string().max(64).nullable(),
});
export type TurnPart = z.infer<typeof TurnPart>;

/** One model request that ended. Immutable. */
export const Receipt = z.object({
  requestId: z.string().min(1).max(64),
  period: z.string().regex(/^\d{4}-\d{2}$/),
  atMs: z.number().int(),
  provider: z.string().max(40),
  model: z.string().max(120),
  /** All input, cached or not; the two cache counts below are parts of it. */
  inputTokens: z.number().int().min(0),
  outputTokens: z.number().int().min(0),
  cacheReadTokens: z.number().int().min(0),
  cacheWriteTokens: z.number().int().min(0),
  costNanoUsd: NanoUsd,
  /** Paid with the customer's own key: charged 0. Receipts from before there were such keys have neither. */
  byok: z.boolean().default(false),
  /** With `byok`, what it would have cost here; otherwise 0. */
  listCostNanoUsd: NanoUsd.default(0),
  /** `failed`: no answer came of it and nothing was charged; `why` says why. */
  outcome: z.enum(['final', 'partial', 'estimated', 'failed']),
  /** Empty with `failed`. */
  priceVersion: z.string().max(40),
  upstreamId: z.string().max(128).nullable(),
  why: z.string().max(200).optional(),
  part: TurnPart.optional(),
});
export type Receipt = z.infer<typeof Receipt>;
