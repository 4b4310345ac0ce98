/**
 * Writes whose condition is part of the statement, as one batch each: all of it lasts, or nothing. Plain SQL, because the
 * query builder cannot put a condition on an insert inside a batch.
 */
import type { AuditEntry } from '../../core/audit-chain.ts';
import type { Operation, TenantSpec } from '../../contract/tenant-rpc.ts';
import { progressUntold } from '../../core/operation-progress.ts';
import { auditInsertWhere } from './audit.ts';
import type { Claim } from './idempotency.ts';

export interface Reservation {
  readonly id: string;
  readonly orgId: string;
  readonly slug: string;
  readonly spec: TenantSpec;
  /** What billing allows it (JSON); null = no limits but the spec's own. */
  readonly limits: string | null;
  /** The operation that will create it. */
  readonly operation: Operation;
  readonly claim: Claim;
  readonly claimExpiresAtMs: number;
  readonly audit: AuditEntry;
  readonly nowMs: number;
  /** How many assistants the organisation may have. */
  readonly quota: number;
}

/**
 * Inserts assistant, operation, key and audit entry; inserts nothing when the quota is full.
 * @throws D1's error when the slug or the key is there already
 */
export async function tenantReserve(d1: D1Database, { operation, claim, ...row }: Reservation): Promise<void> {
  const reserved = 'WHERE EXISTS (SELECT 1 FROM tenant WHERE id = ?)';
  await d1.batch([
    d1
      .prepare(
        `INSERT INTO tenant (id, org_id, slug, name, spec, limits, generation, provision_operation_id, created_at_ms)
         SELECT ?, ?, ?, ?, ?, ?, 1, ?, ?
         WHERE (SELECT count(*) FROM tenant WHERE org_id = ? AND state <> 'deleted') < ?`,
      )
      .bind(
        row.id,
        row.orgId,
        row.slug,
        row.spec.displayName,
        JSON.stringify(row.spec),
        row.limits,
        operation.id,
        row.nowMs,
        row.orgId,
        row.quota,
      ),
    d1
      .prepare(
        `INSERT INTO operation (id, tenant_id, body, finished, progress, started_at_ms) SELECT ?, ?, ?, 0, ?, ? ${reserved}`,
      )
      .bind(operation.id, row.id, JSON.stringify(operation), progressUntold, row.nowMs, row.id),
    d1
      .prepare(
        `INSERT INTO idempotency (scope, key, request_hash, result_id, expires_at_ms) SELECT ?, ?, ?, ?, ? ${reserved}`,
      )
      .bind(claim.scope, claim.key, claim.requestHash, row.id, row.claimExpiresAtMs, row.id),
    auditInsertWhere(d1, row.audit, 'EXISTS (SELECT 1 FROM tenant WHERE id = ?)', row.id),
  ]);
}

export interface SpecReplacement {
  readonly id: string;
  readonly orgId: string;
  readonly spec: TenantSpec;
  /** The generation that is replaced. */
  readonly generation: number;
  readonly audit: AuditEntry;
}

/** Saves the next generation with its audit entry; false, and nothing saved, when another took it. */
export async function specReplace(d1: D1Database, row: SpecReplacement): Promise<boolean> {
  const [updated] = await d1.batch([
    d1
      .prepare('UPDATE tenant SET name = ?, spec = ?, generation = generation + 1 WHERE id = ? AND generation = ?')
      .bind(row.spec.displayName, JSON.stringify(row.spec), row.id, row.generation),
    // changes() is of the statement before: no entry when nothing was changed.
    auditInsertWhere(d1, row.audit, 'changes() > 0'),
  ]);
  return (updated?.meta.changes ?? 0) > 0;
}

export interface LimitsReplacement {
  readonly id: string;
  /** As JSON. */
  readonly limits: string;
  /** The generation that is replaced. */
  readonly generation: number;
  readonly audit: AuditEntry;
}

/** Saves what billing allows under the next generation; false, and nothing saved, when another took it. */
export async function limitsReplace(d1: D1Database, row: LimitsReplacement): Promise<boolean> {
  const [updated] = await d1.batch([
    d1
      .prepare('UPDATE tenant SET limits = ?, generation = generation + 1 WHERE id = ? AND generation = ?')
      .bind(row.limits, row.id, row.generation),
    auditInsertWhere(d1, row.audit, 'changes() > 0'),
  ]);
  return (updated?.meta.changes ?? 0) > 0;
}
