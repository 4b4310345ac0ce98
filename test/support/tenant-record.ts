/** An ordinary tenant's record, asleep, to be changed case by case. Parsed, so that it is always one that can be read back. */
import { parseRecord } from '../../apps/tenant-worker/src/core/lifecycle/record.ts';

export const tenantRecord = parseRecord(
  JSON.stringify({
    v: 1,
    tenantId: 'ten_00000000000000000000000001',
    slug: 'nora-7f3k',
    createdAtMs: 1,
    generation: 1,
    spec: {
      displayName: 'Nora',
      desired: 'active',
      members: [{ userId: 'u1', role: 'owner' }],
      release: '2026.9.6',
      pinned: false,
      size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
      idleSleepMs: 600_000,
      keepAwake: false,
      models: { primary: 'a/b', utility: 'a/b' },
      aiCapNanoUsdPerMonth: 1,
    },
    state: { kind: 'asleep', incarnation: 1, sinceMs: 1 },
    version: 0,
    operationId: null,
    reason: null,
    lastActivityAtMs: 0,
    lastSnapshotAtMs: 0,
    snapshotFailedAtMs: null,
    snapshotFailuresInRow: 0,
    crashesAtMs: [],
    startDurationsMs: [],
    wrappedDataKey: { kid: 'k1', wrapped: 'AAAA' },
    release: '2026.9.6',
  }),
);
