// The `plain` isolation level: a container is a child process in its own process group, with its own folders, host
// ports in place of container ports, and proxy variables in place of interception. It is no boundary, and says so.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import {
  CERTIFICATE_FILE,
  certificateEnv,
  DEFAULT_PATH,
  HOME_DIR,
  type Env,
  type Isolation,
  type Sandbox,
  type SandboxPlan,
} from '../sandbox.ts';
import { findTool } from '../tools.ts';
import { ForwardProxy } from './forward-proxy.ts';
import { mapPaths, type PathMapping } from './path-map.ts';
import { PidFiles } from './pid-files.ts';
import { PlainSandbox, runTar } from './plain-sandbox.ts';

const WARNING =
  'Isolation is "plain": containers are ordinary processes of this user. They can read its files and reach the network; use them with your own data only.';

export class PlainIsolation implements Isolation {
  readonly kind = 'plain';
  readonly warnings = [WARNING];
  readonly #pids: PidFiles;
  readonly #guard = deathGuard();

  constructor(stateDir: string) {
    this.#pids = new PidFiles(join(stateDir, 'pids'));
    this.#pids.reap();
  }

  async start(plan: SandboxPlan): Promise<Sandbox> {
    const { image } = plan;
    const home = join(plan.dir, 'home');
    for (const dir of [home, join(plan.dir, 'tmp')]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (plan.restoreFrom !== undefined) await runTar(['-xf', plan.restoreFrom, '-C', home]);
    const proxy = new ForwardProxy(plan.egress);
    await proxy.start();
    const ports = new Map<number, number>();
    for (const port of Object.keys(image.ports)) ports.set(Number(port), await freePort());
    const mappings = pathMappings(plan);
    const outward = proxyEnv(proxy.url);
    const env = { ...mainEnv(plan, mappings, ports), ...outward };
    const command = (plan.command.length > 0 ? plan.command : image.command).map((arg) => mapPaths(arg, mappings));
    const workdir = mapPaths(plan.workdir ?? image.workdir ?? '/', mappings);
    const main = await this.#spawn(command, env, workdir === '/' ? plan.dir : workdir);
    this.#pids.write(plan.id, main.pid ?? 0);
    return new PlainSandbox({
      main,
      dir: plan.dir,
      execEnv: { PATH: env.PATH ?? DEFAULT_PATH, ...outward },
      mappings,
      guard: this.#guard,
      dial: (port) => dialHost(ports.get(port) ?? port),
      release: () => {
        this.#pids.remove(plan.id);
        proxy.stop();
      },
    });
  }

  async close(): Promise<void> {}

  async #spawn(command: readonly string[], env: Env, cwd: string): Promise<ChildProcess> {
    const [file = '', ...args] = [...this.#guard, ...command];
    const main = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    await new Promise<void>((done, fail) => {
      main.once('spawn', done);
      main.once('error', fail);
    });
    return main;
  }
}

/** Ends a process when the engine is killed; Linux only, elsewhere the pid files do it at the next start. */
function deathGuard(): readonly string[] {
  const setpriv = process.platform === 'linux' ? findTool('setpriv') : undefined;
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
}

function pathMappings(plan: SandboxPlan): PathMapping[] {
  return [
    ...plan.image.mounts.map(({ source, target }) => ({ from: target, to: source })),
    { from: HOME_DIR, to: join(plan.dir, 'home') },
    { from: dirname(dirname(CERTIFICATE_FILE)), to: join(plan.dir, 'etc', 'cloudflare') },
    // workerd keeps an exec's process id in a file of this name.
    { from: '/tmp/.workerd-exec', to: join(plan.dir, 'tmp', '.workerd-exec') },
  ];
}

function mainEnv(plan: SandboxPlan, mappings: readonly PathMapping[], ports: ReadonlyMap<number, number>): Env {
  const given = Object.entries({ ...plan.image.env, ...plan.env }).map(([name, value]) => [
    name,
    mapPaths(value, mappings),
  ]);
  const assigned = Object.entries(plan.image.ports).map(([port, name]) => [
    name,
    String(ports.get(Number(port)) ?? port),
  ]);
  return {
    PATH: DEFAULT_PATH,
    HOME: join(plan.dir, 'home'),
    TMPDIR: join(plan.dir, 'tmp'),
    LANG: 'C.UTF-8',
    HOSTNAME: plan.id,
    ...certificateEnv(plan.dir, join(plan.dir, CERTIFICATE_FILE)),
    ...Object.fromEntries(given),
    ...Object.fromEntries(assigned),
    TIDEPOOL_ISOLATION: 'plain',
  };
}

/** What programs need to send their traffic to the proxy; the names are the ones that exist in both cases. */
function proxyEnv(url: string): Env {
  const direct = 'localhost,127.0.0.1,::1';
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: direct,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: '1',
  };
}

function dialHost(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    socket.once('connect', () => {
      socket.off('error', fail);
      done(socket);
    });
    socket.once('error', fail);
  });
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const port = (server.address() as AddressInfo | null)?.port ?? 0;
      server.close(() => done(port));
    });
  });
}
