/** The OpenClaw version of an assistant: what runs, what is being tried, and the ways forward, back and to stay. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { compareReleases } from '../../../control-plane/src/contract/releases.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { keys, releasesQuery, roleMay } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';

type Change = { readonly kind: 'upgrade'; readonly release: string } | { readonly kind: 'rollback' };

const phases: Record<NonNullable<Tenant['upgrade']>['phase'], string> = {
  saving: 'saving its memory first',
  trial: 'trying it on a copy',
  promoting: 'changing over',
};

export function TenantVersion({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const { data: releases } = useQuery(releasesQuery);
  const [asking, setAsking] = useState<Change['kind'] | null>(null);
  const change = useVersionChange(tenant);
  const newer = releases?.items.find(({ version }) => compareReleases(version, tenant.release) > 0)?.version;
  const against = reasonAgainstChange(tenant, role);
  const press = (asked: Change): void => {
    setAsking(null);
    change.mutate({ asked, key: crypto.randomUUID() });
  };
  return (
    <section aria-labelledby="version-title" className="flex flex-col gap-3">
      <h2 id="version-title" className="font-semibold">
        Version
      </h2>
      <p className="text-sm">
        OpenClaw {tenant.release}
        {tenant.pinned ? ', kept on this version' : ''}
        {tenant.upgrade === null ? '' : `; ${tenant.upgrade.to}: ${phases[tenant.upgrade.phase]}`}
      </p>
      {tenant.upgradeFailure === null ? null : (
        <p role="status" className="max-w-2xl rounded-md border border-sand/40 bg-sand-soft px-4 py-3 text-sm">
          It stays on its version: {tenant.upgradeFailure.to} did not pass its trial{' '}
          <When at={tenant.upgradeFailure.at} />. {tenant.upgradeFailure.detail} (
          <code className="font-mono">{tenant.upgradeFailure.code}</code>)
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {newer === undefined ? null : (
          <Button busy={change.isPending} disabledReason={against} onClick={() => setAsking('upgrade')}>
            Upgrade…
          </Button>
        )}
        {tenant.rollback === null ? null : (
          <Button busy={change.isPending} disabledReason={against} onClick={() => setAsking('rollback')}>
            Roll back…
          </Button>
        )}
        <PinButton tenant={tenant} role={role} />
      </div>
      {change.isError ? (
        <FailureNotice failure={toFailure(change.error)} onRetry={() => change.mutate(change.variables)} />
      ) : null}
      <ConfirmDialog
        open={asking === 'upgrade' && newer !== undefined}
        title={`Upgrade to OpenClaw ${newer ?? ''}?`}
        confirmLabel="Try it"
        onClose={() => setAsking(null)}
        onConfirm={() => press({ kind: 'upgrade', release: newer ?? tenant.release })}
      >
        It is tried on a copy of the memory first. When that goes well, the assistant restarts on the new version; when
        not, it stays on {tenant.release} and this page says why.
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === 'rollback' && tenant.rollback !== null}
        title={`Roll back to OpenClaw ${tenant.rollback?.release ?? ''}?`}
        confirmLabel="Roll back"
        onClose={() => setAsking(null)}
        onConfirm={() => press({ kind: 'rollback' })}
      >
        The memory from before the upgrade comes back with the version. What was said and written since is saved, but is
        not in the assistant any more.
      </ConfirmDialog>
    </section>
  );
}

function PinButton({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const queryClient = useQueryClient();
  const pin = useMutation({
    mutationFn: (pinned: boolean) => call('tenantUpdate', { params: { tenantId: tenant.id }, body: { pinned } }),
    onSuccess: (updated) => queryClient.setQueryData<Tenant>(keys.tenant(tenant.id), updated),
  });
  const may = roleMay(role, 'tenant:configure');
  return (
    <>
      <Button
        kind="quiet"
        busy={pin.isPending}
        disabledReason={may.allowed ? undefined : may.reason}
        onClick={() => pin.mutate(!tenant.pinned)}
      >
        {tenant.pinned ? 'Let it be upgraded' : 'Keep this version'}
      </Button>
      {pin.isError ? <FailureNotice failure={toFailure(pin.error)} onRetry={() => pin.mutate(!tenant.pinned)} /> : null}
    </>
  );
}

function reasonAgainstChange(tenant: Tenant, role: OrgRole): string | undefined {
  const may = roleMay(role, 'tenant:configure');
  if (!may.allowed) return may.reason;
  if (tenant.upgrade !== null) return 'A version is being tried already: wait until that is finished.';
  const allowed = tenantAllows('upgrade', tenant.state);
  return allowed.allowed ? undefined : allowed.reason;
}

function useVersionChange(tenant: Pick<Tenant, 'id'>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ asked, key }: { asked: Change; key: string }) => {
      const at = { params: { tenantId: tenant.id }, idempotencyKey: key };
      return asked.kind === 'upgrade'
        ? call('tenantUpgrade', { ...at, body: { release: asked.release } })
        : call('tenantRollback', at);
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.tenant(tenant.id) }),
  });
}
