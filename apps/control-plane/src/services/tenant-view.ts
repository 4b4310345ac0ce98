/** An assistant as the API shows it: the stored row, joined with what the tenant says now or said last. */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Tenant } from '../contract/api.ts';
import { TenantId } from '../contract/ids.ts';
import { TenantReport, TenantSpec } from '../contract/tenant-rpc.ts';
import type { Operation } from '../contract/tenant-rpc.ts';
import type { Config } from '../env.ts';
import { tenantOriginOf } from '../env.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

export function storedReport(row: TenantRow): TenantReport | null {
  if (row.report === null) return null;
  const parsed = TenantReport.safeParse(JSON.parse(row.report));
  return parsed.success ? parsed.data : null;
}

export function specOf(row: TenantRow): TenantSpec {
  return TenantSpec.parse(JSON.parse(row.spec));
}

export interface ViewParts {
  readonly config: Config;
  readonly row: TenantRow;
  /** The newest report, and whether the tenant gave it just now. */
  readonly report: TenantReport | null;
  readonly live: boolean;
  readonly nowMs: number;
  /** Of the operation table, when the report names none. */
  readonly operation?: Operation | null;
}

export function toTenant({ config, row, report, live, nowMs, operation }: ViewParts): Tenant {
  const spec = specOf(row);
  const period = iso(nowMs).slice(0, 7);
  const empty = {
    period,
    version: 0,
    spentNanoUsd: 0,
    heldNanoUsd: 0,
    requests: 0,
    inputTokens: 0,
    outputTokens: 0,
    awakeMs: 0,
  };
  return {
    id: TenantId.parse(row.id),
    orgId: row.orgId,
    name: row.name,
    slug: row.slug,
    origin: tenantOriginOf(config, row.slug),
    state: report?.state ?? 'absent',
    stateSince: iso(report?.stateSinceMs ?? row.createdAtMs),
    reason: report?.reason ?? null,
    release: report?.release ?? spec.release,
    lastActivityAt: report?.lastActivityAtMs == null ? null : iso(report.lastActivityAtMs),
    lastSnapshot:
      report?.lastSnapshot == null
        ? null
        : { id: report.lastSnapshot.id, at: iso(report.lastSnapshot.atMs), bytes: report.lastSnapshot.bytes },
    operation: report?.operation ?? operation ?? null,
    // A report of last month says nothing of this one.
    usage: report?.usage.period === period ? report.usage : empty,
    aiCapNanoUsdPerMonth: spec.aiCapNanoUsdPerMonth,
    createdAt: iso(row.createdAtMs),
    asOf: iso(live ? nowMs : row.reportedAtMs || row.createdAtMs),
    live,
  };
}
