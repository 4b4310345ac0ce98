/**
 * Everything a container sends out arrives here, with props that it cannot forge: which tenant, which run. Our own hosts
 * first, then refusal: nothing else leaves. The container holds no credential; what a request needs is added after this.
 */
import { WorkerEntrypoint } from 'cloudflare:workers';
import { logEvent } from '../adapters/log.ts';
import type { Env } from '../env.ts';

export interface EgressProps {
  readonly tenantId: string;
  readonly slug: string;
  readonly incarnation: number;
}

/** Headers from here to `Tenant.fetch`, which trusts only this module as its caller. */
export const egressHeaders = { incarnation: 'x-tidepool-internal-incarnation' } as const;

export class Egress extends WorkerEntrypoint<Env, EgressProps> {
  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const tenant = this.env.TENANT.getByName(this.ctx.props.slug);
    switch (url.hostname) {
      case 'ai.tidepool.internal': {
        const headers = new Headers(request.headers);
        headers.set(egressHeaders.incarnation, String(this.ctx.props.incarnation));
        return tenant.fetch(new Request(request, { headers }));
      }
      case 'tenant.tidepool.internal':
        if (request.method !== 'POST' || url.pathname !== '/poke') return denied(url.hostname);
        await tenant.poke(this.ctx.props.incarnation);
        return new Response(null, { status: 204 });
      default:
        logEvent('egress.denied', { tenant: this.ctx.props.tenantId, host: url.hostname.slice(0, 200) });
        return denied(url.hostname);
    }
  }
}

function denied(host: string): Response {
  const body = {
    error: 'egress_denied',
    host: host.slice(0, 200),
    ask: 'This assistant may not reach this host. Its owner can see refused hosts in the Tidepool dashboard.',
  };
  return Response.json(body, { status: 403 });
}
