// The engine's state and its verbs: containers, execs, images, volumes. The HTTP layer (`api/`) only translates.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Container, type ContainerConfig } from './container.ts';
import type { Log } from './engine-log.ts';
import { ExecSession, type ExecRequest } from './exec-session.ts';
import { isSidecarImage, type ImageCatalog } from './image-catalog.ts';
import { ImageStore } from './image-store.ts';
import { pruneLogs } from './ring-log.ts';
import type { Isolation } from './sandbox.ts';
import { egressPortOf, Sidecar } from './sidecar.ts';
import { VolumeStore } from './volume-store.ts';

/** An answer with a status that is not 200: what the Docker API would say. */
export class EngineError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const CONTAINERS_MAX = 200;
/** Execs that are remembered; a finished one is dropped first. */
const EXECS_MAX = 1_000;
const STOP_GRACE_MS = 10_000;

export interface EngineParts {
  readonly isolation: Isolation;
  readonly catalog: ImageCatalog;
  readonly stateDir: string;
  readonly log: Log;
}

export class Engine {
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  readonly #parts: EngineParts;
  readonly #containers = new Map<string, Container>();
  readonly #execs = new Map<string, ExecSession>();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    // What a killed engine left: its processes are gone, their folders are of no use.
    rmSync(join(parts.stateDir, 'containers'), { recursive: true, force: true });
    pruneLogs(join(parts.stateDir, 'logs'));
    this.images = new ImageStore(parts.catalog, parts.stateDir);
    this.volumes = new VolumeStore(parts.stateDir);
  }

  get containers(): readonly Container[] {
    return [...this.#containers.values()];
  }

  /** By name, id, or an id's beginning of at least 12 characters. */
  find(reference: string): Container | undefined {
    return this.containers.find(
      ({ id, name }) => name === reference || id === reference || (reference.length >= 12 && id.startsWith(reference)),
    );
  }

  get(reference: string): Container {
    const container = this.find(reference);
    if (container === undefined) throw new EngineError(404, `No such container: ${reference}`);
    return container;
  }

  create(name: string | undefined, config: ContainerConfig): Container {
    const id = randomBytes(32).toString('hex');
    const chosen = name ?? `container-${id.slice(0, 12)}`;
    if (this.find(chosen) !== undefined) throw new EngineError(409, `The name ${chosen} is in use.`);
    if (!isSidecarImage(config.image) && this.images.resolve(config.image) === undefined) {
      throw new EngineError(404, `No such image: ${config.image}`);
    }
    if (this.#containers.size >= CONTAINERS_MAX)
      throw new EngineError(500, `There are ${CONTAINERS_MAX} containers already.`);
    const container = new Container({
      id,
      name: chosen,
      config,
      stateDir: this.#parts.stateDir,
      createdAtMs: Date.now(),
    });
    this.#containers.set(id, container);
    return container;
  }

  async start(container: Container): Promise<void> {
    if (isSidecarImage(container.config.image)) {
      const sidecar = new Sidecar(
        egressPortOf(container.config.command),
        (port) => this.#dialClient(container, port),
        this.#parts.log,
      );
      await sidecar.start();
      container.startSidecar(sidecar);
      return;
    }
    const image = this.images.resolve(container.config.image);
    if (image === undefined) throw new EngineError(404, `No such image: ${container.config.image}`);
    const sidecar = this.#sidecarOf(container);
    if (sidecar === undefined) {
      throw new EngineError(
        400,
        `Container ${container.name} has no running sidecar (its network is "${container.config.networkMode}").`,
      );
    }
    await container.start(this.#parts.isolation, image, sidecar);
    this.#parts.log('container.started', { name: container.name, pid: container.sandbox?.pid, state: container.state });
    void this.#logExit(container);
  }

  /** SIGTERM, then SIGKILL for what is left after the grace time. */
  async stop(container: Container, graceMs: number = STOP_GRACE_MS): Promise<void> {
    await container.settled();
    const gone = container.exited();
    container.sandbox?.signal('SIGTERM');
    const timer = setTimeout(() => container.sandbox?.kill(), graceMs);
    await gone;
    clearTimeout(timer);
  }

  async kill(container: Container, signal: NodeJS.Signals): Promise<void> {
    await container.settled();
    if (signal === 'SIGKILL') container.sandbox?.kill();
    else container.sandbox?.signal(signal);
  }

  async remove(container: Container): Promise<void> {
    await container.remove();
    this.#containers.delete(container.id);
    for (const [id, exec] of this.#execs) if (exec.containerId === container.id) this.#execs.delete(id);
  }

  async createExec(container: Container, request: ExecRequest): Promise<ExecSession> {
    await container.settled();
    if (container.sandbox === undefined || container.state !== 'running') {
      throw new EngineError(409, `Container ${container.name} is not running.`);
    }
    for (const [id, exec] of this.#execs) {
      if (this.#execs.size < EXECS_MAX) break;
      if (exec.started && !exec.state.running) this.#execs.delete(id);
    }
    if (this.#execs.size >= EXECS_MAX) throw new EngineError(500, `There are ${EXECS_MAX} commands running already.`);
    const exec = new ExecSession(randomBytes(32).toString('hex'), container.id, request);
    this.#execs.set(exec.id, exec);
    return exec;
  }

  getExec(id: string): ExecSession {
    const exec = this.#execs.get(id);
    if (exec === undefined) throw new EngineError(404, `No such exec: ${id}`);
    return exec;
  }

  /** Saves a running container's home as an image. */
  async commit(container: Container, reference: string): Promise<string> {
    await container.settled();
    if (container.sandbox === undefined || container.state !== 'running') {
      throw new EngineError(409, `Container ${container.name} is not running.`);
    }
    return this.images.commit(reference, container.config.image, container.sandbox);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await Promise.all(this.containers.map((container) => this.remove(container)));
  }

  async #logExit(container: Container): Promise<void> {
    await container.exited();
    this.#parts.log('container.exited', { name: container.name, exitCode: container.exitCode });
  }

  #sidecarOf(container: Container): Sidecar | undefined {
    const { networkMode } = container.config;
    return networkMode.startsWith('container:')
      ? this.find(networkMode.slice('container:'.length))?.sidecar
      : undefined;
  }

  /** Undefined when no container uses the sidecar; rejects while its program does not listen, or does not run yet. */
  #dialClient(sidecar: Container, port: number): Promise<Socket> | undefined {
    const client = this.#clientOf(sidecar);
    if (client === undefined) return undefined;
    return client.sandbox?.dial(port) ?? Promise.reject(new Error('the container is starting'));
  }

  #clientOf(sidecar: Container): Container | undefined {
    const modes = [`container:${sidecar.name}`, `container:${sidecar.id}`];
    return this.containers.find(({ config, state }) => state === 'running' && modes.includes(config.networkMode));
  }
}
