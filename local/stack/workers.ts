// Both Workers in one workerd, through Miniflare's API (docs/decisions/001-local-stack.md says why not `wrangler dev`).
// What holds: bindings come from the two wrangler.toml and nowhere else; variables and secrets are set here, so a
// credential reaches only the Worker it is for; the entry port stays the same when the runtime is restarted.

import path from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type Json, type V4MiniflareOptions } from 'miniflare';
import {
  unstable_getMiniflareWorkerOptions,
  unstable_readConfig,
  type Unstable_MiniflareWorkerOptions,
} from 'wrangler';
import { bundleWorker } from './bundle.ts';
import { imageBuilds } from './container-images.ts';
import { cronIsDue } from './cron.ts';
import type { ImageBuild } from './docker.ts';
import type { LogFile } from './log-file.ts';
import { findChildren } from './process-identity.ts';

// wrangler announces on stdout which secrets files it read; what it warns about is still shown.
process.env['WRANGLER_LOG'] ??= 'warn';

type V4Worker = Extract<V4MiniflareOptions, { workers: unknown }>['workers'][number];
type SourcelessWorker = Unstable_MiniflareWorkerOptions['workerOptions'];

export interface WorkerSource {
  readonly configPath: string;
  /** Variables and secrets on top of `[vars]`. */
  readonly bindings: Readonly<Record<string, Json>>;
  /** Where its static files are, when not where wrangler.toml says. */
  readonly assetsDir?: string;
  /** Host patterns this Worker answers; none = everything the others don't. */
  readonly routes?: readonly string[];
}

/** One Worker as its wrangler.toml describes it, without its code. */
export interface WorkerConfig {
  readonly name: string;
  /** Absolute path of the entry file. */
  readonly main: string;
  readonly define: Readonly<Record<string, string>>;
  /** Everything Miniflare needs but the script. */
  readonly options: SourcelessWorker;
  readonly crons: readonly string[];
  /** What Docker would have to build for it; the local engine takes the same tags. */
  readonly imageBuilds: readonly ImageBuild[];
}

export interface LoadedWorker extends WorkerConfig {
  readonly options: V4Worker;
}

/**
 * Reads one wrangler.toml. `containerBuildId` (8 hex characters) becomes the tag of its images; null leaves containers
 * out (`ctx.container` is undefined then).
 */
export function readWorker(source: WorkerSource, containerBuildId: string | null): WorkerConfig {
  const config = unstable_readConfig({ config: source.configPath });
  const { workerOptions, define, main } = unstable_getMiniflareWorkerOptions(config, undefined, {
    overrides: {
      ...(source.assetsDir === undefined ? {} : { assets: { directory: source.assetsDir } }),
      ...(containerBuildId === null ? { enableContainers: false } : {}),
    },
    ...(containerBuildId === null ? {} : { containerBuildId }),
  });
  if (config.name === undefined || main === undefined) throw new Error(`${source.configPath} has no name or no main.`);
  const { modulesRules: _rules, ...bindings } = workerOptions;
  return {
    name: config.name,
    main,
    define,
    options: {
      ...bindings,
      name: config.name,
      // wrangler has put the whole of .dev.vars in here; each Worker gets its own part instead.
      bindings: { ...config.vars, ...source.bindings },
      ...(source.routes === undefined ? {} : { routes: [...source.routes] }),
    },
    crons: config.triggers.crons ?? [],
    imageBuilds: imageBuilds(source.configPath, config.containers, bindings.durableObjects),
  };
}

/** Reads one wrangler.toml and bundles its entry. Throws StackError when it does not bundle. */
export async function loadWorker(source: WorkerSource, containerBuildId: string | null): Promise<LoadedWorker> {
  const config = readWorker(source, containerBuildId);
  const dir = path.dirname(config.main);
  const contents = await bundleWorker(config.main, config.define);
  return {
    ...config,
    options: {
      ...config.options,
      modules: [{ type: 'ESModule', path: path.join(dir, 'bundle.mjs'), contents }],
      modulesRoot: dir,
    },
  };
}

/** The same Worker with more variables, for what is known only after it was loaded. */
export function withBindings(worker: LoadedWorker, bindings: Readonly<Record<string, Json>>): LoadedWorker {
  return { ...worker, options: { ...worker.options, bindings: { ...worker.options.bindings, ...bindings } } };
}

export interface WorkersOptions {
  readonly port: number;
  /** D1, R2, Durable Objects and Queues are kept under here. */
  readonly persistDir: string;
  readonly engineSocket: string;
  readonly egressImage: string;
  /** The first one answers hosts that no other's routes match. */
  readonly workers: readonly LoadedWorker[];
  readonly log: LogFile;
  /** The runtime died and has been started again. */
  readonly onRuntimeRestart: () => void;
}

export interface RunningWorkers {
  readonly miniflare: Miniflare;
  /** The runtime's process id now; null while it is being restarted. */
  workerdPid(): number | null;
  /** Ends the runtime and starts it again with these Workers, on the same port and state. */
  replace(workers: readonly LoadedWorker[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts workerd and waits until it listens on `port`. */
export async function runWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const optionsFor = (workers: readonly LoadedWorker[]) =>
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: options.port,
      cf: false,
      logRequests: false,
      log: new FileLog(options.log),
      handleStructuredLogs: ({ level, message }) => options.log.write(`worker ${level} ${message}`),
      resourcePersistencePath: options.persistDir,
      containerEngine: {
        localDocker: {
          socketPath: `unix://${options.engineSocket}`,
          containerEgressInterceptorImage: options.egressImage,
        },
      },
      unsafeHandleRuntimeRestart: options.onRuntimeRestart,
      workers: workers.map((worker) => worker.options),
    });
  const miniflare = new Miniflare(optionsFor(options.workers));
  await miniflare.ready;
  let crons = startCrons(miniflare, options.workers, options.log);
  return {
    miniflare,
    async replace(workers) {
      clearInterval(crons);
      await miniflare.setOptions(optionsFor(workers));
      crons = startCrons(miniflare, workers, options.log);
    },
    workerdPid: () => findChildren(process.pid, `--socket-addr=entry=127.0.0.1:${options.port}`)[0] ?? null,
    async stop() {
      clearInterval(crons);
      await miniflare.dispose();
    },
  };
}

const CRON_CHECK_EVERY_MS = 5_000; // Short against a minute, so no due minute is missed.

/** Fires scheduled triggers; locally nothing else does. */
function startCrons(miniflare: Miniflare, workers: readonly LoadedWorker[], log: LogFile): NodeJS.Timeout {
  let lastMinute = Math.floor(Date.now() / 60_000);
  return setInterval(() => {
    const minute = Math.floor(Date.now() / 60_000);
    if (minute === lastMinute) return;
    lastMinute = minute;
    for (const { name, crons } of workers) {
      for (const cron of crons.filter((expression) => cronIsDue(expression, minute * 60_000))) {
        fireCron(miniflare, name, cron).catch((error: unknown) =>
          log.write(`cron ${cron} of ${name}: ${String(error)}`),
        );
      }
    }
  }, CRON_CHECK_EVERY_MS);
}

async function fireCron(miniflare: Miniflare, worker: string, cron: string): Promise<void> {
  const fetcher = await miniflare.getWorker(worker);
  await fetcher.scheduled({ cron, scheduledTime: new Date() });
}

/** The runtime's own messages go to the log file, not over the person's terminal. */
class FileLog extends Log {
  readonly #file: LogFile;

  constructor(file: LogFile) {
    super(LogLevel.WARN);
    this.#file = file;
  }

  protected override log(message: string): void {
    this.#file.write(`runtime ${message}`);
  }
}
