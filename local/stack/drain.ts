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

/** Asks all awake tenants to sleep and waits, at most 45 s. Never throws for a tenant that refuses. */
export async function drainTenants(miniflare: Miniflare, controlPlane: string): Promise<DrainOutcome> {
  const { TENANTS: cell } = await miniflare.getBindings<{ TENANTS: TenantControl }>(controlPlane);
  const known = await listTenants(miniflare, controlPlane);
  const deadlineMs = Date.now() + DRAIN_TIMEOUT_MS;
  const results = await Promise.all(known.map((tenant) => drainOne(cell, tenant, deadlineMs)));
  return {
    asleep: results.filter((result) => result === 'asleep').length,
    unsaved: known.filter((_tenant, index) => results[index] === 'unsaved').map((tenant) => tenant.slug),
  };
}

async function drainOne(
  cell: TenantControl,
  ref: TenantRef,
  deadlineMs: number,
): Promise<'asleep' | 'idle' | 'unsaved'> {
  let asked = false;
  for (;;) {
    const report = await cell.report(ref);
    if (!report.ok || !UNSAVED.includes(report.value.state)) return asked ? 'asleep' : 'idle';
    if (!asked && report.value.state === 'awake') {
      await cell.command({ ...ref, kind: 'sleep', operationId: newOperationId() });
    }
    asked ||= report.value.state === 'awake' || report.value.state === 'draining';
    if (Date.now() > deadlineMs) return 'unsaved';
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}

async function listTenants(miniflare: Miniflare, controlPlane: string): Promise<TenantRef[]> {
  const db = await miniflare.getD1Database('DB', controlPlane);
  const { results } = await db.prepare("SELECT id, slug FROM tenant WHERE state NOT IN ('asleep', 'deleted')").all();
  const rows = z.array(z.object({ id: TenantId, slug: z.string() })).parse(results);
  return rows.map((row) => ({ tenantId: row.id, slug: row.slug }));
}

function newOperationId(): OperationId {
  return OperationId.parse(`op_${ulidFrom(Date.now(), randomBytes(10))}`);
}
