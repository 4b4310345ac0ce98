/** How much went to which host on one day. The page holds the newest days; the choice is among those. */
import { useId, useState } from 'react';
import type { EgressTraffic } from '../../../control-plane/src/contract/egress.ts';
import { egressKept } from '../../../control-plane/src/contract/egress.ts';
import { formatBytes, formatCount } from '../ui/format.ts';
import { trafficOfDay } from './traffic.ts';

const head = 'py-2 pl-4 text-right font-semibold';
const cell = 'py-2 pl-4 text-right whitespace-nowrap';

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
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Traffic by host">
          <table className="figures w-full text-sm">
            <thead>
              <tr className="border-b border-edge">
                <th scope="col" className="py-2 text-left font-semibold">
                  Host
                </th>
                <th scope="col" className={head}>
                  Went
                </th>
                <th scope="col" className={head}>
                  Refused
                </th>
                <th scope="col" className={head}>
                  Sent
                </th>
                <th scope="col" className={head}>
                  Received
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.host} className="border-b border-line">
                  <th scope="row" className="py-2 text-left font-medium break-all">
                    {row.host}
                  </th>
                  <td className={cell}>{formatCount(row.allowed)}</td>
                  <td className={cell}>{formatCount(row.denied)}</td>
                  <td className={cell}>{formatBytes(row.bytesOut)}</td>
                  <td className={cell}>{formatBytes(row.bytesIn)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row" className="py-2 text-left font-semibold">
                  Together
                </th>
                <td className={cell}>{formatCount(total.allowed)}</td>
                <td className={cell}>{formatCount(total.denied)}</td>
                <td className={cell}>{formatBytes(total.bytesOut)}</td>
                <td className={cell}>{formatBytes(total.bytesIn)}</td>
              </tr>
            </tfoot>
          </table>
        </div>
      )}
    </section>
  );
}
