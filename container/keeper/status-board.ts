/**
 * What the keeper knows about this run, as `/v1/status` tells it. Holds no logic: phases are set by whoever acts. Every
 * change raises `rev`; a change of phase is announced once.
 */
import type { FailureCode, KeeperPhase, KeeperStatus, RestoreResult, StartRequest } from './contract.ts';

type Step = KeeperStatus['steps'][number];
const noGateway: KeeperStatus['gateway'] = {
  pid: null,
  startedAtMs: null,
  healthyAtMs: null,
  exit: null,
  work: null,
  degraded: false,
};

type GatewayExit = { readonly code: number | null; readonly signal: string | null };

/** Enough for a restore, a start and a stop, several times over. */
const stepsMax = 64;

export class StatusBoard {
  #rev = 0;
  #phase: KeeperPhase = 'idle';
  #steps: Step[] = [];
  #gateway: KeeperStatus['gateway'] = noGateway;
  #config: KeeperStatus['config'] = null;
  #failure: KeeperStatus['failure'] = null;
  #restored: RestoreResult | null = null;
  readonly #nowMs: () => number;
  readonly #onPhase: (phase: KeeperPhase) => void;

  constructor(options: { nowMs: () => number; onPhase: (phase: KeeperPhase) => void }) {
    this.#nowMs = options.nowMs;
    this.#onPhase = options.onPhase;
  }

  get phase(): KeeperPhase {
    return this.#phase;
  }

  /** A copy for the wire; the caller adds what is read from the machine. */
  read(): Pick<KeeperStatus, 'rev' | 'phase' | 'steps' | 'gateway' | 'config' | 'failure' | 'restored'> {
    return {
      rev: this.#rev,
      phase: this.#phase,
      steps: this.#steps.map((step) => ({ ...step })),
      gateway: { ...this.#gateway },
      config: this.#config,
      failure: this.#failure,
      restored: this.#restored,
    };
  }

  enter(phase: KeeperPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#rev++;
    this.#onPhase(phase);
  }

  /** Ends in a phase with a reason. */
  fail(phase: 'failed' | 'crashed', failure: { code: FailureCode; message: string; logTail: string }): void {
    this.#failure = failure;
    this.#rev++;
    this.enter(phase);
  }

  /** What this start is built on, and what it set aside. */
  builtOn(settings: StartRequest['settings'], setAside: string | null): void {
    this.#config = { settings, setAside };
    this.#rev++;
  }

  clearFailure(): void {
    this.#failure = null;
    this.#rev++;
  }

  /** Forgets the steps whose names start with one of `prefixes`: they are about to happen again. */
  forgetSteps(...prefixes: readonly string[]): void {
    this.#steps = this.#steps.filter((step) => !prefixes.some((prefix) => step.name.startsWith(prefix)));
    this.#rev++;
  }

  /** Runs `work` as a named step; its end and outcome are recorded also when it throws. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const step: Step = { name, startedAtMs: this.#nowMs(), endedAtMs: null, ok: null };
    this.#steps = [...this.#steps.slice(1 - stepsMax), step];
    this.#rev++;
    try {
      const result = await work();
      step.ok = true;
      return result;
    } catch (error) {
      step.ok = false;
      throw error;
    } finally {
      step.endedAtMs = this.#nowMs();
      this.#rev++;
    }
  }

  gatewayStarted(pid: number): void {
    this.#gateway = { ...noGateway, pid, startedAtMs: this.#nowMs() };
    this.#rev++;
  }

  gatewayHealthy(): void {
    this.#gateway = { ...this.#gateway, healthyAtMs: this.#nowMs() };
    this.#rev++;
  }

  /** What the gateway does, learned just now. */
  gatewayWorks(work: { readonly busy: boolean; readonly nextRunAtMs: number | null }): void {
    this.#gateway = { ...this.#gateway, work: { ...work, asOfMs: this.#nowMs() }, degraded: false };
    this.#rev++;
  }

  /** The gateway runs and does not say what it does. */
  gatewayDegraded(): void {
    this.#gateway = { ...this.#gateway, work: null, degraded: true };
    this.#rev++;
  }

  gatewayExited(exit: GatewayExit): void {
    this.#gateway = {
      ...this.#gateway,
      work: null,
      degraded: false,
      pid: null,
      exit: { ...exit, atMs: this.#nowMs() },
    };
    this.#rev++;
  }

  restoredState(result: RestoreResult): void {
    this.#restored = result;
    this.#rev++;
  }
}
