/**
 * Makes the compile cache of the local image once per machine, as the Dockerfile does for the real one. Node names cached
 * modules by their path, so for confined containers the boot happens under the paths that the container will see. It only
 * saves time: without it everything works, each first boot some seconds slower.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { localImage } from './manifest.ts';
import { release } from './release.ts';

/** A boot and a turn take 30 s on a busy machine; beyond this something is wrong. */
const bakeTimeoutMs = 420_000;
const outputCharsMax = 4_000;

export interface BakeOptions {
  /** As for `localImage`. */
  readonly openclawDir: string;
  readonly keeperFile: string;
  readonly nodeDir: string;
  readonly isolation: 'ns' | 'plain';
  /** Where the cache goes; made or replaced as a whole. */
  readonly outDir: string;
}

/**
 * Bakes unless the cache for these programs is there.
 * @returns `made` or `present`
 * @throws Error with the last output when the boot does not succeed; nothing is left in `outDir` then
 */
export async function bakeCompileCache(options: BakeOptions, signal?: AbortSignal): Promise<'made' | 'present'> {
  const recipe = `${release.openclawVersion} ${release.nodeVersion} ${options.isolation} ${path.resolve(options.openclawDir)}`;
  const recipeFile = `${options.outDir}.recipe`;
  if ((await readFile(recipeFile, 'utf8').catch(() => '')) === recipe) return 'present';
  const home = await mkdtemp(path.join(os.tmpdir(), 'tidepool-bake-'));
  try {
    const cache = path.join(home, 'cache');
    await run(bakeCommand(options, { home, cache, port: await freePort() }), signal);
    await rm(options.outDir, { recursive: true, force: true });
    await cp(cache, options.outDir, { recursive: true });
    await writeFile(recipeFile, recipe);
    return 'made';
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** The image's own command with `bake`, at its own paths or at those of this machine. */
function bakeCommand(options: BakeOptions, place: { home: string; cache: string; port: number }): Command {
  const { home, cache, port } = place;
  const image = localImage(options);
  const { TIDEPOOL_COMPILE_CACHE: _unused, ...imageEnv } = image.env;
  const env = {
    ...imageEnv,
    PATH: '/usr/bin:/bin',
    HOME: home,
    TMPDIR: path.join(home, 'tmp'),
    TIDEPOOL_GATEWAY_PORT: String(port),
  };
  const here = (text: string) => {
    const mount = image.mounts.find(({ target }) => text === target || text.startsWith(`${target}/`));
    return mount === undefined ? text : mount.source + text.slice(mount.target.length);
  };
  // Without the guardian, which would try a failing boot again.
  const command = [`${release.nodeDir}/bin/node`, release.keeperFile, 'bake', cache];
  if (options.isolation === 'plain') {
    const [program = '', ...rest] = command.map(here);
    return {
      argv: [program, ...rest],
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)])),
    };
  }
  const mounts = image.mounts.flatMap(({ source, target }) => ['--ro-bind', source, target]);
  // Everything as on this machine, with the image's folder of programs in place of this machine's.
  return {
    argv: ['bwrap', '--die-with-parent', '--dev-bind', '/', '/', '--tmpfs', '/opt', ...mounts, '--', ...command],
    env,
  };
}

/** The image's own port may be taken here, by an OpenClaw of the person whose machine this is. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : release.gatewayPort;
}

async function run(command: Command, signal?: AbortSignal): Promise<void> {
  const [program, ...args] = command.argv;
  const limit = AbortSignal.timeout(bakeTimeoutMs);
  const child = spawn(program, args, {
    env: { ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    killSignal: 'SIGTERM',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      output = (output + chunk).slice(-outputCharsMax);
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the compile cache could not be made (exit ${code}): ${output}`));
    });
  });
}
