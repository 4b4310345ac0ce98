/** The part of the endpoint table about an organisation's API keys. `api.ts` takes it in. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { OrgId } from './ids.ts';
import { keyScopes } from './roles.ts';

export const ApiKeyId = z
  .string()
  .regex(/^key_[0-9a-hjkmnp-tv-z]{26}$/)
  .max(40);

/** Live keys of one organisation. */
export const apiKeysMax = 20;

export const ApiKey = z.object({
  id: ApiKeyId,
  name: z.string(),
  scope: z.enum(keyScopes),
  /** How the key begins, to tell it from others. */
  starts: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string(),
  /** To within five minutes; null when it was never used. */
  lastUsedAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  state: z.enum(['live', 'expired', 'revoked']),
});
export type ApiKey = z.infer<typeof ApiKey>;

const OrgParams = z.object({ orgId: OrgId });

export const apiKeyEndpoints = {
  apiKeyList: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/api-keys',
    summary: 'The API keys of an organisation, without their secrets, newest first',
    permission: 'apikey:manage',
    params: OrgParams,
    status: 200,
    response: z.object({ items: z.array(ApiKey) }),
  },
  apiKeyCreate: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/api-keys',
    summary: 'Make an API key; its secret is in this answer only',
    permission: 'apikey:manage',
    audit: 'apikey.create',
    params: OrgParams,
    body: z.strictObject({
      name: z.string().trim().min(1).max(60),
      scope: z.enum(keyScopes),
      expiresInDays: z.number().int().min(1).max(366),
    }),
    status: 201,
    /** `secret` is null in the answer to a repeat: it is shown once and not kept. */
    response: z.object({ key: ApiKey, secret: z.string().nullable() }),
    idempotent: true,
  },
  apiKeyRevoke: {
    method: 'delete',
    path: '/api/v1/orgs/{orgId}/api-keys/{keyId}',
    summary: 'Revoke an API key, at once and for good',
    permission: 'apikey:manage',
    audit: 'apikey.revoke',
    params: OrgParams.extend({ keyId: ApiKeyId }),
    status: 200,
    response: ApiKey,
  },
} as const satisfies Record<string, Endpoint>;
