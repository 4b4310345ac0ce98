/** The part of the endpoint table about an assistant's secrets. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './api.ts';
import { TenantId } from './ids.ts';
import { SecretName, SecretUse, SecretView, secretCharsMax } from './secrets.ts';

const TenantParams = z.object({ tenantId: TenantId });
const SecretParams = TenantParams.extend({ name: SecretName });

export const secretEndpoints = {
  secretList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/secrets',
    summary: 'The secrets of an assistant and what uses them, without their values',
    permission: 'tenant:configure',
    params: TenantParams,
    status: 200,
    response: z.object({ items: z.array(SecretView) }),
  },
  secretPut: {
    method: 'put',
    path: '/api/v1/tenants/{tenantId}/secrets/{name}',
    summary: 'Store or replace a secret; its value cannot be read again',
    permission: 'tenant:configure',
    audit: 'secret.put',
    params: SecretParams,
    body: z.strictObject({ use: SecretUse, value: z.string().min(1).max(secretCharsMax) }),
    status: 200,
    response: SecretView,
  },
  secretDelete: {
    method: 'delete',
    path: '/api/v1/tenants/{tenantId}/secrets/{name}',
    summary: 'Delete a secret; one that is in use only when confirmed',
    permission: 'tenant:configure',
    audit: 'secret.delete',
    params: SecretParams,
    query: z.object({ confirmed: z.enum(['true', 'false']).default('false') }),
    status: 200,
    response: z.object({ deleted: z.boolean() }),
  },
} as const satisfies Record<string, Endpoint>;
