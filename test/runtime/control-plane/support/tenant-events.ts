// What cells tell, brought to the control plane as its queue brings it.

import { TenantId } from '../../../../apps/control-plane/src/contract/ids.ts';
import type { Receipt } from '../../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { consumeTenantEvents } from '../../../../apps/control-plane/src/jobs/tenant-events.ts';
import type { World } from './world.ts';

export interface Named {
  readonly id: string;
  readonly slug: string;
}

/** wrangler.toml's `max_batch_size`. */
const batchMax = 50;
let seq = 0;

/** What every event of a tenant begins with; each has a number of its own. */
export function eventBase({ id, slug }: Named, atMs = 1) {
  return { v: 1 as const, tenantId: TenantId.parse(id), slug, seq: ++seq, atMs };
}

/** Resolves to how many were taken; the others are to be brought again. */
export async function bringEvents(world: World, bodies: readonly unknown[]): Promise<number> {
  let taken = 0;
  const messages = bodies.map((body) => ({ body, ack: () => void taken++, retry: () => undefined }));
  for (let from = 0; from < messages.length; from += batchMax) {
    await consumeTenantEvents(messages.slice(from, from + batchMax), world.ctx);
  }
  return taken;
}

export function bringReceipts(world: World, tenant: Named, receipts: readonly Receipt[]): Promise<number> {
  return bringEvents(
    world,
    receipts.map((receipt) => ({ ...eventBase(tenant), kind: 'receipt', receipt })),
  );
}
