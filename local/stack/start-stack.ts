// The whole of Tidepool on one machine: container engine, model, both Workers. `npm start`, the system tests and the
// bench all start it here, so what they see is the same thing.
// What holds: everything started is ended by stop(), by process id, also when the start fails midway; state is only
// under `stateDir`; nothing listens on anything but loopback.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { WebSocket } from 'ws';
import { drainTenants, type DrainOutcome } from './drain.ts';
import type { Isolation } from './isolation.ts';
import { loopbackFetch, loopbackWebSocket, type LoopbackInit } from './loopback.ts';
import { withoutService } from './outage.ts';
import type { Outside } from './outside.ts';
import type { Payments } from './payments.ts';
import { isPortFree, nextFreePort } from './ports.ts';
import { silentProgress, StackError, type Progress } from './progress.ts';
import { takeStackLock } from './stack-lock.ts';
import { startParts, type Parts } from './stack-parts.ts';
import type { Upstream } from './upstream.ts';
import type { RunningWorkers } from './workers.ts';

export interface StackOptions {
  readonly port: number;
  /** Everything that lasts is under here; one stack at a time. */
  readonly stateDir: string;
  /** Default: `TENANT_ENGINE`, else the best this machine has. */
  readonly isolation?: Isolation;
  /** `demo` never leaves the machine whatever keys are around; default `configured`. */
  readonly model?: 'configured' | 'demo';
  /** `off` (the default): everybody has the operator's plan. `configured`: real keys, or the stand-in. */
  readonly payments?: 'configured' | 'off';
  /** Answers what assistants send out, instead of the public internet. */
  readonly outside?: Outside;
  /** OpenClaw versions to have besides the default one; each is installed once, when it is asked for here. */
  readonly releases?: readonly string[];
  /** An OpenClaw of one's own (`…/node_modules/openclaw`) to run as a version, for who works on OpenClaw itself. */
  readonly openclawDirs?: Readonly<Record<string, string>>;
  readonly progress?: Progress;
  /** Something gave up for good after repeated deaths; the stack is stopped by then. */
  readonly onGaveUp?: (why: string) => void;
}

export interface Stack {
  readonly port: number;
  readonly platformOrigin: string;
  readonly isolation: Isolation;
  /** Where the container engine listens. */
  readonly engineSocket: string;
  readonly upstream: Upstream;
  /** Whether who signs up is checked to be a person. */
  readonly humanCheck: boolean;
  readonly payments: Payments;
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
  /** The control plane and its database go away, or come back, in a new runtime; assistants and their state stay. */
  controlPlane(is: 'away' | 'there'): Promise<void>;
  /** Asks every awake assistant to save and sleep, as a person who stops the stack would want. Bounded. */
  drain(): Promise<DrainOutcome>;
  /** Ends everything this stack started. May be called again. */
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../..');
const PLATFORM_HOST = 'localhost';
const RUNTIME_BACK_TIMEOUT_MS = 30_000;
const RUNTIME_POLL_EVERY_MS = 50;

/** Starts everything and resolves when the platform answers. Throws StackError for what a person can mend. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stateDir = path.resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = await takeStackLock(path.join(stateDir, 'stack.json'), options.port);
  const cleanups: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= runCleanups(cleanups).finally(() => lock.release()));
  let parts: Parts | null = null;
  const recordProcesses = (): void => {
    const pids = [parts?.workers.workerdPid(), parts?.engine.pid()];
    if (stopped === null) lock.recordChildren(pids.filter((pid) => typeof pid === 'number'));
  };
  try {
    await assertPortFree(options.port);
    parts = await startParts({
      root,
      port: options.port,
      stateDir,
      isolation: options.isolation,
      model: options.model ?? 'configured',
      payments: options.payments ?? 'off',
      outside: options.outside,
      releases: options.releases ?? [],
      openclawDirs: options.openclawDirs ?? {},
      origins: { platform: originOf(PLATFORM_HOST, options.port), tenant: originOf('{slug}.localhost', options.port) },
      progress: options.progress ?? silentProgress,
      onStop: (cleanup) => cleanups.push(cleanup),
      onProcesses: recordProcesses,
      onGaveUp: (why) => void stop().finally(() => options.onGaveUp?.(why)),
    });
    recordProcesses();
    return toStack(options.port, stateDir, parts, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function toStack(port: number, stateDir: string, parts: Parts, stop: () => Promise<void>): Stack {
  const { engine, workers, controlPlane, upstream, payments, demoModelLog } = parts;
  return {
    port,
    platformOrigin: originOf(PLATFORM_HOST, port),
    isolation: engine.isolation,
    engineSocket: engine.socket,
    upstream,
    humanCheck: Object.hasOwn(controlPlane.options.bindings ?? {}, 'TURNSTILE_SITE_KEY'),
    payments,
    warnings: engine.warnings,
    demoModelLog,
    logDir: path.join(stateDir, 'logs'),
    pids: { workerd: () => workers.workerdPid(), engine: () => engine.pid() },
    tenantOrigin: (slug) => originOf(`${slug}.localhost`, port),
    fetch: (host, requestPath, init) => loopbackFetch(port, host, requestPath, init),
    webSocket: (host, requestPath, headers) => loopbackWebSocket(port, host, requestPath, headers),
    restartWorkerd: () => restartWorkerd(port, workers),
    controlPlane: async (is) =>
      workers.replace([is === 'there' ? controlPlane : withoutService(controlPlane), parts.tenantWorker]),
    drain: () => drainTenants(workers.miniflare, controlPlane.name),
    stop,
  };
}

async function restartWorkerd(port: number, workers: RunningWorkers): Promise<void> {
  const before = workers.workerdPid();
  if (before !== null) process.kill(before, 'SIGKILL');
  const deadlineMs = Date.now() + RUNTIME_BACK_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    const now = workers.workerdPid();
    if (now !== null && now !== before) {
      const answered = await loopbackFetch(port, PLATFORM_HOST, '/healthz').then(
        (response) => response.ok,
        () => false, // Not listening yet; asked again below.
      );
      if (answered) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RUNTIME_POLL_EVERY_MS));
  }
  throw new Error('The Workers runtime did not come back.');
}

const originOf = (host: string, port: number): string => `http://${host}:${port}`;

async function assertPortFree(port: number): Promise<void> {
  if (await isPortFree(port)) return;
  const next = await nextFreePort(port);
  const instead = next === null ? '' : ` Free is ${next}: npm start -- --port ${next}`;
  throw new StackError(`Port ${port} is taken by another program.${instead}`);
}

/** Ends what was started, last first, each whatever the others do. */
async function runCleanups(cleanups: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanup of cleanups.toReversed()) await cleanup().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be stopped.');
}
