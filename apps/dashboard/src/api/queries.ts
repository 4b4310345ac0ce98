/**
 * What pages read, keyed once. Polling follows the tenant: every second while something is moving, slowly otherwise;
 * the query library pauses it while the tab is hidden and refetches when it comes back.
 */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { type OrgRole, type Permission, roleAllows } from '../../../control-plane/src/contract/api.ts';
import type { EgressEffect } from '../../../control-plane/src/contract/egress.ts';
import type { PlanChoice } from '../../../control-plane/src/contract/billing-api.ts';
import { listSessions } from './auth.ts';
import { call } from './client.ts';

const movingStates: ReadonlySet<Tenant['state']> = new Set(['provisioning', 'waking', 'draining', 'deleting']);
const movingPollMs = 1_000;
const calmPollMs = 20_000;
/** Somebody who looks at the usage page has mostly just sent a message. */
const usagePollMs = 5_000;

/** Something is under way: the state says so, or an operation has not finished. */
export function isMoving(tenant: Pick<Tenant, 'state' | 'operation' | 'upgrade'>): boolean {
  return (
    movingStates.has(tenant.state) ||
    tenant.upgrade !== null ||
    (tenant.operation !== null && tenant.operation.finishedAtMs === null)
  );
}

export const keys = {
  me: ['me'] as const,
  system: ['system'] as const,
  releases: ['releases'] as const,
  sessions: ['sessions'] as const,
  accountEvents: ['account-events'] as const,
  billing: (orgId: string) => ['billing', orgId] as const,
  invoices: (orgId: string) => ['invoices', orgId] as const,
  members: (orgId: string) => ['members', orgId] as const,
  devices: (tenantId: string) => ['devices', tenantId] as const,
  tenants: (orgId: string) => ['tenants', orgId] as const,
  tenant: (tenantId: string) => ['tenant', tenantId] as const,
  usage: (tenantId: string, period: string) => ['usage', tenantId, period] as const,
  budgets: (tenantId: string) => ['budgets', tenantId] as const,
  models: (tenantId: string) => ['models', tenantId] as const,
  network: (tenantId: string) => ['network', tenantId] as const,
  networkLog: (tenantId: string, search: NetworkSearch) => ['network-log', tenantId, search] as const,
  secrets: (tenantId: string) => ['secrets', tenantId] as const,
  drift: (tenantId: string) => ['drift', tenantId] as const,
  receipts: (tenantId: string) => ['receipts', tenantId] as const,
  timeline: (tenantId: string) => ['timeline', tenantId] as const,
  snapshots: (tenantId: string) => ['snapshots', tenantId] as const,
  putFiles: (tenantId: string) => ['put-files', tenantId] as const,
  imports: (tenantId: string) => ['imports', tenantId] as const,
  operation: (operationId: string) => ['operation', operationId] as const,
};

export const systemQuery = queryOptions({
  queryKey: keys.system,
  queryFn: ({ signal }) => call('systemRead', { signal }),
  staleTime: Infinity,
});

export const releasesQuery = queryOptions({
  queryKey: keys.releases,
  queryFn: ({ signal }) => call('releaseList', { signal }),
  staleTime: 300_000,
});

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => call('meRead', { signal }),
  staleTime: 60_000,
});

export function billingQuery(orgId: string) {
  return queryOptions({
    queryKey: keys.billing(orgId),
    queryFn: ({ signal }) => call('billingRead', { params: { orgId }, signal }),
    refetchInterval: 60_000,
  });
}

export function invoicesQuery(orgId: string) {
  return queryOptions({
    queryKey: keys.invoices(orgId),
    queryFn: ({ signal }) => call('invoiceList', { params: { orgId }, signal }),
    staleTime: 60_000,
  });
}

export function planPreviewQuery(orgId: string, plan: PlanChoice) {
  return queryOptions({
    queryKey: [...keys.billing(orgId), 'preview', plan] as const,
    queryFn: ({ signal }) => call('planPreview', { params: { orgId }, query: { plan }, signal }),
    retry: false,
    staleTime: 0,
  });
}

export function tenantsQuery(orgId: string) {
  return infiniteQueryOptions({
    queryKey: keys.tenants(orgId),
    queryFn: ({ signal, pageParam }) =>
      call('tenantList', {
        params: { orgId },
        query: { limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some(isMoving)) ? movingPollMs : calmPollMs,
  });
}

export function tenantQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.tenant(tenantId),
    queryFn: ({ signal }) => call('tenantRead', { params: { tenantId }, signal }),
    refetchInterval: ({ state }) => (state.data && isMoving(state.data) ? movingPollMs : calmPollMs),
  });
}

export function usageQuery(tenantId: string, period: string) {
  return queryOptions({
    queryKey: keys.usage(tenantId, period),
    queryFn: ({ signal }) => call('usageRead', { params: { tenantId }, query: { period }, signal }),
    refetchInterval: usagePollMs,
  });
}

export function budgetsQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.budgets(tenantId),
    queryFn: ({ signal }) => call('budgetsRead', { params: { tenantId }, signal }),
    refetchInterval: usagePollMs,
  });
}

/** Changes once a night. */
export function driftQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.drift(tenantId),
    queryFn: ({ signal }) => call('usageDrift', { params: { tenantId }, signal }),
    staleTime: 600_000,
  });
}

export function snapshotsQuery(tenantId: string, moving: boolean) {
  return queryOptions({
    queryKey: keys.snapshots(tenantId),
    queryFn: ({ signal }) => call('snapshotList', { params: { tenantId }, signal }),
    refetchInterval: moving ? movingPollMs : calmPollMs,
  });
}

export function snapshotChangesQuery(tenantId: string, snapshotId: string) {
  return queryOptions({
    queryKey: [...keys.snapshots(tenantId), snapshotId, 'changes'] as const,
    queryFn: ({ signal }) => call('snapshotChanges', { params: { tenantId, snapshotId }, signal }),
    retry: false,
  });
}

export function snapshotFilesQuery(
  tenantId: string,
  snapshotId: string,
  { search, differing }: { readonly search: string; readonly differing: boolean },
) {
  return infiniteQueryOptions({
    queryKey: [...keys.snapshots(tenantId), snapshotId, 'files', search, differing] as const,
    queryFn: ({ signal, pageParam }) =>
      call('snapshotFileList', {
        params: { tenantId, snapshotId },
        query: { search, show: differing ? 'differing' : 'all', offset: pageParam, limit: 100 },
        signal,
      }),
    initialPageParam: 0,
    getNextPageParam: (last) => last.nextOffset,
    retry: false,
  });
}

export function putFilesQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.putFiles(tenantId),
    queryFn: ({ signal }) => call('putFileList', { params: { tenantId }, signal }),
  });
}

export function importsQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.imports(tenantId),
    queryFn: ({ signal }) => call('importList', { params: { tenantId }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.items.some((each) => each.state === 'converting') ? movingPollMs : calmPollMs,
  });
}

/** Work that does not show on the tenant itself, until it has ended. */
export function operationQuery(operationId: string) {
  return queryOptions({
    queryKey: keys.operation(operationId),
    queryFn: ({ signal }) => call('operationRead', { params: { operationId }, signal }),
    refetchInterval: ({ state }) => ((state.data?.finishedAtMs ?? null) === null ? movingPollMs : false),
  });
}

export function membersQuery(orgId: string) {
  return queryOptions({
    queryKey: keys.members(orgId),
    queryFn: ({ signal }) => call('memberList', { params: { orgId }, signal }),
  });
}

export function devicesQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.devices(tenantId),
    queryFn: ({ signal }) => call('deviceList', { params: { tenantId }, signal }),
    // A request waits for five minutes; a sleeping assistant has nothing new to say.
    refetchInterval: ({ state }) => (state.data?.live === true ? usagePollMs : calmPollMs),
  });
}

export function modelsQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.models(tenantId),
    queryFn: ({ signal }) => call('modelsRead', { params: { tenantId }, signal }),
    staleTime: 60_000,
  });
}

export function networkQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.network(tenantId),
    queryFn: ({ signal }) => call('networkRead', { params: { tenantId }, signal }),
    refetchInterval: usagePollMs,
  });
}

/** What the log is searched for; absent is everything. */
export interface NetworkSearch {
  readonly host?: string | undefined;
  readonly effect?: EgressEffect | undefined;
  readonly method?: string | undefined;
  readonly rule?: string | undefined;
}

export function networkLogQuery(tenantId: string, search: NetworkSearch) {
  return infiniteQueryOptions({
    queryKey: keys.networkLog(tenantId, search),
    queryFn: ({ signal, pageParam }) =>
      call('networkLog', {
        params: { tenantId },
        query: { ...search, limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    // Whoever has paged back is reading; every page would be fetched again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : usagePollMs),
  });
}

export function secretsQuery(tenantId: string) {
  return queryOptions({
    queryKey: keys.secrets(tenantId),
    queryFn: ({ signal }) => call('secretList', { params: { tenantId }, signal }),
    refetchInterval: calmPollMs,
  });
}

export function receiptsQuery(tenantId: string) {
  return infiniteQueryOptions({
    queryKey: keys.receipts(tenantId),
    queryFn: ({ signal, pageParam }) =>
      call('receiptList', {
        params: { tenantId },
        query: { limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    // Whoever has paged back is reading; every page would be fetched again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : usagePollMs),
  });
}

export function timelineQuery(tenantId: string) {
  return infiniteQueryOptions({
    queryKey: keys.timeline(tenantId),
    queryFn: ({ signal, pageParam }) =>
      call('timelineRead', {
        params: { tenantId },
        query: { limit: 30, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : usagePollMs),
  });
}

export const sessionsQuery = queryOptions({ queryKey: keys.sessions, queryFn: listSessions });

/** Whether a role may do this, with the reason for the disabled button. */
export function roleMay(role: OrgRole, permission: Permission): { allowed: true } | { allowed: false; reason: string } {
  if (roleAllows[role][permission]) return { allowed: true };
  return { allowed: false, reason: 'Your role does not allow this. Ask an admin of the organisation.' };
}
