/**
 * Compares a day's receipts with the gateway's own log, a bounded piece in each run of the scheduled job. First the log is
 * read (hours that overlap, each entry kept once), then every receipt of the day looks for its entries, then every entry
 * for its receipt, then what was read is removed and the day's report is written. A day that is being compared again keeps
 * telling its last report until the new one is there. docs/billing.md says what the kinds mean, docs/runbook.md what to do.
 */
import { and, asc, desc, eq, lt, ne } from 'drizzle-orm';
import {
  driftMove,
  driftSums,
  findingsInsert,
  logsClear,
  logsInsert,
  ourPage,
  theirPage,
} from '../adapters/d1/drift.ts';
import type { DriftRow, Move } from '../adapters/d1/drift.ts';
import { driftDay, driftFinding } from '../adapters/d1/schema.ts';
import type { GatewayLogs } from '../adapters/gateway-logs.ts';
import type { DriftFinding, DriftReport } from '../contract/drift.ts';
import type { Context } from '../context.ts';
import { driftAlerts, driftOf, leakOf } from '../core/drift.ts';
import { dayOf, dayStartMs, dueDay, sliceOf, slicesOfDay } from '../core/drift-days.ts';
import { describeError } from '../events.ts';

/** Each is one call of the gateway and a batch, or a read and a batch. */
const stepsMax = 80;
const pageMax = 500;
/** What is more than this is one fault, not so many. */
const findingsMax = 5_000;
/** Pages of one hour: 500 requests a second is all that the gateway logs. */
const pagesMax = 36_000;
const retryAfterMs = 600_000;
/** A day that cannot be read for so long keeps the next ones waiting no more. */
const givenUpAfterMs = 2 * 86_400_000;
const dayMs = 86_400_000;
const keptDays = 400;
const daysRead = 30;

type Deps = Pick<Context, 'd1' | 'db' | 'system' | 'log' | 'witness'>;

/** Resolves to how many steps were taken. */
export async function compareWithGateway(ctx: Deps): Promise<number> {
  const { witness } = ctx;
  if (witness === null) return 0;
  let steps = 0;
  for (; steps < stepsMax; steps++) {
    const row = (await openDay(ctx)) ?? (await beginDay(ctx));
    if (row === null || !(await take(ctx, witness, row))) break;
  }
  return steps;
}

async function openDay({ db }: Deps): Promise<DriftRow | null> {
  const rows = await db.select().from(driftDay).where(ne(driftDay.stage, 'done')).orderBy(asc(driftDay.day)).limit(1);
  return rows[0] ?? null;
}

async function beginDay({ db, system }: Deps): Promise<DriftRow | null> {
  const nowMs = system.nowMs();
  const known = await db.select().from(driftDay).orderBy(desc(driftDay.day)).limit(daysRead);
  const due = dueDay(known, nowMs);
  if (due === null) return null;
  const oldest = dayOf(nowMs - keptDays * dayMs);
  const fresh = {
    pass: due.pass,
    stage: 'reading',
    slice: 0,
    page: 1,
    cursor: '',
    logs: 0,
    receipts: 0,
    costNanoUsd: 0,
    truncated: false,
    problem: null,
    beganAtMs: nowMs,
    endedAtMs: null,
  };
  const [made] = await db.batch([
    db
      .insert(driftDay)
      .values({ day: due.day, ...fresh })
      // Only one that is through begins anew: of two runs at once one does.
      .onConflictDoUpdate({
        target: driftDay.day,
        set: fresh,
        setWhere: and(eq(driftDay.stage, 'done'), lt(driftDay.pass, due.pass)),
      })
      .returning(),
    db.delete(driftFinding).where(lt(driftFinding.day, oldest)),
    db.delete(driftDay).where(lt(driftDay.day, oldest)),
  ]);
  return made[0] ?? null;
}

/** One step; false when there is nothing more to do in this run. */
async function take(ctx: Deps, witness: GatewayLogs, row: DriftRow): Promise<boolean> {
  switch (row.stage) {
    case 'reading':
      return read(ctx, witness, row);
    case 'ours':
      return ours(ctx, row);
    case 'theirs':
      return theirs(ctx, row);
    case 'clearing':
      return clear(ctx, row);
    default:
      throw new Error(`invariant broken: a comparison at "${row.stage}"`);
  }
}

async function read(ctx: Deps, witness: GatewayLogs, row: DriftRow): Promise<boolean> {
  const nowMs = ctx.system.nowMs();
  if (row.problem !== null && nowMs - row.triedAtMs < retryAfterMs) return false;
  try {
    const { entries, more } = await witness.page(sliceOf(row.day, row.slice), row.page);
    if (more && row.page >= pagesMax) throw new Error('the log of one hour does not end');
    const last = row.slice + 1 >= slicesOfDay;
    const next = more ? { page: row.page + 1 } : last ? { stage: 'ours' as const } : { slice: row.slice + 1, page: 1 };
    await driftMove(ctx.d1, row, next, [logsInsert(ctx.d1, row, entries)]);
    return true;
  } catch (error) {
    const problem = describeError(error).slice(0, 300);
    ctx.log('drift.read_failed', { day: row.day, slice: row.slice, page: row.page, error: problem });
    if (nowMs - row.beganAtMs >= givenUpAfterMs) return giveUp(ctx, row);
    await ctx.db.update(driftDay).set({ problem, triedAtMs: nowMs }).where(eq(driftDay.day, row.day));
    return false;
  }
}

async function ours(ctx: Deps, row: DriftRow): Promise<boolean> {
  const fromMs = dayStartMs(row.day);
  const { requests, cursor } = await ourPage(ctx.d1, row, { fromMs, toMs: fromMs + dayMs, limit: pageMax });
  const found = requests.flatMap((each) => driftOf(each.ours, each.theirs) ?? []);
  const counted = {
    receipts: requests.length,
    costNanoUsd: requests.reduce((sum, each) => sum + each.ours.costNanoUsd, 0),
  };
  const next = requests.length === pageMax ? { cursor } : { stage: 'theirs' as const, cursor: '' };
  return keep(ctx, row, found, { ...counted, ...next });
}

async function theirs(ctx: Deps, row: DriftRow): Promise<boolean> {
  const fromMs = dayStartMs(row.day);
  const entries = await theirPage(ctx.d1, row, pageMax);
  // What the overlap brought of other days is those days' own.
  const ofDay = entries.filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < fromMs + dayMs);
  const found = ofDay.flatMap(({ isOurs, tenantId, createdAtMs: _at, ...entry }) =>
    isOurs ? [] : (leakOf(tenantId, entry) ?? []),
  );
  const last = entries.at(-1);
  const next =
    entries.length === pageMax && last !== undefined
      ? { cursor: last.logId }
      : { stage: 'clearing' as const, cursor: '' };
  return keep(ctx, row, found, { logs: ofDay.length, ...next });
}

async function keep(ctx: Deps, row: DriftRow, found: readonly DriftFinding[], next: Move): Promise<boolean> {
  const before = found.length === 0 ? null : await driftSums(ctx.d1, row.day, row.pass);
  const count = Object.values(before ?? {}).reduce((sum, each) => sum + each.count, 0) + found.length;
  const move: Move = count > findingsMax ? { ...next, stage: 'clearing', cursor: '', truncated: true } : next;
  await driftMove(ctx.d1, row, move, found.length === 0 ? [] : [findingsInsert(ctx.d1, row, found)]);
  return true;
}

async function clear(ctx: Deps, row: DriftRow): Promise<boolean> {
  if ((await logsClear(ctx.d1, row.day, pageMax)) === pageMax) return true;
  const found = await driftSums(ctx.d1, row.day, row.pass);
  const { receipts: requests, costNanoUsd, logs, truncated } = row;
  const alerts = driftAlerts({ requests, costNanoUsd, found, truncated });
  await end(ctx, row, { requests, costNanoUsd, logs, found, truncated, alerts });
  return true;
}

/** What an earlier comparison of the day found stands. */
async function giveUp(ctx: Deps, row: DriftRow): Promise<boolean> {
  for (let page = 0; page < pagesMax; page++) {
    if ((await logsClear(ctx.d1, row.day, pageMax)) < pageMax) break;
  }
  if (row.donePass > 0) {
    await ctx.db.batch([
      ctx.db.update(driftFinding).set({ pass: row.pass }).where(eq(driftFinding.day, row.day)),
      ctx.db
        .update(driftDay)
        .set({ stage: 'done', donePass: row.pass, endedAtMs: ctx.system.nowMs() })
        .where(eq(driftDay.day, row.day)),
    ]);
    return true;
  }
  const found = await driftSums(ctx.d1, row.day, row.pass);
  await end(ctx, row, { requests: 0, costNanoUsd: 0, logs: 0, found, truncated: false, alerts: ['unread'] });
  return true;
}

async function end(ctx: Deps, row: DriftRow, report: DriftReport): Promise<void> {
  const { day, pass } = row;
  const ended = { stage: 'done', donePass: pass, report: JSON.stringify(report), endedAtMs: ctx.system.nowMs() };
  const [moved] = await ctx.db.batch([
    ctx.db
      .update(driftDay)
      .set(ended)
      .where(and(eq(driftDay.day, day), eq(driftDay.pass, pass), ne(driftDay.stage, 'done')))
      .returning({ day: driftDay.day }),
    ctx.db.delete(driftFinding).where(and(eq(driftFinding.day, day), ne(driftFinding.pass, pass))),
  ]);
  if (moved.length === 0) return;
  const { requests, logs, found, alerts } = report;
  const counts = Object.fromEntries(Object.entries(found).map(([kind, { count }]) => [kind, count]));
  ctx.log('drift.compared', { day, pass, requests, logs, ...counts });
  if (alerts.length > 0) ctx.log('drift.alert', { day, pass, reasons: alerts.join(' '), ...counts });
}
