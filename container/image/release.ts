/**
 * What the container image is made of, per release: the one place that names versions, ports and folders. The Dockerfile
 * repeats the default's because it cannot import; `image.test.ts` holds the two equal.
 */
import { imageNameOfRelease } from '../../apps/control-plane/src/contract/releases.ts';

/** Node for each OpenClaw version; the keeper is the same in all, and its config renderer knows their differences. */
export const nodeVersions: Readonly<Record<string, string>> = {
  '2026.9.6': '24.21.0',
  '2026.8.2': '24.21.0',
};

/** Digest of each release's bill of materials (`npm run sbom`): what was looked at when it was added. */
export const sbomDigests: Readonly<Record<string, string>> = {
  '2026.9.6': 'f3a057aaabf34663679f17b47e4902366e3643aa13584268d229259db8ab7249',
  '2026.8.2': '171478eca7d1dabc739d72f49eb1637485c957bc27a3f193fe35dc414f52894c',
};

/** The default release, and the layout that all images share. */
export const release = {
  /** Name of the image in wrangler.toml and in `ctx.container.images`. */
  imageName: imageNameOfRelease('2026.9.6'),
  openclawVersion: '2026.9.6',
  nodeVersion: '24.21.0',
  debian: 'trixie-slim',
  /** Ports inside the container. Only the tenant worker reaches them. */
  gatewayPort: 18789,
  keeperPort: 18700,
  /** The unprivileged user of Debian's node image. It guards against accidents; one container is the unit of trust. */
  user: '1000:1000',
  home: '/home/node',
  tmpDir: '/var/lib/tidepool/tmp',
  nodeDir: '/opt/node',
  openclawDir: '/opt/openclaw/node_modules/openclaw',
  keeperFile: '/opt/tidepool/keeper.mjs',
  compileCacheDir: '/opt/tidepool/compile-cache',
} as const;
