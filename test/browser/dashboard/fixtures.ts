// Tenants and reports in the states that a real stack reaches slowly or by misfortune, for answers put in place of the
// server's. Everything is parsed with the contract first, so a fixture can't say what the API can't.

import type { Page } from 'playwright-core';
import type { z } from 'zod';
import { endpoints, SnapshotList, Tenant } from '../../../apps/control-plane/src/contract/api.ts';
import { SnapshotChanges } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Incident } from '../../../apps/control-plane/src/contract/incident.ts';
import type { Operation, TenantStateKind } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import { modelsAnswer } from './model-fixtures.ts';
import { network, networkLog } from './network-fixtures.ts';
import { budgets, budgetsOf, CSV, drift, pageOfReceipts, totals, usageReport } from './usage-fixtures.ts';

export const TENANT_ID = 'ten_01kat3v9x8z2m4q6r8t0v2w4y6';
const OPERATION_ID = 'op_01kat3v9x8z2m4q6r8t0v2w4y7';
const SNAPSHOT_ID = '01kat3v9x8z2m4q6r8t0v2w4y8';
const NOW_MS = Date.now();
const iso = (agoMs: number): string => new Date(NOW_MS - agoMs).toISOString();

export interface TenantFixture {
  readonly state?: TenantStateKind;
  readonly name?: string;
  readonly operation?: Operation | null;
  readonly reason?: string | null;
  readonly live?: boolean;
  readonly spentNanoUsd?: number;
  readonly timeline?: TimelinePage;
  readonly securityAudit?: Tenant['securityAudit'];
  readonly spendPause?: Tenant['spendPause'];
}

export function tenant(orgId: string, fixture: TenantFixture = {}): Tenant {
  return Tenant.parse({
    id: TENANT_ID,
    orgId,
    name: fixture.name ?? 'Nora',
    slug: 'nora-7f3k',
    origin: 'http://nora-7f3k.localhost:8791',
    state: fixture.state ?? 'awake',
    stateSince: iso(5 * 3_600_000),
    reason: fixture.reason ?? null,
    release: '2026.9.6',
    pinned: false,
    upgrade: null,
    upgradeFailure: null,
    securityAudit: fixture.securityAudit ?? null,
    rollback: null,
    lastActivityAt: iso(7_200_000),
    lastSnapshot: { id: '01kat3v9x8z2m4q6r8t0v2w4y8', at: iso(7_300_000), bytes: 18_400_000 },
    lastProvenRestore: { snapshotId: '01kat3v9x8z2m4q6r8t0v2w4y8', at: iso(5_400_000), tookMs: 41_000 },
    drillFailure: null,
    operation: fixture.operation ?? null,
    usage: totals(fixture.spentNanoUsd ?? 4_213_400_120),
    aiCapNanoUsdPerMonth: 20_000_000_000,
    spendPause: fixture.spendPause ?? null,
    idleSleepMs: 900_000,
    keepAwake: false,
    awakeBecause: (fixture.state ?? 'awake') === 'awake' ? { reason: 'activity', sleepsAt: iso(-720_000) } : null,
    nextRunAt: null,
    createdAt: iso(70 * 86_400_000),
    asOf: iso(0),
    live: fixture.live ?? true,
  });
}

export function failedOperation(): Operation {
  return endpoints.operationRead.response.parse({
    id: OPERATION_ID,
    tenantId: TENANT_ID,
    kind: 'provision',
    startedAtMs: NOW_MS - 30_000,
    finishedAtMs: NOW_MS - 10_000,
    steps: [
      { name: 'container', startedAtMs: NOW_MS - 30_000, endedAtMs: NOW_MS - 26_000, ok: true },
      { name: 'gateway', startedAtMs: NOW_MS - 26_000, endedAtMs: NOW_MS - 10_000, ok: false },
    ],
    attempt: 3,
    error: {
      code: 'tenant_not_startable',
      detail: 'OpenClaw did not answer within its time.',
      next: 'Try again; its data is untouched.',
    },
  });
}

/** Waking for longer than anybody expects: the clock runs, the gateway is being started. */
export function slowOperation(): Operation {
  return endpoints.operationRead.response.parse({
    id: OPERATION_ID,
    tenantId: TENANT_ID,
    kind: 'wake',
    startedAtMs: NOW_MS - 200_000,
    finishedAtMs: null,
    steps: [
      { name: 'container', startedAtMs: NOW_MS - 200_000, endedAtMs: NOW_MS - 190_000, ok: true },
      { name: 'gateway', startedAtMs: NOW_MS - 190_000, endedAtMs: null, ok: null },
    ],
    attempt: 1,
    error: null,
  });
}

export type TimelinePage = z.infer<typeof endpoints.timelineRead.response>;

/** A wake with its steps, and a recovery in place that fell back to the last good settings. */
export function timeline(over: Partial<Incident> = {}): TimelinePage {
  const noticedAtMs = NOW_MS - 600_000;
  const operation: Operation = {
    ...slowOperation(),
    finishedAtMs: NOW_MS - 190_500,
    steps: [
      { name: 'container', startedAtMs: NOW_MS - 200_000, endedAtMs: NOW_MS - 197_000, ok: true },
      { name: 'restore', startedAtMs: NOW_MS - 197_000, endedAtMs: NOW_MS - 195_500, ok: true },
      { name: 'gateway', startedAtMs: NOW_MS - 195_500, endedAtMs: NOW_MS - 190_500, ok: true },
    ],
  };
  const incident: Incident = {
    seq: 4,
    version: 5,
    kind: 'gateway_lost',
    code: 'config_invalid',
    words: 'agents.list: not this',
    logTail: 'gateway: closing',
    lastSeenOkAtMs: noticedAtMs - 3_000,
    brokeAtMs: noticedAtMs - 800,
    noticedAtMs,
    steps: [{ code: 'last_good_config', atMs: noticedAtMs + 20, snapshotId: null }],
    endedAtMs: noticedAtMs + 7_000,
    outcome: 'recovered',
    fromIncarnation: 7,
    toIncarnation: 7,
    lost: null,
    ...over,
  };
  return endpoints.timelineRead.response.parse({
    items: [
      { kind: 'operation', id: operation.id, operation },
      { kind: 'incident', id: 'inc_000000000004', incident },
    ],
    nextCursor: null,
  });
}

/** Three generations: the newest, one that shrank, one protected and proven; and a restore that can be undone. */
export function snapshotList(): SnapshotList {
  const common = { release: '2026.9.6', note: null, cronJobs: 1, unreadable: false, inventory: true, restorable: true };
  const rows = [
    { ...common, why: 'sleep', files: 212, sessions: 9, protection: null, aside: false, current: true, provenAt: null },
    {
      ...common,
      why: 'periodic',
      files: 3,
      sessions: 1,
      protection: null,
      aside: true,
      current: false,
      provenAt: null,
    },
    {
      ...common,
      why: 'manual',
      note: 'before the talk',
      files: 208,
      sessions: 8,
      protection: 'customer',
      aside: false,
      current: false,
      provenAt: iso(3_600_000),
    },
  ];
  return SnapshotList.parse({
    items: rows.map((row, n) => ({
      ...row,
      id: SNAPSHOT_ID.slice(0, -1) + String(n),
      at: iso((n + 1) * 3_600_000),
      bytes: 18_400_000,
    })),
    restore: { chosen: SNAPSHOT_ID, replaced: SNAPSHOT_ID, askedAt: iso(60_000), stage: 'done' },
  });
}

export function snapshotChanges(): SnapshotChanges {
  const none = { count: 0, first: [] };
  return SnapshotChanges.parse({
    chosen: SNAPSHOT_ID,
    against: SNAPSHOT_ID,
    changes: {
      files: {
        by: 'files',
        added: none,
        changed: { count: 1, first: ['workspace/MEMORY.md'] },
        removed: { count: 4, first: ['workspace/notes.md', 'workspace/a.md', 'workspace/b.md', 'workspace/c.md'] },
      },
      sessions: { added: none, changed: none, removed: { count: 1, first: ['Holiday plans'] } },
      configKeys: ['agents'],
      totals: {
        files: { now: 212, then: 208 },
        bytes: { now: 1, then: 1 },
        sessions: { now: 9, then: 8 },
        cronJobs: { now: 1, then: 1 },
      },
    },
  });
}

/** A file that changed since, one that is gone, and a database. */
export function snapshotFiles() {
  const items = [
    { path: 'state/openclaw.sqlite', bytes: 81_920, standing: 'changed', refusal: 'database' },
    { path: 'workspace/MEMORY.md', bytes: 2_048, standing: 'changed', refusal: null },
    {
      path: 'workspace/notes/a-long-name-that-goes-on-and-on-and-on-without-a-place-to-break.md',
      bytes: 9,
      standing: 'gone',
      refusal: null,
    },
  ];
  return endpoints.snapshotFileList.response.parse({
    by: 'files',
    against: SNAPSHOT_ID,
    total: items.length,
    items,
    nextOffset: null,
  });
}

export function putFile(stage: 'done' | 'undone') {
  const put = { id: `put_${'0'.repeat(26)}`, snapshotId: SNAPSHOT_ID, path: 'workspace/MEMORY.md', replaced: true };
  return endpoints.snapshotFilePut.response.parse({ ...put, stage, at: iso(5_000) });
}

/** Puts the tenant and its usage in place of the server's answers for one page. Signing in stays real. */
export async function serveTenant(page: Page, fixture: TenantFixture = {}): Promise<void> {
  await page.route(`**/api/v1/tenants/${TENANT_ID}**`, async (route) => {
    const url = new URL(route.request().url());
    if (url.pathname.endsWith('/snapshots')) return route.fulfill({ json: snapshotList() });
    if (url.pathname.endsWith('/files')) return route.fulfill({ json: snapshotFiles() });
    if (url.pathname.endsWith('/put-files')) return route.fulfill({ json: { items: [] } });
    if (url.pathname.endsWith('/imports')) return route.fulfill({ json: { items: [] } });
    if (url.pathname.endsWith('/budgets')) return route.fulfill({ json: budgetsOf(route.request()) });
    if (url.pathname.endsWith('/models')) return route.fulfill({ json: modelsAnswer() });
    if (url.pathname.endsWith('/resume')) return route.fulfill({ json: budgets().now });
    if (url.pathname.endsWith('/changes')) return route.fulfill({ json: snapshotChanges() });
    if (url.pathname.endsWith('/usage/drift')) return route.fulfill({ json: drift() });
    if (url.pathname.endsWith('/requests.csv')) return route.fulfill({ contentType: 'text/csv', body: CSV });
    const body = url.pathname.endsWith('/usage/requests')
      ? pageOfReceipts(Number(url.searchParams.get('cursor') ?? 0))
      : url.pathname.endsWith('/timeline')
        ? (fixture.timeline ?? timeline())
        : url.pathname.endsWith('/usage')
          ? usageReport()
          : url.pathname.endsWith('/network')
            ? network()
            : url.pathname.endsWith('/network/log')
              ? networkLog(url)
              : tenant('org', fixture);
    await route.fulfill({ json: body });
  });
}

/** Puts a list of these tenants in place of the server's. */
export async function serveList(page: Page, fixtures: readonly TenantFixture[]): Promise<void> {
  await page.route('**/api/v1/orgs/*/tenants**', (route) => {
    const items = fixtures.map((fixture, i) => ({ ...tenant('org', fixture), id: TENANT_ID.slice(0, -1) + String(i) }));
    return route.fulfill({ json: { items, nextCursor: null } });
  });
}

export interface ProblemFixture {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly next: string;
}

/** Answers the matching requests with problem details. */
export async function serveProblem(page: Page, glob: string, problem: ProblemFixture): Promise<void> {
  const body = {
    type: 'about:blank',
    title: 'A part of Tidepool is not available',
    requestId: 'req_fixture_1',
    ...problem,
  };
  await page.route(glob, (route) =>
    route.fulfill({ status: problem.status, contentType: 'application/problem+json', body: JSON.stringify(body) }),
  );
}
