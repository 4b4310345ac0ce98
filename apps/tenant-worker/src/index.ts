/**
 * The tenant worker ("cell"): tenant hosts in, intercepted egress out. Thin: the gate decides on requests, the exported
 * classes are the two tenant objects, the egress entrypoint and the control plane's door.
 */
import { CellKeys } from './adapters/cell-keys.ts';
import { createGate } from './edge/gate.ts';
import type { Gate } from './edge/gate.ts';
import { systemClock } from './adapters/system.ts';
import { readConfig } from './env.ts';
import type { Env } from './env.ts';
import { sandboxName } from './tenant-api.ts';

export { Tenant } from './objects/tenant.ts';
export { TenantSandbox } from './objects/tenant-sandbox.ts';
export { TenantControl } from './objects/tenant-control.ts';
export { Egress } from './objects/egress.ts';

/** One gate per isolate: it holds the short-lived route cache. */
let gate: Gate | null = null;

function theGate(env: Env): Gate {
  gate ??= createGate({
    config: readConfig(env),
    keys: new CellKeys(env.CELL_KEYS),
    clock: systemClock,
    tenant: (slug) => env.TENANT.getByName(slug),
    sandbox: (route) => env.SANDBOX.getByName(sandboxName(route.tenantId, route.incarnation)),
  });
  return gate;
}

export default {
  fetch: (request, env) => theGate(env).handle(request),
} satisfies ExportedHandler<Env>;
