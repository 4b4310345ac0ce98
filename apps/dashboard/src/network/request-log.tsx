/** The log of what went out and what was refused: searched on the server, newest first, page by page. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { EgressLogEntry } from '../../../control-plane/src/contract/egress.ts';
import { EgressEffect, egressKept, egressMethods } from '../../../control-plane/src/contract/egress.ts';
import { networkLogQuery, type NetworkSearch } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { formatBytes, formatCount, formatDateTime, formatUtc } from '../ui/format.ts';
import { PagedRows } from '../ui/paged-rows.tsx';
import { SelectField } from '../ui/select-field.tsx';

const effects: Record<EgressEffect, string> = {
  allow: 'Allowed',
  inject: 'Allowed, with a secret',
  ask: 'Refused, asked you',
  deny: 'Refused',
};

export function RequestLog({ tenantId }: { tenantId: string }) {
  const [search, setSearch] = useState<NetworkSearch>({});
  const query = useInfiniteQuery(networkLogQuery(tenantId, search));
  const isSearched = Object.values(search).some((value) => value !== undefined);
  return (
    <section aria-labelledby="log-title" className="flex flex-col gap-4">
      <div>
        <h2 id="log-title" className="text-xl font-semibold tracking-tight">
          Every refusal, and samples of the rest
        </h2>
        <p className="text-sm text-soft">
          Kept for {egressKept.days} days, at most {formatCount(egressKept.logEntries)} entries. Refusals, failures and
          requests with a secret are all here; of the others one per host and minute. Never with what stood behind a
          question mark.
        </p>
      </div>
      <SearchForm onSearch={setSearch} />
      <PagedRows
        query={query}
        loading="Loading the log"
        skeleton="h-12"
        empty={
          <p className="border-y border-line py-6 text-soft">
            {isSearched ? 'Nothing of this kind is in the log.' : 'It has not asked for anything outside yet.'}
          </p>
        }
        more="Show older entries"
      >
        {(rows) => <LogRows rows={rows} />}
      </PagedRows>
    </section>
  );
}

const all = ['', 'All'] as const;

function SearchForm({ onSearch }: { onSearch: (search: NetworkSearch) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string | undefined => {
      const value = form.get(name);
      return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
    };
    const effect = EgressEffect.safeParse(text('effect'));
    onSearch({
      host: text('host'),
      effect: effect.success ? effect.data : undefined,
      method: text('method'),
      rule: text('rule'),
    });
  };
  return (
    <form role="search" aria-label="Search the log" className="flex max-w-3xl flex-col gap-4" onSubmit={submit}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Part of a host"
          name="host"
          placeholder="example.com"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={255}
        />
        <Field
          label="Decided by"
          name="rule"
          placeholder="preset:"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={120}
          hint="How the rule begins: rule:, approval:, preset: or platform:"
        />
        <SelectField label="What became of it" name="effect" options={[all, ...Object.entries(effects)]} />
        <SelectField
          label="Method"
          name="method"
          options={[all, ...egressMethods.map((method) => [method, method] as const)]}
        />
      </div>
      <div>
        <Button type="submit">Search</Button>
      </div>
    </form>
  );
}

function LogRows({ rows }: { rows: readonly EgressLogEntry[] }) {
  return (
    <ol className="figures" aria-label="Requests, newest first">
      {rows.map((row) => (
        <li key={row.seq} className="flex flex-col gap-0.5 border-b border-line py-3 text-sm">
          <p className="flex flex-wrap justify-between gap-x-6 font-medium">
            <span className="min-w-0 break-all">
              {row.method} {row.host}
              {row.path === '/' ? '' : row.path}
            </span>
            <span>{effects[row.effect]}</span>
          </p>
          <p className="flex flex-wrap gap-x-4 text-soft">
            <time dateTime={new Date(row.atMs).toISOString()} title={formatUtc(row.atMs)}>
              {formatDateTime(row.atMs)}
            </time>
            <span>
              by <code className="font-mono break-all">{row.rule}</code>
            </span>
            <span>{row.status === null ? 'no answer' : `status ${row.status}`}</span>
            <span>
              {formatBytes(row.bytesOut)} out, {formatBytes(row.bytesIn)} in
            </span>
          </p>
        </li>
      ))}
    </ol>
  );
}
