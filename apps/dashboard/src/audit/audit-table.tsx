/** Entries of the audit trail: a table where there is room for one, a list on a phone. */
import type { AuditEntryView } from '../../../control-plane/src/contract/audit-api.ts';
import { When } from '../ui/when.tsx';
import { actionText, actorText, changeText, outcomeText } from './words.ts';

const head = 'py-2 pr-4 text-left font-semibold';
const cell = 'py-2 pr-4 align-top';

export function AuditTable({ entries }: { entries: readonly AuditEntryView[] }) {
  return (
    <>
      <div className="overflow-x-auto max-sm:hidden" tabIndex={0} role="region" aria-label="Changes">
        <table className="w-full text-sm">
          <thead>
            <tr className="border-b border-edge">
              {['Number', 'When', 'Who', 'What', 'Assistant', 'Change', 'Outcome'].map((title) => (
                <th key={title} scope="col" className={head}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.seq} className="border-b border-line">
                <td className={`${cell} figures`}>{entry.seq}</td>
                <td className={`${cell} whitespace-nowrap`}>
                  <When at={entry.at} />
                </td>
                <td className={cell}>{actorText(entry)}</td>
                <td className={`${cell} font-medium`}>{actionText(entry)}</td>
                <td className={cell}>{entry.tenantName ?? entry.tenantId ?? ''}</td>
                <td className={`${cell} max-w-xs break-words text-soft`}>
                  {changeText(entry)}
                  {entry.reason === null ? null : <span className="block">Reason: {entry.reason}</span>}
                </td>
                <td className={cell}>{outcomeText(entry)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
