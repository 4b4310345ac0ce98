/**
 * A workerd with the cell in it and the load harness in front, its state on disk. Everything but the entry comes from the
 * tenant worker's own wrangler.toml.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TenantControl, TenantReport } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Result } from '../../apps/control-plane/src/contract/result.ts';
import { bundleWorker } from '../../local/stack/bundle.ts';
import { EGRESS_SIDECAR_IMAGE } from '../../local/stack/docker.ts';
import { openLog } from '../../local/stack/log-file.ts';
import { anyFreePort } from '../../local/stack/ports.ts';
import { gatewayBaseUrl, gatewayLogsToken, gatewayToken } from './gateway.ts';
import { readWorker, runWorkers, type LoadedWorker } from '../../local/stack/workers.ts';

export interface CellOptions {
  readonly stateDir: string;
  readonly upstreamUrl: string;
  readonly collectorUrl: string;
}

export interface Cell {
  readonly port: number;
  /** Where the objects' SQLite files are. */
  readonly persistDir: string;
  provision(command: Parameters<TenantControl['provision']>[0]): Promise<TenantReport>;
  report(ref: { readonly slug: string; readonly tenantId: string }): Promise<TenantReport>;
  /** Stores a customer's own key for a provider's models. */
  putModelKey(key: { slug: string; tenantId: string; provider: string; plain: string }): Promise<void>;
  post(target: string, body: unknown): Promise<unknown>;
  /** Processor time of the runtime so far; null where it cannot be told. */
  cpuMs(): number | null;
  /** Ends one tenant's object with everything that it is doing. */
  evict(slug: string): Promise<void>;
  /** `kill -9` of the runtime; resolves when a new one answers on the same port and state. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../..');
const backTimeoutMs = 60_000;
const callTimeoutMs = 60_000;

export async function startCell(options: CellOptions): Promise<Cell> {
  const port = await anyFreePort();
  const persistDir = path.join(options.stateDir, 'bindings');
  const workers = await runWorkers({
    port,
    persistDir,
    engineSocket: path.join(options.stateDir, 'no-engine.sock'),
    egressImage: EGRESS_SIDECAR_IMAGE,
    workers: [await loadHarness(options)],
    log: openLog(path.join(options.stateDir, 'workers.log')),
    onRuntimeRestart: () => undefined,
  });
  const post = (target: string, body: unknown): Promise<unknown> => call(port, target, body);
  return {
    port,
    persistDir,
    post,
    provision: async (command) => valueOf((await post('/provision', command)) as Result<TenantReport>),
    report: async ({ slug, tenantId }) =>
      valueOf((await post(`/report/${slug}/${tenantId}`, null)) as Result<TenantReport>),
    putModelKey: async (key) => void valueOf((await post('/model-key', key)) as Result<unknown>),
    cpuMs: () => cpuMsOf(workers.workerdPid()),
    evict: async (slug) => void (await post(`/evict/${slug}`, null)),
    async kill() {
      const before = workers.workerdPid();
      if (before !== null) process.kill(before, 'SIGKILL');
      const deadlineMs = Date.now() + backTimeoutMs;
      while (Date.now() < deadlineMs) {
        const now = workers.workerdPid();
        if (now !== null && now !== before && (await isUp(port))) return;
        await pause(50);
      }
      throw new Error('the runtime did not come back');
    },
    stop: () => workers.stop(),
  };
}

async function loadHarness({ upstreamUrl, collectorUrl }: CellOptions): Promise<LoadedWorker> {
  const key = randomBytes(32).toString('base64');
  const cell = readWorker(
    {
      configPath: path.join(root, 'apps/tenant-worker/wrangler.toml'),
      bindings: {
        CELL_KEYS: JSON.stringify({ current: 'k1', keys: { k1: key } }),
        AI_GATEWAY_BASE_URL: gatewayBaseUrl,
        AI_GATEWAY_TOKEN: gatewayToken,
        AI_GATEWAY_LOGS_TOKEN: gatewayLogsToken,
        UPSTREAM_URL: upstreamUrl,
        COLLECTOR_URL: collectorUrl,
      },
    },
    null,
  );
  const dir = path.join(import.meta.dirname, 'worker');
  const contents = await bundleWorker(path.join(dir, 'harness.ts'), cell.define);
  return {
    ...cell,
    options: {
      ...cell.options,
      assets: undefined,
      durableObjects: {
        ...(cell.options.durableObjects as Readonly<Record<string, { className: string; useSQLite: boolean }>>),
        BARE: { className: 'BareRelay', useSQLite: true },
        BENCH_LEDGER: { className: 'BenchLedger', useSQLite: true },
      },
      queueConsumers: { 'tidepool-tenant-events': { maxBatchSize: 50, maxBatchTimeout: 1, maxRetries: 3 } },
      modules: [{ type: 'ESModule', path: path.join(dir, 'bundle.mjs'), contents }],
      modulesRoot: dir,
    },
  };
}

/** proc(5): user and system time are the 14th and 15th field, in hundredths of a second; the name may hold spaces. */
function cpuMsOf(pid: number | null): number | null {
  if (pid === null || process.platform !== 'linux') return null;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const isUp = (port: number): Promise<boolean> =>
  call(port, '/up', null).then(
    () => true,
    () => false, // Not listening yet; asked again.
  );

/** One call of the harness; null for an empty answer. Rejects for an answer that is not 2xx. */
function call(port: number, target: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path: target, method: 'POST', agent: false, timeout: callTimeoutMs },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.once('error', reject);
        answer.once('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          const { statusCode = 0 } = answer;
          if (statusCode < 200 || statusCode > 299) reject(new Error(`${target}: ${statusCode} ${text.slice(0, 300)}`));
          else resolve(text.startsWith('{') ? JSON.parse(text) : null);
        });
      },
    );
    request.once('timeout', () => request.destroy(new Error(`${target}: no answer`)));
    request.once('error', reject);
    request.end(body === null ? '' : JSON.stringify(body));
  });
}

function valueOf<T>(answer: Result<T>): T {
  if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.value;
}
