/** The keeper's environment, parsed once. Nothing else reads `process.env`, and there is no secret in it. */
import path from 'node:path';
import { z } from 'zod';
import { release } from '../image/release.ts';

const port = z.coerce.number().int().min(1).max(65_535);

const environmentSchema = z.object({
  TIDEPOOL_KEEPER_PORT: port.default(release.keeperPort),
  TIDEPOOL_GATEWAY_PORT: port.default(release.gatewayPort),
  TIDEPOOL_OPENCLAW_DIR: z.string().min(1),
  TIDEPOOL_NODE: z.string().min(1).optional(),
  /** A compile cache baked beside the image's programs; need not exist. */
  TIDEPOOL_COMPILE_CACHE: z.string().min(1).optional(),
  /** Largest uncompressed state, both when saved and when restored. */
  TIDEPOOL_STATE_LIMIT_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(4 * 1024 ** 3),
  HOME: z.string().min(1),
  TMPDIR: z.string().min(1).default('/tmp'),
});

/** What the gateway inherits: the way out, trust, and locale. Everything else of our environment stays here. */
const inheritedVariables = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_ENV_PROXY',
  'SSL_CERT_FILE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const;

export interface Settings {
  readonly keeperPort: number;
  readonly gatewayPort: number;
  readonly openclawDir: string;
  readonly node: string;
  readonly home: string;
  /** `$HOME/.openclaw`: everything of the tenant. */
  readonly stateDir: string;
  readonly tmpDir: string;
  readonly compileCacheDir: string | null;
  /** This program, for starting a gateway ahead of its time; null = gateways start when they are asked for. */
  readonly keeperFile: string | null;
  readonly stateLimitBytes: number;
  readonly inheritedEnv: Readonly<Record<string, string>>;
}

/** @throws Error naming the variable that is missing or malformed */
export function parseSettings(
  env: Readonly<Record<string, string | undefined>>,
  execPath: string,
  keeperFile: string | null,
): Settings {
  const parsed = environmentSchema.safeParse(env);
  if (!parsed.success) throw new Error(`keeper environment: ${z.prettifyError(parsed.error)}`);
  const inheritedEnv: Record<string, string> = {};
  for (const name of inheritedVariables) {
    const value = env[name];
    if (value !== undefined) inheritedEnv[name] = value;
  }
  return {
    keeperPort: parsed.data.TIDEPOOL_KEEPER_PORT,
    gatewayPort: parsed.data.TIDEPOOL_GATEWAY_PORT,
    openclawDir: path.resolve(parsed.data.TIDEPOOL_OPENCLAW_DIR),
    node: parsed.data.TIDEPOOL_NODE ?? execPath,
    home: path.resolve(parsed.data.HOME),
    stateDir: path.join(path.resolve(parsed.data.HOME), '.openclaw'),
    tmpDir: path.resolve(parsed.data.TMPDIR),
    compileCacheDir: parsed.data.TIDEPOOL_COMPILE_CACHE ?? null,
    keeperFile,
    stateLimitBytes: parsed.data.TIDEPOOL_STATE_LIMIT_BYTES,
    inheritedEnv,
  };
}
