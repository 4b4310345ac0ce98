/** Open, wake, sleep, restart. A button that cannot act now stays where it is and says why. */
import { ExternalLink, Moon, RotateCcw, Sunrise } from 'lucide-react';
import { useState } from 'react';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { toFailure } from '../api/errors.ts';
import { isMoving, roleMay } from '../api/queries.ts';
import { Button, ButtonLink } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { stateLabel } from './state.tsx';
import { type PowerAction, useTenantAction } from './use-tenant-actions.ts';

/** Why `action` cannot be done now, or undefined when it can. Role first: waiting would not help there. */
export function reasonAgainst(
  action: PowerAction | 'open',
  tenant: Pick<Tenant, 'state' | 'operation'>,
  role: OrgRole,
): string | undefined {
  const may = roleMay(role, action === 'open' ? 'tenant:read' : 'tenant:operate');
  if (!may.allowed) return may.reason;
  const allowed = tenantAllows(action, tenant.state);
  if (!allowed.allowed) return allowed.reason;
  const running = tenant.operation !== null && tenant.operation.finishedAtMs === null;
  return running && action !== 'open' ? `${stateLabel(tenant.state)}: wait until this is finished.` : undefined;
}

export function PowerActions({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const act = useTenantAction(tenant);
  const [asking, setAsking] = useState(false);
  const press = (action: PowerAction): void => act.mutate({ action, key: crypto.randomUUID() });
  const against = (action: PowerAction | 'open'): string | undefined => reasonAgainst(action, tenant, role);
  const busy = (action: PowerAction): boolean => act.isPending && act.variables.action === action;
  const openReason = against('open');
  // While it is on its way the page's own steps come first; the tenant host shows the same ones.
  const openKind = isMoving(tenant) ? 'quiet' : 'primary';
  return (
    <div className="flex flex-col gap-4">
      <div className="grid grid-cols-3 gap-2 *:first:col-span-3 sm:flex sm:flex-wrap">
        {openReason === undefined ? (
          <ButtonLink
            kind={openKind}
            href={tenant.origin}
            target="_blank"
            rel="noreferrer"
            icon={<ExternalLink size={16} aria-hidden />}
          >
            Open<span className="sr-only"> {tenant.name} in a new tab</span>
          </ButtonLink>
        ) : (
          <Button kind="primary" icon={<ExternalLink size={16} aria-hidden />} disabledReason={openReason}>
            Open
          </Button>
        )}
        <Button
          icon={<Sunrise size={16} aria-hidden />}
          busy={busy('wake')}
          disabledReason={against('wake')}
          onClick={() => press('wake')}
        >
          Wake
        </Button>
        <Button
          icon={<Moon size={16} aria-hidden />}
          busy={busy('sleep')}
          disabledReason={against('sleep')}
          onClick={() => press('sleep')}
        >
          Sleep
        </Button>
        <Button
          icon={<RotateCcw size={16} aria-hidden />}
          busy={busy('restart')}
          disabledReason={against('restart')}
          onClick={() => setAsking(true)}
        >
          Restart
        </Button>
      </div>
      {act.isError ? <FailureNotice failure={toFailure(act.error)} onRetry={() => act.mutate(act.variables)} /> : null}
      <ConfirmDialog
        open={asking}
        title={`Restart ${tenant.name}?`}
        confirmLabel="Restart assistant"
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          press('restart');
        }}
      >
        An answer it is giving right now is cut off. Its memory, version and settings stay; messages that arrive
        meanwhile are answered after.
      </ConfirmDialog>
    </div>
  );
}
