/** The part of the endpoint table about an assistant's models. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { TenantId } from './ids.ts';
import { ModelChoice, ModelRef, ModelRouting } from './models.ts';

const TenantParams = z.object({ tenantId: TenantId });

const ModelsView = z.object({
  /** Send it back with a change. */
  version: z.string().max(20),
  primary: z.string().max(120),
  utility: z.string().max(120),
  routing: ModelRouting,
  /** Every model with a price, by name. */
  choices: z.array(ModelChoice).max(4_000),
});
export type ModelsView = z.infer<typeof ModelsView>;

export const modelEndpoints = {
  modelsRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/models',
    summary: 'The models of an assistant, what takes over when one fails, and every model with its price',
    permission: 'tenant:read',
    params: TenantParams,
    status: 200,
    response: ModelsView,
  },
  modelsReplace: {
    method: 'put',
    path: '/api/v1/tenants/{tenantId}/models',
    summary: 'Replace the models of an assistant, on top of the version that you read',
    permission: 'tenant:configure',
    audit: 'models.replace',
    params: TenantParams,
    body: z.strictObject({
      version: z.string().max(20),
      primary: ModelRef,
      utility: ModelRef,
      routing: ModelRouting,
    }),
    status: 200,
    response: ModelsView,
  },
} as const satisfies Record<string, Endpoint>;
