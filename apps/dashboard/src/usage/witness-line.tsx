/** Whether the model gateway's own log says the same as the receipts, in a line. Silent until something was compared. */
import { useQuery } from '@tanstack/react-query';
import type { TenantDrift } from '../../../control-plane/src/contract/usage-api.ts';
import { driftQuery } from '../api/queries.ts';
import { formatCount } from '../ui/format.ts';

const kinds: Record<TenantDrift['days'][number]['found'][number]['kind'], string> = {
  theirs_only: 'served and not charged to you',
  duplicate: 'served twice',
  tokens: 'with other token counts',
  cost: 'with another cost',
  ours_only: 'missing in its log',
};

export function WitnessLine({ tenantId }: { tenantId: string }) {
  const { data } = useQuery(driftQuery(tenantId));
  if (data === undefined || data.days.length === 0) return null;
  const differing = data.days.filter(({ found }) => found.length > 0);
  const [newest] = differing;
  return (
    <p className="text-sm text-soft">
      Each night the requests are compared with the model gateway’s own log.{' '}
      {newest === undefined
        ? `On the last ${formatCount(data.days.length)} compared days both say the same.`
        : `Of the last ${formatCount(data.days.length)} compared days ${formatCount(differing.length)} differ; on ${dayLabel(newest.day)}: ${newest.found
            .map(({ kind, count }) => `${formatCount(count)} ${kinds[kind]}`)
            .join(', ')}. We look into it; your receipts stand meanwhile.`}
    </p>
  );
}

const dayLabel = (day: string): string =>
  new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', timeZone: 'UTC' }).format(
    Date.parse(`${day}T00:00:00Z`),
  );
