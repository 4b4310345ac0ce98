/** What each model was asked and what that cost. */
import type { UsageReport } from '../../../control-plane/src/contract/api.ts';
import { formatCount, formatUsd, formatUsdExact } from '../ui/format.ts';

const head = 'py-2 pl-4 text-right font-semibold first:pl-0 first:text-left';
const cell = 'py-2 pl-4 text-right';

export function ModelTable({ rows }: { rows: UsageReport['byModel'] }) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Usage by model">
      <table className="figures w-full min-w-md text-sm">
        <thead>
          <tr className="border-b border-edge">
            <th scope="col" className={head}>
              Model
            </th>
            <th scope="col" className={head}>
              Requests
            </th>
            <th scope="col" className={head}>
              Tokens in
            </th>
            <th scope="col" className={head}>
              Tokens out
            </th>
            <th scope="col" className={head}>
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.provider}/${row.model}`} className="border-b border-line">
              <th scope="row" className="py-2 text-left font-medium">
                {row.model} <span className="font-normal text-soft">{row.provider}</span>
              </th>
              <td className={cell}>{formatCount(row.requests)}</td>
              <td className={cell}>{formatCount(row.inputTokens)}</td>
              <td className={cell}>{formatCount(row.outputTokens)}</td>
              <td className={cell} title={formatUsdExact(row.costNanoUsd)}>
                {formatUsd(row.costNanoUsd)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
