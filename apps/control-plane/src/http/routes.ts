/** The API's handlers, one line of meaning each. A handler that is missing does not compile. */
import { slugTaken } from '../adapters/d1/tenants.ts';
import { endpoints } from '../contract/api.ts';
import type { EndpointName, Permission } from '../contract/api.ts';
import { parseSlug } from '../contract/slug.ts';
import type { NetworkChange } from '../contract/network-rpc.ts';
import type { Context } from '../context.ts';
import { accountEventList } from '../services/account-events.ts';
import { apiKeyCreate, apiKeyList, apiKeyRevoke } from '../services/api-keys.ts';
import { auditList } from '../services/audit-read.ts';
import { auditVerify } from '../services/audit-verify.ts';
import { planCheckout, portalUrl, topUpCheckout } from '../services/billing/checkout.ts';
import { budgetUpdate, overageUpdate, planChange, planEnd, planPreview } from '../services/billing/plan.ts';
import { billingRead, billingRefresh, invoiceList } from '../services/billing/view.ts';
import { fleetMoneyHandlers } from './fleet-money-routes.ts';
import { memberHandlers } from './member-routes.ts';
import { meRead } from '../services/people.ts';
import { budgetsRead, budgetsUpdate, spendingResume } from '../services/tenant-budgets.ts';
import { secretDelete, secretList, secretPut } from '../services/tenant-secrets.ts';
import { modelsRead, modelsReplace } from '../services/tenant-models.ts';
import { networkChange, networkLog, networkRead, networkTest } from '../services/tenant-network.ts';
import { tenantUpdate } from '../services/tenant-change.ts';
import { deviceChange, deviceList } from '../services/tenant-devices.ts';
import { operationRead, tenantCommand } from '../services/tenant-command.ts';
import { tenantExport } from '../services/tenant-export.ts';
import type { TenantCommand } from '../services/tenant-command.ts';
import { importCreate, importedSnapshot, importList, importPart, importRemove } from '../services/tenant-import.ts';
import { fleetReleases, rolloutList, rolloutRead } from '../services/rollout-read.ts';
import { rolloutBegin, rolloutSwitch } from '../services/rollout-control.ts';
import type { RolloutAct } from '../core/rollout.ts';
import { releaseList } from '../services/release-read.ts';
import { suggestSlug, tenantCreate } from '../services/tenant-create.ts';
import { requireTenant, tenantList, tenantRead } from '../services/tenant-read.ts';
import { snapshotChanges, snapshotList, snapshotUpdate } from '../services/tenant-snapshots.ts';
import {
  putFileList,
  putFileUndo,
  snapshotFileList,
  snapshotFilePut,
  snapshotFileTake,
} from '../services/tenant-snapshot-files.ts';
import { timelineRead } from '../services/timeline.ts';
import { tenantRollback, tenantUpgrade } from '../services/tenant-release.ts';
import { implement } from './implement.ts';
import type { App, Handled, Handler } from './implement.ts';
import { usageHandlers } from './usage-routes.ts';

/** The version of the API, and of the product while it is young. */
const version = '0.1.0';

type Handlers = { readonly [Name in EndpointName]: Handler<(typeof endpoints)[Name]> };

const handlers: Handlers = {
  systemRead: async ({ ctx }) => ({
    version,
    standIns: ctx.config.standIns,
    humanCheckSiteKey: ctx.human.siteKey,
    outboxUrl: ctx.outbox === null ? null : `${ctx.config.platformOrigin}/outbox`,
    billing: ctx.config.billing,
  }),

  meRead: ({ ctx, session }) => meRead(ctx, session.userId),
  accountEventList: ({ ctx, session, query }) => accountEventList(ctx, session.userId, query.limit),

  slugRead: ({ ctx, params }) => slugRead(ctx, params.slug),

  releaseList: ({ ctx }) => Promise.resolve(releaseList(ctx)),

  tenantList: ({ ctx, scope, query }) => tenantList(ctx, scope, query),

  tenantCreate: ({ ctx, scope, trail, body, idempotencyKey }) =>
    tenantCreate(ctx, scope, trail, { ...body, idempotencyKey }),

  tenantRead: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return tenantRead(ctx, row);
  },

  tenantUpdate: async ({ ctx, session, trail, params, body }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return tenantRead(ctx, await tenantUpdate(ctx, trail, row, body));
  },

  tenantWake: (request) => command(request, { kind: 'wake' }),
  tenantSleep: (request) => command(request, { kind: 'sleep' }),
  tenantRestart: (request) =>
    command(request, request.body.settings === 'current' ? { kind: 'restart' } : { kind: 'restart', ...request.body }),

  tenantExport: async ({ ctx, session, trail, params, query }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return tenantExport(ctx, { row, trail, snapshotId: query.snapshot ?? null });
  },
  importList: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return { items: await importList(ctx, row) };
  },

  importCreate: async ({ ctx, session, trail, params, body, idempotencyKey }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return importCreate(ctx, row, trail, { ...body, idempotencyKey });
  },

  importPart: async ({ ctx, session, params, upload }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return importPart(ctx, row, params.importId, { n: params.part, content: upload });
  },

  importStart: async ({ ctx, session, trail, params, idempotencyKey }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    const { importId } = params;
    return tenantCommand(ctx, { row, trail, what: { kind: 'import', importId }, idempotencyKey });
  },

  importApply: async ({ ctx, session, trail, params, idempotencyKey }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    const snapshotId = await importedSnapshot(ctx, row, params.importId);
    const what = { kind: 'restore', snapshotId } as const;
    return tenantCommand(ctx, { row, trail, what, idempotencyKey });
  },

  importRemove: async ({ ctx, session, trail, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return importRemove(ctx, row, trail, params.importId);
  },

  drillCreate: (request) => command(request, { kind: 'drill' }),

  snapshotList: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return snapshotList(ctx, row);
  },

  snapshotTake: (request) => command(request, { kind: 'snapshot', note: request.body.note ?? null }),

  snapshotChanges: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return snapshotChanges(ctx, row, params.snapshotId);
  },

  snapshotUpdate: async ({ ctx, session, trail, params, body }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return snapshotUpdate(ctx, trail, row, params.snapshotId, body);
  },

  snapshotRestore: (request) =>
    command(request, { kind: 'restore', snapshotId: request.params.snapshotId }, 'tenant:configure'),
  snapshotUndo: (request) => command(request, { kind: 'undo_restore' }, 'tenant:configure'),

  snapshotFileList: async (request) => {
    const { search, show, offset, limit } = request.query;
    const question = { search, differing: show === 'differing', offset, limit };
    return snapshotFileList(request.ctx, await configured(request), request.params.snapshotId, question);
  },
  snapshotFileTake: async (request) => snapshotFileTake(request.ctx, await fileOf(request, request.query.path)),
  snapshotFilePut: async (request) => {
    const { ctx, body, idempotencyKey } = request;
    return snapshotFilePut(ctx, { ...(await fileOf(request, body.path)), idempotencyKey });
  },
  putFileList: async (request) => ({ items: await putFileList(request.ctx, await configured(request)) }),
  putFileUndo: async (request) => {
    const { ctx, trail, params } = request;
    return putFileUndo(ctx, { row: await configured(request), trail, id: params.putId });
  },

  timelineRead: async ({ ctx, session, params, query }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return timelineRead(ctx, row, query);
  },
  tenantUpgrade: async ({ ctx, session, trail, params, body, idempotencyKey }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return tenantUpgrade(ctx, { row, trail, idempotencyKey }, body.release);
  },
  tenantRollback: async ({ ctx, session, trail, params, idempotencyKey }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
    return tenantRollback(ctx, { row, trail, idempotencyKey });
  },

  operationRead: ({ ctx, session, params }) => operationRead(ctx, session.userId, params.operationId),

  secretList: async (request) => secretList(request.ctx, await configured(request)),
  secretPut: async (request) => {
    const { ctx, trail, params, body } = request;
    return secretPut(ctx, { row: await configured(request), trail, name: params.name }, body);
  },
  secretDelete: async (request) => {
    const { ctx, trail, params, query } = request;
    const confirmed = query.confirmed === 'true';
    return secretDelete(ctx, { row: await configured(request), trail, name: params.name }, { confirmed });
  },

  ...memberHandlers,
  deviceList: async (request) => deviceList(request.ctx, await configured(request)),
  deviceChange: async (request) =>
    deviceChange(request.ctx, await configured(request), request.trail, request.body.change),

  modelsRead: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return modelsRead(ctx, row);
  },
  modelsReplace: async (request) =>
    modelsReplace(request.ctx, { row: await configured(request), trail: request.trail }, request.body),

  networkRead: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return networkRead(ctx, row);
  },
  networkReplace: (request) => changeOf(request, { kind: 'replace', ...request.body }),
  networkRuleAdd: (request) => changeOf(request, { kind: 'add_rule', ...request.body }),
  networkRuleRemove: (request) => changeOf(request, { kind: 'remove_rule', ruleId: request.params.ruleId }),
  networkAnswer: (request) => changeOf(request, { kind: 'answer', ...request.body }),
  networkAnswerRemove: (request) => changeOf(request, { kind: 'remove_answer', answerId: request.params.answerId }),
  networkLog: async ({ ctx, session, params, query }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return networkLog(ctx, row, query);
  },
  networkTest: async ({ ctx, session, params, body }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:read');
    return networkTest(ctx, row, body);
  },

  apiKeyList: ({ ctx, scope }) => apiKeyList(ctx, scope.orgId),
  apiKeyCreate: ({ ctx, scope, trail, body, idempotencyKey }) =>
    apiKeyCreate(ctx, scope.orgId, trail, { ...body, idempotencyKey }),
  apiKeyRevoke: ({ ctx, scope, trail, params }) => apiKeyRevoke(ctx, scope.orgId, trail, params.keyId),

  auditList: ({ ctx, scope, query }) => auditList(ctx, scope.orgId, query),
  auditVerify: ({ ctx, scope, query }) => auditVerify(ctx, scope.orgId, query.after),
  billingRead: ({ ctx, scope }) => billingRead(ctx, scope),
  billingRefresh: ({ ctx, scope }) => billingRefresh(ctx, scope),
  invoiceList: ({ ctx, scope }) => invoiceList(ctx, scope),
  checkoutCreate: ({ ctx, scope, trail, body }) => planCheckout(ctx, scope, trail, body.plan),
  topUpCreate: ({ ctx, scope, trail, body, idempotencyKey }) =>
    topUpCheckout(ctx, scope, trail, { ...body, idempotencyKey }),
  portalCreate: ({ ctx, scope, body }) => portalUrl(ctx, scope, body.flow),
  planPreview: ({ ctx, scope, query }) => planPreview(ctx, scope, query.plan),
  planChange: async ({ ctx, scope, trail, body }) => {
    await planChange(ctx, scope, trail, body.plan);
    return billingRead(ctx, scope);
  },
  planEnd: async ({ ctx, scope, trail, body }) => {
    await planEnd(ctx, scope, trail, body.end);
    return billingRead(ctx, scope);
  },
  overageUpdate: async ({ ctx, scope, trail, body }) => {
    await overageUpdate(ctx, scope, trail, body.limitNanoUsd);
    return billingRead(ctx, scope);
  },

  orgBudgetUpdate: async ({ ctx, scope, trail, body }) => {
    await budgetUpdate(ctx, scope, trail, body.budgetNanoUsd);
    return billingRead(ctx, scope);
  },

  budgetsRead: async ({ ctx, session, params }) => {
    const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'usage:read');
    return budgetsRead(ctx, row);
  },
  budgetsUpdate: async (request) => budgetsUpdate(request.ctx, request.trail, await configured(request), request.body),
  spendingResume: async (request) => {
    const { ctx, trail, body } = request;
    return spendingResume(ctx, { row: await configured(request), trail, pauseId: body.pauseId });
  },

  ...usageHandlers,

  ...fleetMoneyHandlers,
  fleetReleases: ({ ctx }) => fleetReleases(ctx),
  rolloutList: ({ ctx, query }) => rolloutList(ctx, query),
  rolloutRead: ({ ctx, params }) => rolloutRead(ctx, params.rolloutId),
  rolloutCreate: ({ ctx, session, body: { reason, ...plan }, idempotencyKey }) =>
    rolloutBegin(ctx, { plan, reason, userId: session.userId, idempotencyKey }),
  rolloutPause: rolloutAct('pause'),
  rolloutResume: rolloutAct('resume'),
  rolloutHalt: rolloutAct('halt'),
};

export function registerRoutes(app: App): void {
  for (const name of Object.keys(handlers) as EndpointName[]) {
    // Name, endpoint and handler come from the same entry of a total record.
    implement(app, { name, endpoint: endpoints[name] }, handlers[name] as Handler<(typeof endpoints)[EndpointName]>);
  }
}

async function configured({
  ctx,
  session,
  params,
}: Pick<Handled<(typeof endpoints)['secretList']>, 'ctx' | 'session' | 'params'>) {
  const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
  return row;
}

type RolloutRequest = Pick<Handled<(typeof endpoints)['rolloutPause']>, 'ctx' | 'session' | 'params' | 'body'>;

function rolloutAct(act: RolloutAct) {
  return ({ ctx, session, params, body }: RolloutRequest) =>
    rolloutSwitch(ctx, params.rolloutId, { act, userId: session.userId, reason: body.reason });
}

type FileRequest = Pick<Handled<(typeof endpoints)['snapshotFilePut']>, 'ctx' | 'session' | 'trail' | 'params'>;

async function fileOf(request: FileRequest, path: string) {
  const { trail, params } = request;
  return { row: await configured(request), trail, snapshotId: params.snapshotId, path };
}

type NetworkRequest = Handled<(typeof endpoints)['networkReplace' | 'networkRuleRemove']>;

async function changeOf(
  { ctx, session, trail, params }: Pick<NetworkRequest, 'ctx' | 'session' | 'trail' | 'params'>,
  change: NetworkChange,
) {
  const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'tenant:configure');
  return networkChange(ctx, { row, trail, change });
}

type TenantRequest = Pick<
  Handled<(typeof endpoints)['tenantWake']>,
  'ctx' | 'session' | 'trail' | 'params' | 'idempotencyKey'
>;

async function command(
  { ctx, session, trail, params, idempotencyKey }: TenantRequest,
  what: TenantCommand['what'],
  permission: Permission = 'tenant:operate',
) {
  const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, permission);
  return tenantCommand(ctx, { row, trail, what, idempotencyKey });
}

async function slugRead(ctx: Context, slug: string) {
  const parsed = parseSlug(slug);
  const refusal = !parsed.ok
    ? parsed.error
    : (await slugTaken(ctx.db, slug))
      ? { code: 'slug_taken', detail: `The address ${slug} is taken.` }
      : null;
  return {
    slug,
    available: refusal === null,
    code: refusal?.code ?? null,
    detail: refusal?.detail ?? null,
    suggestion: refusal === null ? slug : await suggestSlug(ctx, slug),
  };
}
