// The chain of one organisation of a running Tidepool, followed by its own API.

import { AuditVerification } from '../../apps/control-plane/src/contract/audit-api.ts';
import { StackError } from '../stack/progress.ts';
import type { Chain } from './whole-chain.ts';

export function remoteChain(of: {
  readonly url: string;
  readonly org: string;
  readonly key: string;
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
}): Chain {
  const { url, org, key } = of;
  return {
    orgId: org,
    follow: async (after) => {
      const address = new URL(`/api/v1/orgs/${encodeURIComponent(org)}/audit/verification?after=${after}`, url);
      if (address.protocol !== 'https:' && address.hostname !== 'localhost') {
        throw new StackError('The key is only sent over https.');
      }
      const answer = await of.fetch(address, { headers: { authorization: `Bearer ${key}` }, redirect: 'error' });
      const body: unknown = await answer.json();
      const parsed = AuditVerification.safeParse(body);
      if (answer.ok && parsed.success) return parsed.data;
      const code = typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : 'no code';
      throw new StackError(`${address.origin} answered ${answer.status} (${code}).`);
    },
  };
}
