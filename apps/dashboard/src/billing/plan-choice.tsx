/** The plans that can be had, each with what it includes; one click to the payment page, or to a change with its price. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Billing, PlanChoice as PlanId } from '../../../control-plane/src/contract/billing-api.ts';
import { toFailure } from '../api/errors.ts';
import { planPreviewQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { formatCap } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { type PayFor, usePlanAct } from './use-billing.ts';
import { cents, hours } from './words.ts';

interface PlanChoiceProps {
  readonly orgId: string;
  readonly billing: Billing;
  readonly reason: string | undefined;
  readonly payingFor: PayFor | null;
  readonly onPay: (what: PayFor) => void;
}

export function PlanChoice({ orgId, billing, reason, payingFor, onPay }: PlanChoiceProps) {
  const [asking, setAsking] = useState<PlanId | null>(null);
  const act = usePlanAct(orgId);
  const { subscription } = billing;
  return (
    <section aria-labelledby="plans-title" className="flex flex-col gap-4">
      <h2 id="plans-title" className="text-xl font-semibold tracking-tight">
        Plans
      </h2>
      {act.isError ? <FailureNotice failure={toFailure(act.error)} onRetry={() => act.mutate(act.variables)} /> : null}
      <ul className="grid gap-4 md:grid-cols-2">
        {billing.choices.map((plan) => {
          const present = subscription !== null && plan.id === billing.plan.id;
          return (
            <li
              key={plan.id}
              className={`flex flex-col gap-3 rounded-md border bg-foam p-5 ${present ? 'border-tide' : 'border-line'}`}
            >
              <h3 className="flex items-baseline justify-between gap-4 text-lg font-semibold">
                {plan.name}
                <span className="figures text-base">
                  {cents(plan.monthlyCents)} <span className="text-sm font-normal text-soft">a month</span>
                </span>
              </h3>
              <ul className="flex-1 list-disc pl-5 text-sm text-soft">
                <li>{formatCap(plan.includedAiNanoUsd)} of AI, at the providers’ own prices</li>
                <li>{hours(plan.includedAwakeMs)} awake; asleep is free</li>
                <li>
                  {plan.assistantsMax} assistants{plan.keepAwake ? ', may be kept awake' : ''}
                </li>
              </ul>
              {present ? (
                <p className="flex min-h-10 items-center text-sm font-semibold">Your plan</p>
              ) : (
                <Button
                  kind={subscription === null ? 'primary' : 'quiet'}
                  disabledReason={reason}
                  busy={
                    (payingFor?.kind === 'plan' && payingFor.plan === plan.id) ||
                    (act.isPending && act.variables.kind === 'change' && act.variables.plan === plan.id)
                  }
                  onClick={() =>
                    subscription === null
                      ? onPay({ kind: 'plan', plan: plan.id, key: crypto.randomUUID() })
                      : setAsking(plan.id)
                  }
                >
                  {subscription === null ? `Choose ${plan.name}` : `Change to ${plan.name}`}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      {subscription === null ? null : (
        <EndPlan
          name={billing.plan.name}
          ends={subscription.endsAt !== null}
          reason={reason}
          busy={act.isPending && act.variables.kind === 'end'}
          onEnd={(end) => act.mutate({ kind: 'end', end })}
        />
      )}
      {asking === null ? null : (
        <ChangeDialog
          orgId={orgId}
          plan={asking}
          name={billing.choices.find(({ id }) => id === asking)?.name ?? ''}
          onClose={() => setAsking(null)}
          onConfirm={() => {
            act.mutate({ kind: 'change', plan: asking });
            setAsking(null);
          }}
        />
      )}
    </section>
  );
}

function EndPlan(props: {
  name: string;
  ends: boolean;
  reason: string | undefined;
  busy: boolean;
  onEnd: (end: boolean) => void;
}) {
  const [asking, setAsking] = useState(false);
  if (props.ends) {
    return (
      <div>
        <Button disabledReason={props.reason} busy={props.busy} onClick={() => props.onEnd(false)}>
          Keep {props.name}
        </Button>
      </div>
    );
  }
  return (
    <div>
      <Button kind="plain" disabledReason={props.reason} busy={props.busy} onClick={() => setAsking(true)}>
        End the plan
      </Button>
      {asking ? (
        <ConfirmDialog
          open
          title={`End ${props.name}?`}
          confirmLabel="End it"
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            props.onEnd(true);
          }}
        >
          It runs until what is paid is over. Then the assistants are saved and stopped; everything is kept for 30 days
          and can be taken out or taken up again.
        </ConfirmDialog>
      ) : null}
    </div>
  );
}

function ChangeDialog(props: {
  orgId: string;
  plan: PlanId;
  name: string;
  onClose: () => void;
  onConfirm: () => void;
}) {
  const preview = useQuery(planPreviewQuery(props.orgId, props.plan));
  const { data } = preview;
  return (
    <ConfirmDialog
      open
      title={`Change to ${props.name}?`}
      confirmLabel={data?.payNow === true ? `Pay ${cents(data.totalCents)} and change` : 'Change'}
      // Nobody agrees to a sum that they have not seen.
      disabledReason={data === undefined ? 'What it comes to is not known yet.' : undefined}
      onClose={props.onClose}
      onConfirm={props.onConfirm}
    >
      {preview.isPending ? 'Working out what it comes to …' : null}
      {preview.isError && data === undefined ? (
        <FailureNotice failure={toFailure(preview.error)} onRetry={() => void preview.refetch()} />
      ) : null}
      {data === undefined
        ? null
        : data.payNow
          ? `It holds at once. For the rest of this month ${cents(data.totalCents)} is charged now: ${data.lines.map(({ description, amountCents }) => `${description} ${cents(amountCents)}`).join(', ')}.`
          : 'It holds at once. What is paid and not used is credited on the next invoice.'}
    </ConfirmDialog>
  );
}
