/** An assistant as the API shows it: the stored row, joined with what the tenant says now or said last. */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Tenant } from '../contract/api.ts';
import { OperationId, TenantId } from '../contract/ids.ts';
import { TenantLimits, withLimits } from '../core/billing/limits.ts';
import { TenantReport, TenantSpec } from '../contract/tenant-rpc.ts';
import type { Operation } from '../contract/tenant-rpc.ts';
import type { UsageTotals } from '../contract/usage-totals.ts';
import type { Config } from '../env.ts';
import { tenantOriginOf } from '../env.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** A time that an assistant names; one beyond the calendar's end is none. */
const isoTime = (ms: number | null): string | null => (ms === null || Math.abs(ms) > calendarEndMs ? null : iso(ms));
const calendarEndMs = Date.UTC(9999, 11, 31);

export function storedReport(row: TenantRow): TenantReport | null {
  if (row.report === null) return null;
  const parsed = TenantReport.safeParse(JSON.parse(row.report));
  return parsed.success ? parsed.data : null;
}

export function specOf(row: TenantRow): TenantSpec {
  return TenantSpec.parse(JSON.parse(row.spec));
}

/** The spec as it is sent: what is wanted, within what billing allows. */
export function specToSend(row: TenantRow): TenantSpec {
  return withLimits(specOf(row), row.limits === null ? null : TenantLimits.parse(JSON.parse(row.limits)));
}

/** An operation as it is before the tenant has spoken of it. */
export function newOperation(parts: {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: Operation['kind'];
  readonly nowMs: number;
}): Operation {
  return {
    id: OperationId.parse(parts.id),
    tenantId: TenantId.parse(parts.tenantId),
    kind: parts.kind,
    startedAtMs: parts.nowMs,
    finishedAtMs: null,
    steps: [],
    attempt: 1,
    error: null,
  };
}

/** The operation that makes an assistant, before its cell has spoken of it. */
export function creationOf(row: TenantRow): Operation {
  return newOperation({ id: row.provisionOperationId, tenantId: row.id, kind: 'provision', nowMs: row.createdAtMs });
}

/** What a month cost before anything was used in it. */
export function nothingUsed(period: string): UsageTotals {
  return {
    period,
    version: 0,
    spentNanoUsd: 0,
    heldNanoUsd: 0,
    requests: 0,
    inputTokens: 0,
    outputTokens: 0,
    awakeMs: 0,
    awakeMsBySize: {},
    browserMs: 0,
  };
}

/** The UTC month of an instant. */
export const periodOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 7);

export interface ViewParts {
  readonly config: Config;
  readonly row: TenantRow;
  /** The newest report, and whether the tenant gave it just now. */
  readonly report: TenantReport | null;
  readonly live: boolean;
  readonly nowMs: number;
  /** The creation as it is stored, for an assistant that has not reported yet. */
  readonly operation?: Operation | null;
}

export function toTenant({ config, row, report, live, nowMs, operation }: ViewParts): Tenant {
  const spec = specOf(row);
  const period = periodOf(nowMs);
  return {
    id: TenantId.parse(row.id),
    orgId: row.orgId,
    name: row.name,
    slug: row.slug,
    origin: tenantOriginOf(config, row.slug),
    // Until its cell has spoken, an assistant is one that is being made.
    state: report?.state ?? 'provisioning',
    stateSince: iso(report?.stateSinceMs ?? row.createdAtMs),
    reason: report?.reason ?? null,
    release: report?.release ?? spec.release,
    pinned: spec.pinned,
    ...releaseView(report),
    securityAudit: auditView(report),
    lastActivityAt: typeof report?.lastActivityAtMs === 'number' ? iso(report.lastActivityAtMs) : null,
    lastSnapshot:
      report === null || report.lastSnapshot === null
        ? null
        : { id: report.lastSnapshot.id, at: iso(report.lastSnapshot.atMs), bytes: report.lastSnapshot.bytes },
    ...drillView(report),
    operation: report === null ? (operation ?? creationOf(row)) : report.operation,
    // A report of last month says nothing of this one.
    usage: report?.usage.period === period ? report.usage : nothingUsed(period),
    aiCapNanoUsdPerMonth: spec.aiCapNanoUsdPerMonth,
    spendPause: report?.spendPause ?? null,
    idleSleepMs: spec.idleSleepMs,
    keepAwake: spec.keepAwake,
    awakeBecause:
      report === null || report.awakeBecause === null
        ? null
        : { reason: report.awakeBecause.reason, sleepsAt: isoTime(report.awakeBecause.sleepsAtMs) },
    nextRunAt: isoTime(report?.nextRunAtMs ?? null),
    createdAt: iso(row.createdAtMs),
    asOf: iso(live ? nowMs : row.reportedAtMs || row.createdAtMs),
    live,
  };
}

function auditView(report: TenantReport | null): Tenant['securityAudit'] {
  if (report === null || report.audit === null) return null;
  const { atMs, ...audit } = report.audit;
  return { ...audit, at: iso(atMs) };
}

function drillView(report: TenantReport | null): Pick<Tenant, 'lastProvenRestore' | 'drillFailure'> {
  const { lastProvenRestore: proven = null, drillFailure: failure = null } = report ?? {};
  return {
    lastProvenRestore:
      proven === null ? null : { snapshotId: proven.snapshotId, at: iso(proven.atMs), tookMs: proven.tookMs },
    drillFailure:
      failure === null
        ? null
        : { snapshotId: failure.snapshotId, at: iso(failure.atMs), code: failure.code, detail: failure.detail },
  };
}

function releaseView(report: TenantReport | null): Pick<Tenant, 'upgrade' | 'upgradeFailure' | 'rollback'> {
  const { upgrade = null, upgradeFailure: failure = null, rollback = null } = report ?? {};
  return {
    upgrade: upgrade === null ? null : { to: upgrade.to, phase: upgrade.phase },
    upgradeFailure:
      failure === null ? null : { to: failure.to, code: failure.code, detail: failure.detail, at: iso(failure.atMs) },
    rollback: rollback === null ? null : { release: rollback.release, at: iso(rollback.atMs) },
  };
}
