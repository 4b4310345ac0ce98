/** What a new assistant gets. Each number with its reason; what a plan allows is in core/billing/plans.ts. */
import type { TenantSpec } from '../contract/tenant-rpc.ts';

/** OpenClaw needs 0.8 to 1.4 GiB; the smallest size with a whole vCPU has 3 GiB and boots twice as fast as half a vCPU. */
export const defaultSize: TenantSpec['size'] = { vcpu: 1, memoryMib: 3_072, diskMb: 4_000 };

/** Long enough for a pause in a conversation, short enough that an hour's use is an hour's bill. */
export const defaultIdleSleepMs = 15 * 60_000;

export const defaultModels: TenantSpec['models'] = {
  primary: 'anthropic/claude-sonnet-4-6',
  utility: 'anthropic/claude-haiku-4-5',
};

/** 5 USD: days of ordinary talk, and a surprise nobody minds. */
export const defaultAiCapNanoUsd = 5_000_000_000;

/** An answer is kept under its Idempotency-Key this long. */
export const idempotencyKeptMs = 86_400_000;
