// Before the stack stops: every assistant that is awake saves and goes to sleep, so that the next start finds what was
// said last. Uses the platform's own command; one that can't be saved in time is named, not hidden.

import { randomBytes } from 'node:crypto';
import type { Miniflare } from 'miniflare';
import { z } from 'zod';
import { OperationId, TenantId, ulidFrom } from '../../apps/control-plane/src/contract/ids.ts';
import type { TenantControl, TenantRef, TenantStateKind } from '../../apps/control-plane/src/contract/tenant-rpc.ts';

const DRAIN_TIMEOUT_MS = 45_000; // Saving some hundred MB takes seconds; longer than this a person presses Ctrl-C again.
const POLL_EVERY_MS = 250;
/** States in which a container may hold something that is not saved yet. */
const UNSAVED: readonly TenantStateKind[] = ['provisioning', 'waking', 'awake', 'draining'];

export interface DrainOutcome {
  /** How many went to sleep because of this. */
  readonly asleep: number;
  /** Slugs of those that did not in time. */
  readonly unsaved: readonly string[];
}

/** What draining needs of the platform; `timers` is replaced in tests. */
export interface DrainParts {
  readonly cell: Pick<TenantControl, 'report' | 'command'>;
  readonly tenants: readonly TenantRef[];
  readonly timers: { nowMs(): number; sleep(ms: number): Promise<unknown> };
}

/** Asks all awake tenants of a running stack to sleep and waits, at most 45 s. */
export async function drainTenants(miniflare: Miniflare, controlPlane: string): Promise<DrainOutcome> {
  const { TENANTS: cell } = await miniflare.getBindings<{ TENANTS: TenantControl }>(controlPlane);
  const tenants = await listTenants(miniflare, controlPlane);
  const timers = { nowMs: () => Date.now(), sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) };
  return await drainAll({ cell, tenants, timers });
}

/** Drains all at once. A tenant that cannot even report is counted as not saved. */
export async function drainAll(parts: DrainParts): Promise<DrainOutcome> {
  const deadlineMs = parts.timers.nowMs() + DRAIN_TIMEOUT_MS;
  const results = await Promise.all(
    parts.tenants.map((tenant) => drainOne(parts, tenant, deadlineMs).catch(() => 'unsaved' as const)),
  );
  return {
    asleep: results.filter((result) => result === 'asleep').length,
    unsaved: parts.tenants.filter((_tenant, index) => results[index] === 'unsaved').map((tenant) => tenant.slug),
  };
}

async function drainOne(parts: DrainParts, ref: TenantRef, deadlineMs: number): Promise<'asleep' | 'idle' | 'unsaved'> {
  let asked = false;
  for (;;) {
    const report = await parts.cell.report(ref);
    if (!report.ok || !UNSAVED.includes(report.value.state)) return asked ? 'asleep' : 'idle';
    if (report.value.state === 'awake' && !asked) {
      await parts.cell.command({ ...ref, kind: 'sleep', operationId: newOperationId() });
    }
    asked ||= report.value.state === 'awake' || report.value.state === 'draining';
    if (parts.timers.nowMs() > deadlineMs) return 'unsaved';
    await parts.timers.sleep(POLL_EVERY_MS);
  }
}

const TENANTS_MAX = 200; // More than a laptop holds awake by far.

/** From the projection, which may lag: so every tenant is asked that is not gone, and the newest first. */
async function listTenants(miniflare: Miniflare, controlPlane: string): Promise<TenantRef[]> {
  const db = await miniflare.getD1Database('DB', controlPlane);
  const query = "SELECT id, slug FROM tenant WHERE state <> 'deleted' ORDER BY reported_at_ms DESC LIMIT ?";
  const { results } = await db.prepare(query).bind(TENANTS_MAX).all();
  const rows = z.array(z.object({ id: TenantId, slug: z.string() })).parse(results);
  return rows.map((row) => ({ tenantId: row.id, slug: row.slug }));
}

function newOperationId(): OperationId {
  return OperationId.parse(`op_${ulidFrom(Date.now(), randomBytes(10))}`);
}
