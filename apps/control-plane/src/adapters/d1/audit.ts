/**
 * Writes to the audit trail. An organisation's entries are one chain, keyed by (organisation, number): whoever appends
 * reads the head, and of two at once the second one's batch fails whole, with the change in it, and is tried again on the
 * new head. The database itself refuses an entry that doesn't follow the last one, and every change of an entry.
 */
import { and, eq } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { auditDetail } from '../../contract/audit.ts';
import type { AuditFacts, AuditOutcome, Trail } from '../../contract/audit.ts';
import { AppError } from '../../contract/errors.ts';
import { canonicalEntry, chainStart } from '../../core/audit-chain.ts';
import type { AuditEntry, ChainPosition } from '../../core/audit-chain.ts';
import { sha256Base64Url } from '../system.ts';
import type { System } from '../system.ts';
import type { Statement } from './projection.ts';
import { auditEntry, auditHead } from './schema.ts';

export interface AuditDeps {
  readonly db: DrizzleD1Database;
  readonly system: System;
}

/** What an entry is about. */
export interface AuditSubject {
  readonly orgId: string;
  readonly tenantId: string | null;
  readonly before?: AuditFacts;
  readonly after?: AuditFacts;
}

export interface AuditResult {
  /** Ids are made here unless the entry has to be found again. */
  readonly id?: string;
  readonly outcome: AuditOutcome;
  readonly intentId?: string;
  readonly code?: string;
}

/** As many as may append to one organisation's chain at once: each try lets at least one of them through. */
const triesMax = 40;

/** Where an organisation's chain ends now. */
async function headOf(db: DrizzleD1Database, orgId: string): Promise<ChainPosition> {
  const rows = await db
    .select({ seq: auditHead.seq, hash: auditHead.hash })
    .from(auditHead)
    .where(eq(auditHead.orgId, orgId))
    .limit(1);
  return rows[0] ?? chainStart;
}

/**
 * Runs `change` with the entry that belongs to it: the change writes both in one batch, so that neither is there without
 * the other. It may run more than once, and must then not have changed anything the first time.
 * @throws what `change` throws when the chain isn't the reason
 */
export async function withAuditEntry<T>(
  deps: AuditDeps,
  trail: Trail,
  subject: AuditSubject,
  result: AuditResult,
  change: (entry: AuditEntry) => Promise<T>,
): Promise<T> {
  const { orgId } = subject;
  const id = result.id ?? `aud_${deps.system.ulid()}`;
  let head = await headOf(deps.db, orgId);
  for (let i = 0; i < triesMax; i++) {
    const entry = await nextEntry(head, { id, atMs: deps.system.nowMs(), trail, subject, result });
    try {
      return await change(entry);
    } catch (error) {
      const now = await headOf(deps.db, orgId).catch(() => head);
      // The head stands where it was: it was not the chain. The entry is there: applied, and the answer lost.
      if (now.seq === head.seq || (await isThere(deps.db, entry))) throw error;
      head = now;
    }
  }
  throw new AppError('upstream_unavailable', {
    detail: 'Too many changes were made in this organisation at the same time.',
    next: 'Try again in a moment; nothing was changed.',
    retryAfterSeconds: 2,
  });
}

async function isThere(db: DrizzleD1Database, { orgId, id }: AuditEntry): Promise<boolean> {
  const found = await db
    .select({ seq: auditEntry.seq })
    .from(auditEntry)
    .where(and(eq(auditEntry.id, id), eq(auditEntry.orgId, orgId)))
    .limit(1);
  return found.length > 0;
}

async function nextEntry(
  head: ChainPosition,
  parts: {
    readonly id: string;
    readonly atMs: number;
    readonly trail: Trail;
    readonly subject: AuditSubject;
    readonly result: AuditResult;
  },
): Promise<AuditEntry> {
  const { trail, subject, result } = parts;
  const content = {
    orgId: subject.orgId,
    seq: head.seq + 1,
    id: parts.id,
    atMs: parts.atMs,
    actorKind: trail.actor.kind,
    actorId: trail.actor.id,
    action: trail.action,
    outcome: result.outcome,
    tenantId: subject.tenantId,
    intentId: result.intentId ?? null,
    code: result.code ?? null,
    reason: trail.actor.reason?.slice(0, reasonMax) ?? null,
    detail: JSON.stringify(auditDetail(trail.action, subject)),
    requestId: trail.requestId,
    prevHash: head.hash,
  };
  return { ...content, hash: await sha256Base64Url(canonicalEntry(content)) };
}

const reasonMax = 500;

/** The entry as a statement of the query builder. */
export function auditInsert(db: DrizzleD1Database, entry: AuditEntry): Statement {
  return db.insert(auditEntry).values(entry);
}

/** The same in plain SQL, written only where `condition` holds. */
export function auditInsertWhere(
  d1: D1Database,
  entry: AuditEntry,
  condition: string,
  ...bound: readonly string[]
): D1PreparedStatement {
  return d1
    .prepare(
      `INSERT INTO audit_entry (org_id, seq, id, at_ms, actor_kind, actor_id, action, outcome, tenant_id, intent_id, code,
         reason, detail, request_id, prev_hash, hash)
       SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${condition}`,
    )
    .bind(
      entry.orgId,
      entry.seq,
      entry.id,
      entry.atMs,
      entry.actorKind,
      entry.actorId,
      entry.action,
      entry.outcome,
      entry.tenantId,
      entry.intentId,
      entry.code,
      entry.reason,
      entry.detail,
      entry.requestId,
      entry.prevHash,
      entry.hash,
      ...bound,
    );
}
