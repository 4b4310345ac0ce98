/** What the gate and the tenant's objects add to an HTTP request, against a bare Worker, object and port in the same run. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { release } from '../../container/image/release.ts';
import { EGRESS_SIDECAR_IMAGE } from '../../local/stack/docker.ts';
import { loopbackFetch } from '../../local/stack/loopback.ts';
import { openLog } from '../../local/stack/log-file.ts';
import { anyFreePort } from '../../local/stack/ports.ts';
import { loadWorker, runWorkers } from '../../local/stack/workers.ts';
import type { Person } from '../support/person.ts';
import { until } from '../support/product.ts';
import type { Product } from '../support/product.ts';
import { paced, quantile, round } from './statistics.ts';

const paceMs = 10;
const root = path.resolve(import.meta.dirname, '../..');

/** The headers that a gateway trusts; the bare relay passes what it gets. */
const asOwner = (user: string, host: string): Record<string, string> => ({
  'x-tidepool-user': user,
  'x-tidepool-proof': '1',
  'x-forwarded-proto': 'http',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': host,
});

async function drainBody(response: Response): Promise<void> {
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`bench request: ${response.status}`);
}

export async function measureProxy(options: {
  product: Product;
  person: Person;
  tenant: { id: string; slug: string };
  requests: number;
  print: (line: Readonly<Record<string, unknown>>) => void;
}): Promise<void> {
  const { product, person, tenant, requests, print } = options;
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-bare-'));
  const port = await anyFreePort();
  const bare = await runWorkers({
    port,
    persistDir: path.join(stateDir, 'bindings'),
    engineSocket: product.stack.engineSocket,
    egressImage: EGRESS_SIDECAR_IMAGE,
    workers: [
      await loadWorker({ configPath: path.join(root, 'test/bench/bare/wrangler.toml'), bindings: {} }, 'be4cb4e1'),
    ],
    log: openLog(path.join(stateDir, 'bare.log')),
    onRuntimeRestart: () => undefined,
  });
  try {
    const me = await person.call('meRead');
    const keeper = async (method: string, target: string, json?: unknown): Promise<Response> =>
      loopbackFetch(port, 'bare.localhost', target, {
        method,
        headers: {
          'x-bench-port': String(release.keeperPort),
          authorization: `Bearer ${'b'.repeat(64)}`,
          'content-type': 'application/json',
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
    await until('the bare keeper', async () => (await keeper('GET', '/v1/health')).ok);
    await keeper('POST', '/v1/claim', { token: 'b'.repeat(64), tenantId: 'bench', incarnation: 1 });
    const host = `bare.localhost:${port}`;
    await keeper('POST', '/v1/gateway/start', {
      config: {
        publicOrigin: `http://${host}`,
        users: [{ id: me.user.id, role: 'owner' }],
        models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
        ai: { baseUrl: 'http://ai.tidepool.internal' },
      },
    });
    await until(
      'the bare gateway',
      async () => ((await (await keeper('GET', '/v1/status')).json()) as { phase: string }).phase === 'ready',
    );
    await person.call('tenantWake', { params: { tenantId: tenant.id } }).catch(() => undefined);
    await person.waitFor(tenant.id, 'awake');
    const cookie = await person.openAssistant(tenant.slug);
    const target = '/manifest.webmanifest';
    const viaBare = (): Promise<void> =>
      loopbackFetch(port, 'bare.localhost', target, {
        headers: { 'x-bench-port': String(release.gatewayPort), ...asOwner(me.user.id, host) },
      }).then(drainBody);
    const viaGate = (): Promise<void> =>
      product.stack.fetch(`${tenant.slug}.localhost`, target, { headers: { cookie } }).then(drainBody);
    for (const warm of [viaBare, viaGate]) await paced(50, paceMs, warm);
    const bareTimes: number[] = [];
    const gateTimes: number[] = [];
    const perTurn = Math.ceil(requests / 4);
    for (let turn = 0; turn < 4; turn++) {
      bareTimes.push(...(await paced(perTurn, paceMs, viaBare)));
      gateTimes.push(...(await paced(perTurn, paceMs, viaGate)));
    }
    print({
      what: `HTTP GET at ${1000 / paceMs} per second: gate and tenant objects against a bare Worker, object and port`,
      requests: gateTimes.length,
      gateP50Ms: round(quantile(gateTimes, 0.5)),
      bareP50Ms: round(quantile(bareTimes, 0.5)),
      ratioP50: round(quantile(gateTimes, 0.5) / quantile(bareTimes, 0.5)),
      addedP50Ms: round(quantile(gateTimes, 0.5) - quantile(bareTimes, 0.5)),
      gateP99Ms: round(quantile(gateTimes, 0.99)),
      bareP99Ms: round(quantile(bareTimes, 0.99)),
      addedP99Ms: round(quantile(gateTimes, 0.99) - quantile(bareTimes, 0.99)),
      budget: { addedP50Ms: 1.5, addedP99Ms: 8 },
    });
  } finally {
    await bare.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}
