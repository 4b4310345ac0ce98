/**
 * Moves an organisation on: shares its use out, takes the next service state, sends the mail that the state owes, and
 * limits its assistants' specs. Every part can be done again: absolute values, guarded saves, keyed mail, generations.
 * Nobody is moved down on an old copy: with a customer at Stripe the mirror is read first, and while that fails the
 * account waits.
 */
import {
  accountOf,
  heldNow,
  lookAgainAt,
  lookAgainKeep,
  mirrorKeep,
  readBegin,
  serviceKeep,
} from '../../adapters/d1/billing.ts';
import type { Account } from '../../adapters/d1/billing.ts';
import { withAuditEntry } from '../../adapters/d1/audit.ts';
import { limitsReplace } from '../../adapters/d1/tenant-writes.ts';
import { liveTenantsOfOrg } from '../../adapters/d1/tenants.ts';
import type { Trail } from '../../contract/audit.ts';
import { limitsDiffer, limitsOf, TenantLimits } from '../../core/billing/limits.ts';
import { mirrorOf, standingOf } from '../../core/billing/mirror.ts';
import { serviceStep } from '../../core/billing/service.ts';
import type { ServiceState } from '../../core/billing/service.ts';
import type { Context } from '../../context.ts';
import { describeError } from '../../events.ts';
import { tellBudget } from '../spend-notices.ts';
import { sendSpec } from '../tenant-change.ts';
import { sendNotice } from './notices.ts';
import { orgStanding } from './standing.ts';
import type { OrgStanding } from './standing.ts';
import { shareMonths } from './months.ts';

/** Longer ago than this, what Stripe said is read again before anybody is moved by time. */
const mirrorFreshMs = 3_600_000;
/** Stripe away: asked again after this. */
const askAgainMs = 600_000;
/** A state moves on at most this often in one go. */
const stepsMax = 3;

/**
 * Reads what Stripe says of the organisation, and moves it on.
 * @throws BillingProviderError when Stripe cannot be read; nothing has changed then
 */
export async function syncOrg(ctx: Context, orgId: string): Promise<void> {
  const { billing } = ctx;
  if (billing === null) return;
  const account = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  if (account.customerId !== null) {
    const seq = await readBegin(ctx.db, orgId);
    const atMs = ctx.system.nowMs();
    const mirror = mirrorOf(await billing.provider.customerTruth(account.customerId));
    await mirrorKeep(ctx.db, orgId, { seq, atMs, mirror });
    if (mirror.extraIds.length > 0)
      ctx.log('billing.extra_subscription', { org: orgId, ids: mirror.extraIds.join(' ') });
  }
  await advance(ctx, orgId);
}

/** For the sweep: reads Stripe first where the copy is old. */
export async function lookAt(ctx: Context, orgId: string): Promise<void> {
  const nowMs = ctx.system.nowMs();
  const account = await accountOf(ctx.db, orgId, nowMs);
  if (account.customerId === null || nowMs - account.mirrorAtMs < mirrorFreshMs) return advance(ctx, orgId);
  try {
    await syncOrg(ctx, orgId);
  } catch (error) {
    ctx.log('billing.read_failed', { org: orgId, error: describeError(error) });
    await lookAgainAt(ctx.db, orgId, nowMs + askAgainMs);
  }
}

export async function advance(ctx: Context, orgId: string): Promise<void> {
  if (ctx.billing === null) return;
  for (let i = 0; i < stepsMax; i++) if (!(await step(ctx, orgId))) break;
  await shareMonths(ctx, orgId);
  const standing = await orgStanding(ctx, orgId);
  if (standing.account === null) return;
  await endUnpaid(ctx, standing.account);
  await sendNotice(ctx, standing.account);
  await tellBudget(ctx, standing.account, { period: standing.period, usedNanoUsd: standing.used.aiNanoUsd });
  await limitAssistants(ctx, orgId, standing);
  await lookAgainKeep(ctx.db, standing.account, ctx.system.nowMs());
}

/** True when the state changed, or somebody else changed it. */
async function step(ctx: Context, orgId: string): Promise<boolean> {
  const nowMs = ctx.system.nowMs();
  const account = await accountOf(ctx.db, orgId, nowMs);
  const next: ServiceState = serviceStep(account.service, {
    standing: standingOf(account.mirror),
    held: await heldNow(ctx.db, orgId),
    trialEndsAtMs: account.trialEndsAtMs,
    nowMs,
  });
  if (next === account.service) return false;
  const kept = await serviceKeep(ctx.db, account, next);
  if (kept) ctx.log('billing.service', { org: orgId, from: account.service.kind, to: next.kind });
  return true;
}

/** Nothing is collected for what was deleted. */
async function endUnpaid(ctx: Context, { service, mirror, orgId }: Account): Promise<void> {
  if (ctx.billing === null || service.kind !== 'deleted' || mirror.subscription === null) return;
  if (mirror.subscription.endedAtMs !== null) return;
  const { id } = mirror.subscription;
  await ctx.billing.provider.cancelNow({ subscriptionId: id, key: `end:${orgId}:${id}` });
}

const trail: Trail = { actor: { kind: 'system', id: 'billing' }, requestId: null, action: 'tenant.limits' };

async function limitAssistants(ctx: Context, orgId: string, standing: OrgStanding): Promise<void> {
  for (const row of await liveTenantsOfOrg(ctx.db, orgId)) {
    const own = standing.uses.find(({ tenantId, period }) => tenantId === row.id && period === standing.period);
    const used = { organisationNanoUsd: standing.used.aiNanoUsd, assistantNanoUsd: own?.aiNanoUsd ?? 0 };
    const limits = limitsOf(standing.entitlement, used, standing.account?.budgetNanoUsd ?? null);
    const before = row.limits === null ? null : TenantLimits.parse(JSON.parse(row.limits));
    if (!limitsDiffer(before, limits)) continue;
    const text = JSON.stringify(limits);
    const subject = { orgId, tenantId: row.id, after: limits, ...(before === null ? {} : { before }) };
    const saved = await withAuditEntry(ctx, trail, subject, { outcome: 'done' }, (audit) =>
      limitsReplace(ctx.d1, { id: row.id, limits: text, generation: row.generation, audit }),
    );
    // Somebody changed the spec at the same time: the next look lays the limits over what they left.
    if (!saved) ctx.log('billing.limits_deferred', { tenant: row.id });
    else await sendSpec(ctx, { ...row, limits: text, generation: row.generation + 1 });
  }
}
