// Every organisation's chain in the kept state of the local stack.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AuditEntry } from '../../apps/control-plane/src/core/audit-chain.ts';
import { walkChain } from '../../apps/control-plane/src/core/audit-walk.ts';
import { withKeptState, type KeptState } from '../stack/kept-state.ts';
import { parseAnchor } from '../../apps/control-plane/src/core/audit-anchor.ts';
import { followWhole, type Chain } from './whole-chain.ts';

const text = z.string();
const maybe = z.string().nullable();
const Row = z
  .object({
    org_id: text,
    seq: z.number(),
    id: text,
    at_ms: z.number(),
    actor_kind: text,
    actor_id: text,
    action: text,
  })
  .extend({ outcome: text, tenant_id: maybe, intent_id: maybe, code: maybe, reason: maybe, detail: text })
  .extend({ request_id: maybe, prev_hash: text, hash: text });

const hashText = (value: string): Promise<string> =>
  Promise.resolve(createHash('sha256').update(value).digest('base64url'));

/** Follows every chain, then lets go of the state. */
export function keptChains(root: string, stateDir: string): Promise<readonly Chain[]> {
  return withKeptState(root, stateDir, async (state) => {
    const { results } = await state.db.prepare('SELECT DISTINCT org_id FROM audit_entry ORDER BY org_id').all();
    const withEntries = z
      .array(z.object({ org_id: text }))
      .parse(results)
      .map(({ org_id: orgId }) => orgId);
    const kept = await keptAnchors(state);
    const orgs = [...new Set([...withEntries, ...kept.keys()])].sort();
    const chains: Chain[] = [];
    for (const orgId of orgs) {
      const entriesAfter = async (seq: number, limit: number): Promise<AuditEntry[]> => {
        const query = 'SELECT * FROM audit_entry WHERE org_id = ? AND seq > ? ORDER BY seq LIMIT ?';
        const { results: rows } = await state.db.prepare(query).bind(orgId, seq, limit).all();
        return z.array(Row).parse(rows).map(toEntry);
      };
      const anchors = kept.get(orgId) ?? { anchors: [], unreadable: [] };
      const source = {
        entriesAfter,
        entryAt: async (seq: number) => (await entriesAfter(seq - 1, 1)).find((entry) => entry.seq === seq) ?? null,
        anchors: () => Promise.resolve(anchors),
      };
      const chain = { orgId, follow: (after: number) => walkChain(source, after, hashText) };
      const whole = await followWhole(chain);
      chains.push({
        orgId,
        follow: () => Promise.resolve({ from: 1, verifiedUpTo: null, next: null, ...whole }),
      });
    }
    return chains;
  });
}

function toEntry(row: z.infer<typeof Row>): AuditEntry {
  return {
    orgId: row.org_id,
    seq: row.seq,
    id: row.id,
    atMs: row.at_ms,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    action: row.action,
    outcome: row.outcome,
    tenantId: row.tenant_id,
    intentId: row.intent_id,
    code: row.code,
    reason: row.reason,
    detail: row.detail,
    requestId: row.request_id,
    prevHash: row.prev_hash,
    hash: row.hash,
  };
}

type Kept = Parameters<typeof walkChain>[0] extends { anchors(): Promise<infer A> } ? A : never;

/** The anchors of every organisation, also of one whose entries are gone. */
async function keptAnchors(state: KeptState): Promise<Map<string, Kept>> {
  const bucket = await state.bucket('AUDIT_ANCHORS');
  const found = new Map<string, { anchors: Kept['anchors'][number][]; unreadable: string[] }>();
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix: 'audit/', ...(cursor === undefined ? {} : { cursor }) });
    for (const { key } of page.objects) {
      const orgId = key.split('/')[1] ?? '';
      const of = found.get(orgId) ?? { anchors: [], unreadable: [] };
      const anchor = parseAnchor(key, orgId, (await (await bucket.get(key))?.text()) ?? '');
      if (anchor === null) of.unreadable.push(key);
      else of.anchors.push(anchor);
      found.set(orgId, of);
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return found;
}
