/** What each model was asked and what that cost. */
import type { UsageReport } from '../../../control-plane/src/contract/api.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { formatCount, formatUsd, formatUsdExact } from '../ui/format.ts';

type Row = UsageReport['byModel'][number];

const columns: readonly Column<Row>[] = [
  {
    head: 'Model',
    kind: 'row',
    cell: (row) => (
      <>
        {row.model} <span className="font-normal text-soft">{row.provider}</span>
        <span className="block font-normal text-soft sm:hidden">
          {formatCount(row.inputTokens)} tokens in, {formatCount(row.outputTokens)} out
        </span>
      </>
    ),
  },
  { head: 'Requests', kind: 'number', cell: ({ requests }) => formatCount(requests) },
  { head: 'Tokens in', kind: 'number', wideOnly: true, cell: ({ inputTokens }) => formatCount(inputTokens) },
  { head: 'Tokens out', kind: 'number', wideOnly: true, cell: ({ outputTokens }) => formatCount(outputTokens) },
  {
    head: 'Cost',
    kind: 'number',
    cell: ({ costNanoUsd }) => formatUsd(costNanoUsd),
    title: ({ costNanoUsd }) => formatUsdExact(costNanoUsd),
  },
];

export function ModelTable({ rows }: { rows: UsageReport['byModel'] }) {
  return (
    <DataTable
      label="Usage by model"
      columns={columns}
      rows={rows}
      keyOf={({ provider, model }) => `${provider}/${model}`}
    />
  );
}
