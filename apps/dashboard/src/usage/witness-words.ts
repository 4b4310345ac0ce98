/** What the nightly comparison with the model gateway's log found, in words. Pure. */
import type { TenantDrift } from '../../../control-plane/src/contract/usage-api.ts';
import { formatCount, type FormatOptions, formatUtcDay } from '../ui/format.ts';

type Day = TenantDrift['days'][number];

const kinds: Record<Day['found'][number]['kind'], string> = {
  theirs_only: 'served and not charged to you',
  duplicate: 'served twice',
  tokens: 'with other token counts',
  cost: 'with another cost',
  ours_only: 'missing in its log',
};

/** Null until something was compared. Days come newest first; the newest that differs is told. */
export function witnessText({ days }: TenantDrift, options: FormatOptions = {}): string | null {
  if (days.length === 0) return null;
  const count = (value: number): string => formatCount(value, options);
  const compared = days.length === 1 ? 'the last compared day' : `the last ${count(days.length)} compared days`;
  const differing = days.filter(({ found }) => found.length > 0);
  const [newest] = differing;
  if (newest === undefined) return `On ${compared} both say the same.`;
  const found = newest.found.map((one) => `${count(one.count)} ${kinds[one.kind]}`).join(', ');
  const verb = differing.length === 1 ? 'differs' : 'differ';
  return `${count(differing.length)} of ${compared} ${verb}; on ${formatUtcDay(newest.day, options)}: ${found}. We look into it; your receipts stand meanwhile.`;
}
