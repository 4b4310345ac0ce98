/** What each model was asked and what that cost. */
import type { UsageReport } from '../../../control-plane/src/contract/api.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { formatCount, formatUsd, formatUsdExact } from '../ui/format.ts';

type Row = UsageReport['byModel'][number];

const columns: readonly Column<Row>[] = [
  {
    head: 'Model',
    kind: 'row',
    cell: ({ model, provider }) => (
      <>
        {model} <span className="font-normal text-soft">{provider}</span>
      </>
    ),
  },
  { head: 'Requests', kind: 'number', cell: ({ requests }) => formatCount(requests) },
  { head: 'Tokens in', kind: 'number', cell: ({ inputTokens }) => formatCount(inputTokens) },
  { head: 'Tokens out', kind: 'number', cell: ({ outputTokens }) => formatCount(outputTokens) },
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
