// A Durable Object over the native ctx.container API, as small as it gets, and an entrypoint that sees everything its
// container sends out. The tests drive it by path: `/_<verb>` acts on the container, anything else goes to its port.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';

const CERTIFICATE = '/etc/cloudflare/certs/cloudflare-containers-ca.crt';
const PORT = 8080;
const INACTIVITY_MS = 600_000;
const READY_MS = 30_000;

function text(bytes) {
  return new TextDecoder().decode(bytes);
}

export class Egress extends WorkerEntrypoint {
  async fetch(request) {
    const { hostname } = new URL(request.url);
    if (hostname === 'denied.example') return new Response('denied', { status: 403 });
    return Response.json({ tenant: this.ctx.props.tenant, method: request.method, url: request.url });
  }
}

export class Cell extends DurableObject {
  #outcome = 'none';

  constructor(ctx, env) {
    super(ctx, env);
    // A restarted object finds its container running, without intercepts and without a timeout.
    if (this.#container.running) void ctx.blockConcurrencyWhile(() => this.#attach());
  }

  async fetch(request) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/_status':
        return Response.json({ running: this.#container.running, outcome: this.#outcome });
      case '/_start':
        await this.#start(url.searchParams.get('restore') !== null);
        return Response.json({ running: this.#container.running });
      case '/_exec':
        return this.#exec(url.searchParams);
      case '/_execKill':
        return this.#execKill();
      case '/_snapshot': {
        const snapshot = await this.#container.snapshotContainer({ name: 'sample' });
        await this.ctx.storage.put('snapshot', snapshot.id);
        return Response.json(snapshot);
      }
      case '/_signal':
        this.#container.signal(Number(url.searchParams.get('n')));
        return new Response('sent');
      case '/_destroy':
        await this.#container.destroy('asked');
        return new Response('destroyed');
      case '/_inspect':
        return Response.json(await this.#container.inspect());
      default:
        return this.#container.getTcpPort(PORT).fetch(request);
    }
  }

  get #container() {
    const { container } = this.ctx;
    if (container === undefined) throw new Error('this object has no container');
    return container;
  }

  get #tenant() {
    return this.ctx.id.name ?? 'unknown';
  }

  async #attach() {
    const egress = this.ctx.exports.Egress({ props: { tenant: this.#tenant } });
    await this.#container.interceptAllOutboundHttp(egress);
    await this.#container.interceptOutboundHttps('*', egress);
    if (!this.#container.running) return;
    await this.#container.setInactivityTimeout(INACTIVITY_MS);
    this.#outcome = 'pending';
    this.#container.monitor().then(
      () => (this.#outcome = 'exit 0'),
      (error) => (this.#outcome = String(error)),
    );
  }

  async #start(restore) {
    if (!this.#container.running) {
      await this.#attach();
      const snapshot = restore ? await this.ctx.storage.get('snapshot') : undefined;
      this.#container.start({
        ...(snapshot === undefined ? { image: this.#container.images.echo } : { containerSnapshot: { id: snapshot } }),
        instance: 'standard-1',
        enableInternet: false,
        env: { TENANT: this.#tenant, TERM_CODE: '7', NODE_EXTRA_CA_CERTS: CERTIFICATE },
        labels: { tenant: this.#tenant },
      });
      await this.#attach();
    }
    for (const deadline = Date.now() + READY_MS; ;) {
      try {
        await (await this.#container.getTcpPort(PORT).fetch('http://container/')).body?.cancel();
        return;
      } catch (error) {
        if (Date.now() > deadline || !this.#container.running) throw error;
        await scheduler.wait(50);
      }
    }
  }

  async #exec(query) {
    const process = await this.#container.exec(query.getAll('c'), { env: { MINE: '1' } });
    const { stdout, stderr, exitCode } = await process.output();
    return Response.json({ stdout: text(stdout), stderr: text(stderr), exitCode });
  }

  async #execKill() {
    const process = await this.#container.exec(['sleep', '60'], { env: {}, stdout: 'ignore', stderr: 'ignore' });
    process.kill(15);
    return Response.json({ exitCode: await process.exitCode });
  }
}

export default {
  fetch(request, env) {
    const [tenant = ''] = new URL(request.url).hostname.split('.');
    return env.CELL.getByName(tenant).fetch(request);
  },
};
