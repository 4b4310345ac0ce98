/** Entries of the audit trail: a table where there is room for one, a list on a phone. */
import type { AuditEntryView } from '../../../control-plane/src/contract/audit-api.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { When } from '../ui/when.tsx';
import { actionText, actorText, changeText, outcomeText } from './words.ts';

const columns: readonly Column<AuditEntryView>[] = [
  { head: 'Number', kind: 'line', cell: ({ seq }) => seq },
  { head: 'When', kind: 'line', cell: ({ at }) => <When at={at} /> },
  { head: 'Who', cell: actorText },
  { head: 'What', cell: (entry) => <span className="font-medium">{actionText(entry)}</span> },
  { head: 'Assistant', cell: ({ tenantName, tenantId }) => tenantName ?? tenantId ?? '' },
  {
    head: 'Change',
    cell: (entry) => (
      <span className="block max-w-xs break-words text-soft">
        {changeText(entry)}
        {entry.reason === null ? null : <span className="block">Reason: {entry.reason}</span>}
      </span>
    ),
  },
  { head: 'Outcome', cell: outcomeText },
];

export function AuditTable({ entries }: { entries: readonly AuditEntryView[] }) {
  return (
    <>
      <DataTable label="Changes" columns={columns} rows={entries} keyOf={({ seq }) => seq} wideOnly />
      <ul className="sm:hidden">
        {entries.map((entry) => (
          <li key={entry.seq} className="flex flex-col gap-0.5 border-b border-line py-3 text-sm">
            <span className="flex justify-between gap-3 font-medium">
              <span className="min-w-0 break-words">{actionText(entry)}</span>
              <span className="figures text-soft">{entry.seq}</span>
            </span>
            <span className="text-soft">
              {actorText(entry)}, <When at={entry.at} />
              {entry.tenantName === null ? '' : `, on ${entry.tenantName}`}: {outcomeText(entry)}
            </span>
            <span className="break-words text-soft">{changeText(entry)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
