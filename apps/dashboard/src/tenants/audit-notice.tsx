/** What OpenClaw's own security audit finds critical in an assistant's settings, in OpenClaw's words. Nothing when there is none. */
import { ShieldAlert } from 'lucide-react';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { When } from '../ui/when.tsx';

export function AuditNotice({ audit }: { audit: Tenant['securityAudit'] }) {
  if (audit === null || audit.criticals.length === 0) return null;
  return (
    <section aria-labelledby="audit-title" className="rounded-md border border-coral/40 bg-coral-soft p-4 text-sm">
      <div className="flex gap-3">
        <ShieldAlert size={18} aria-hidden className="mt-0.5 shrink-0 text-coral" />
        <div className="flex min-w-0 flex-1 flex-col gap-2">
          <h2 id="audit-title" className="font-semibold">
            OpenClaw’s own security audit warns about these settings
          </h2>
          <ul className="flex flex-col gap-2">
            {audit.criticals.map(({ checkId, title, detail }) => (
              <li key={`${checkId} ${detail}`} className="break-words">
                <strong className="font-semibold">{title}.</strong> {detail}{' '}
                <code className="font-mono text-xs break-all">{checkId}</code>
              </li>
            ))}
          </ul>
          <p>
            Looked at <When at={audit.at} /> with {audit.release}. Change the setting in the assistant’s own settings;
            the next look is after its next start.
          </p>
        </div>
      </div>
    </section>
  );
}
