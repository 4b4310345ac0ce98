// The parts of the local stack, each started as soon as what it needs is there: engine, model, dashboard and bundles at
// once, then the Workers, then the migrations. What was started is handed to `onStop` before anything else can fail.

import path from 'node:path';
import { buildKeeper } from '../../container/keeper/build.ts';
import { startDemoModel } from '../demo-model/main.ts';
import { controlUiDir, ensureControlUi } from './control-ui.ts';
import { dashboardDir, ensureDashboard } from './dashboard-build.ts';
import { readDevVars, type DevVars } from './dev-vars.ts';
import { EGRESS_SIDECAR_IMAGE, ensureDockerImages } from './docker.ts';
import { parseIsolation, type Isolation } from './isolation.ts';
import { openLog } from './log-file.ts';
import { applyMigrations } from './migrations.ts';
import { choosePayments, startPayments, type Payments } from './payments.ts';
import type { Progress } from './progress.ts';
import { restartBudget } from './restart-budget.ts';
import { loadSecrets, type LocalSecrets } from './secrets.ts';
import { hashSources } from './source-hash.ts';
import { startTenantEngine, type TenantEngine } from './tenant-engine.ts';
import { chooseUpstream, type Upstream } from './upstream.ts';
import { withOutside, type Outside } from './outside.ts';
import { loadWorker, runWorkers, withBindings, type LoadedWorker, type RunningWorkers } from './workers.ts';

export interface PartsOptions {
  readonly root: string;
  readonly port: number;
  readonly stateDir: string;
  readonly isolation: Isolation | undefined;
  readonly model: 'configured' | 'demo';
  readonly payments: 'configured' | 'off';
  /** Stands in for everything outside; default: the public internet. */
  readonly outside: Outside | undefined;
  readonly releases: readonly string[];
  readonly openclawDirs: Readonly<Record<string, string>>;
  readonly origins: { readonly platform: string; readonly tenant: string };
  readonly progress: Progress;
  /** Takes what ends a part that was just started. */
  readonly onStop: (stop: () => Promise<void>) => void;
  /** A process was started or replaced. */
  readonly onProcesses: () => void;
  /** A part died too often and is not started again. */
  readonly onGaveUp: (why: string) => void;
}

export interface Parts {
  readonly engine: TenantEngine;
  readonly workers: RunningWorkers;
  readonly controlPlane: LoadedWorker;
  readonly tenantWorker: LoadedWorker;
  readonly upstream: Upstream;
  readonly payments: Payments;
  /** JSON lines of every request the demo model answered; null when a real model answers. */
  readonly demoModelLog: string | null;
}

/** Starts every part. When one fails the others are still handed to `onStop`, and the first failure is thrown. */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { root, stateDir, progress } = options;
  const vars = readDevVars(path.join(root, '.dev.vars'), process.env);
  const upstream: Upstream = options.model === 'demo' ? { kind: 'demo' } : chooseUpstream(vars.tenantWorker);
  const demoModelLog = upstream.kind === 'demo' ? path.join(stateDir, 'logs', 'demo-model.jsonl') : null;
  const secrets = loadSecrets(path.join(stateDir, 'secrets.json'));

  const payments = options.payments === 'off' ? 'off' : choosePayments(vars.controlPlane);
  const paymentVars = await startPayments(
    payments,
    // The stand-in's own, on loopback only: it protects nothing that a laptop's user cannot do anyway.
    { stateDir, platformOrigin: options.origins.platform, webhookSecret: `whsec_${secrets.betterAuthSecret}` },
    options.onStop,
  );
  const [engine, [loadedControlPlane, tenantWorker]] = await allOrFirstError([
    startEngine(options),
    startModel(options, demoModelLog).then((modelUrl) => loadBoth(options, vars, secrets, modelUrl)),
    ensureDashboard(root, progress),
  ]);
  await ensureControlUi(root, progress); // Out of the package that the local engine has just made sure of.
  if (engine.isolation === 'docker') {
    await buildKeeper(path.join(root, 'container/dist/keeper.mjs')); // The Dockerfile copies it.
    await ensureDockerImages(tenantWorker.imageBuilds, EGRESS_SIDECAR_IMAGE, progress);
  }
  const controlPlane = withBindings(loadedControlPlane, {
    // What the dashboard tells people about this deployment.
    MODEL_STAND_IN: upstream.kind === 'demo' ? '1' : '0',
    RELEASES: engine.releases.join(','),
    CONTAINERS_STAND_IN: engine.isolation === 'docker' ? '0' : '1',
    ...(payments === 'off' ? { STRIPE_SECRET_KEY: '', STRIPE_WEBHOOK_SECRET: '' } : paymentVars),
  });
  const reachable = withOutside(tenantWorker, options.outside);
  const workers = await progress.step('workers', 'starting workerd', () =>
    startWorkers(options, engine, [controlPlane, reachable]),
  );
  options.onStop(() => workers.stop());
  const db = await workers.miniflare.getD1Database('DB', controlPlane.name);
  const applied = await applyMigrations(db, path.join(root, 'migrations'));
  if (applied.length > 0) progress.say(`  ${'migrations'.padEnd(12)} ${applied.length} applied`);
  return { engine, workers, controlPlane, tenantWorker: reachable, upstream, payments, demoModelLog };
}

async function startEngine(options: PartsOptions): Promise<TenantEngine> {
  const engine = await startTenantEngine({
    root: options.root,
    stateDir: options.stateDir,
    wanted: options.isolation ?? parseIsolation(process.env['TENANT_ENGINE']),
    releases: options.releases,
    openclawDirs: options.openclawDirs,
    progress: options.progress,
    onStarted: options.onProcesses,
    onGaveUp: options.onGaveUp,
  });
  options.onStop(() => engine.stop());
  return engine;
}

/** Resolves to the demo model's base URL, or null when a real model is configured. */
async function startModel(options: PartsOptions, logFile: string | null): Promise<string | null> {
  if (logFile === null) return null;
  const model = await startDemoModel({ port: 0, logFile });
  options.onStop(() => model.close());
  return model.baseUrl;
}

function loadBoth(
  options: PartsOptions,
  vars: DevVars,
  secrets: LocalSecrets,
  demoModelUrl: string | null,
): Promise<[LoadedWorker, LoadedWorker]> {
  const { root } = options;
  // Eight hexadecimal characters are all the local engine takes; with Docker an unchanged image is not built again.
  const buildId = hashSources(root, ['container']).slice(0, 8);
  const origins = { PLATFORM_ORIGIN: options.origins.platform, TENANT_ORIGIN: options.origins.tenant };
  const model = demoModelUrl === null ? vars.tenantWorker : { DEMO_MODEL_BASE_URL: demoModelUrl };
  return Promise.all([
    loadWorker(
      {
        configPath: path.join(root, 'wrangler.toml'),
        assetsDir: dashboardDir(root),
        bindings: {
          ...vars.controlPlane,
          ...origins,
          BETTER_AUTH_SECRET: secrets.betterAuthSecret,
          ...(demoModelUrl === null ? {} : { USAGE_WITNESS_URL: `${demoModelUrl}/logs` }),
        },
      },
      buildId,
    ),
    loadWorker(
      {
        configPath: path.join(root, 'apps/tenant-worker/wrangler.toml'),
        assetsDir: controlUiDir(root),
        bindings: { ...model, ...origins, CELL_KEYS: secrets.cellKeys },
        routes: ['*.localhost/*'],
      },
      buildId,
    ),
  ]);
}

function startWorkers(
  options: PartsOptions,
  engine: TenantEngine,
  workers: readonly LoadedWorker[],
): Promise<RunningWorkers> {
  const budget = restartBudget();
  const log = openLog(path.join(options.stateDir, 'logs', 'workers.log'));
  return runWorkers({
    port: options.port,
    persistDir: path.join(options.stateDir, 'bindings'),
    engineSocket: engine.socket,
    egressImage: EGRESS_SIDECAR_IMAGE,
    workers,
    log,
    onRuntimeRestart: () => {
      options.progress.say('The Workers runtime died and was started again on the same port.');
      options.onProcesses();
      if (!budget.spend(Date.now())) options.onGaveUp(`The Workers runtime keeps dying: see ${log.file}.`);
    },
  });
}

/** Like Promise.all, but waits for all before it throws, so that what was started is known and can be ended. */
async function allOrFirstError<A, B, C>(work: [Promise<A>, Promise<B>, Promise<C>]): Promise<[A, B, C]> {
  const settled = await Promise.allSettled(work);
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return Promise.all(work);
}
