// One container as the Docker API shows it: created -> running -> exited, and removed. Owns its folder, its log and its
// sandbox; everyone who waits for its end is told once.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readArchive } from './archive.ts';
import { exitCodeOf } from './exec-session.ts';
import type { ImageSpec } from './image-catalog.ts';
import { RingLog } from './ring-log.ts';
import { toEnv, type Isolation, type Sandbox } from './sandbox.ts';
import type { Sidecar } from './sidecar.ts';

export interface ContainerConfig {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode: string;
}

export type ContainerState = 'created' | 'running' | 'exited';

/** What to run: an image of this machine, and the saved home it starts from when it is a committed one. */
export interface ResolvedImage {
  readonly spec: ImageSpec;
  readonly home: string | undefined;
}

/** Exit code of a program that could not be started (as a shell says it). */
const NOT_STARTED = 127;

export class Container {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
  readonly createdAtMs: number;
  readonly dir: string;
  readonly log: RingLog;
  /** Set when this container is a sidecar. */
  sidecar: Sidecar | undefined;
  sandbox: Sandbox | undefined;
  #state: ContainerState = 'created';
  #exitCode = 0;
  #starting: Promise<void> = Promise.resolve();
  readonly #exitWaiters: (() => void)[] = [];
  readonly #removeWaiters: (() => void)[] = [];

  constructor(parts: { id: string; name: string; config: ContainerConfig; stateDir: string; createdAtMs: number }) {
    this.id = parts.id;
    this.name = parts.name;
    this.config = parts.config;
    this.createdAtMs = parts.createdAtMs;
    this.dir = join(parts.stateDir, 'containers', this.id.slice(0, 12));
    this.log = new RingLog(join(parts.stateDir, 'logs', `${this.name.replaceAll(/[^\w.-]/g, '_').slice(-180)}.log`));
  }

  get state(): ContainerState {
    return this.#state;
  }

  get exitCode(): number {
    return this.#exitCode;
  }

  /** A sidecar is running from its start to its removal. */
  startSidecar(sidecar: Sidecar): void {
    this.sidecar = sidecar;
    this.#state = 'running';
  }

  /** Starts the program. A program that can't be started makes the container end with 127, as a shell would. */
  start(isolation: Isolation, image: ResolvedImage, sidecar: Sidecar): Promise<void> {
    this.#state = 'running';
    this.#starting = this.#start(isolation, image, sidecar);
    return this.#starting;
  }

  /** Resolves when a start that is under way has come to its end; what acts on the program waits for it. */
  settled(): Promise<void> {
    return this.#starting;
  }

  async #start(isolation: Isolation, image: ResolvedImage, sidecar: Sidecar): Promise<void> {
    mkdirSync(join(this.dir, 'etc', 'cloudflare'), { recursive: true });
    try {
      const sandbox = await isolation.start({
        id: this.id,
        dir: this.dir,
        image: image.spec,
        command: this.config.command,
        env: toEnv(this.config.env),
        workdir: this.config.workdir,
        restoreFrom: image.home,
        egress: sidecar.egress,
      });
      this.sandbox = sandbox;
      this.log.follow(sandbox.main.stdout);
      this.log.follow(sandbox.main.stderr);
      if (sandbox.main.exitCode !== null || sandbox.main.signalCode !== null) {
        this.#ended(exitCodeOf(sandbox.main.exitCode, sandbox.main.signalCode));
      } else {
        sandbox.main.once('exit', (code, signal) => this.#ended(exitCodeOf(code, signal)));
      }
    } catch (error) {
      this.log.append(Buffer.from(`engine: ${error instanceof Error ? error.message : String(error)}\n`));
      this.#ended(NOT_STARTED);
    }
  }

  /** Resolves when the program has ended (at once when it does not run). */
  exited(): Promise<void> {
    if (this.#state !== 'running') return Promise.resolve();
    return new Promise((done) => this.#exitWaiters.push(done));
  }

  removed(): Promise<void> {
    return new Promise((done) => this.#removeWaiters.push(done));
  }

  /** Unpacks an archive below /etc/cloudflare, the only folder that is written from outside. */
  putArchive(path: string, archive: Buffer): void {
    for (const entry of readArchive(archive)) {
      const target = normalize(join('/', path, entry.path));
      if (!target.startsWith('/etc/cloudflare/')) {
        throw new Error(`Only files below /etc/cloudflare can be put into a container, not ${target}.`);
      }
      const file = join(this.dir, target);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, entry.content, { mode: 0o644 });
    }
  }

  /** Ends the program if it runs and frees everything. */
  async remove(): Promise<void> {
    await this.settled();
    this.sidecar?.stop();
    if (this.sandbox !== undefined && this.#state === 'running') {
      const gone = this.exited();
      this.sandbox.kill();
      await gone;
    } else if (this.#state === 'running') {
      this.#ended(0);
    }
    rmSync(this.dir, { recursive: true, force: true });
    for (const tell of this.#removeWaiters.splice(0)) tell();
  }

  #ended(code: number): void {
    if (this.#state === 'exited') return;
    this.#state = 'exited';
    this.#exitCode = code;
    this.sandbox?.dispose().catch(() => {});
    for (const tell of this.#exitWaiters.splice(0)) tell();
  }
}
