// One sample request per endpoint of the table, for the authorisation matrix. An endpoint without one does not compile.

import type { EndpointName } from '../../apps/control-plane/src/contract/api.ts';

/** What a sample may name: ids of one organisation's things. */
export interface Things {
  readonly orgId: string;
  readonly tenantId: string;
  readonly operationId: string;
}

export interface Sample {
  readonly params: (things: Things) => Readonly<Record<string, string>>;
  readonly body?: (fresh: string) => Readonly<Record<string, unknown>>;
  /** What somebody who may do it gets, besides the endpoint's own status: the state may refuse it. */
  readonly alsoAllowed?: readonly number[];
}

const tenant = ({ tenantId }: Things) => ({ tenantId });
const org = ({ orgId }: Things) => ({ orgId });

export const samples: { readonly [Name in EndpointName]: Sample } = {
  systemRead: { params: () => ({}) },
  meRead: { params: () => ({}) },
  slugRead: { params: () => ({ slug: 'some-free-pool' }) },
  tenantList: { params: org },
  tenantCreate: { params: org, body: (fresh) => ({ name: 'Nora', slug: fresh }), alsoAllowed: [409] },
  tenantRead: { params: tenant },
  tenantUpdate: { params: tenant, body: (fresh) => ({ name: fresh.slice(0, 20) }) },
  tenantWake: { params: tenant, alsoAllowed: [409] },
  tenantSleep: { params: tenant, alsoAllowed: [409] },
  tenantRestart: { params: tenant, alsoAllowed: [409] },
  tenantExport: { params: tenant, alsoAllowed: [409] },
  drillCreate: { params: tenant, alsoAllowed: [409] },
  operationRead: { params: ({ operationId }) => ({ operationId }) },
  usageRead: { params: tenant },
  receiptList: { params: tenant },
};
