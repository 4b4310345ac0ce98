/**
 * The pinned release: the one place that names versions, ports and folders of the container image. The Dockerfile repeats
 * them because it cannot import; `image.test.ts` holds the two equal.
 */
export const release = {
  /** Name of the image in wrangler.toml and in `ctx.container.images`. */
  imageName: 'openclaw-2026-9-6',
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
