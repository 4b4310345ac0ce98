/** The `ScratchPort` over the stub of one scratch run's `TenantSandbox`. */
import { partsOf } from '../../../control-plane/src/contract/imports.ts';
import { imageNameOf } from '../core/releases.ts';
import { checkDeadlineMs } from '../core/scratch/limits.ts';
import { trialTurn } from '../core/scratch/stand-in.ts';
import type { CellConfig } from '../env.ts';
import type { TenantSandbox } from '../objects/tenant-sandbox.ts';
import type { ScratchPort } from '../services/scratch-ports.ts';
import { scratchName } from '../tenant-api.ts';
import type { StateKeys } from '../modules/state-keys.ts';
import { gatewayConfigOf } from './sandbox-port.ts';

/** The keeper answers a little before the object gives up on it. */
const keeperMarginMs = 10_000;

export function scratchPort(
  namespace: DurableObjectNamespace<TenantSandbox>,
  keys: StateKeys,
  config: CellConfig,
  tenantId: string,
  n: number,
): ScratchPort {
  const stub = () => namespace.getByName(scratchName(tenantId, n));
  return {
    start: async (record, release, standInModel) =>
      stub().start({
        tenantId,
        slug: record.slug,
        incarnation: 0,
        imageName: imageNameOf(release),
        size: record.spec.size,
        scratch: { n, standInModel },
      }),
    look: async () => (await stub().look()).observed,
    claim: async () => stub().claim(),
    restore: async (record, { id, incarnation, bytes, sha256 }) => {
      const dataKey = await keys.open(keys.toOpen(record, id));
      return stub().restore({ id, incarnation, bytes, sha256, dataKey });
    },
    startGateway: async (record) => stub().startGateway(gatewayConfigOf(record, config)),
    check: async (turn) =>
      stub().check({ turn: turn ? trialTurn : null, audit: turn, timeoutMs: checkDeadlineMs - keeperMarginMs }),
    import: async (record, { id, bytes }) => {
      const dataKey = await keys.open(keys.toOpen(record, id));
      return stub().importState({ id, parts: partsOf(bytes), dataKey });
    },
    stopGateway: async () => stub().stopGateway(),
    snapshot: async (record, id) =>
      stub().snapshot({ id, incarnation: 0, dataKey: await keys.open(keys.toSeal(record, id)) }),
    destroy: async (why) => stub().destroy(why),
  };
}
