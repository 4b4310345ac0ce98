/** Who changed what in the organisation, newest first, by filter, and as a file. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { auditActionNames } from '../../../../control-plane/src/contract/audit.ts';
import { roleMay, tenantsQuery } from '../../api/queries.ts';
import { type AuditFilter, auditQuery } from '../../audit/audit-query.ts';
import { AuditTable } from '../../audit/audit-table.tsx';
import { ChainLine } from '../../audit/chain-line.tsx';
import { auditCsv } from '../../audit/csv.ts';
import { actionWords, actorText } from '../../audit/words.ts';
import { Button } from '../../ui/button.tsx';
import { formatCount } from '../../ui/format.ts';
import { PagedRows } from '../../ui/paged-rows.tsx';
import { PageTitle } from '../../ui/page-title.tsx';
import { saveFile } from '../../ui/save-file.ts';

export const Route = createFileRoute('/_app/audit')({ component: Audit });

function Audit() {
  const { org } = Route.useRouteContext();
  const may = roleMay(org.role, 'audit:read');
  return (
    <div className="flex flex-col gap-6">
      <div>
        <PageTitle tab="Audit">Audit</PageTitle>
        <p className="mt-1 text-sm text-soft">
          Every change in {org.name}: by people, by API keys, by Tidepool. Secrets are never in it.
        </p>
      </div>
      {may.allowed ? <Trail orgId={org.id} /> : <p className="text-soft">{may.reason}</p>}
    </div>
  );
}

function Trail({ orgId }: { orgId: string }) {
  const [filter, setFilter] = useState<AuditFilter>({});
  const query = useInfiniteQuery(auditQuery(orgId, filter));
  const tenants = useInfiniteQuery(tenantsQuery(orgId));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  const actors = new Map(entries.map((entry) => [entry.actor.id, actorText(entry)]));
  const filtered = Object.keys(filter).length > 0;
  const set = (name: keyof AuditFilter) => (value: string) => {
    const { [name]: _replaced, ...others } = filter;
    setFilter(value === '' ? others : { ...others, [name]: value });
  };
  return (
    <>
      <ChainLine orgId={orgId} />
      <div className="flex flex-wrap items-end gap-4">
        <Choice
          label="Assistant"
          value={filter.tenant ?? ''}
          onChange={set('tenant')}
          options={(tenants.data?.pages.flatMap((page) => page.items) ?? []).map(({ id, name }) => [id, name])}
        />
        <Choice label="Who" value={filter.actor ?? ''} onChange={set('actor')} options={[...actors]} />
        <Choice
          label="What"
          value={filter.action ?? ''}
          onChange={set('action')}
          options={auditActionNames.map((action) => [action, actionWords[action]])}
        />
        {entries.length === 0 ? null : (
          <Button
            icon={<Download size={16} aria-hidden />}
            onClick={() => saveFile('tidepool-audit.csv', auditCsv(entries))}
          >
            Download {formatCount(entries.length)} as CSV
          </Button>
        )}
      </div>
      <PagedRows
        query={query}
        loading="Loading the audit trail"
        skeleton="h-9"
        empty={
          <p className="py-6 text-soft">
            {filtered ? 'Nothing fits this filter.' : 'No changes yet. Each one appears here at once.'}
          </p>
        }
        more="Show older changes"
      >
        {(shown) => <AuditTable entries={shown} />}
      </PagedRows>
    </>
  );
}

function Choice({
  label,
  value,
  onChange,
  options,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [value: string, text: string])[];
}) {
  return (
    <label className="flex flex-col gap-1.5 text-sm font-semibold">
      {label}
      <select
        value={value}
        onChange={({ target }) => onChange(target.value)}
        className="min-h-11 max-w-64 rounded-md border border-edge bg-foam px-3 text-base font-normal"
      >
        <option value="">All</option>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
