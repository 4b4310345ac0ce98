/** An assistant that waits for a person: what failed, OpenClaw's own words, the end of its log, and Undo. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { timelineQuery } from '../api/queries.ts';
import { incidentTitle, lostSentence, noticedSentence } from './incident-words.ts';
import { SettingsUndo } from './settings-undo.tsx';
import { IncidentDetails } from './timeline-list.tsx';

export function OperatorNotice({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const query = useInfiniteQuery(timelineQuery(tenant.id));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  const incident = entries.flatMap((entry) =>
    entry.kind === 'incident' && entry.incident.outcome === null ? [entry.incident] : [],
  )[0];
  return (
    <section aria-labelledby="operator-title" className="max-w-2xl">
      <h2 id="operator-title" className="text-lg font-semibold">
        {incident === undefined ? 'It waits for a person' : incidentTitle(incident.kind)}
      </h2>
      {incident === undefined ? null : (
        <>
          <p className="mt-1 text-sm">
            {noticedSentence(incident)} <strong className="font-semibold">{lostSentence(incident)}</strong>
          </p>
          <IncidentDetails incident={incident} />
        </>
      )}
      <SettingsUndo tenant={tenant} role={role} settings="last_good" />
    </section>
  );
}
