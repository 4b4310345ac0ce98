// How the two runtime test projects run in workerd: each Worker's own wrangler.toml, test secrets, nothing of .dev.vars.
// `test/runtime/tenant` runs inside the tenant worker; `test/runtime/control-plane` inside the control plane, with the
// real tenant worker beside it as the service it calls. Containers do not exist there: `ctx.container` is undefined.

import path from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import type { WorkerSource } from '../stack/workers.ts';

const TEST_KEY = Buffer.alloc(32, 7).toString('base64');

/** The plugin for tests inside the tenant worker. */
export function tenantRuntime(root: string): ReturnType<typeof cloudflareTest> {
  return cloudflareTest(async () => {
    const { readWorker } = await import('../stack/workers.ts');
    const { main, options } = readWorker(tenantSource(root), null);
    return { remoteBindings: false, main, miniflare: options };
  });
}

/**
 * The plugin for tests inside the control plane. The binding MIGRATIONS is for `applyD1Migrations`, DEMO_MODEL_URL is where
 * the demo model of `demo-model-setup.ts` answers.
 */
export function controlPlaneRuntime(root: string): ReturnType<typeof cloudflareTest> {
  return cloudflareTest(async ({ inject }) => {
    const { loadWorker, readWorker } = await import('../stack/workers.ts');
    const bindings = {
      BETTER_AUTH_SECRET: 'only-for-tests-only-for-tests-only',
      DEMO_MODEL_URL: inject('demoModelUrl'),
      MIGRATIONS: await readD1Migrations(path.join(root, 'migrations')),
    };
    const { main, options } = readWorker({ configPath: path.join(root, 'wrangler.toml'), bindings }, null);
    const tenant = await loadWorker(tenantSource(root), null);
    return {
      remoteBindings: false,
      main,
      miniflare: {
        ...options,
        // Tests ask the Worker itself; the built dashboard is the browser tests' matter.
        assets: undefined,
        workers: [tenant.options],
      },
    };
  });
}

function tenantSource(root: string): WorkerSource {
  return {
    configPath: path.join(root, 'apps/tenant-worker/wrangler.toml'),
    bindings: {
      CELL_KEYS: JSON.stringify({ current: 'k1', keys: { k1: TEST_KEY } }),
      // Nobody listens there: a model call that is let through ends as one to a provider that is away.
      DEMO_MODEL_BASE_URL: 'http://127.0.0.1:1/compat',
    },
  };
}
