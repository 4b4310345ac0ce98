/** The part of the endpoint table about an assistant's network policy. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './api.ts';
import {
  EgressDenied,
  EgressEffect,
  EgressLogEntry,
  EgressMethod,
  EgressPolicy,
  EgressPreset,
  EgressRuleDraft,
  EgressRuling,
  EgressTraffic,
  EgressVerdict,
  egressRulesMax,
} from './egress.ts';
import { TenantId } from './ids.ts';

const TenantParams = z.object({ tenantId: TenantId });

export const networkEndpoints = {
  networkRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/network',
    summary: 'The network policy, what it refused, and the traffic of the last days',
    permission: 'tenant:read',
    params: TenantParams,
    status: 200,
    response: z.object({ policy: EgressPolicy, denied: z.array(EgressDenied), traffic: z.array(EgressTraffic) }),
  },
  networkReplace: {
    method: 'put',
    path: '/api/v1/tenants/{tenantId}/network',
    summary: 'Replace preset and rules, on top of the version that you read',
    permission: 'tenant:configure',
    audit: 'network.replace',
    params: TenantParams,
    body: z.strictObject({
      version: z.number().int().min(0),
      preset: EgressPreset,
      rules: z.array(EgressRuleDraft).max(egressRulesMax),
    }),
    status: 200,
    response: EgressPolicy,
  },
  networkRuleAdd: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/network/rules',
    summary: 'Add a rule before all others, on top of the version that you read',
    permission: 'tenant:configure',
    audit: 'network.rule_add',
    params: TenantParams,
    body: z.strictObject({ version: z.number().int().min(0), rule: EgressRuleDraft }),
    status: 200,
    response: EgressPolicy,
  },
  networkRuleRemove: {
    method: 'delete',
    path: '/api/v1/tenants/{tenantId}/network/rules/{ruleId}',
    summary: 'Remove a rule',
    permission: 'tenant:configure',
    audit: 'network.rule_remove',
    params: TenantParams.extend({ ruleId: z.string().max(40) }),
    status: 200,
    response: EgressPolicy,
  },
  networkAnswer: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/network/answers',
    summary: 'Answer about a refused host: once (15 minutes), always, never',
    permission: 'tenant:configure',
    audit: 'network.answer',
    params: TenantParams,
    body: z.strictObject({
      host: z.string().trim().min(1).max(255),
      method: EgressMethod.nullable(),
      verdict: EgressVerdict,
    }),
    status: 200,
    response: EgressPolicy,
  },
  networkAnswerRemove: {
    method: 'delete',
    path: '/api/v1/tenants/{tenantId}/network/answers/{answerId}',
    summary: 'Take an answer back',
    permission: 'tenant:configure',
    audit: 'network.answer_remove',
    params: TenantParams.extend({ answerId: z.string().max(40) }),
    status: 200,
    response: EgressPolicy,
  },
  networkLog: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/network/log',
    summary: 'Requests that went out or were refused, newest first; allowed ones by sample',
    permission: 'tenant:read',
    params: TenantParams,
    query: z.object({
      cursor: z.string().max(128).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
      /** Part of a host. */
      host: z.string().trim().max(255).toLowerCase().optional(),
      effect: EgressEffect.optional(),
      method: z.string().trim().max(20).toUpperCase().optional(),
      /** How the rule that decided begins, such as `preset:` or `rule:<id>`. */
      rule: z.string().trim().max(120).optional(),
    }),
    status: 200,
    response: z.object({ items: z.array(EgressLogEntry), nextCursor: z.string().nullable() }),
  },
  networkTest: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/network/test',
    summary: 'Which rule decides on an address; sends nothing',
    permission: 'tenant:read',
    audit: { none: 'it asks and changes nothing' },
    params: TenantParams,
    body: z.strictObject({ method: EgressMethod.default('GET'), url: z.string().trim().min(1).max(2_000) }),
    status: 200,
    response: EgressRuling.extend({ host: z.string() }),
  },
} as const satisfies Record<string, Endpoint>;
