/**
 * The cell with a driver in front, for the load run and the metering bench: the product's own `Tenant`, `Egress` and
 * `TenantControl`, and beside them a sandbox without a container. Hands a request to `Egress` as an intercepting container
 * does (props that say who asks), and takes the tenants' events as the control plane does: applied, then acknowledged.
 */
import { TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import type { TenantControl as Control, TenantEvent } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Env as CellEnv } from '../../../apps/tenant-worker/src/env.ts';
import { Tenant as CellTenant } from '../../../apps/tenant-worker/src/index.ts';
import type { BareRelay, BenchLedger, LedgerRound } from './bench-objects.ts';
import { relayTo } from './bench-objects.ts';

export { Egress, ScratchEgress, TenantControl } from '../../../apps/tenant-worker/src/index.ts';
export { BareRelay, BenchLedger } from './bench-objects.ts';
export { StandInSandbox as TenantSandbox } from './stand-in-sandbox.ts';

interface Env extends CellEnv {
  /** Takes events by POST; answers 204 when it has them. */
  readonly COLLECTOR_URL: string;
  readonly BARE: DurableObjectNamespace<BareRelay>;
  readonly BENCH_LEDGER: DurableObjectNamespace<BenchLedger>;
}

/** The product's object, and how it is lost: as when the platform moves it, with everything that it is doing. */
export class Tenant extends CellTenant {
  async abortNow(): Promise<void> {
    this.ctx.abort('evicted by the load run');
  }
}

export default {
  async fetch(request, env, ctx) {
    const [, area = '', ...rest] = new URL(request.url).pathname.split('/');
    switch (area) {
      case 'up':
        return new Response('up');
      case 'ai': {
        const [slug = '', tenantId = '', incarnation = '', ...path] = rest;
        const egress = ctx.exports.Egress({ props: { tenantId, slug, incarnation: Number(incarnation) } });
        return egress.fetch(new Request(`http://ai.tidepool.internal/${path.join('/')}`, request));
      }
      case 'direct':
        return relayTo(request);
      case 'bare':
        return env.BARE.getByName(rest[0] ?? '').fetch(request);
      case 'provision': {
        const command: Parameters<Control['provision']>[0] = await request.json();
        return Response.json(await ctx.exports.TenantControl.provision(command));
      }
      case 'report': {
        const [slug = '', tenantId = ''] = rest;
        return Response.json(await ctx.exports.TenantControl.report({ slug, tenantId: TenantId.parse(tenantId) }));
      }
      case 'evict': {
        const object = env.TENANT.getByName(rest[0] ?? '') as unknown as DurableObjectStub<Tenant>;
        await object.abortNow().catch(() => undefined); // The object that is asked is gone before it can answer.
        return new Response(null, { status: 204 });
      }
      case 'ledger': {
        const ledger = env.BENCH_LEDGER.getByName('one');
        if (rest[0] === 'writes') return Response.json(await ledger.writes(Number(rest[1])));
        const round: LedgerRound = await request.json();
        await ledger.round(round);
        return new Response(null, { status: 204 });
      }
      default:
        return new Response('no such area', { status: 404 });
    }
  },

  async queue(batch, env, ctx) {
    const events = batch.messages.map(({ body }) => body);
    const taken = await fetch(env.COLLECTOR_URL, { method: 'POST', body: JSON.stringify(events) });
    if (!taken.ok) throw new Error(`the collector answered ${taken.status}`);
    const byTenant = Map.groupBy(events, ({ tenantId }) => tenantId);
    for (const [tenantId, group] of byTenant) {
      const slug = group[0]?.slug ?? '';
      await ctx.exports.TenantControl.acknowledge({ tenantId, slug, seqs: group.map(({ seq }) => seq) });
    }
  },
} satisfies ExportedHandler<Env, TenantEvent>;
