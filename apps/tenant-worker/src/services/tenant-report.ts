/** The tenant as it sees itself, for the control plane and the waiting page. Reads only. */
import type { Operation, TenantReport } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { UsageTotals } from '../../../control-plane/src/contract/usage-totals.ts';
import type { SpendPause } from '../../../control-plane/src/contract/budgets.ts';
import type { StaysAwake } from '../core/lifecycle/awake.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import type { DrillRecord } from '../modules/scratch.ts';
import type { SnapshotRow } from '../modules/snapshot-schema.ts';
import type { TenantProgress } from '../tenant-api.ts';

/** UTC month of an instant: the ledger's period. */
export function periodOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 7);
}

/** Start and end of a period, in milliseconds since the epoch. */
export function periodBounds(period: string): { fromMs: number; toMs: number } {
  const [year, month] = period.split('-').map(Number);
  return { fromMs: Date.UTC(year ?? 1970, (month ?? 1) - 1), toMs: Date.UTC(year ?? 1970, month ?? 1) };
}

export interface ReportParts {
  readonly record: TenantRecord;
  readonly operation: Operation | null;
  readonly newest: SnapshotRow | null;
  readonly drill: DrillRecord | null;
  readonly usage: UsageTotals;
  readonly storedBytes: number;
  readonly spendPause: SpendPause | null;
  readonly lastActivityAtMs: number;
  readonly stays: StaysAwake | null;
  readonly nextRunAtMs: number | null;
}

export function toReport(parts: ReportParts): TenantReport {
  const { record, operation, newest, drill, usage, storedBytes, spendPause, lastActivityAtMs, stays, nextRunAtMs } =
    parts;
  const { state } = record;
  return {
    tenantId: record.tenantId,
    slug: record.slug,
    version: record.version,
    generation: record.generation,
    state: state.kind,
    stateSinceMs: 'sinceMs' in state ? state.sinceMs : 'atMs' in state ? state.atMs : record.createdAtMs,
    reason: state.kind === 'needs_operator' ? state.reason : record.reason,
    incarnation: incarnationOf(state),
    release: releaseOf(record),
    lastActivityAtMs: lastActivityAtMs === 0 ? null : lastActivityAtMs,
    // When it was begun: what was written while it was being made may not be in it.
    lastSnapshot: newest === null ? null : { id: newest.id, atMs: newest.begunAtMs, bytes: newest.bytes },
    storedBytes,
    lastProvenRestore: drill?.proven ?? null,
    drillFailure: drill?.failure ?? null,
    upgrade:
      record.upgrade === null
        ? null
        : { to: record.upgrade.to, phase: record.upgrade.phase, operationId: record.upgrade.operationId },
    upgradeFailure: record.upgradeFailure,
    rollback: record.rollback,
    audit: record.audit,
    operation,
    usage,
    aiCapNanoUsdPerMonth: record.spec.aiCapNanoUsdPerMonth,
    spendPause,
    awakeBecause: stays === null ? null : { reason: stays.because, sleepsAtMs: stays.sleepsAtMs },
    nextRunAtMs,
  };
}

/** Median of the last starts, or null when there was none. */
function medianMs(durations: readonly number[]): number | null {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

export function toProgress(record: TenantRecord, operation: Operation | null): TenantProgress {
  return {
    displayName: record.spec.displayName,
    state: record.state.kind,
    reason: record.state.kind === 'needs_operator' ? record.state.reason : record.reason,
    operation,
    steps: operation?.steps ?? [],
    usualMs: medianMs(record.startDurationsMs),
  };
}
