/** Worker → Durable Object → container port, and nothing else: what any host on this platform must pay. */
import { DurableObject } from 'cloudflare:workers';

interface Env {
  readonly BARE: DurableObjectNamespace<Bare>;
}

export class Bare extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    const container = this.ctx.container;
    if (container === undefined) return new Response('no container', { status: 500 });
    if (!container.running) {
      container.start({ image: container.images['openclaw-2026-9-6'], enableInternet: false });
      await container.setInactivityTimeout(600_000);
      container.monitor().catch(() => undefined);
    }
    const port = Number(request.headers.get('x-bench-port'));
    return container.getTcpPort(port).fetch(request);
  }
}

export default {
  fetch: (request, env) => env.BARE.getByName('one').fetch(request),
} satisfies ExportedHandler<Env>;
