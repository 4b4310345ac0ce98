/**
 * Reads the Worker's bindings once and decides. Nobody else reads `env.*` for configuration. A conflict is a sentence
 * that names the variable; secrets never appear in it.
 */
import { z } from 'zod';
import type { RateBindings } from './adapters/rate-counter.ts';
import type { Tenant } from './objects/tenant.ts';
import type { TenantSandbox } from './objects/tenant-sandbox.ts';

/** The bindings of wrangler.toml. */
export interface Env extends RateBindings {
  readonly TENANT: DurableObjectNamespace<Tenant>;
  readonly SANDBOX: DurableObjectNamespace<TenantSandbox>;
  readonly SNAPSHOTS: R2Bucket;
  /** Absent only where the Worker runs without static files: then every file is the gateway's to give. */
  readonly ASSETS?: Fetcher;
  readonly TENANT_EVENTS: Queue;
  readonly PLATFORM_ORIGIN: string;
  readonly TENANT_ORIGIN: string;
  readonly CELL_KEYS: string;
  readonly AI_GATEWAY_BASE_URL?: string;
  readonly AI_GATEWAY_TOKEN?: string;
  readonly ANTHROPIC_API_KEY?: string;
  readonly OPENAI_API_KEY?: string;
  readonly GOOGLE_API_KEY?: string;
  readonly OPENROUTER_API_KEY?: string;
  readonly WORKERS_AI_TOKEN?: string;
  readonly WORKERS_AI_ACCOUNT_ID?: string;
  readonly DEMO_MODEL_BASE_URL?: string;
  /**
   * Where a container's allowed requests go out. Set by the local launcher to a network that reaches public addresses
   * only, after names are resolved; on Cloudflare absent: there a Worker's `fetch` reaches nothing else.
   */
  readonly EGRESS_NETWORK?: Fetcher;
}

const ConfigSchema = z.object({
  PLATFORM_ORIGIN: z.url().refine((url) => new URL(url).origin === url, 'PLATFORM_ORIGIN is an origin without a path'),
  TENANT_ORIGIN: z
    .string()
    .refine(
      (text) => /^https?:\/\/\{slug\}\.[a-z0-9.-]+(:\d+)?$/.test(text),
      'TENANT_ORIGIN looks like https://{slug}.example.net',
    ),
  AI_GATEWAY_BASE_URL: z.string().default(''),
  DEMO_MODEL_BASE_URL: z.string().default(''),
});

export interface CellConfig {
  readonly platformOrigin: string;
  /** With `{slug}` to be replaced. */
  readonly tenantOrigin: string;
}

/** @throws with a sentence per problem */
export function readConfig(env: Env): CellConfig {
  const parsed = ConfigSchema.safeParse(env);
  if (!parsed.success)
    throw new Error(`configuration: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
  const { data } = parsed;
  const local = new URL(data.PLATFORM_ORIGIN).hostname === 'localhost';
  if (data.DEMO_MODEL_BASE_URL !== '' && !local) {
    throw new Error(
      'configuration: DEMO_MODEL_BASE_URL is for a laptop only; set AI_GATEWAY_BASE_URL and AI_GATEWAY_TOKEN',
    );
  }
  return { platformOrigin: data.PLATFORM_ORIGIN, tenantOrigin: data.TENANT_ORIGIN };
}

export function tenantOriginOf(config: CellConfig, slug: string): string {
  return config.tenantOrigin.replace('{slug}', slug);
}
