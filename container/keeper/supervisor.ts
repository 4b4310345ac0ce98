/**
 * Starts, watches and stops the one gateway. It decides nothing about the tenant's life: a gateway that ends stays ended
 * until somebody asks for a start. At most one run exists; `start` and `stop` of the same run are idempotent.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigStore } from './config-store.ts';
import type {
  CheckRequest,
  CheckResult,
  FailureCode,
  StartRequest,
  StopRequest,
  StopResult,
  UsersRequest,
} from './contract.ts';
import { freeBytesOf } from './disk.ts';
import { checkGateway } from './gateway-check.ts';
import { GatewayProcess, type GatewayExit } from './gateway-process.ts';
import { isLive, isReady, portIsFree } from './gateway-probe.ts';
import { drainGateway } from './gateway-rpc.ts';
import { watchWork } from './gateway-work.ts';
import { askPairing } from './pairing.ts';
import type { PairingList, PairingRequest } from './pairing-contract.ts';
import type { LogRing } from './log-ring.ts';
import { describeError, Problem } from './problem.ts';
import { nextRunOnDisk } from './scheduled-runs.ts';
import type { Settings } from './settings.ts';
import { explainExit, failureOf, StartFailed } from './start-failure.ts';
import type { StatusBoard } from './status-board.ts';
import type { StandbyFiles } from './standby.ts';
import { trustedAuthority } from './trusted-authority.ts';

const bootProbeEveryMs = 50;
const healthEveryMs = 5_000;
/** How old the word of a gateway on its own work gets: an idle one sleeps at most this much later. */
const workEveryMs = 10_000;
/** OpenClaw cannot boot with less: its databases, log and Control UI cache. */
const bootBytesMin = 96 * 1024 * 1024;
const logTailLines = 40;
/** After a drain that used up its time the gateway still gets this long between SIGTERM and SIGKILL to close its databases. */
const closeMsMin = 3_000;

interface Run {
  readonly abort: AbortController;
  /** Ends the questions about its work. */
  readonly watching: AbortController;
  process: GatewayProcess | null;
  /** Settles when the start has ended, well or not. */
  started: Promise<void>;
  stopping: { deadlineAtMs: number; readonly result: Promise<StopResult> } | null;
  /** What it was started with, and what was changed since. */
  request: StartRequest;
  readonly peers: readonly string[];
}

export class Supervisor {
  readonly #settings: Settings;
  readonly #board: StatusBoard;
  readonly #log: LogRing;
  readonly #openclawVersion: string;
  readonly #onReady: () => Promise<void>;
  #run: Run | null = null;
  #userChange: Promise<unknown> = Promise.resolve();
  /** A gateway that waits for its first start. There is one per life of a keeper: a later start finds none. */
  #standby: Promise<GatewayProcess | null> = Promise.resolve(null);

  constructor(options: {
    settings: Settings;
    board: StatusBoard;
    log: LogRing;
    openclawVersion: string;
    /** Called once per run when the gateway has become ready. */
    onReady: () => Promise<void>;
  }) {
    this.#settings = options.settings;
    this.#board = options.board;
    this.#log = options.log;
    this.#openclawVersion = options.openclawVersion;
    this.#onReady = options.onReady;
  }

  /** A gateway runs, is about to, or is being stopped. */
  get active(): boolean {
    return this.#run !== null;
  }

  /**
   * Starts loading a gateway's modules before anybody asks for it. A failure only costs the time that was to be saved.
   * @param files `recordFile` is for a bake
   */
  standBy(keeperFile: string, files: StandbyFiles): void {
    if (files.recordFile === null && (files.listFile === null || !existsSync(files.listFile))) return;
    const settings = this.#settings;
    const prepare = async (): Promise<GatewayProcess | null> => {
      await mkdir(settings.home, { recursive: true, mode: 0o700 });
      // Node reads the platform's certificate when a process starts.
      await trustedAuthority(settings.inheritedEnv['NODE_EXTRA_CA_CERTS'], new AbortController().signal);
      return GatewayProcess.standBy(settings, this.#log, keeperFile, files);
    };
    this.#standby = prepare().catch((error: unknown) => {
      this.#log.add('keeper', `standby: ${describeError(error)}`);
      return null;
    });
  }

  /** Ends a gateway that was never asked for. */
  async standDown(): Promise<void> {
    const standby = await this.#takeStandby();
    standby?.kill();
  }

  /** The waiting gateway, once, or null when there is none (any more). */
  async #takeStandby(): Promise<GatewayProcess | null> {
    const standby = await this.#standby;
    this.#standby = Promise.resolve(null);
    return standby?.running === true ? standby : null;
  }

  /**
   * Begins a start and returns; progress is on the board. While a run is active this changes nothing.
   * @throws Problem `busy` while that run is being stopped
   */
  start(request: StartRequest, peers: readonly string[]): void {
    if (this.#run?.stopping) throw new Problem('busy', 'The gateway is being stopped; start it when it has stopped.');
    if (this.#run !== null) return;
    const run: Run = {
      abort: new AbortController(),
      watching: new AbortController(),
      process: null,
      started: Promise.resolve(),
      stopping: null,
      request,
      peers,
    };
    this.#run = run;
    this.#board.forgetSteps('config.', 'gateway.');
    this.#board.clearFailure();
    this.#board.builtOn(request.settings, null);
    this.#board.enter('validating');
    run.started = this.#boot(run, request, peers).catch((error: unknown) => this.#bootFailed(run, error));
  }

  /** Asks the ready gateway what it holds. Throws Problem `gateway_not_ready`, as the next two. */
  async check(request: CheckRequest): Promise<CheckResult> {
    return checkGateway({ ...this.#ready().access, request });
  }

  /** Devices and senders, after one change if there is any. */
  async pairing({ change }: PairingRequest): Promise<PairingList> {
    return askPairing({ ...this.#ready().access, change });
  }

  /**
   * Lets the running gateway know who may reach it now: its settings are rendered anew, and OpenClaw takes that part of
   * them over as it runs. False when nothing had to change. One at a time.
   */
  changeUsers({ users }: UsersRequest): Promise<boolean> {
    const change = this.#userChange.then(async () => {
      const { run } = this.#ready();
      const { request, peers } = run;
      const config = { ...request.config, users };
      if (JSON.stringify(config.users) === JSON.stringify(request.config.users)) return false;
      const store = new ConfigStore(this.#settings);
      const wanted = { input: config, base: 'current' as const, peers, openclawVersion: this.#openclawVersion };
      const first = await store.render(wanted);
      if (!first.proven) await store.validate(first.candidate, first.proof, run.abort.signal);
      // The assistant may have written its settings while they were judged.
      const { candidate } = await store.render(wanted);
      await store.adopt(candidate, 'current');
      await store.confirm();
      run.request = { ...request, config };
      return true;
    });
    this.#userChange = change.catch(() => undefined);
    return change;
  }

  #ready(): { run: Run; access: { port: number; password: string } } {
    const run = this.#run;
    if (run === null || run.stopping !== null || this.#board.phase !== 'ready')
      throw new Problem('gateway_not_ready', 'No gateway is ready; wait until the phase is ready.');
    return { run, access: { port: this.#settings.gatewayPort, password: run.process?.password ?? '' } };
  }

  /** Stops the gateway; a second call joins the first and may only shorten its time. */
  async stop(request: StopRequest): Promise<StopResult> {
    const run = this.#run;
    if (run === null) return { exit: null, forced: false, drained: false };
    const deadlineAtMs = Date.now() + request.graceMs;
    if (run.stopping !== null) {
      run.stopping.deadlineAtMs = Math.min(run.stopping.deadlineAtMs, deadlineAtMs);
      return run.stopping.result;
    }
    const { promise, resolve, reject } = Promise.withResolvers<StopResult>();
    run.stopping = { deadlineAtMs, result: promise };
    this.#perform(run, run.stopping, request.mode).then(resolve, reject);
    return promise;
  }

  async #boot(run: Run, request: StartRequest, peers: readonly string[]): Promise<void> {
    const deadlineAtMs = Date.now() + request.timeoutMs;
    const config = new ConfigStore(this.#settings);
    const free = await freeBytesOf(this.#settings.home);
    if (free < bootBytesMin)
      throw new StartFailed('disk_full', `Only ${free} bytes are free; a boot needs ${bootBytesMin}.`);
    if (!(await portIsFree(this.#settings.gatewayPort))) {
      throw new StartFailed('port_in_use', `Port ${this.#settings.gatewayPort} is already in use.`);
    }
    const rendered = await this.#board.step('config.render', () =>
      config.render({
        input: request.config,
        base: request.settings,
        peers,
        openclawVersion: this.#openclawVersion,
      }),
    );
    for (const path of rendered.dropped) this.#log.add('keeper', `config: ${path} is not kept`);
    if (!rendered.proven) {
      await this.#board.step('config.validate', () =>
        config.validate(rendered.candidate, rendered.proof, run.abort.signal),
      );
    }
    const setAside = await config.adopt(rendered.candidate, request.settings);
    if (setAside !== null) {
      this.#log.add('keeper', `config: what was set is kept as ${setAside}`);
      this.#board.builtOn(request.settings, setAside);
    }
    const authority = this.#settings.inheritedEnv['NODE_EXTRA_CA_CERTS'];
    if (!(await trustedAuthority(authority, run.abort.signal))) {
      this.#log.add('keeper', `${authority} is not there: HTTPS calls of the assistant will fail`);
    }
    if (run.abort.signal.aborted) return;

    this.#board.enter('starting');
    const standby = await this.#takeStandby();
    const gateway = standby ?? (await GatewayProcess.spawn(this.#settings, this.#log));
    run.process = gateway;
    standby?.go();
    this.#board.gatewayStarted(gateway.pid);
    // A stop that came during the spawn found no process to end.
    if (run.abort.signal.aborted) gateway.terminate();
    gateway.exited.then((exit) => this.#ended(run, exit)).catch(() => undefined);

    await this.#board.step('gateway.listen', () => this.#until(gateway, isLive, deadlineAtMs));
    await this.#board.step('gateway.ready', () => this.#until(gateway, isReady, deadlineAtMs));
    await config.confirm();
    if (run.stopping !== null) return;
    if (!gateway.running) throw new StartFailed('gateway_exit', 'The gateway ended as it became ready.');
    this.#board.gatewayHealthy();
    this.#board.enter('ready');
    await this.#onReady();
    void this.#watch(run, gateway);
    void watchWork({
      port: this.#settings.gatewayPort,
      password: run.process?.password ?? '',
      everyMs: workEveryMs,
      signal: run.watching.signal,
      runsOverdue: request.overdueRuns === 'run',
      nowMs: Date.now,
      log: (line) => this.#log.add('keeper', line),
      known: (work) => this.#board.gatewayWorks(work),
      unknown: () => this.#board.gatewayDegraded(),
    });
  }

  /** Looks until the check holds; returns early when the process is gone, which `#ended` reports. */
  async #until(
    gateway: GatewayProcess,
    check: (port: number) => Promise<boolean>,
    deadlineAtMs: number,
  ): Promise<void> {
    while (gateway.running) {
      if (await check(this.#settings.gatewayPort)) return;
      if (Date.now() >= deadlineAtMs) throw new StartFailed('start_timeout', 'The gateway was not ready in time.');
      await delay(bootProbeEveryMs);
    }
    throw new StartFailed('gateway_exit', 'The gateway ended while it was starting.');
  }

  async #bootFailed(run: Run, error: unknown): Promise<void> {
    const gateway = run.process;
    if (gateway !== null) {
      gateway.kill();
      await gateway.exited;
    }
    if (run.stopping !== null) return;
    this.#run = null;
    const failure = failureOf(error);
    const exitFailure = failure.code === 'gateway_exit' ? this.#exitFailure() : failure;
    this.#log.add('keeper', `start failed: ${exitFailure.code}: ${exitFailure.message}`);
    this.#board.fail('failed', { ...exitFailure, logTail: this.#log.tail(logTailLines) });
  }

  /** Why the process ended by itself, from its exit code and its last words. */
  #exitFailure(): { code: FailureCode; message: string } {
    const exit = this.#board.read().gateway.exit;
    return explainExit(exit ?? { code: null, signal: null }, this.#log.tail(logTailLines));
  }

  /** The process is gone: a crash when it was ready and nobody asked. `#bootFailed` and `#perform` report the other cases. */
  #ended(run: Run, exit: GatewayExit): void {
    run.watching.abort();
    this.#board.gatewayExited(exit);
    if (this.#run !== run || run.stopping !== null || this.#board.phase !== 'ready') return;
    this.#run = null;
    const failure = this.#exitFailure();
    this.#log.add('keeper', `gateway ended: ${failure.message}`);
    this.#board.fail('crashed', { ...failure, logTail: this.#log.tail(logTailLines) });
  }

  async #perform(
    run: Run,
    stopping: { readonly deadlineAtMs: number },
    mode: StopRequest['mode'],
  ): Promise<StopResult> {
    const wasReady = this.#board.phase === 'ready';
    this.#board.forgetSteps('gateway.drain', 'gateway.stop');
    this.#board.enter('stopping');
    run.abort.abort();
    run.watching.abort();
    const drained =
      mode === 'drain' && wasReady && (await this.#board.step('gateway.drain', () => this.#drain(run, stopping)));
    const result = await this.#board.step('gateway.stop', () =>
      this.#terminate(run, stopping, mode === 'drain' ? closeMsMin : 0),
    );
    await run.started;
    this.#run = null;
    const next = this.#readNextRun();
    this.#board.enter('stopped');
    return { ...result, drained, ...next };
  }

  /** The mirror of the schedule is exact from here on: nothing writes the disk any more. */
  #readNextRun(): { nextRunAtMs?: number | null } {
    try {
      const nextRunAtMs = nextRunOnDisk(this.#settings.stateDir);
      this.#board.gatewayWorks({ busy: false, nextRunAtMs });
      return { nextRunAtMs };
    } catch (error) {
      // What the gateway said last stands, and is a few seconds old.
      this.#log.add('keeper', `scheduled runs cannot be read: ${describeError(error)}`);
      return {};
    }
  }

  async #drain(run: Run, stopping: { readonly deadlineAtMs: number }): Promise<boolean> {
    const expired = new AbortController();
    const look = setInterval(() => {
      if (Date.now() >= stopping.deadlineAtMs || run.process?.running !== true) expired.abort();
    }, 100);
    try {
      return await drainGateway({
        port: this.#settings.gatewayPort,
        password: run.process?.password ?? '',
        requestId: `tidepool-${randomUUID()}`,
        signal: expired.signal,
      });
    } catch (error) {
      // SIGTERM drains too; it only cannot say when it is done.
      this.#log.add('keeper', `drain: ${describeError(error)}`);
      return false;
    } finally {
      clearInterval(look);
    }
  }

  async #terminate(
    run: Run,
    stopping: { readonly deadlineAtMs: number },
    msMin: number,
  ): Promise<{ exit: GatewayExit | null; forced: boolean }> {
    // A start that is still rendering or validating has no process yet; it sees the abort before it spawns one.
    if (run.process === null) await run.started;
    const gateway = run.process;
    if (gateway === null) return { exit: null, forced: false };
    const floorAtMs = Date.now() + msMin;
    let forced = false;
    gateway.terminate();
    const look = setInterval(() => {
      if (!gateway.running || Date.now() < Math.max(stopping.deadlineAtMs, floorAtMs)) return;
      forced = true;
      gateway.kill();
    }, 50);
    const exit = await gateway.exited;
    clearInterval(look);
    return { exit, forced };
  }

  /** Notes that a ready gateway still answers. Says nothing when it does not: silence is for the object to judge. */
  async #watch(run: Run, gateway: GatewayProcess): Promise<void> {
    while (this.#run === run && run.stopping === null && gateway.running) {
      await delay(healthEveryMs, undefined, { ref: false });
      if (gateway.running && (await isLive(this.#settings.gatewayPort))) this.#board.gatewayHealthy();
    }
  }
}
