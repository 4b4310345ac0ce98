// The people of an organisation and its audit trail, parsed with the contract.

import type { Page } from 'playwright-core';
import { endpoints } from '../../../apps/control-plane/src/contract/api.ts';

const hourMs = 3_600_000;
const iso = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();

function member(n: number, name: string, role: string) {
  return { userId: `usr${n}`, name, email: `${name.toLowerCase()}@example.test`, role, joinedAt: iso(n * hourMs) };
}

/** Two beside the one who looks, and somebody whose invitation is over. */
export async function serveMembers(page: Page): Promise<void> {
  const invitation = { id: 'inv1', email: 'someone-with-a-long-name@a-long-domain.example.test', role: 'viewer' };
  const json = endpoints.memberList.response.parse({
    members: [member(1, 'Berta', 'member'), member(2, 'Cosima', 'admin')],
    invitations: [
      { ...invitation, invitedBy: 'Ada', sentAt: iso(200 * hourMs), expiresAt: iso(32 * hourMs), expired: true },
    ],
  });
  await page.route('**/api/v1/orgs/*/members', (route) => route.fulfill({ json }));
}

/** A change by a person, and one by a key that was refused. */
export async function serveAudit(page: Page): Promise<void> {
  const entry = {
    id: 'aud1',
    at: iso(hourMs),
    actor: { kind: 'person', id: 'usr1', name: 'Ada Lindqvist' },
    action: 'tenant.update',
    outcome: 'done',
    tenantId: null,
    tenantName: 'Nora',
    intentId: null,
    code: null,
    reason: null,
    before: { name: 'Nora' },
    after: { name: 'A name that goes on and on so that it has to break somewhere' },
    requestId: 'req_1',
    hash: 'ab'.repeat(32),
  };
  const key = { kind: 'api_key', id: 'key1', name: null };
  const json = endpoints.auditList.response.parse({
    items: [
      { ...entry, seq: 2 },
      { ...entry, seq: 1, actor: key, outcome: 'refused', code: 'tenant_unreachable', reason: 'Asked for by Ada' },
    ],
    nextCursor: null,
  });
  await page.route('**/api/v1/orgs/*/audit?*', (route) => route.fulfill({ json }));
}
