/**
 * The backstop, every few minutes: sends again what a cell has not taken over yet, what mail and session endings are
 * left, a bounded page of each, and removes what has expired. It compares and pokes; it never destroys. One part that
 * fails does not keep the others from running.
 */
import { asc, eq, lt, sql } from 'drizzle-orm';
import { accountEventsPurge } from '../adapters/d1/account-events.ts';
import { claimsPurge } from '../adapters/d1/idempotency.ts';
import { quotaUsesPurge } from '../adapters/d1/quota-uses.ts';
import { mailsPurge } from '../adapters/mail.ts';
import { rateLimit, session, tenant, verification } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';
import { sessionEndingsSweep } from '../services/session-endings.ts';
import { anchorChains } from './audit-anchors.ts';
import { sweepBilling } from './billing.ts';
import { compareWithGateway } from './drift.ts';
import { drillSample } from './drills.ts';
import { runKeyRotation } from './key-rotation.ts';
import { workOutMargins } from './margins.ts';
import { purgeReceipts } from './receipts.ts';
import { runRollouts } from './rollouts.ts';
import { sampleStorage } from './storage-sample.ts';
import { sendSpec } from '../services/tenant-change.ts';
import { provision } from '../services/tenant-create.ts';

/** Each is a call or two; a run stays within what one invocation may do. */
const pageMax = 50;
/** The longest window of any limit is a minute; a row this old counts nothing. */
const rateLimitKeptMs = 3_600_000;

/** What one run did, for the log and the test. */
export interface SweepStatus {
  readonly behind: number;
  readonly sent: number;
  readonly endingsLeft: number;
  readonly mailsLeft: number;
}

export async function sweep(ctx: Context): Promise<SweepStatus> {
  const tenants = await part(ctx, 'tenants', () => sweepTenants(ctx), { behind: 0, sent: 0 });
  const endingsLeft = await part(ctx, 'endings', () => sessionEndingsSweep(ctx), 0);
  const mailsLeft = await part(ctx, 'mail', () => ctx.mailer.sendWaiting(), 0);
  await part(ctx, 'drills', () => drillSample(ctx), 'nobody');
  await part(ctx, 'rollouts', () => runRollouts(ctx), 0);
  await part(ctx, 'anchors', () => anchorChains(ctx), 0);
  await part(ctx, 'billing', () => sweepBilling(ctx), undefined);
  await part(ctx, 'keys', () => runKeyRotation(ctx), 0);
  await part(ctx, 'drift', () => compareWithGateway(ctx), 0);
  await part(ctx, 'storage', () => sampleStorage(ctx), 0);
  await part(ctx, 'margins', () => workOutMargins(ctx), 0);
  await part(ctx, 'purge', () => purge(ctx), undefined);
  await part(ctx, 'receipts', () => purgeReceipts(ctx), 0);
  const status = { ...tenants, endingsLeft, mailsLeft };
  if (tenants.behind + endingsLeft + mailsLeft > 0) ctx.log('sweep.done', status);
  return status;
}

async function part<T>(ctx: Context, name: string, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    ctx.log('sweep.part_failed', { name, error: describeError(error) });
    return otherwise;
  }
}

/** What was tried longest ago comes first, so that some that always fail keep none of the others waiting. */
async function sweepTenants(ctx: Context): Promise<{ behind: number; sent: number }> {
  const behind = await ctx.db
    .select()
    .from(tenant)
    .where(sql`reported_generation < generation`)
    .orderBy(asc(tenant.sweptAtMs))
    .limit(pageMax);
  let sent = 0;
  for (const row of behind) {
    await ctx.db.update(tenant).set({ sweptAtMs: ctx.system.nowMs() }).where(eq(tenant.id, row.id));
    if (await sendAgain(ctx, row)) sent++;
  }
  return { behind: behind.length, sent };
}

async function sendAgain(ctx: Context, row: TenantRow): Promise<boolean> {
  // One that its cell has spoken of is never made anew there.
  if (row.report === null && (await provision(ctx, row)) === null) return false;
  return sendSpec(ctx, row);
}

async function purge(ctx: Context): Promise<void> {
  const nowMs = ctx.system.nowMs();
  await ctx.db.batch([
    ctx.db.delete(session).where(lt(session.expiresAt, new Date(nowMs))),
    ctx.db.delete(verification).where(lt(verification.expiresAt, new Date(nowMs))),
    ctx.db.delete(rateLimit).where(lt(rateLimit.lastRequest, nowMs - rateLimitKeptMs)),
  ]);
  await claimsPurge(ctx.db, nowMs);
  await quotaUsesPurge(ctx.db, nowMs);
  await accountEventsPurge(ctx.db, nowMs);
  await mailsPurge(ctx.db, nowMs);
}
