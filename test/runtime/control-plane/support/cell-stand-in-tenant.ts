/** What the cell stand-in holds of a tenant, and what it refuses with. */
import type { SpendPause } from '../../../../apps/control-plane/src/contract/budgets.ts';
import type { ModelChoice } from '../../../../apps/control-plane/src/contract/models.ts';
import type { Refusal } from '../../../../apps/control-plane/src/contract/result.ts';
import type {
  Operation,
  TenantControl,
  TenantReport,
  TenantSpec,
  TenantStateKind,
} from '../../../../apps/control-plane/src/contract/tenant-rpc.ts';

export type CellCall = keyof TenantControl;
export type Fault = 'none' | 'before' | 'after';

export interface StandInTenant {
  readonly tenantId: TenantReport['tenantId'];
  readonly slug: string;
  spec: TenantSpec;
  generation: number;
  version: number;
  state: TenantStateKind;
  operation: Operation;
  /** Ids of every operation it ever took. */
  readonly operations: string[];
}

/** A model that the platform pays for, at three dollars in and fifteen out. */
export function modelChoice(ref: string): ModelChoice {
  const [provider = '', model = ''] = ref.split('/');
  return {
    ref,
    provider,
    model,
    kind: 'chat',
    formats: ['anthropic-messages'],
    contextTokens: 200_000,
    inputNanoUsd: 3_000_000_000,
    cacheReadNanoUsd: 300_000_000,
    outputNanoUsd: 15_000_000_000,
    dearerAboveTokens: null,
    paidBy: 'platform',
  };
}

/** What every export of the stand-in holds. */
export const exportedBytes = new TextEncoder().encode('an archive');

export const noSuchFile: Refusal = { code: 'snapshot_file_unknown', detail: 'No such file.', next: 'Choose another.' };
export const unknown: Refusal = { code: 'tenant_unknown', detail: 'No such assistant.', next: 'Check the address.' };

export const noDevices = { asOfMs: null, live: false, requests: [], devices: [], channelRequests: [] };

export function reportOf(
  tenant: StandInTenant,
  now: { readonly nowMs: number; readonly spendPause: SpendPause | null },
): TenantReport {
  return {
    tenantId: tenant.tenantId,
    slug: tenant.slug,
    version: tenant.version,
    generation: tenant.generation,
    state: tenant.state,
    stateSinceMs: now.nowMs,
    reason: null,
    incarnation: 1,
    release: tenant.spec.release,
    lastActivityAtMs: null,
    lastSnapshot: null,
    storedBytes: 0,
    lastProvenRestore: null,
    drillFailure: null,
    upgrade: null,
    upgradeFailure: null,
    rollback: null,
    audit: null,
    operation: tenant.operation,
    usage: {
      period: new Date(now.nowMs).toISOString().slice(0, 7),
      version: 0,
      spentNanoUsd: 0,
      heldNanoUsd: 0,
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      awakeMs: 0,
      awakeMsBySize: {},
      browserMs: 0,
    },
    aiCapNanoUsdPerMonth: tenant.spec.aiCapNanoUsdPerMonth,
    spendPause: now.spendPause,
    awakeBecause: null,
    nextRunAtMs: null,
  };
}
