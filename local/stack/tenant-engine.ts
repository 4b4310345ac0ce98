// What runs tenant containers here: a Docker engine when one answers, else the local engine, confined by namespaces where
// the kernel allows it, else as plain processes with a warning. `TENANT_ENGINE=docker|ns|plain` decides instead.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { imageNameOfRelease, isKnownRelease, knownReleases } from '../../apps/control-plane/src/contract/releases.ts';
import { probeIsolation } from '../../container/engine/probe-isolation.ts';
import { bakeCompileCache, type BakeOptions } from '../../container/image/bake-cache.ts';
import { localImage, type LocalImage } from '../../container/image/manifest.ts';
import { release } from '../../container/image/release.ts';
import { buildKeeper } from '../../container/keeper/build.ts';
import { dockerAnswers, dockerSocket } from './docker.ts';
import { startEngine } from './engine-process.ts';
import type { Isolation } from './isolation.ts';
import { ensureOpenclaw, hasOpenclaw } from './openclaw-cache.ts';
import { StackError, type Progress } from './progress.ts';
import { aptInstall, findProgram } from './system-packages.ts';

export interface TenantEngine {
  readonly isolation: Isolation;
  readonly socket: string;
  /** Things a person should know about this engine, one sentence each. */
  readonly warnings: readonly string[];
  /** OpenClaw versions it can run. */
  readonly releases: readonly string[];
  /** The engine's process id; null for Docker, which is not ours, and while it is being restarted. */
  pid(): number | null;
  stop(): Promise<void>;
}

export interface TenantEngineOptions {
  readonly root: string;
  readonly stateDir: string;
  readonly wanted: Isolation | undefined;
  /** OpenClaw versions asked for besides the default one; installed now when they are not in the cache. */
  readonly releases: readonly string[];
  /** Folders to run as these versions instead of what npm has: `…/node_modules/openclaw`. */
  readonly openclawDirs: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly onStarted: (pid: number) => void;
  readonly onGaveUp: (why: string) => void;
}

/** Picks the engine and starts it when it is ours to start. */
export async function startTenantEngine(options: TenantEngineOptions): Promise<TenantEngine> {
  const docker = await usableDocker(options.wanted);
  if (docker !== null) {
    return {
      isolation: 'docker',
      socket: docker,
      warnings: [],
      releases: knownReleases,
      pid: () => null,
      stop: () => Promise.resolve(),
    };
  }
  return await startLocalEngine(options);
}

/** Docker's socket when Docker is to be used; null when it is not wanted or does not answer. */
async function usableDocker(wanted: Isolation | undefined): Promise<string | null> {
  if (wanted !== undefined && wanted !== 'docker') return null;
  const socket = dockerSocket(process.env);
  const answers = socket !== null && (await dockerAnswers(socket));
  if (answers) return socket;
  if (wanted === 'docker') {
    throw new StackError(
      `TENANT_ENGINE=docker, but no Docker engine answers at ${socket ?? 'a local socket'}: start it, or unset the variable.`,
    );
  }
  return null;
}

async function startLocalEngine(options: TenantEngineOptions): Promise<TenantEngine> {
  const { root, stateDir, progress } = options;
  const { level, warnings: why } = await chooseLevel(options.wanted, progress);
  const versions = versionsToRun(options);
  const dirs = new Map<string, string>();
  for (const version of versions)
    dirs.set(version, options.openclawDirs[version] ?? (await ensureOpenclaw(root, version, progress)));
  const engineDir = path.join(stateDir, 'engine');
  mkdirSync(engineDir, { recursive: true });
  const keeperFile = path.join(engineDir, 'keeper.mjs');
  await buildKeeper(keeperFile);
  const nodeDir = path.resolve(path.dirname(process.execPath), '..');
  const images: LocalImage[] = [];
  for (const [version, openclawDir] of dirs) {
    const programs = { openclawDir, keeperFile, nodeDir };
    // Another version's first boots take some seconds more: it is there to be upgraded from.
    const ahead = version === release.openclawVersion && options.openclawDirs[version] === undefined;
    const compileCacheDir = ahead ? await ensureCompileCache(root, { ...programs, isolation: level }, progress) : null;
    images.push(localImage({ name: imageNameOfRelease(version), ...programs, compileCacheDir }));
  }
  const imagesFile = path.join(engineDir, 'images.json');
  writeFileSync(imagesFile, JSON.stringify({ images }, null, 2));

  const engine = await startEngine({
    root,
    socket: socketPath(stateDir),
    stateDir: path.join(engineDir, 'run'),
    imagesFile,
    isolation: level,
    logDir: path.join(stateDir, 'logs'),
    progress,
    onStarted: options.onStarted,
    onGaveUp: options.onGaveUp,
  });
  const { isolation, socket, warnings } = engine.ready;
  return {
    isolation,
    socket,
    warnings: [...why, ...warnings],
    releases: versions,
    pid: () => engine.pid(),
    stop: () => engine.stop(),
  };
}

/** The default version, those asked for, and those that are there already. Nothing else is installed. */
function versionsToRun({ root, releases, openclawDirs }: TenantEngineOptions): string[] {
  const unknown = [...releases, ...Object.keys(openclawDirs)].find((version) => !isKnownRelease(version));
  if (unknown !== undefined) {
    throw new StackError(`OpenClaw ${unknown} is not one Tidepool knows; these are: ${knownReleases.join(', ')}.`);
  }
  const wanted = (version: string): boolean =>
    version === release.openclawVersion ||
    releases.includes(version) ||
    openclawDirs[version] !== undefined ||
    hasOpenclaw(root, version);
  return knownReleases.filter(wanted);
}

/** Boots OpenClaw once so that no assistant's start compiles it again. Resolves to null when that fails: it only saves time. */
async function ensureCompileCache(
  root: string,
  programs: Omit<BakeOptions, 'outDir'>,
  progress: Progress,
): Promise<string | null> {
  const outDir = path.join(root, '.tidepool/cache', `first-boot-${programs.isolation}`);
  try {
    await progress.step('first boot', 'compiling OpenClaw, once', () => bakeCompileCache({ ...programs, outDir }));
    return outDir;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    progress.say(`  first boot   not compiled ahead, so each assistant starts some seconds slower: ${reason}`);
    return null;
  }
}

interface Level {
  readonly level: 'ns' | 'plain';
  readonly warnings: readonly string[];
}

/** The level asked for, or the best this machine gives. `ns` asked for and not to be had is an error, never weakened. */
async function chooseLevel(wanted: Isolation | undefined, progress: Progress): Promise<Level> {
  if (wanted === 'plain') return { level: 'plain', warnings: [] };
  const toolProblem = await ensureNamespaceTools(progress);
  const probe = probeIsolation();
  if (probe.isolation === 'ns') return { level: 'ns', warnings: [] };
  const reason = toolProblem === null ? probe.reason : `${probe.reason} (${toolProblem})`;
  if (wanted === 'ns') throw new StackError(`TENANT_ENGINE=ns cannot be had here: ${reason}.`);
  return { level: 'plain', warnings: [`Assistants are not confined: ${reason}.`] };
}

/** Tries to have bubblewrap and ip; resolves to null when both are there, else to what a person should do. */
async function ensureNamespaceTools(progress: Progress): Promise<string | null> {
  if (process.platform !== 'linux') return null; // The probe says it better.
  const missing = [
    ...(findProgram('bwrap') === null ? ['bubblewrap'] : []),
    ...(findProgram('ip') === null ? ['iproute2'] : []),
  ];
  return missing.length === 0 ? null : await aptInstall(missing, progress);
}

const SOCKET_PATH_BYTES_MAX = 100; // sun_path holds 108 with its end (unix(7)); the engine adds sockets beside it.

/** A socket path short enough for the kernel: in the state folder, or for deep ones in a private temporary folder. */
function socketPath(stateDir: string): string {
  const inState = path.join(stateDir, 'engine.sock');
  if (Buffer.byteLength(inState) <= SOCKET_PATH_BYTES_MAX) return inState;
  const name = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  const dir = path.join(os.tmpdir(), `tidepool-${process.getuid?.() ?? 0}-${name}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return path.join(dir, 'engine.sock');
}
