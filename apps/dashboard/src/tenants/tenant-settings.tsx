/** The name, the monthly cap, when it sleeps. Saved one by one; each form says what its change means before it is sent. */
import { useId, useState } from 'react';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { toFailure } from '../api/errors.ts';
import { roleMay } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { formatCap, formatUsd } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { UsdField } from '../ui/usd-field.tsx';
import { parseUsd } from '../ui/usd-text.ts';
import { useUsdText } from '../ui/use-usd-text.ts';
import { SleepForm } from './sleep-form.tsx';
import { useTenantUpdate } from './use-tenant-update.ts';

export function TenantSettings({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const may = roleMay(role, 'tenant:configure');
  const reason = may.allowed ? undefined : may.reason;
  return (
    <section aria-labelledby="settings-title" className="border-t border-line pt-8">
      <h2 id="settings-title" className="text-xl font-semibold tracking-tight">
        Settings
      </h2>
      <div className="mt-6 grid gap-x-12 gap-y-10 md:grid-cols-2">
        <NameForm tenant={tenant} reason={reason} />
        <CapForm tenant={tenant} reason={reason} />
        <SleepForm tenant={tenant} reason={reason} />
      </div>
    </section>
  );
}

function NameForm({ tenant, reason }: { tenant: Tenant; reason: string | undefined }) {
  const [name, setName] = useState(tenant.name);
  const save = useTenantUpdate(tenant, 'Renamed.');
  const trimmed = name.trim();
  return (
    <form
      className="flex flex-col items-stretch gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (trimmed !== '' && trimmed !== tenant.name && !save.isPending) save.mutate({ name: trimmed });
      }}
    >
      <Field
        label="Name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        required
        maxLength={60}
        readOnly={reason !== undefined}
        hint="Only the name changes. The address is permanent."
      />
      {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
      <div>
        <Button
          type="submit"
          busy={save.isPending}
          disabledReason={reason ?? (trimmed === tenant.name ? 'This is its name already.' : undefined)}
        >
          Rename
        </Button>
      </div>
    </form>
  );
}

function CapForm({ tenant, reason }: { tenant: Tenant; reason: string | undefined }) {
  const id = useId();
  const { parsed, judge, field } = useUsdText(tenant.aiCapNanoUsdPerMonth, parseUsd);
  const save = useTenantUpdate(tenant, 'The cap is changed.');
  const same = parsed.ok && parsed.nanoUsd === tenant.aiCapNanoUsdPerMonth;
  const reachedNow = parsed.ok && parsed.nanoUsd <= tenant.usage.spentNanoUsd;
  return (
    <form
      className="flex flex-col gap-4"
      aria-describedby={id}
      onSubmit={(event) => {
        event.preventDefault();
        judge();
        if (parsed.ok && !same && !save.isPending) save.mutate({ aiCapNanoUsdPerMonth: parsed.nanoUsd });
      }}
    >
      <UsdField
        label="Spending cap per month"
        {...field}
        readOnly={reason !== undefined}
        hint="For model requests, in US dollars. The month is UTC."
      />
      <p id={id} className="text-sm text-soft">
        {parsed.ok && reachedNow && !same ? (
          <strong className="font-semibold text-sand">
            {formatUsd(tenant.usage.spentNanoUsd)} is spent already, so a cap of {formatCap(parsed.nanoUsd)} refuses the
            next request.{' '}
          </strong>
        ) : null}
        At the cap, a model request is refused with a clear message before it costs anything. The assistant stays
        reachable, and raising the cap lets it answer again at once.
      </p>
      {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
      <div>
        <Button
          type="submit"
          busy={save.isPending}
          disabledReason={reason ?? (same ? 'This is the cap already.' : undefined)}
        >
          Change the cap
        </Button>
      </div>
    </form>
  );
}
