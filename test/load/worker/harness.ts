/**
 * The cell with a driver in front, for the load run and the metering bench: the product's own `Tenant`, `Egress` and
 * `TenantControl`, and beside them a sandbox without a container. Hands a request to `Egress` as an intercepting container
 * does (props that say who asks), and takes the tenants' events as the control plane does: applied, then acknowledged.
 */
import { env } from 'cloudflare:workers';
import { sealValue } from '../../../apps/control-plane/src/adapters/seal-value.ts';
import { TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import type { ModelProvider } from '../../../apps/control-plane/src/contract/secrets.ts';
import type { TenantControl as Control, TenantEvent } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Env as CellEnv } from '../../../apps/tenant-worker/src/env.ts';
import { Tenant as CellTenant } from '../../../apps/tenant-worker/src/index.ts';
import type { BareRelay, BenchLedger, LedgerRound } from './bench-objects.ts';
import { relayTo } from './bench-objects.ts';
import { gatewayBaseUrl, gatewayLogsUrl } from '../gateway.ts';

/** A customer's own key, as the control plane gets it from them. */
export interface ModelKeyWanted {
  readonly slug: string;
  readonly tenantId: TenantId;
  readonly provider: ModelProvider;
  readonly plain: string;
}

export { Egress, ScratchEgress, TenantControl } from '../../../apps/tenant-worker/src/index.ts';
export { BareRelay, BenchLedger } from './bench-objects.ts';
export { StandInSandbox as TenantSandbox } from './stand-in-sandbox.ts';

interface Env extends CellEnv {
  /** Takes events by POST; answers 204 when it has them. */
  readonly COLLECTOR_URL: string;
  /** The stand-in for AI Gateway and the providers behind it. */
  readonly UPSTREAM_URL: string;
  readonly BARE: DurableObjectNamespace<BareRelay>;
  readonly BENCH_LEDGER: DurableObjectNamespace<BenchLedger>;
}

const platformFetch = globalThis.fetch;

/** The product's calls of AI Gateway, by the addresses that it has in production, end at the stand-in. */
globalThis.fetch = (input, init) => {
  const { UPSTREAM_URL } = env as unknown as Env;
  if (typeof input !== 'string') return platformFetch(input, init);
  if (input.startsWith(`${gatewayBaseUrl}/`))
    return platformFetch(UPSTREAM_URL + input.slice(gatewayBaseUrl.length), init);
  if (input.startsWith(`${gatewayLogsUrl}?`))
    return platformFetch(`${UPSTREAM_URL}/logs${input.slice(gatewayLogsUrl.length)}`, init);
  return platformFetch(input, init);
};

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
      case 'model-key': {
        const { provider, plain, ...ref }: ModelKeyWanted = await request.json();
        const key = await ctx.exports.TenantControl.sealingKey();
        if (!key.ok) return Response.json(key);
        const value = await sealValue(key.value, { tenantId: ref.tenantId, name: provider }, plain);
        const use = { kind: 'model_key' as const, provider };
        return Response.json(
          await ctx.exports.TenantControl.putSecret({ ...ref, name: provider, use, value, byUserId: 'usr_load' }),
        );
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
