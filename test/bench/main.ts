/**
 * `npm run bench`: proxy overhead and wake time as ratios to baselines measured in the same run (DESIGN §9), and the Control
 * UI opened in a browser. Prints JSON lines; asserts nothing. `npm run bench -- --wakes 5 --requests 400 --opens 5`, or one
 * part of it: `--only wake|proxy|snapshot|ui`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { release } from '../../container/image/release.ts';
import { EGRESS_SIDECAR_IMAGE } from '../../local/stack/docker.ts';
import { loopbackFetch } from '../../local/stack/loopback.ts';
import { openLog } from '../../local/stack/log-file.ts';
import { openclawCacheDir } from '../../local/stack/openclaw-cache.ts';
import { anyFreePort } from '../../local/stack/ports.ts';
import { loadWorker, runWorkers } from '../../local/stack/workers.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';
import { copyTenantState, startByHand } from './by-hand.ts';
import { measureOpening } from './open-ui.ts';
import { measureSnapshot } from './snapshot.ts';
import { paced, quantile, round } from './statistics.ts';

const { values } = parseArgs({
  options: {
    wakes: { type: 'string', default: '5' },
    requests: { type: 'string', default: '400' },
    opens: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
});
const wakes = Math.min(Math.max(Number(values.wakes) || 5, 1), 50);
const requests = Math.min(Math.max(Number(values.requests) || 400, 50), 5_000);
const opens = Math.min(Math.max(Number(values.opens) || 5, 1), 50);
const parts = ['wake', 'proxy', 'snapshot', 'ui'];
const { only } = values;
if (only !== undefined && !parts.includes(only)) throw new Error(`--only takes one of ${parts.join(', ')}`);
const paceMs = 10;
const root = path.resolve(import.meta.dirname, '../..');

const print = (line: Readonly<Record<string, unknown>>): void => console.log(JSON.stringify(line));

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

async function measureWake(
  product: Product,
  person: Person,
  tenant: { id: string; slug: string },
  openclawDir: string,
): Promise<void> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidepool-bench-'));
  const wakeTimes: number[] = [];
  const bootTimes: number[] = [];
  const cookie = await person.openAssistant(tenant.slug);
  copyTenantState(path.join(product.stateDir, 'engine/run'), home);
  // Turn about, so that whatever else the machine does meets both alike. The first of each warms the caches.
  for (let i = 0; i <= wakes; i++) {
    const { state } = await person.call('tenantRead', { params: { tenantId: tenant.id } });
    if (state !== 'asleep') await person.call('tenantSleep', { params: { tenantId: tenant.id } });
    await person.waitFor(tenant.id, 'asleep');
    const boot = await startByHand(openclawDir, home);
    await boot.stop();
    const beganMs = performance.now();
    await person.request(`${tenant.slug}.localhost`, '/', {
      headers: {
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': 'none',
        accept: 'text/html',
      },
    });
    const client = await GatewayClient.connectWhenReady(() => product.stack, tenant.slug, cookie);
    const tookMs = performance.now() - beganMs;
    client.close();
    if (i === 0) continue;
    wakeTimes.push(tookMs);
    bootTimes.push(boot.readyMs);
    print({ wake: i, wakeMs: round(tookMs, 0), byHandMs: round(boot.readyMs, 0) });
  }
  rmSync(home, { recursive: true, force: true });
  print({
    what: 'wake: authenticated request to connected Control UI socket, against OpenClaw by hand to ready',
    runs: wakes,
    wakeMedianMs: round(quantile(wakeTimes, 0.5), 0),
    wakeP90Ms: round(quantile(wakeTimes, 0.9), 0),
    byHandMedianMs: round(quantile(bootTimes, 0.5), 0),
    ratio: round(quantile(wakeTimes, 0.5) / quantile(bootTimes, 0.5)),
    budget: 1.3,
  });
}

async function measureProxy(
  product: Product,
  person: Person,
  tenant: { id: string; slug: string },
  engineSocket: string,
): Promise<void> {
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-bare-'));
  const port = await anyFreePort();
  const bare = await runWorkers({
    port,
    persistDir: path.join(stateDir, 'bindings'),
    engineSocket,
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
    for (let round = 0; round < 4; round++) {
      bareTimes.push(...(await paced(requests / 4, paceMs, viaBare)));
      gateTimes.push(...(await paced(requests / 4, paceMs, viaGate)));
    }
    print({
      what: `HTTP GET at ${1000 / paceMs} per second: gate and tenant objects against a bare Worker, object and port`,
      requests,
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

const product = await startProduct();
try {
  const openclawDir = path.join(openclawCacheDir(root, release.openclawVersion), 'node_modules/openclaw');
  const person = await Person.signUp(() => product.stack, 'Bench');
  const tenant = await person.createAssistant('Bench', 'bench-pool-3k');
  await person.waitFor(tenant.id, 'awake');
  const wanted = (part: string): boolean => only === undefined || only === part;
  if (wanted('snapshot')) await measureSnapshot(product, person, tenant.id, print);
  if (wanted('wake')) await measureWake(product, person, tenant, openclawDir);
  if (wanted('proxy')) await measureProxy(product, person, tenant, product.stack.engineSocket);
  if (wanted('ui')) await measureOpening({ product, person, tenant, runs: opens, print });
} finally {
  await product.close();
}
