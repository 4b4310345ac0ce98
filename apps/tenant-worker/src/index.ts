/**
 * The tenant worker ("cell"): tenant hosts in, intercepted egress out. Thin: the gate decides on requests, the exported
 * classes are the two tenant objects, the egress entrypoint and the control plane's door.
 */
import { CellKeys } from './adapters/cell-keys.ts';
import { logEvent } from './adapters/log.ts';
import { rateCounter } from './adapters/rate-counter.ts';
import { ControlUiAssets } from './adapters/control-ui-assets.ts';
import { systemClock } from './adapters/system.ts';
import { withTabScript } from './adapters/tab-script.ts';
import { RateLimits } from '../../control-plane/src/contract/rate-limit.ts';
import { parseTenantOrigin } from './core/edge/host.ts';
import { AdmissionCache } from './edge/admission-cache.ts';
import { handleTenantRequest } from './edge/gate.ts';
import type { GateDeps } from './edge/gate.ts';
import { readConfig } from './env.ts';
import type { Env } from './env.ts';
import { sandboxName } from './tenant-api.ts';

export { Tenant } from './objects/tenant.ts';
export { TenantSandbox } from './objects/tenant-sandbox.ts';
export { TenantControl } from './objects/tenant-control.ts';
export { Egress } from './objects/egress.ts';
export { ScratchEgress } from './objects/scratch-egress.ts';

/** One per isolate: it holds the short-lived route cache. Bindings are the same for every request of an isolate. */
let gateDeps: GateDeps | null = null;

function depsFor(env: Env): GateDeps {
  if (gateDeps === null) {
    const config = readConfig(env);
    gateDeps = {
      platformOrigin: config.platformOrigin,
      tenantOrigin: parseTenantOrigin(config.tenantOrigin),
      keys: new CellKeys(env.CELL_KEYS),
      clock: systemClock,
      cache: new AdmissionCache(),
      limits: new RateLimits({
        counter: rateCounter(env),
        nowMs: () => systemClock.nowMs(),
        failed: (error) => logEvent('rate.uncounted', { error: String(error).slice(0, 200) }),
      }),
      controlUi: new ControlUiAssets(env.ASSETS),
      withTabScript,
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      failed: (error, requestId) => logEvent('gate.failed', { requestId, error: String(error).slice(0, 500) }),
      tenant: (slug) => env.TENANT.getByName(slug),
      sandbox: (route) => env.SANDBOX.getByName(sandboxName(route.tenantId, route.incarnation)),
    };
  }
  return gateDeps;
}

export default {
  fetch: (request, env) => handleTenantRequest(request, depsFor(env)),
} satisfies ExportedHandler<Env>;
