/** The pure cores under test, from this checkout or from a changed copy of it. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export const root = path.resolve(import.meta.dirname, '../..');
const edge = 'apps/tenant-worker/src/core/edge';
const egress = 'apps/tenant-worker/src/core/egress';
const metering = 'apps/tenant-worker/src/core/metering';

type Edge = typeof import('../../apps/tenant-worker/src/core/edge/admission.ts') &
  typeof import('../../apps/tenant-worker/src/core/edge/cookies.ts') &
  typeof import('../../apps/tenant-worker/src/core/edge/host.ts') &
  typeof import('../../apps/tenant-worker/src/core/edge/path.ts') &
  typeof import('../../apps/tenant-worker/src/core/edge/request-headers.ts') &
  typeof import('../../apps/tenant-worker/src/core/edge/response-headers.ts');

type Egress = typeof import('../../apps/tenant-worker/src/core/egress/decide.ts') &
  typeof import('../../apps/tenant-worker/src/core/egress/pattern.ts') &
  typeof import('../../apps/tenant-worker/src/core/egress/presets.ts') &
  typeof import('../../apps/tenant-worker/src/core/egress/target.ts');

type Metering = typeof import('../../apps/tenant-worker/src/core/metering/usage-meter.ts');

export interface Cores {
  readonly gate: Edge;
  readonly egress: Egress;
  readonly metering: Metering;
}

/** @param from a folder laid out as the checkout; a module is read once per folder and process */
export async function loadCores(from: string = root): Promise<Cores> {
  const load = async (folder: string, names: readonly string[]): Promise<unknown> => {
    const modules = await Promise.all(
      names.map((name) => import(pathToFileURL(path.join(from, folder, `${name}.ts`)).href) as Promise<object>),
    );
    return Object.assign({}, ...modules) as unknown;
  };
  return {
    gate: (await load(edge, ['admission', 'cookies', 'host', 'path', 'request-headers', 'response-headers'])) as Edge,
    egress: (await load(egress, ['decide', 'pattern', 'presets', 'target'])) as Egress,
    metering: (await load(metering, ['usage-meter'])) as Metering,
  };
}
