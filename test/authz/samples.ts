// One sample request per endpoint of the table, for the authorisation matrix. An endpoint without one does not compile.

import { endpoints, type Endpoint, type EndpointName } from '../../apps/control-plane/src/contract/api.ts';

/** What a sample may name: ids of one organisation's things. */
export interface Things {
  readonly orgId: string;
  readonly tenantId: string;
  readonly operationId: string;
}

/** No tenant of the test has it: who may ask is told so, who may not learns nothing. */
const snapshotId = '0'.repeat(26);

export interface Sample {
  readonly params: (things: Things) => Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: (fresh: string) => Readonly<Record<string, unknown>>;
  /** What somebody who may do it gets, besides the endpoint's own status: the state may refuse it. */
  readonly alsoAllowed?: readonly number[];
  /** Whoever does it is gone afterwards: the test takes somebody new. */
  readonly spends?: true;
}

const tenant = ({ tenantId }: Things) => ({ tenantId });
const snapshot = ({ tenantId }: Things) => ({ tenantId, snapshotId });
const anImport = (of: Things) => ({ ...tenant(of), importId: `imp_${'0'.repeat(26)}` });
const aRollout = () => ({ rolloutId: `rol_${'0'.repeat(26)}` });
const org = ({ orgId }: Things) => ({ orgId });
/** Nobody has this id: who may change people is told so. */
const somebody = (of: Things) => ({ ...org(of), userId: `usr_${'0'.repeat(26)}` });
const anInvitation = (of: Things) => ({ ...org(of), invitationId: `inv_${'0'.repeat(26)}` });
const token = () => ({ token: '0'.repeat(43) });

export const samples: { readonly [Name in EndpointName]: Sample } = {
  systemRead: { params: () => ({}) },
  meRead: { params: () => ({}) },
  accountEventList: { params: () => ({}) },
  releaseList: { params: () => ({}) },
  slugRead: { params: () => ({ slug: 'some-free-pool' }) },
  tenantList: { params: org },
  tenantCreate: { params: org, body: (fresh) => ({ name: 'Nora', slug: fresh }), alsoAllowed: [409] },
  tenantRead: { params: tenant },
  tenantUpdate: { params: tenant, body: (fresh) => ({ name: fresh.slice(0, 20) }) },
  tenantWake: { params: tenant, alsoAllowed: [409] },
  tenantSleep: { params: tenant, alsoAllowed: [409] },
  tenantRestart: { params: tenant, alsoAllowed: [409] },
  tenantExport: { params: tenant, alsoAllowed: [409] },
  importList: { params: tenant },
  importCreate: { params: tenant, body: () => ({ fileName: 'openclaw.tar.gz', bytes: 4 }), alsoAllowed: [409] },
  importPart: { params: (of) => ({ ...anImport(of), part: '0' }), alsoAllowed: [404] },
  importStart: { params: anImport, alsoAllowed: [404, 409] },
  importApply: { params: anImport, alsoAllowed: [404, 409] },
  importRemove: { params: anImport, alsoAllowed: [404] },
  tenantUpgrade: { params: tenant, body: () => ({ release: '2026.9.6' }), alsoAllowed: [409] },
  tenantRollback: { params: tenant, alsoAllowed: [409] },
  drillCreate: { params: tenant, alsoAllowed: [409] },
  snapshotList: { params: tenant },
  snapshotTake: { params: tenant, body: () => ({ note: 'before the talk' }), alsoAllowed: [409] },
  snapshotChanges: { params: snapshot, alsoAllowed: [404, 409] },
  snapshotUpdate: { params: snapshot, body: () => ({ protected: true }), alsoAllowed: [404] },
  snapshotRestore: { params: snapshot, alsoAllowed: [404, 409] },
  snapshotUndo: { params: tenant, alsoAllowed: [404, 409] },
  snapshotFileList: { params: snapshot, alsoAllowed: [404, 409] },
  snapshotFileTake: { params: snapshot, query: { path: 'workspace/MEMORY.md' }, alsoAllowed: [404, 409] },
  snapshotFilePut: { params: snapshot, body: () => ({ path: 'workspace/MEMORY.md' }), alsoAllowed: [404, 409] },
  putFileList: { params: tenant },
  putFileUndo: { params: (of) => ({ ...tenant(of), putId: `put_${'0'.repeat(26)}` }), alsoAllowed: [404, 409] },
  timelineRead: { params: tenant },
  operationRead: { params: ({ operationId }) => ({ operationId }) },
  // Nothing is charged in the matrix's world: who may do it is told so.
  billingRead: { params: org },
  invoiceList: { params: org },
  billingRefresh: { params: org },
  checkoutCreate: { params: org, body: () => ({ plan: 'pool' }), alsoAllowed: [409] },
  topUpCreate: { params: org, body: () => ({ cents: 500 }), alsoAllowed: [409] },
  portalCreate: { params: org, alsoAllowed: [409] },
  planPreview: { params: org, query: { plan: 'pool' }, alsoAllowed: [409] },
  planChange: { params: org, body: () => ({ plan: 'pool' }), alsoAllowed: [409] },
  planEnd: { params: org, body: () => ({ end: true }), alsoAllowed: [409] },
  overageUpdate: { params: org, body: () => ({ limitNanoUsd: null }), alsoAllowed: [409] },
  orgBudgetUpdate: { params: org, body: () => ({ budgetNanoUsd: null }), alsoAllowed: [409] },
  budgetsRead: { params: tenant },
  budgetsUpdate: {
    params: tenant,
    body: (fresh) => ({ dayNanoUsd: null, models: [{ model: `openai/${fresh}`, monthNanoUsd: 1 }], fuse: true }),
  },
  spendingResume: { params: tenant, body: () => ({ pauseId: 'none' }) },
  memberList: { params: org },
  memberUpdate: { params: somebody, body: () => ({ role: 'viewer' }), alsoAllowed: [404] },
  memberRemove: { params: somebody, alsoAllowed: [404] },
  memberSessionsEnd: { params: somebody, alsoAllowed: [404] },
  orgLeave: { params: org, spends: true },
  invitationCreate: {
    params: org,
    body: (fresh) => ({ email: `${fresh}@example.test`, role: 'viewer' }),
    alsoAllowed: [409],
  },
  invitationResend: { params: anInvitation, alsoAllowed: [404] },
  invitationRevoke: { params: anInvitation, alsoAllowed: [404] },
  invitationLook: { params: () => ({}), body: token, alsoAllowed: [410] },
  invitationAccept: { params: () => ({}), body: token, alsoAllowed: [410] },
  invitationDecline: { params: () => ({}), body: token, alsoAllowed: [410] },
  sessionsEnd: { params: () => ({}), spends: true },
  deviceList: { params: tenant },
  deviceChange: {
    params: tenant,
    body: () => ({ change: { kind: 'deny_device', requestId: 'none' } }),
    alsoAllowed: [409, 503],
  },
  secretList: { params: tenant },
  secretPut: {
    params: (things) => ({ ...tenant(things), name: 'github' }),
    body: () => ({ use: { kind: 'model_key', provider: 'openai' }, value: 'sk-only-a-sample' }),
  },
  secretDelete: { params: (things) => ({ ...tenant(things), name: 'github' }) },
  modelsRead: { params: tenant },
  modelsReplace: {
    params: tenant,
    body: () => ({
      version: '',
      primary: 'anthropic/claude-sonnet-4-6',
      utility: 'anthropic/claude-haiku-4-5',
      routing: { allowed: null, fallbacks: [], keyRefused: 'stop', economy: null, perMinute: [], answerMinutes: null },
    }),
    alsoAllowed: [409],
  },
  networkRead: { params: tenant },
  networkReplace: { params: tenant, body: () => ({ version: 0, preset: 'locked', rules: [] }) },
  networkRuleAdd: {
    params: tenant,
    body: () => ({ version: 0, rule: { host: 'api.example.com', effect: 'allow' } }),
  },
  networkRuleRemove: { params: (things) => ({ ...tenant(things), ruleId: 'none' }) },
  networkAnswer: { params: tenant, body: () => ({ host: 'api.example.com', method: 'GET', verdict: 'once' }) },
  networkAnswerRemove: { params: (things) => ({ ...tenant(things), answerId: 'none' }) },
  networkLog: { params: tenant },
  networkTest: { params: tenant, body: () => ({ url: 'https://example.com/' }) },
  apiKeyList: { params: org },
  apiKeyCreate: {
    params: org,
    body: (fresh) => ({ name: fresh, scope: 'read', expiresInDays: 1 }),
    alsoAllowed: [409],
  },
  apiKeyRevoke: { params: (of) => ({ ...org(of), keyId: `key_${'0'.repeat(26)}` }), alsoAllowed: [404] },
  auditList: { params: org },
  auditVerify: { params: org },
  fleetReleases: { params: () => ({}) },
  rolloutList: { params: () => ({}) },
  rolloutRead: { params: aRollout, alsoAllowed: [404] },
  rolloutCreate: {
    params: () => ({}),
    body: () => ({ release: '2026.9.6', reason: 'It is new.' }),
    alsoAllowed: [409],
  },
  rolloutPause: { params: aRollout, body: () => ({ reason: 'A look.' }), alsoAllowed: [404] },
  rolloutResume: { params: aRollout, body: () => ({ reason: 'It was nothing.' }), alsoAllowed: [404] },
  rolloutHalt: { params: aRollout, body: () => ({ reason: 'It fails.' }), alsoAllowed: [404] },
  driftList: { params: () => ({}) },
  driftRead: { params: () => ({ day: '2026-11-20' }), alsoAllowed: [404] },
  marginList: { params: () => ({}) },
  holdList: { params: () => ({}) },
  holdRelease: {
    params: () => ({ holdId: 'dp_none' }),
    body: () => ({ reason: 'It was a mistake.' }),
    alsoAllowed: [404],
  },
  usageRead: { params: tenant },
  receiptList: { params: tenant },
  usageDrift: { params: tenant },
  receiptExport: { params: tenant, query: { period: '2026-11' } },
};

/** The sample as a request: what is made by it has the name `fresh`. */
export function requestOf(
  name: EndpointName,
  of: Things,
  fresh: string,
): { readonly method: string; readonly path: string; readonly body: Readonly<Record<string, unknown>> | undefined } {
  const endpoint: Endpoint = endpoints[name];
  const sample = samples[name];
  const params = sample.params(of);
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_whole, part: string) => params[part] ?? '');
  const search = new URLSearchParams(sample.query).toString();
  return {
    method: endpoint.method.toUpperCase(),
    path: search === '' ? path : `${path}?${search}`,
    body: endpoint.method === 'get' ? undefined : (sample.body?.(fresh) ?? {}),
  };
}
