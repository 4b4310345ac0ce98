/** The plan at a glance: what it includes, what was used of it, what is above, and what the month comes to. */
import type { Billing } from '../../../control-plane/src/contract/billing-api.ts';
import { formatCap, formatUsd } from '../ui/format.ts';
import { cents, hours } from './words.ts';

export function PlanUse({ billing }: { billing: Billing }) {
  const { plan, used, above, awakeMinuteNanoUsd } = billing;
  const charged = billing.mode !== 'off';
  return (
    <section aria-labelledby="use-title" className="flex flex-col gap-4">
      <h2 id="use-title" className="text-xl font-semibold tracking-tight">
        Included and used this month
      </h2>
      <dl className="grid gap-x-10 gap-y-6 sm:grid-cols-3">
        <Meter
          name="AI credit"
          used={formatUsd(used.aiNanoUsd)}
          of={charged ? formatCap(plan.includedAiNanoUsd) : null}
          share={used.aiNanoUsd / Math.max(1, plan.includedAiNanoUsd)}
        />
        <Meter
          name="Awake hours"
          used={hours(used.awakeMs)}
          of={charged ? hours(plan.includedAwakeMs) : null}
          share={used.awakeMs / Math.max(1, plan.includedAwakeMs)}
        />
        <Meter
          name="Assistants"
          used={String(used.assistants)}
          of={String(plan.assistantsMax)}
          share={used.assistants / plan.assistantsMax}
        />
      </dl>
      {charged ? (
        <p className="max-w-2xl text-sm text-soft">
          {plan.payAsYouGo
            ? `Above the plan, AI costs what the provider charges and an awake hour ${formatUsd(awakeMinuteNanoUsd * 60)}; prepaid balance is used first, and the invoice grows by at most ${formatCap(above.limitNanoUsd)} a month.`
            : 'The trial ends where its credit ends: nothing is charged above it, and prepaid balance goes on from there.'}{' '}
          Sleeping costs nothing.
        </p>
      ) : null}
      {billing.estimateCents === null ? null : (
        <p className="figures">
          <span className="text-soft">This month so far: </span>
          <strong>{cents(billing.estimateCents)}</strong>
          <span className="text-soft">
            {' '}
            ({cents(plan.monthlyCents)} for {plan.name}
            {above.aiNanoUsd + above.awakeMinutes > 0
              ? `, ${formatUsd(above.aiNanoUsd)} AI and ${formatUsd(above.awakeMinutes * awakeMinuteNanoUsd)} awake time above it`
              : ''}
            ). Counted by us within five minutes of use; tax is added on the invoice.
          </span>
        </p>
      )}
    </section>
  );
}

function Meter({ name, used, of, share }: { name: string; used: string; of: string | null; share: number }) {
  const percent = Math.min(100, share * 100);
  const fill = share >= 1 ? 'bg-coral' : share >= 0.8 ? 'bg-sand' : 'bg-tide';
  return (
    <div>
      <dt className="text-sm text-soft">{name}</dt>
      <dd className="figures mt-1">
        <span className="text-xl font-semibold tracking-tight">{used}</span>
        {of === null ? null : <span className="text-soft"> of {of}</span>}
        {of === null ? null : (
          <span aria-hidden className="relative mt-2 block h-2 overflow-hidden rounded-full bg-line">
            <span
              className={`keeps-colour absolute inset-y-0 left-0 rounded-full ${fill}`}
              style={{ width: `${share > 0 ? Math.max(percent, 0.8) : 0}%` }}
            />
          </span>
        )}
      </dd>
    </div>
  );
}
