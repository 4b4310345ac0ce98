/**
 * Everything a container sends out arrives here, with props that it cannot forge: which tenant, which run. Our own hosts
 * first, then the firewall. The container holds no credential; what a request needs is added after this.
 *
 * Kept per isolate, as plain data: policies for some seconds, what was seen for one, and how many requests are under way.
 */
import { WorkerEntrypoint } from 'cloudflare:workers';
import { logEvent } from '../adapters/log.ts';
import { systemClock } from '../adapters/system.ts';
import { ownZonesOf } from '../core/egress/zones.ts';
import { handleEgress } from '../egress/handle.ts';
import { JournalBuffer, collectMs } from '../egress/journal-buffer.ts';
import { PolicyCache } from '../egress/policy-cache.ts';
import { readConfig } from '../env.ts';
import type { Env } from '../env.ts';
import type { EgressSeen } from '../modules/egress-journal.ts';

export interface EgressProps {
  readonly tenantId: string;
  readonly slug: string;
  readonly incarnation: number;
}

/** Headers from here to `Tenant.fetch`, which trusts only this module as its caller. */
export const egressHeaders = { incarnation: 'x-tidepool-internal-incarnation' } as const;

const policies = new PolicyCache();
const journal = new JournalBuffer();
/** Requests of one run under way in this isolate. A browser-like agent opens a few dozen. */
const underWay = new Map<string, number>();
const underWayMax = 64;

export class Egress extends WorkerEntrypoint<Env, EgressProps> {
  override async fetch(request: Request): Promise<Response> {
    const url = URL.parse(request.url);
    const tenant = this.env.TENANT.getByName(this.ctx.props.slug);
    if (url?.protocol === 'http:' && url.port === '') {
      if (url.hostname === 'ai.tidepool.internal') {
        const headers = new Headers(request.headers);
        headers.set(egressHeaders.incarnation, String(this.ctx.props.incarnation));
        return tenant.fetch(new Request(request, { headers }));
      }
      if (url.hostname === 'tenant.tidepool.internal' && request.method === 'POST' && url.pathname === '/poke') {
        await tenant.poke(this.ctx.props.incarnation);
        return new Response(null, { status: 204 });
      }
    }
    return this.#outside(request);
  }

  #outside(request: Request): Promise<Response> {
    const { tenantId, slug, incarnation } = this.ctx.props;
    const { TENANT, EGRESS_NETWORK } = this.env;
    const run = `${tenantId}.${incarnation}`;
    const config = readConfig(this.env);
    return handleEgress(request, {
      clock: systemClock,
      ownZones: ownZonesOf({ platform: config.platformOrigin, tenant: config.tenantOrigin }),
      page: `${config.platformOrigin}/a/${tenantId}/network`,
      rules: (maxAgeMs) =>
        policies.get(run, maxAgeMs, Date.now(), () => TENANT.getByName(slug).egressRules(incarnation)),
      secret: (injection) => TENANT.getByName(slug).egressSecret(incarnation, injection),
      send: (url, init) => (EGRESS_NETWORK === undefined ? fetch(url, init) : EGRESS_NETWORK.fetch(url, init)),
      enter: () => {
        const now = underWay.get(run) ?? 0;
        if (now < underWayMax) underWay.set(run, now + 1);
        return now < underWayMax;
      },
      leave: () => {
        const left = (underWay.get(run) ?? 1) - 1;
        if (left > 0) underWay.set(run, left);
        else underWay.delete(run);
      },
      seen: (seen) => this.#seen(run, seen),
      keepAlive: (work) => this.ctx.waitUntil(work),
      fault: (event, error) => logEvent(event, { tenant: tenantId, error: String(error).slice(0, 300) }),
    });
  }

  #seen(run: string, seen: Omit<EgressSeen, 'logged'>): void {
    const { tenantId, slug } = this.ctx.props;
    const { host, method, effect, rule, reason } = seen;
    if (effect === 'ask' || effect === 'deny')
      logEvent('egress.denied', { tenant: tenantId, host, method: method.slice(0, 20), rule, reason });
    if (!journal.add(run, seen)) return;
    const send = async (): Promise<void> => {
      await new Promise((resolve) => {
        setTimeout(resolve, collectMs);
      });
      const { seen: batch, dropped } = journal.take(run);
      if (dropped > 0) logEvent('egress.journal_full', { tenant: tenantId, dropped });
      await this.env.TENANT.getByName(slug).egressSeen(batch);
    };
    this.ctx.waitUntil(
      send().catch((error: unknown) =>
        logEvent('egress.journal_lost', { tenant: tenantId, error: String(error).slice(0, 300) }),
      ),
    );
  }
}
