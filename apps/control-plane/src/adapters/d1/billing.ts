/**
 * Reads and guarded writes of billing. An account's mirror is replaced only by a later reading (`readSeq`), its service
 * state only by who has read the present one (`version`); money is inserted once by its id.
 */
import { and, asc, desc, eq, isNull, lt, lte, ne, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { UsageTotals } from '../../contract/usage-totals.ts';
import { standardAwakeMs } from '../../core/billing/awake-prices.ts';
import { emptyMirror, Mirror } from '../../core/billing/mirror.ts';
import { monthStartMs } from '../../core/billing/month.ts';
import type { MonthUse } from '../../core/billing/month.ts';
import { trialMs } from '../../core/billing/plans.ts';
import { lookAgainMs, ServiceState } from '../../core/billing/service.ts';
import {
  billingAccount,
  billingCheckout,
  billingHold,
  billingMonth,
  creditEntry,
  tenant,
  usagePeriod,
} from './schema.ts';

export interface Account {
  readonly orgId: string;
  readonly customerId: string | null;
  readonly trialEndsAtMs: number;
  readonly mirror: Mirror;
  /** When the reading of the mirror began; 0 = never. */
  readonly mirrorAtMs: number;
  readonly service: ServiceState;
  readonly version: number;
  readonly overageNanoUsd: number | null;
  /** What its assistants may spend on AI in a month; null = as the plan allows. */
  readonly budgetNanoUsd: number | null;
  readonly createdAtMs: number;
}

/** What Stripe says is read again at least this often, event or not. */
const mirrorMaxAgeMs = 86_400_000;

/** The account, made with a trial that begins now if it is not there. What cannot be read is refused, never replaced. */
export async function accountOf(db: DrizzleD1Database, orgId: string, nowMs: number): Promise<Account> {
  const found = await accountRow(db, orgId);
  if (found !== undefined) return parseAccount(found);
  const trialEndsAtMs = nowMs + trialMs;
  const service: ServiceState = { kind: 'trial', sinceMs: nowMs, endsAtMs: trialEndsAtMs };
  await db
    .insert(billingAccount)
    .values({
      orgId,
      trialEndsAtMs,
      mirror: JSON.stringify(emptyMirror),
      service: JSON.stringify(service),
      serviceKind: service.kind,
      lookAgainAtMs: lookAgainMs(service, nowMs) ?? nowMs + mirrorMaxAgeMs,
      createdAtMs: nowMs,
    })
    .onConflictDoNothing();
  const made = await accountRow(db, orgId);
  if (made === undefined) throw new Error(`the billing account of ${orgId} was not kept`);
  return parseAccount(made);
}

type AccountRow = typeof billingAccount.$inferSelect;

async function accountRow(db: DrizzleD1Database, orgId: string): Promise<AccountRow | undefined> {
  return (await db.select().from(billingAccount).where(eq(billingAccount.orgId, orgId)).limit(1))[0];
}

function parseAccount(row: AccountRow): Account {
  const {
    mirror,
    service,
    readSeq: _reading,
    mirrorSeq: _read,
    serviceKind: _kind,
    lookAgainAtMs: _due,
    ...kept
  } = row;
  return { ...kept, mirror: Mirror.parse(JSON.parse(mirror)), service: ServiceState.parse(JSON.parse(service)) };
}

export async function orgOfCustomer(db: DrizzleD1Database, customerId: string): Promise<string | null> {
  const rows = await db
    .select({ orgId: billingAccount.orgId })
    .from(billingAccount)
    .where(eq(billingAccount.customerId, customerId))
    .limit(1);
  return rows[0]?.orgId ?? null;
}

/** The first customer stays: resolves to the one that counts. */
export async function customerKeep(db: DrizzleD1Database, orgId: string, customerId: string): Promise<string | null> {
  await db
    .update(billingAccount)
    .set({ customerId })
    .where(and(eq(billingAccount.orgId, orgId), isNull(billingAccount.customerId)));
  return (await accountRow(db, orgId))?.customerId ?? null;
}

/** Takes the number of a reading that is about to begin. */
export async function readBegin(db: DrizzleD1Database, orgId: string): Promise<number> {
  const rows = await db
    .update(billingAccount)
    .set({ readSeq: sql`${billingAccount.readSeq} + 1` })
    .where(eq(billingAccount.orgId, orgId))
    .returning({ seq: billingAccount.readSeq });
  return rows[0]?.seq ?? 0;
}

/** Keeps what a reading found, unless a later one was kept. */
export async function mirrorKeep(
  db: DrizzleD1Database,
  orgId: string,
  read: { readonly seq: number; readonly atMs: number; readonly mirror: Mirror },
): Promise<boolean> {
  const kept = await db
    .update(billingAccount)
    .set({ mirror: JSON.stringify(read.mirror), mirrorSeq: read.seq, mirrorAtMs: read.atMs })
    .where(and(eq(billingAccount.orgId, orgId), lt(billingAccount.mirrorSeq, read.seq)))
    .returning({ orgId: billingAccount.orgId });
  return kept.length > 0;
}

/** Saves the next state; false when somebody else has changed it since `account` was read. */
export async function serviceKeep(db: DrizzleD1Database, account: Account, next: ServiceState): Promise<boolean> {
  const kept = await db
    .update(billingAccount)
    .set({ service: JSON.stringify(next), serviceKind: next.kind, version: account.version + 1 })
    .where(and(eq(billingAccount.orgId, account.orgId), eq(billingAccount.version, account.version)))
    .returning({ orgId: billingAccount.orgId });
  return kept.length > 0;
}

/** When the account is due again: by its state, or because its mirror grows old. */
export async function lookAgainKeep(db: DrizzleD1Database, account: Account, nowMs: number): Promise<void> {
  const byState = lookAgainMs(account.service, nowMs);
  const byAge = account.customerId === null ? null : Math.max(nowMs, account.mirrorAtMs) + mirrorMaxAgeMs;
  const next = [byState, byAge].filter((atMs) => atMs !== null);
  const lookAgainAtMs = next.length === 0 ? nowMs + 30 * mirrorMaxAgeMs : Math.min(...next);
  await db.update(billingAccount).set({ lookAgainAtMs }).where(eq(billingAccount.orgId, account.orgId));
}

export async function lookAgainAt(db: DrizzleD1Database, orgId: string, atMs: number): Promise<void> {
  await db.update(billingAccount).set({ lookAgainAtMs: atMs }).where(eq(billingAccount.orgId, orgId));
}

export async function accountsDue(db: DrizzleD1Database, nowMs: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ orgId: billingAccount.orgId })
    .from(billingAccount)
    .where(lte(billingAccount.lookAgainAtMs, nowMs))
    .orderBy(asc(billingAccount.lookAgainAtMs))
    .limit(limit);
  return rows.map(({ orgId }) => orgId);
}

/** An assistant reported use: its organisation is looked at within `withinMs`, unless it is sooner. A statement. */
export function lookSoon(db: DrizzleD1Database, tenantId: string, atMs: number) {
  return db
    .update(billingAccount)
    .set({ lookAgainAtMs: sql`min(${billingAccount.lookAgainAtMs}, ${atMs})` })
    .where(sql`${billingAccount.orgId} = (SELECT ${tenant.orgId} FROM ${tenant} WHERE ${tenant.id} = ${tenantId})`);
}

export async function heldNow(db: DrizzleD1Database, orgId: string): Promise<boolean> {
  const rows = await db
    .select({ id: billingHold.id })
    .from(billingHold)
    .where(and(eq(billingHold.orgId, orgId), eq(billingHold.open, true), isNull(billingHold.releasedAtMs)))
    .limit(1);
  return rows.length > 0;
}

/** Money in, once: false when it is there already. */
export async function creditInsert(db: DrizzleD1Database, entry: typeof creditEntry.$inferInsert): Promise<boolean> {
  const inserted = await db.insert(creditEntry).values(entry).onConflictDoNothing().returning({ id: creditEntry.id });
  return inserted.length > 0;
}

/** The organisation whose top-up a payment was; null when it was none. */
export async function toppedUpBy(db: DrizzleD1Database, paymentId: string): Promise<string | null> {
  const rows = await db
    .select({ orgId: creditEntry.orgId })
    .from(creditEntry)
    .where(eq(creditEntry.paymentId, paymentId))
    .limit(1);
  return rows[0]?.orgId ?? null;
}

/** What came in and went back, and what other months than `period` bore of it. */
export async function balanceFor(db: DrizzleD1Database, orgId: string, period: string): Promise<number> {
  const [credits, borne] = await db.batch([
    db
      .select({ sum: sql<number>`coalesce(sum(${creditEntry.nanoUsd}), 0)` })
      .from(creditEntry)
      .where(eq(creditEntry.orgId, orgId)),
    db
      .select({ sum: sql<number>`coalesce(sum(${billingMonth.prepaidNanoUsd}), 0)` })
      .from(billingMonth)
      .where(and(eq(billingMonth.orgId, orgId), ne(billingMonth.period, period))),
  ]);
  return (credits[0]?.sum ?? 0) - (borne[0]?.sum ?? 0);
}

export interface TenantUse extends MonthUse {
  readonly tenantId: string;
  readonly period: string;
}

/** At most this many assistants of an organisation are added up; plans allow far fewer. */
const assistantsRead = 500;

const BySize = UsageTotals.shape.awakeMsBySize;

/**
 * Use of the organisation's assistants, deleted ones too, in the months from `fromPeriod` on; awake time in the default
 * size.
 */
export async function useSince(db: DrizzleD1Database, orgId: string, fromPeriod: string): Promise<TenantUse[]> {
  const rows = await db
    .select({
      tenantId: usagePeriod.tenantId,
      period: usagePeriod.period,
      aiNanoUsd: sql<number>`coalesce(json_extract(${usagePeriod.body}, '$.spentNanoUsd'), 0)`,
      awakeMs: usagePeriod.awakeMs,
      bySize: sql<string | null>`json_extract(${usagePeriod.body}, '$.awakeMsBySize')`,
    })
    .from(usagePeriod)
    .innerJoin(tenant, eq(tenant.id, usagePeriod.tenantId))
    .where(and(eq(tenant.orgId, orgId), sql`${usagePeriod.period} >= ${fromPeriod}`))
    .limit(assistantsRead * 14);
  return rows.map(({ bySize, awakeMs, ...row }) => ({
    ...row,
    awakeMs: standardAwakeMs({ awakeMs, bySize: BySize.parse(JSON.parse(bySize ?? '{}')) }, monthStartMs(row.period)),
  }));
}

export type CheckoutRow = typeof billingCheckout.$inferSelect;

/** The plan checkout that is open, after `row` was offered as it; of many offers at once one stays. */
export async function checkoutOffer(
  db: DrizzleD1Database,
  row: typeof billingCheckout.$inferInsert,
): Promise<CheckoutRow | undefined> {
  await db.insert(billingCheckout).values(row).onConflictDoNothing();
  const open = await db
    .select()
    .from(billingCheckout)
    .where(
      and(eq(billingCheckout.orgId, row.orgId), eq(billingCheckout.kind, 'plan'), eq(billingCheckout.state, 'open')),
    )
    .limit(1);
  return open[0];
}

export async function checkoutInsert(db: DrizzleD1Database, row: typeof billingCheckout.$inferInsert): Promise<void> {
  await db.insert(billingCheckout).values(row).onConflictDoNothing();
}

export async function checkoutRow(db: DrizzleD1Database, id: string): Promise<CheckoutRow | undefined> {
  return (await db.select().from(billingCheckout).where(eq(billingCheckout.id, id)).limit(1))[0];
}

export async function checkoutUpdate(
  db: DrizzleD1Database,
  id: string,
  values: Partial<Pick<CheckoutRow, 'state' | 'sessionId' | 'url'>>,
): Promise<void> {
  await db.update(billingCheckout).set(values).where(eq(billingCheckout.id, id));
}

/** Checkouts that are open still, newest first: a return from one reads them again. */
export async function checkoutsOpen(db: DrizzleD1Database, orgId: string): Promise<CheckoutRow[]> {
  return db
    .select()
    .from(billingCheckout)
    .where(and(eq(billingCheckout.orgId, orgId), eq(billingCheckout.state, 'open')))
    .orderBy(desc(billingCheckout.id))
    .limit(5);
}
