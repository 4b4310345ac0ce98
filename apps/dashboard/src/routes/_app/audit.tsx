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
import { SelectField } from '../../ui/select-field.tsx';

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

const all = ['', 'All'] as const;

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
        <SelectField
          label="Assistant"
          value={filter.tenant ?? ''}
          onChoose={set('tenant')}
          options={[
            all,
            ...(tenants.data?.pages.flatMap((page) => page.items) ?? []).map(({ id, name }) => [id, name] as const),
          ]}
        />
        <SelectField label="Who" value={filter.actor ?? ''} onChoose={set('actor')} options={[all, ...actors]} />
        <SelectField
          label="What"
          value={filter.action ?? ''}
          onChoose={set('action')}
          options={[all, ...auditActionNames.map((action) => [action, actionWords[action]] as const)]}
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
