// A tenant of the cell under test, as the control plane provisions it, and what a test needs to look behind it. There are
// no containers here: one that is not put to rest goes on trying to start.

import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { OperationId, TenantId } from '../../../../apps/control-plane/src/contract/ids.ts';
import type { TenantControl, TenantReport } from '../../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { CellKeys } from '../../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { durableObjectSql } from '../../../../apps/tenant-worker/src/adapters/do-sql.ts';
import type { TenantRecord } from '../../../../apps/tenant-worker/src/core/lifecycle/record.ts';
import type { Env } from '../../../../apps/tenant-worker/src/env.ts';
import { TenantStore } from '../../../../apps/tenant-worker/src/modules/tenant-store.ts';
import type { Sql } from '../../../../apps/tenant-worker/src/ports.ts';

export const bindings = env as unknown as Env;
export const { TenantControl: control } = exports as unknown as { TenantControl: TenantControl };

export interface Ref {
  readonly tenantId: TenantId;
  readonly slug: string;
}

/** A tenant of this file's own: its storage outlives the tests of one file only. */
export function refOf(digit: string, slug: string): Ref {
  return { tenantId: TenantId.parse(`ten_${digit.repeat(26)}`), slug };
}

export async function provisioned(ref: Ref): Promise<TenantReport> {
  const answer = await control.provision({
    ...ref,
    generation: 1,
    operationId: OperationId.parse(`op_${ref.tenantId.slice(4)}`),
    spec: {
      displayName: 'Nora',
      desired: 'active',
      members: [{ userId: 'usr_1', role: 'owner' }],
      release: '2026.9.6',
      pinned: false,
      size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
      idleSleepMs: 600_000,
      keepAwake: false,
      models: { primary: 'a/b', utility: 'a/b' },
      aiCapNanoUsdPerMonth: 0,
    },
  });
  if (!answer.ok) throw new Error(answer.error.code);
  return answer.value;
}

/** Runs inside the tenant's object, on its own SQLite. */
export function inside<T>({ slug }: Ref, work: (sql: Sql) => T): Promise<T> {
  return runInDurableObject(bindings.TENANT.getByName(slug), (_object, state) => work(durableObjectSql(state.storage)));
}

export function recordOf(sql: Sql): TenantRecord {
  const record = new TenantStore(sql).read();
  if (record === null) throw new Error('no tenant');
  return record;
}

/** Changes what the tenant remembers of itself. */
export function change(ref: Ref, changes: (record: TenantRecord) => Partial<TenantRecord>): Promise<TenantRecord> {
  return inside(ref, (sql) => {
    const record = recordOf(sql);
    return new TenantStore(sql).write({ ...record, ...changes(record) });
  });
}

export async function dataKeyOf(ref: Ref): Promise<Uint8Array<ArrayBuffer>> {
  const { wrappedDataKey } = await inside(ref, recordOf);
  return new CellKeys(bindings.CELL_KEYS).unwrapDataKey(ref.tenantId, wrappedDataKey);
}
