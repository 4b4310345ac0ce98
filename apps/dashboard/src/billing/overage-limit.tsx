/** How much may be run up above the plan in a month: what holds now, what a change means, and the way back to the plan's. */
import { useId, useState } from 'react';
import { type Billing, overageMaxNanoUsd } from '../../../control-plane/src/contract/billing-api.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { formatCap, formatUsd } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { UsdField } from '../ui/usd-field.tsx';
import { parseUsd } from '../ui/usd-text.ts';
import { useUsdText } from '../ui/use-usd-text.ts';
import { usePlanAct } from './use-billing.ts';

interface OverageLimitProps {
  readonly orgId: string;
  readonly billing: Billing;
  readonly reason: string | undefined;
}

const parseLimit = (text: string) => parseUsd(text, overageMaxNanoUsd);

export function OverageLimit({ orgId, billing, reason }: OverageLimitProps) {
  const meaningId = useId();
  const { above, awakeMinuteNanoUsd } = billing;
  const { parsed, judge, field } = useUsdText(above.limitNanoUsd, parseLimit);
  /** What is asked about: an amount, or null for the plan's own. */
  const [asking, setAsking] = useState<{ readonly limitNanoUsd: number | null } | null>(null);
  const act = usePlanAct(orgId);
  const same = parsed.ok && parsed.nanoUsd === above.limitNanoUsd;
  const usedNanoUsd = above.aiNanoUsd + above.awakeMinutes * awakeMinuteNanoUsd;
  return (
    <section aria-labelledby="overage-title" className="flex flex-col gap-4">
      <h2 id="overage-title" className="text-xl font-semibold tracking-tight">
        Limit above the plan
      </h2>
      <form
        className="flex max-w-md flex-col gap-4"
        aria-describedby={meaningId}
        onSubmit={(event) => {
          event.preventDefault();
          judge();
          if (parsed.ok && !same && !act.isPending) setAsking({ limitNanoUsd: parsed.nanoUsd });
        }}
      >
        <UsdField
          label="At most this much above the plan, per month"
          {...field}
          readOnly={reason !== undefined}
          hint={
            above.limitIsOwn
              ? `Set by you. The plan’s own limit is ${formatCap(above.planLimitNanoUsd)}.`
              : 'This is the plan’s own limit.'
          }
        />
        <p id={meaningId} className="text-sm text-soft">
          What is above the plan goes on the next invoice, up to this amount in a month; prepaid balance is used first
          and does not count. At the limit the assistants are saved and stopped until the next month, a higher limit or
          a top-up. Zero means nothing above the plan.
        </p>
        {act.isError ? (
          <FailureNotice failure={toFailure(act.error)} onRetry={() => act.mutate(act.variables)} />
        ) : null}
        <div className="flex flex-wrap gap-2">
          <Button
            type="submit"
            busy={act.isPending}
            disabledReason={reason ?? (same ? 'This is the limit already.' : undefined)}
          >
            Change the limit
          </Button>
          {above.limitIsOwn ? (
            <Button kind="plain" disabledReason={reason} onClick={() => setAsking({ limitNanoUsd: null })}>
              Use the plan’s limit
            </Button>
          ) : null}
        </div>
      </form>
      {asking === null ? null : (
        <ConfirmDialog
          open
          title={`Limit what is above the plan to ${formatCap(asking.limitNanoUsd ?? above.planLimitNanoUsd)}?`}
          confirmLabel="Change the limit"
          onClose={() => setAsking(null)}
          onConfirm={() => {
            act.mutate({ kind: 'limit', ...asking });
            setAsking(null);
          }}
        >
          {meaningOf(asking.limitNanoUsd ?? above.planLimitNanoUsd, usedNanoUsd)}
        </ConfirmDialog>
      )}
    </section>
  );
}

function meaningOf(limitNanoUsd: number, usedNanoUsd: number): string {
  if (usedNanoUsd > 0 && limitNanoUsd <= usedNanoUsd) {
    return `${formatUsd(usedNanoUsd)} of this month is above the plan already and stays on the invoice. The assistants are saved and stopped now, until the next month, a higher limit or a top-up.`;
  }
  return limitNanoUsd === 0
    ? 'Nothing is charged above the plan. When what it includes and the prepaid balance are used up, the assistants are saved and stopped until the next month.'
    : `It holds at once. The next invoice grows by at most ${formatCap(limitNanoUsd)}, before tax.`;
}
