/** How much went to which host on one day. The page holds the newest days; the choice is among those. */
import { useId, useState } from 'react';
import type { EgressTraffic } from '../../../control-plane/src/contract/egress.ts';
import { egressKept } from '../../../control-plane/src/contract/egress.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { formatBytes, formatCount } from '../ui/format.ts';
import { trafficOfDay, type TrafficTotal } from './traffic.ts';

/** What stands in two columns where there is room for them. */
function Bytes({ of: { bytesOut, bytesIn } }: { of: TrafficTotal }) {
  return (
    <span className="block font-normal text-soft sm:hidden">
      {formatBytes(bytesOut)} sent, {formatBytes(bytesIn)} received
    </span>
  );
}

const host = (row: EgressTraffic) => (
  <>
    <span className="break-words">{row.host}</span>
    <Bytes of={row} />
  </>
);

function columnsOf(total: TrafficTotal): readonly Column<EgressTraffic>[] {
  const together = (
    <>
      Together
      <Bytes of={total} />
    </>
  );
  const bytes = { kind: 'number', wideOnly: true } as const;
  return [
    { head: 'Host', kind: 'row', cell: host, foot: together },
    { head: 'Went', kind: 'number', cell: (row) => formatCount(row.allowed), foot: formatCount(total.allowed) },
    { head: 'Refused', kind: 'number', cell: (row) => formatCount(row.denied), foot: formatCount(total.denied) },
    { head: 'Sent', ...bytes, cell: (row) => formatBytes(row.bytesOut), foot: formatBytes(total.bytesOut) },
    { head: 'Received', ...bytes, cell: (row) => formatBytes(row.bytesIn), foot: formatBytes(total.bytesIn) },
  ];
}

export function TrafficTable({ traffic }: { traffic: readonly EgressTraffic[] }) {
  const id = useId();
  const days = [...new Set(traffic.map(({ day }) => day))];
  const [chosen, setChosen] = useState<string | null>(null);
  const day = chosen !== null && days.includes(chosen) ? chosen : days[0];
  const { rows, total } = trafficOfDay(traffic, day ?? '');
  return (
    <section aria-labelledby="traffic-title" className="flex flex-col gap-3">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div>
          <h2 id="traffic-title" className="text-xl font-semibold tracking-tight">
            Where it went
          </h2>
          <p className="text-sm text-soft">Requests and bytes by host. Kept for {egressKept.days} days.</p>
        </div>
        {day === undefined ? null : (
          <div className="flex items-center gap-2">
            <label htmlFor={id} className="text-sm font-semibold">
              Day, in UTC
            </label>
            <select
              id={id}
              value={day}
              onChange={({ target }) => setChosen(target.value)}
              className="figures min-h-11 rounded-md border border-edge bg-foam px-3 text-base"
            >
              {days.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </div>
        )}
      </div>
      {day === undefined ? (
        <p className="border-y border-line py-6 text-soft">Nothing went out, and nothing tried to.</p>
      ) : (
        <DataTable label="Traffic by host" columns={columnsOf(total)} rows={rows} keyOf={({ host }) => host} />
      )}
    </section>
  );
}
