// The whole of Tidepool on one machine: container engine, model, both Workers. `npm start`, the system tests and the
// bench all start it here, so what they see is the same thing.
// What holds: everything started is ended by stop(), by process id, also when the start fails midway; state is only
// under `stateDir`; nothing listens on anything but loopback.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { WebSocket } from 'ws';
import { startDemoModel } from '../demo-model/main.ts';
import { ensureDashboard } from './dashboard-build.ts';
import { readDevVars } from './dev-vars.ts';
import { EGRESS_SIDECAR_IMAGE, ensureDockerImages } from './docker.ts';
import { parseIsolation, type Isolation } from './isolation.ts';
import { openLog, type LogFile } from './log-file.ts';
import { loopbackFetch, loopbackWebSocket, type LoopbackInit } from './loopback.ts';
import { applyMigrations } from './migrations.ts';
import { isPortFree, nextFreePort } from './ports.ts';
import { silentProgress, StackError, type Progress } from './progress.ts';
import { restartBudget } from './restart-budget.ts';
import { loadSecrets } from './secrets.ts';
import { hashSources } from './source-hash.ts';
import { takeStackLock } from './stack-lock.ts';
import { startTenantEngine, type TenantEngine } from './tenant-engine.ts';
import { chooseUpstream, type Upstream } from './upstream.ts';
import { loadWorker, runWorkers, type LoadedWorker, type RunningWorkers } from './workers.ts';

export interface StackOptions {
  readonly port: number;
  /** Everything that lasts is under here; one stack at a time. */
  readonly stateDir: string;
  /** Default: `TENANT_ENGINE`, else the best this machine has. */
  readonly isolation?: Isolation;
  /** `demo` never leaves the machine whatever keys are around; default `configured`. */
  readonly model?: 'configured' | 'demo';
  readonly progress?: Progress;
  /** Something gave up for good after repeated deaths; the stack is stopped by then. */
  readonly onGaveUp?: (why: string) => void;
}

export interface Stack {
  readonly port: number;
  readonly platformOrigin: string;
  readonly isolation: Isolation;
  readonly upstream: Upstream;
  readonly warnings: readonly string[];
  /** JSON lines of every request the demo model answered; null when a real model answers. */
  readonly demoModelLog: string | null;
  readonly logDir: string;
  readonly pids: { workerd(): number | null; engine(): number | null };
  tenantOrigin(slug: string): string;
  /** For Node callers, which can't resolve `*.localhost`. `host` is without port, e.g. `acme.localhost`. */
  fetch(host: string, path: string, init?: LoopbackInit): Promise<Response>;
  webSocket(host: string, path: string, headers?: Readonly<Record<string, string>>): WebSocket;
  /** Kills the runtime with SIGKILL and waits until a new one answers on the same port. */
  restartWorkerd(): Promise<void>;
  /** Ends everything this stack started. May be called again. */
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../..');
const PLATFORM_HOST = 'localhost';
const RUNTIME_BACK_TIMEOUT_MS = 30_000;

/** Starts everything and resolves when the platform answers. Throws StackError for what a person can mend. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stateDir = path.resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  await assertPortFree(options.port);
  const lock = takeStackLock(path.join(stateDir, 'stack.json'), options.port);
  const cleanups: (() => Promise<void> | void)[] = [() => lock.release()];
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= runCleanups(cleanups));
  try {
    const started = await startParts(options, stateDir, cleanups, (why) => {
      void stop().then(() => options.onGaveUp?.(why));
    });
    const record = (): void =>
      lock.recordChildren([started.workers.workerdPid(), started.engine.pid()].filter((pid) => pid !== null));
    record();
    started.onChange = record;
    return toStack(options.port, stateDir, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Started {
  readonly engine: TenantEngine;
  readonly workers: RunningWorkers;
  readonly upstream: Upstream;
  readonly demoModelLog: string | null;
  /** Called when a process was replaced by a new one. */
  onChange: () => void;
}

async function startParts(
  options: StackOptions,
  stateDir: string,
  cleanups: (() => Promise<void> | void)[],
  giveUp: (why: string) => void,
): Promise<Started> {
  const progress = options.progress ?? silentProgress;
  const vars = readDevVars(path.join(root, '.dev.vars'), process.env);
  const upstream: Upstream = options.model === 'demo' ? { kind: 'demo' } : chooseUpstream(vars.tenantWorker);
  const secrets = loadSecrets(path.join(stateDir, 'secrets.json'));
  const log = openLog(path.join(stateDir, 'logs', 'workers.log'));
  const started: { current: Started | null } = { current: null };
  const changed = (): void => started.current?.onChange();

  const demoModelLog = upstream.kind === 'demo' ? path.join(stateDir, 'logs', 'demo-model.jsonl') : null;
  const startModel = async (): Promise<string> => {
    if (demoModelLog === null) return '';
    const model = await startDemoModel({ port: 0, logFile: demoModelLog });
    cleanups.push(() => model.close());
    return model.baseUrl;
  };
  const startEngine = async (): Promise<TenantEngine> => {
    const wanted = options.isolation ?? parseIsolation(process.env['TENANT_ENGINE']);
    const engine = await startTenantEngine({ root, stateDir, wanted, progress, onStarted: changed, onGaveUp: giveUp });
    cleanups.push(() => engine.stop());
    return engine;
  };
  const origins = {
    PLATFORM_ORIGIN: originOf(PLATFORM_HOST, options.port),
    TENANT_ORIGIN: originOf('{slug}.localhost', options.port),
  };
  const loadWorkers = (demoModelBaseUrl: string): Promise<[LoadedWorker, LoadedWorker]> => {
    const buildId = hashSources(root, ['container']).slice(0, 8);
    const modelVars = upstream.kind === 'demo' ? { DEMO_MODEL_BASE_URL: demoModelBaseUrl } : vars.tenantWorker;
    return Promise.all([
      loadWorker(
        {
          configPath: path.join(root, 'wrangler.toml'),
          bindings: { ...vars.controlPlane, ...origins, BETTER_AUTH_SECRET: secrets.betterAuthSecret },
        },
        buildId,
      ),
      loadWorker(
        {
          configPath: path.join(root, 'apps/tenant-worker/wrangler.toml'),
          bindings: { ...modelVars, ...origins, CELL_KEYS: secrets.cellKeys },
          routes: ['*.localhost/*'],
        },
        buildId,
      ),
    ]);
  };
  const [engine, loaded] = await allOrFirstError([
    startEngine(),
    startModel().then(loadWorkers),
    ensureDashboard(root, progress),
  ]);
  if (engine.isolation === 'docker') {
    await ensureDockerImages(
      loaded.flatMap((worker) => worker.imageBuilds),
      EGRESS_SIDECAR_IMAGE,
      progress,
    );
  }
  const workers = await progress.step('workers', 'starting workerd', () =>
    startWorkers({ port: options.port, stateDir, engine, loaded, log, progress, changed, giveUp }),
  );
  cleanups.push(() => workers.stop());
  await migrate(workers, loaded[0], progress);
  started.current = { engine, workers, upstream, demoModelLog, onChange: () => undefined };
  return started.current;
}

interface WorkersParts {
  readonly port: number;
  readonly stateDir: string;
  readonly engine: TenantEngine;
  readonly loaded: readonly LoadedWorker[];
  readonly log: LogFile;
  readonly progress: Progress;
  readonly changed: () => void;
  readonly giveUp: (why: string) => void;
}

function startWorkers(parts: WorkersParts): Promise<RunningWorkers> {
  const budget = restartBudget();
  return runWorkers({
    port: parts.port,
    persistDir: path.join(parts.stateDir, 'bindings'),
    engineSocket: parts.engine.socket,
    egressImage: EGRESS_SIDECAR_IMAGE,
    workers: parts.loaded,
    log: parts.log,
    onRuntimeRestart: () => {
      parts.progress.say('The Workers runtime died and was started again on the same port.');
      parts.changed();
      if (!budget.spend(Date.now())) parts.giveUp(`The Workers runtime keeps dying: see ${parts.log.file}.`);
    },
  });
}

async function migrate(workers: RunningWorkers, controlPlane: LoadedWorker, progress: Progress): Promise<void> {
  const db = await workers.miniflare.getD1Database('DB', controlPlane.name);
  const applied = await applyMigrations(db, path.join(root, 'migrations'));
  if (applied.length > 0) progress.say(`  migrations   ${applied.length} applied`);
}

function toStack(port: number, stateDir: string, started: Started, stop: () => Promise<void>): Stack {
  const { engine, workers, upstream, demoModelLog } = started;
  return {
    port,
    platformOrigin: originOf(PLATFORM_HOST, port),
    isolation: engine.isolation,
    upstream,
    warnings: engine.warnings,
    demoModelLog,
    logDir: path.join(stateDir, 'logs'),
    pids: { workerd: () => workers.workerdPid(), engine: () => engine.pid() },
    tenantOrigin: (slug) => originOf(`${slug}.localhost`, port),
    fetch: (host, requestPath, init) => loopbackFetch(port, host, requestPath, init),
    webSocket: (host, requestPath, headers) => loopbackWebSocket(port, host, requestPath, headers),
    restartWorkerd: () => restartWorkerd(port, workers),
    stop,
  };
}

async function restartWorkerd(port: number, workers: RunningWorkers): Promise<void> {
  const before = workers.workerdPid();
  if (before !== null) process.kill(before, 'SIGKILL');
  const deadlineMs = Date.now() + RUNTIME_BACK_TIMEOUT_MS;
  for (;;) {
    const now = workers.workerdPid();
    if (now !== null && now !== before) {
      const answered = await loopbackFetch(port, PLATFORM_HOST, '/healthz').then(
        (response) => response.ok,
        () => false, // Not listening yet; asked again below.
      );
      if (answered) return;
    }
    if (Date.now() > deadlineMs) throw new Error('The Workers runtime did not come back.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const originOf = (host: string, port: number): string => `http://${host}:${port}`;

async function assertPortFree(port: number): Promise<void> {
  if (await isPortFree(port)) return;
  const next = await nextFreePort(port);
  throw new StackError(
    `Port ${port} is taken by another program.` +
      (next === null ? '' : ` Free is ${next}: npm start -- --port ${next}`),
  );
}

/** Like Promise.all, but waits for all before it throws, so that what was started is known and can be ended. */
async function allOrFirstError<A, B, C>(work: [Promise<A>, Promise<B>, Promise<C>]): Promise<[A, B, C]> {
  const settled = await Promise.allSettled(work);
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return Promise.all(work);
}

async function runCleanups(cleanups: readonly (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanup of cleanups.toReversed()) {
    try {
      await cleanup();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be stopped.');
}
