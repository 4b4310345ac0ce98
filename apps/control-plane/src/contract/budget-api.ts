/** The part of the endpoint table about what may be spent. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './api.ts';
import { Billing } from './billing-api.ts';
import { NanoUsd, SpendingView, WantedBudgets } from './budgets.ts';
import { OrgId, TenantId } from './ids.ts';

const TenantParams = z.object({ tenantId: TenantId });

const once = (models: WantedBudgets['models']): boolean =>
  new Set(models.map(({ model }) => model)).size === models.length;

export const budgetEndpoints = {
  budgetsRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/budgets',
    summary: 'Budgets, what counts against each of them now, and the fuse',
    permission: 'usage:read',
    params: TenantParams,
    status: 200,
    response: z.object({ wanted: WantedBudgets, now: SpendingView }),
  },
  budgetsUpdate: {
    method: 'put',
    path: '/api/v1/tenants/{tenantId}/budgets',
    summary: 'Replace the budget of the day, those of single models, and whether the fuse is on; holds at once',
    permission: 'tenant:configure',
    audit: 'tenant.budgets',
    params: TenantParams,
    body: z.strictObject({
      ...WantedBudgets.shape,
      models: WantedBudgets.shape.models.refine(once, 'A model has one budget.'),
    }),
    status: 200,
    response: WantedBudgets,
  },
  spendingResume: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/budgets/resume',
    summary: 'Let model requests go on that the fuse has paused',
    permission: 'tenant:configure',
    audit: 'tenant.spending_resume',
    params: TenantParams,
    body: z.strictObject({ pauseId: z.string().min(1).max(40) }),
    status: 200,
    response: SpendingView,
  },
  orgBudgetUpdate: {
    method: 'put',
    path: '/api/v1/orgs/{orgId}/billing/budget',
    summary: 'What all assistants together may spend on AI in a month, below what the plan allows; null = as it allows',
    permission: 'billing:manage',
    audit: 'billing.budget',
    params: z.object({ orgId: OrgId }),
    body: z.strictObject({ budgetNanoUsd: NanoUsd.nullable() }),
    status: 200,
    response: Billing,
  },
} as const satisfies Record<string, Endpoint>;
