/** When a tenant's newest snapshot is to be proven by restoring it. Pure. */
import { stableHash } from '../../../../control-plane/src/contract/stable-hash.ts';
import { dueAtMs } from '../lifecycle/plan-input.ts';
import { drillAfterFailureMs, drillEveryMs, drillJitterMs } from './limits.ts';

export interface DrillFacts {
  readonly tenantId: string;
  /** Only an active tenant is drilled by itself. */
  readonly active: boolean;
  readonly createdAtMs: number;
  readonly newestSnapshotId: string | null;
  readonly provenSnapshotId: string | null;
  /** When a drill was last begun, and whether it failed. */
  readonly lastDrill: { readonly atMs: number; readonly failed: boolean } | null;
}

/** Null = nothing to prove. In the past = due. */
export function drillDueAtMs(facts: DrillFacts, nowMs: number): number | null {
  if (!facts.active || facts.newestSnapshotId === null || facts.newestSnapshotId === facts.provenSnapshotId)
    return null;
  const jitterMs = stableHash(facts.tenantId) % drillJitterMs;
  const everyMs = facts.lastDrill?.failed === true ? drillAfterFailureMs : drillEveryMs;
  return dueAtMs(facts.lastDrill?.atMs ?? facts.createdAtMs, everyMs + jitterMs, nowMs);
}
