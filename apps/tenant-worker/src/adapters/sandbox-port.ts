/** The `SandboxPort` over the stub of one `TenantSandbox`: turns a tenant's record into the calls of its current run. */
import type { GatewayConfigInput } from '../../../../container/openclaw/config-input.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import { openClawFallbacks } from '../core/metering/routing.ts';
import { imageNameOf } from '../core/releases.ts';
import type { CellConfig } from '../env.ts';
import { tenantOriginOf } from '../env.ts';
import type { TenantSandbox } from '../objects/tenant-sandbox.ts';
import type { SandboxPort } from '../services/lifecycle-ports.ts';
import { sandboxName } from '../tenant-api.ts';
import type { StateKeys } from '../modules/state-keys.ts';

/** Where the container's OpenClaw sends model calls; intercepted, never resolved. */
const aiBaseUrl = 'http://ai.tidepool.internal';

/** What the gateway is configured with: nothing here is a secret, since it becomes a file in the container. */
export function gatewayConfigOf(record: TenantRecord, config: CellConfig): GatewayConfigInput {
  const { spec } = record;
  return {
    publicOrigin: tenantOriginOf(config, record.slug),
    users: spec.members.map((member) => ({ id: member.userId, role: member.role })),
    models: {
      primary: spec.models.primary,
      utility: spec.models.utility,
      fallbacks: openClawFallbacks(spec.models),
    },
    ai: { baseUrl: aiBaseUrl },
    assistantName: spec.displayName,
  };
}

export function sandboxPort(
  namespace: DurableObjectNamespace<TenantSandbox>,
  keys: StateKeys,
  config: CellConfig,
  tenantId: string,
  incarnation: number,
): SandboxPort {
  const stub = () => namespace.getByName(sandboxName(tenantId, incarnation));
  return {
    start: async (record) => {
      const imageName = imageNameOf(releaseOf(record));
      await stub().start({ tenantId, slug: record.slug, incarnation, imageName, size: record.spec.size });
    },
    look: async () => stub().look(),
    claim: async () => stub().claim(),
    restore: async (record, { id, incarnation: takenBy, bytes, sha256 }) =>
      stub().restore({
        id,
        incarnation: takenBy,
        bytes,
        sha256,
        dataKey: await keys.open(keys.toOpen(record, id)),
      }),
    startGateway: async (record, settings) =>
      stub().startGateway(gatewayConfigOf(record, config), settings === 'last_good' ? 'last-good' : settings),
    stopGateway: async () => stub().stopGateway(),
    snapshot: async (record, id) =>
      stub().snapshot({ id, incarnation, dataKey: await keys.open(keys.toSeal(record, id)) }),
    destroy: async (why) => stub().destroy(why),
  };
}
