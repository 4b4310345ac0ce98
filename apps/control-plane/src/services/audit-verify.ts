/** The walk along an organisation's chain (core/audit-walk.ts), over D1 and the bucket of anchors. */
import { and, asc, eq, gt } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { anchorsOf } from '../adapters/audit-anchors.ts';
import { auditEntry } from '../adapters/d1/schema.ts';
import { sha256Base64Url } from '../adapters/system.ts';
import type { AuditVerification } from '../contract/audit-api.ts';
import { walkChain } from '../core/audit-walk.ts';

interface Deps {
  readonly db: DrizzleD1Database;
  readonly anchors: R2Bucket;
}

/** More than a year of days. One call may ask the bucket a thousand times. */
const anchorsRead = 400;

/** @param newestAnchors how many anchors it is compared with */
export function auditVerify(
  { db, anchors }: Deps,
  orgId: string,
  after: number,
  newestAnchors = anchorsRead,
): Promise<AuditVerification> {
  const entries = (from: number, limit: number) =>
    db
      .select()
      .from(auditEntry)
      .where(and(eq(auditEntry.orgId, orgId), gt(auditEntry.seq, from)))
      .orderBy(asc(auditEntry.seq))
      .limit(limit);
  const source = {
    entryAt: async (seq: number) => (await entries(seq - 1, 1)).find((entry) => entry.seq === seq) ?? null,
    entriesAfter: entries,
    anchors: () => anchorsOf(anchors, orgId, newestAnchors),
  };
  return walkChain(source, after, sha256Base64Url);
}
