/**
 * Everything a scratch container sends out ends here. It is a class of its own, and not a case of `Egress`: there is no way
 * from it to a tenant's object, its ledger, its vault or the network. Props say which run it is and whether model calls are
 * answered, by a stand-in.
 */
import { WorkerEntrypoint } from 'cloudflare:workers';
import { logEvent } from '../adapters/log.ts';
import { standInAnswer } from '../core/scratch/stand-in.ts';
import type { Env } from '../env.ts';

export interface ScratchEgressProps {
  readonly tenantId: string;
  readonly n: number;
  readonly standInModel: boolean;
}

/** A request with a long conversation in it; more is not read. */
const askedCharsMax = 16 * 1024 * 1024;

export class ScratchEgress extends WorkerEntrypoint<Env, ScratchEgressProps> {
  override async fetch(request: Request): Promise<Response> {
    const { tenantId, n, standInModel } = this.ctx.props;
    const url = new URL(request.url);
    if (url.hostname === 'ai.tidepool.internal' && standInModel && request.method === 'POST') {
      const { status, contentType, body } = standInAnswer(url.pathname, await readAsked(request));
      return new Response(body, { status, headers: { 'content-type': contentType } });
    }
    // The keeper's pokes are nobody's business; they come with every change of phase.
    if (url.hostname !== 'tenant.tidepool.internal')
      logEvent('scratch.egress_denied', { tenant: tenantId, n, host: url.hostname.slice(0, 200) });
    return Response.json(
      { error: 'egress_denied', host: url.hostname.slice(0, 200), ask: 'This is a trial: nothing leaves it.' },
      { status: 403 },
    );
  }
}

async function readAsked(request: Request): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > askedCharsMax) return null;
  try {
    return JSON.parse(await request.text());
  } catch {
    return null;
  }
}
