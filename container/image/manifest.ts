/**
 * The image as the local container engine sees it: the same programs in the same places as in the Dockerfile, mounted
 * instead of copied. In the engine's `plain` mode targets become their sources, and HOME and the ports are the engine's.
 */
import path from 'node:path';
import { release } from './release.ts';

export interface LocalImage {
  readonly name: string;
  readonly command: string[];
  readonly env: Record<string, string>;
  readonly workdir: string;
  readonly mounts: { source: string; target: string }[];
  /** Container port to the environment variable that carries it. */
  readonly ports: Record<string, string>;
}

/** Environment of the main process, the same in the Dockerfile. `HOME` and `TMPDIR` belong to whoever runs the container. */
export const imageEnv = {
  TIDEPOOL_KEEPER_PORT: String(release.keeperPort),
  TIDEPOOL_GATEWAY_PORT: String(release.gatewayPort),
  TIDEPOOL_OPENCLAW_DIR: release.openclawDir,
  TIDEPOOL_NODE: `${release.nodeDir}/bin/node`,
  NODE_ENV: 'production',
  TIDEPOOL_COMPILE_CACHE: release.compileCacheDir,
} as const;

/**
 * @param options.name of the image in wrangler.toml; the default release's unless given
 * @param options.openclawDir the installed package itself, `…/node_modules/openclaw`; its dependencies lie beside it
 * @param options.keeperFile the bundle made by `buildKeeper`
 * @param options.compileCacheDir made by `bakeCompileCache` for this isolation; null to do without
 * @param options.nodeDir a Node of the pinned major version: the folder that holds `bin/node`
 */
export function localImage(options: {
  name?: string;
  openclawDir: string;
  keeperFile: string;
  nodeDir: string;
  compileCacheDir?: string | null;
}): LocalImage {
  const cache = options.compileCacheDir ?? null;
  return {
    name: options.name ?? release.imageName,
    command: [`${release.nodeDir}/bin/node`, release.keeperFile, 'guard'],
    env: { ...imageEnv },
    workdir: '/',
    mounts: [
      { source: path.resolve(options.nodeDir), target: release.nodeDir },
      { source: path.resolve(options.openclawDir, '..'), target: path.dirname(release.openclawDir) },
      { source: path.resolve(options.keeperFile), target: release.keeperFile },
      ...(cache === null ? [] : [{ source: path.resolve(cache), target: release.compileCacheDir }]),
    ],
    ports: { [release.gatewayPort]: 'TIDEPOOL_GATEWAY_PORT', [release.keeperPort]: 'TIDEPOOL_KEEPER_PORT' },
  };
}
