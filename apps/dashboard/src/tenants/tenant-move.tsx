/**
 * Leaving with everything and arriving with what one has. The download is the browser's; what is brought changes nothing
 * before it is switched to.
 */
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { endpoints } from '../../../control-plane/src/contract/api.ts';
import { pathOf } from '../api/client.ts';
import { roleMay } from '../api/queries.ts';
import { ImportSection } from '../move/import-section.tsx';
import { Button, buttonClass } from '../ui/button.tsx';

interface TenantMoveProps {
  readonly tenant: Tenant;
  readonly role: OrgRole;
  /** Server time minus this device's time, in milliseconds. */
  readonly clockOffsetMs: number;
}

export function TenantMove({ tenant, role, clockOffsetMs }: TenantMoveProps) {
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
      <h3 id="bring-title" className="mt-8 text-lg font-semibold">
        Bring an OpenClaw of yours
      </h3>
      <p className="mt-1 max-w-prose">
        It is converted beside {tenant.name} and reported on first. You then decide whether to switch to it.
      </p>
      <HowToPack />
      {may.allowed ? (
        <ImportSection tenant={tenant} clockOffsetMs={clockOffsetMs} />
      ) : (
        <p className="text-sm text-soft">{may.reason}</p>
      )}
    </section>
  );
}

const packings = [
  ['An OpenClaw on your machine (stop its gateway first)', 'tar -czf openclaw.tar.gz -C ~ .openclaw'],
  [
    'A moltworker in your Cloudflare account',
    'rclone copy r2:moltbot-data backup && tar -czf backup.tar.gz -C backup .',
  ],
] as const;

function HowToPack() {
  return (
    <details className="my-3 max-w-2xl text-sm">
      <summary className="cursor-pointer py-1">How to pack it</summary>
      <dl className="flex flex-col gap-3 py-1">
        {packings.map(([what, command]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              <code className="mt-1 block rounded-sm bg-well px-3 py-2 font-mono text-xs break-words">{command}</code>
            </dd>
          </div>
        ))}
        <div>
          <dt>Something you downloaded from Tidepool</dt>
          <dd className="text-soft">As it was downloaded.</dd>
        </div>
      </dl>
    </details>
  );
}
