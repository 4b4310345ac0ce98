/** The API's handlers, one line of meaning each. `registered` lets the start fail when an endpoint has none. */
import { endpoints } from '../contract/api.ts';
import { parseSlug } from '../contract/slug.ts';
import { slugTaken, tenantsOfOrg } from '../adapters/d1/tenants.ts';
import { ensureOrganisations } from '../services/organisations.ts';
import * as tenants from '../services/tenants.ts';
import { storedReport, toTenant } from '../services/tenant-view.ts';
import { listReceipts, readUsage } from '../services/usage.ts';
import { implement } from './implement.ts';
import type { App } from './implement.ts';

/** The version of the API, and of the product while it is young. */
const version = '0.1.0';

export function registerRoutes(app: App): void {
  implement(app, endpoints.systemRead, async ({ ctx }) => ({
    version,
    standIns: ctx.config.standIns,
    outboxUrl: ctx.outbox === null ? null : `${ctx.config.platformOrigin}/outbox`,
  }));

  implement(app, endpoints.meRead, async ({ ctx, session }) => {
    const { id, email, name, emailVerified } = session.user;
    return { user: { id, email, name, emailVerified }, organisations: await ensureOrganisations(ctx, session.user) };
  });

  implement(app, endpoints.slugRead, async ({ ctx, params }) => {
    const parsed = parseSlug(params.slug);
    const refusal = !parsed.ok
      ? parsed.error
      : (await slugTaken(ctx.db, params.slug))
        ? { code: 'slug_taken', detail: `The address ${params.slug} is taken.` }
        : null;
    return {
      slug: params.slug,
      available: refusal === null,
      code: refusal?.code ?? null,
      detail: refusal?.detail ?? null,
      suggestion: refusal === null ? params.slug : await tenants.suggestSlug(ctx, params.slug),
    };
  });

  implement(app, endpoints.tenantList, async ({ ctx, params, query }) => {
    const rows = await tenantsOfOrg(ctx.db, params.orgId, query.cursor ?? '', query.limit + 1);
    const nowMs = ctx.system.nowMs();
    const items = rows
      .slice(0, query.limit)
      .map((row) => toTenant({ config: ctx.config, row, report: storedReport(row), live: false, nowMs }));
    return { items, nextCursor: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null };
  });

  implement(app, endpoints.tenantCreate, async ({ ctx, session, params, body, idempotencyKey }) =>
    tenants.createTenant(ctx, {
      orgId: params.orgId,
      userId: session.user.id,
      name: body.name,
      slug: body.slug,
      idempotencyKey,
    }),
  );

  implement(app, endpoints.tenantRead, async ({ ctx, session, params }) =>
    tenants.readTenant(ctx, await tenants.requireTenant(ctx, session.user.id, params.tenantId, 'tenant:read')),
  );

  implement(app, endpoints.tenantUpdate, async ({ ctx, session, params, body }) =>
    tenants.updateTenant(
      ctx,
      session.user.id,
      await tenants.requireTenant(ctx, session.user.id, params.tenantId, 'tenant:configure'),
      body,
    ),
  );

  for (const [endpoint, kind] of [
    [endpoints.tenantWake, 'wake'],
    [endpoints.tenantSleep, 'sleep'],
    [endpoints.tenantRestart, 'restart'],
  ] as const) {
    implement(app, endpoint, async ({ ctx, session, params, idempotencyKey }) => {
      const row = await tenants.requireTenant(ctx, session.user.id, params.tenantId, 'tenant:operate');
      return tenants.commandTenant(ctx, { row, userId: session.user.id, kind, idempotencyKey });
    });
  }

  implement(app, endpoints.operationRead, async ({ ctx, session, params }) =>
    tenants.readOperation(ctx, session.user.id, params.operationId),
  );

  implement(app, endpoints.usageRead, async ({ ctx, session, params, query }) =>
    readUsage(ctx, await tenants.requireTenant(ctx, session.user.id, params.tenantId, 'usage:read'), query.period),
  );

  implement(app, endpoints.receiptList, async ({ ctx, session, params, query }) =>
    listReceipts(ctx, await tenants.requireTenant(ctx, session.user.id, params.tenantId, 'usage:read'), query),
  );
}
