/**
 * Waits for what the storm left open to be ended by the product itself: by its alarms, its questions to the witness and its
 * outbox, at their own pace. Ends when nothing is open and everything was told, or when nothing has moved for so long that
 * only what the upstream never saw can be left.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cell } from './cell.ts';
import { totalsKey, type Collector } from './collector.ts';
import type { LoadTenant } from './plan.ts';
import { readUpstreamLog } from './upstream-log.ts';

export interface Settled {
  readonly tookMs: number;
  /** Tenants that still hold something. */
  readonly holding: number;
}

const lookEveryMs = 2_000;
/** Longer than the pauses between the first questions to the witness, and between two sends of one event. */
const quietMs = 100_000;

export async function settle(options: {
  readonly cell: Cell;
  readonly tenants: readonly LoadTenant[];
  readonly collector: Collector;
  readonly upstreamLog: string;
  readonly waitMaxMs: number;
  readonly progress: (line: string) => void;
}): Promise<Settled> {
  const { cell, tenants, collector, upstreamLog, waitMaxMs, progress } = options;
  const beganMs = Date.now();
  let open: readonly LoadTenant[] = tenants;
  let untold = 0;
  let last = { state: '', atMs: beganMs };
  while (Date.now() - beganMs < waitMaxMs && Date.now() - last.atMs < quietMs) {
    open = await stillOpen(cell, open, collector);
    const lines = readUpstreamLog(upstreamLog);
    const ends = lines.filter((line) => line.kind === 'ended');
    const underWay = lines.length - 2 * ends.length;
    untold = ends.filter(({ request }) => !collector.receipts.has(request)).length;
    if (open.length === 0 && untold === 0 && underWay === 0) break;
    const state = `${open.length} tenants hold or have not told something, ${untold} requests without a receipt, ${underWay} under way upstream`;
    if (state !== last.state) {
      last = { state, atMs: Date.now() };
      progress(state);
    }
    await pause(lookEveryMs);
  }
  return { tookMs: Date.now() - beganMs, holding: open.length };
}

/** The tenants that hold something, or whose totals the control plane was not told as they are. */
async function stillOpen(cell: Cell, tenants: readonly LoadTenant[], collector: Collector): Promise<LoadTenant[]> {
  const open: LoadTenant[] = [];
  for (const tenant of tenants) {
    // A runtime that is busy with all of them may be late to answer: asked again.
    const report = await cell.report(tenant).catch(() => null);
    const usage = report?.usage;
    const told = usage && collector.totals.get(totalsKey(tenant.tenantId, usage.period));
    const toldAll = told?.requests === usage?.requests && told?.spentNanoUsd === usage?.spentNanoUsd;
    if (!usage || usage.heldNanoUsd > 0 || (usage.requests > 0 && !toldAll)) open.push(tenant);
  }
  return open;
}
