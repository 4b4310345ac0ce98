/** What billing pages read and do. A payment happens on the provider's page: the answer is where to go. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Billing, PlanChoice } from '../../../control-plane/src/contract/billing-api.ts';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';
import { formatCap } from '../ui/format.ts';
import { showToast } from '../ui/toast.tsx';

/** To the provider's page; the browser leaves this one. */
export function usePay(orgId: string) {
  return useMutation({
    mutationFn: async (what: PayFor) => {
      const params = { orgId };
      switch (what.kind) {
        case 'plan':
          return call('checkoutCreate', { params, body: { plan: what.plan }, idempotencyKey: what.key });
        case 'top_up':
          return call('topUpCreate', { params, body: { cents: what.cents }, idempotencyKey: what.key });
        case 'portal':
          return call('portalCreate', { params, body: { flow: what.flow } });
        default:
          return what satisfies never;
      }
    },
    onSuccess: ({ url }) => window.location.assign(url),
  });
}

export type PayFor =
  | { readonly kind: 'plan'; readonly plan: PlanChoice; readonly key: string }
  | { readonly kind: 'top_up'; readonly cents: number; readonly key: string }
  | { readonly kind: 'portal'; readonly flow: 'home' | 'card' };

export type PlanAct =
  | { readonly kind: 'change'; readonly plan: PlanChoice }
  | { readonly kind: 'end'; readonly end: boolean }
  | { readonly kind: 'budget'; readonly budgetNanoUsd: number | null }
  /** Null: as the plan says. */
  | { readonly kind: 'limit'; readonly limitNanoUsd: number | null }
  | { readonly kind: 'refresh' };

/** Changes that need no payment page; what the server answers is what the page shows. */
export function usePlanAct(orgId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (act: PlanAct): Promise<Billing> => {
      const params = { orgId };
      switch (act.kind) {
        case 'change':
          return call('planChange', { params, body: { plan: act.plan } });
        case 'end':
          return call('planEnd', { params, body: { end: act.end } });
        case 'budget':
          return call('orgBudgetUpdate', { params, body: { budgetNanoUsd: act.budgetNanoUsd } });
        case 'limit':
          return call('overageUpdate', { params, body: { limitNanoUsd: act.limitNanoUsd } });
        case 'refresh':
          return call('billingRefresh', { params });
        default:
          return act satisfies never;
      }
    },
    onSuccess: (billing, act) => {
      queryClient.setQueryData(keys.billing(orgId), billing);
      void queryClient.invalidateQueries({ queryKey: keys.invoices(orgId) });
      const text = said(act, billing);
      if (text !== null) showToast({ tone: 'done', text });
    },
  });
}

function said(act: PlanAct, { plan, service, above }: Billing): string | null {
  switch (act.kind) {
    case 'change':
      return `Your plan is ${plan.name} now.`;
    case 'end':
      return act.end ? `${plan.name} ends with what is paid.` : `${plan.name} goes on.`;
    case 'budget':
      return 'The budget is changed. It holds at once.';
    case 'limit':
      return `At most ${formatCap(above.limitNanoUsd)} above the plan, from now on.`;
    case 'refresh':
      return service.kind === 'active' ? `Your plan is ${plan.name}.` : null;
    default:
      return act satisfies never;
  }
}
