/** The audit trail as a CSV file, with the hashes that prove it. */
import type { AuditEntryView } from '../../../control-plane/src/contract/audit-api.ts';
import { csvLine } from '../../../control-plane/src/contract/csv.ts';

const header = [
  'number',
  'time_utc',
  'actor_kind',
  'actor_id',
  'actor_name',
  'action',
  'outcome',
  'code',
  'assistant_id',
  'assistant_name',
  'before',
  'after',
  'reason',
  'request_id',
  'hash',
];

export function auditCsv(entries: readonly AuditEntryView[]): string {
  const lines = entries.map((entry) =>
    csvLine([
      entry.seq,
      entry.at,
      entry.actor.kind,
      entry.actor.id,
      entry.actor.name ?? '',
      entry.action,
      entry.outcome,
      entry.code ?? '',
      entry.tenantId ?? '',
      entry.tenantName ?? '',
      JSON.stringify(entry.before),
      JSON.stringify(entry.after),
      entry.reason ?? '',
      entry.requestId ?? '',
      entry.hash,
    ]),
  );
  return [csvLine(header), ...lines].join('');
}
