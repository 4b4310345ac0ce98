/** What a tenant used in a month, as its own ledger and run log say: absolute, so that a repeat changes nothing. */
import { z } from 'zod';
import { NanoUsd } from './budgets.ts';

/** An instance size as a key: `<vCPU>-<MiB>-<MB of disk>`. */
export const SizeKey = z.string().regex(/^\d{1,2}(?:\.\d{1,4})?-\d{1,6}-\d{1,7}$/);

/** What every run was of before sizes were written down with it, and what a new assistant gets. */
export const defaultSizeKey = '1-3072-4000';

export function sizeKeyOf(size: {
  readonly vcpu: number;
  readonly memoryMib: number;
  readonly diskMb: number;
}): string {
  return `${size.vcpu}-${size.memoryMib}-${size.diskMb}`;
}

/** Absolute totals of one tenant in one UTC month; a higher `version` replaces a lower one. */
export const UsageTotals = z.object({
  period: z.string().regex(/^\d{4}-\d{2}$/),
  version: z.number().int().min(0),
  spentNanoUsd: NanoUsd,
  heldNanoUsd: NanoUsd,
  requests: z.number().int().min(0),
  inputTokens: z.number().int().min(0),
  outputTokens: z.number().int().min(0),
  awakeMs: z.number().int().min(0),
  /** The same by instance size; together they are `awakeMs`. Reports from before it was told have none. */
  awakeMsBySize: z.record(SizeKey, z.number().int().min(0)).default({}),
  /** Time in the managed browser. There is none yet: whoever brings it meters it here. */
  browserMs: z.number().int().min(0).default(0),
});
export type UsageTotals = z.infer<typeof UsageTotals>;
