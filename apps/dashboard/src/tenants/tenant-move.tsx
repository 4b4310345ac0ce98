/** Leaving with everything: the newest snapshot as one archive that boots under plain OpenClaw. The download is the browser's. */
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { endpoints } from '../../../control-plane/src/contract/api.ts';
import { pathOf } from '../api/client.ts';
import { roleMay } from '../api/queries.ts';
import { Button, buttonClass } from '../ui/button.tsx';

export function TenantMove({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const may = roleMay(role, 'tenant:configure');
  const reason = may.allowed
    ? tenant.lastSnapshot === null
      ? 'Nothing is saved yet; it is saved soon after its first start.'
      : undefined
    : may.reason;
  return (
    <section aria-labelledby="move-title" className="border-t border-line pt-8">
      <h2 id="move-title" className="text-xl font-semibold tracking-tight">
        Move
      </h2>
      <p className="mt-3 max-w-prose">
        Take everything with you: conversations, memory, skills, jobs and settings, as last saved, in one archive. It
        boots under plain OpenClaw; the README inside says how. No keys are in it.
      </p>
      <div className="mt-4">
        {reason === undefined ? (
          <a
            className={buttonClass('quiet')}
            href={pathOf(endpoints.tenantExport.path, { tenantId: tenant.id })}
            download
          >
            Download everything
          </a>
        ) : (
          <Button disabledReason={reason}>Download everything</Button>
        )}
      </div>
    </section>
  );
}
