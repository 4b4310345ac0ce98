/**
 * Carries a rotation of the cell's keys over the fleet, a bounded piece in each run of the scheduled job. Each assistant is
 * written down before it is asked and struck off when nothing of it is on another key any more, in one batch with the entry of
 * its organisation's audit trail; a run that is cut off asks again, which changes nothing. It is done when everybody was
 * listed and nobody is left. What a step is, is the cell's (docs/vault.md); what an operator does, docs/runbook.md.
 */
import { and, asc, count, eq, gt, lte, ne } from 'drizzle-orm';
import { auditInsertWhere, withAuditEntry } from '../adapters/d1/audit.ts';
import { keyRotation, keyRotationLeft, tenant } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { unreachable } from '../contract/result.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';
import { refOf } from '../services/tenant-read.ts';

/** Assistants asked at a time, and such groups in one run. */
const groupMax = 20;
const groupsMax = 10;
/** Steps of one assistant in one run; what is left then is for the next. */
const stepsMax = 10;
/** One that could not be finished is asked again this much later. */
const retryAfterMs = 120_000;

type Rotation = typeof keyRotation.$inferSelect;
type Step =
  | { readonly kind: 'moved' }
  | { readonly kind: 'has_nothing' }
  | { readonly kind: 'left'; readonly why: string };

const trail: Trail = { actor: { kind: 'system', id: 'key-rotation' }, requestId: null, action: 'secret.rotate' };

/** How many assistants were asked. */
export async function runKeyRotation(ctx: Context): Promise<number> {
  const [row] = await ctx.db
    .select()
    .from(keyRotation)
    .where(eq(keyRotation.state, 'running'))
    .orderBy(asc(keyRotation.createdAtMs))
    .limit(1);
  if (row === undefined) return 0;
  const rotation = await towards(ctx, row);
  if (rotation === null) return 0;
  const again = await askAgain(ctx, rotation);
  const first = await askOn(ctx, rotation);
  await endWhenDone(ctx, rotation);
  return again + first;
}

/** The key that it moves to is the cell's current one when it begins. While the cell names another, it rests. */
async function towards(ctx: Context, row: Rotation): Promise<Rotation | null> {
  const key = await ctx.tenants.sealingKey();
  if (!key.ok) return null;
  const { kid } = key.value;
  if (row.kid === kid) return row;
  if (row.kid !== '') {
    ctx.log('keys.other_current', { rotation: row.id, wanted: row.kid, current: kid });
    return null;
  }
  await ctx.db.update(keyRotation).set({ kid }).where(eq(keyRotation.id, row.id));
  return { ...row, kid };
}

async function askAgain(ctx: Context, rotation: Rotation): Promise<number> {
  const dueMs = ctx.system.nowMs() - retryAfterMs;
  const rows = await ctx.db
    .select({ row: tenant })
    .from(keyRotationLeft)
    .innerJoin(tenant, eq(tenant.id, keyRotationLeft.tenantId))
    .where(and(eq(keyRotationLeft.rotationId, rotation.id), lte(keyRotationLeft.triedAtMs, dueMs)))
    .orderBy(asc(keyRotationLeft.triedAtMs))
    .limit(groupMax);
  await askGroup(
    ctx,
    rotation,
    rows.map(({ row }) => row),
  );
  return rows.length;
}

/** Goes on through the fleet from where the last run stopped. */
async function askOn(ctx: Context, rotation: Rotation): Promise<number> {
  let { cursor } = rotation;
  let asked = 0;
  for (let group = 0; group < groupsMax && !rotation.listed; group++) {
    const page = await ctx.db
      .select()
      .from(tenant)
      .where(and(gt(tenant.id, cursor), ne(tenant.state, 'deleted')))
      .orderBy(asc(tenant.id))
      .limit(groupMax);
    const last = page.at(-1);
    if (last === undefined) {
      await ctx.db.update(keyRotation).set({ listed: true }).where(eq(keyRotation.id, rotation.id));
      break;
    }
    const triedAtMs = ctx.system.nowMs();
    await ctx.db
      .insert(keyRotationLeft)
      .values(page.map(({ id }) => ({ rotationId: rotation.id, tenantId: id, why: 'asked', triedAtMs })))
      .onConflictDoNothing();
    await askGroup(ctx, rotation, page);
    asked += page.length;
    // Only from where it was read: two runs at once do not count anybody twice.
    await ctx.db
      .update(keyRotation)
      .set({ cursor: last.id, asked: rotation.asked + asked, changedAtMs: ctx.system.nowMs() })
      .where(and(eq(keyRotation.id, rotation.id), eq(keyRotation.cursor, cursor)));
    cursor = last.id;
  }
  return asked;
}

async function askGroup(ctx: Context, rotation: Rotation, group: readonly TenantRow[]): Promise<void> {
  await Promise.all(
    group.map(async (row) => {
      const step = await moveOne(ctx, rotation, row);
      try {
        await keepStep(ctx, rotation, row, step);
      } catch (error) {
        // Its keys have moved. That its organisation's trail takes no entry must not hold up anybody else's.
        ctx.log('keys.not_written_down', { rotation: rotation.id, tenant: row.id, error: describeError(error) });
        await keepStep(ctx, rotation, row, left('not_written_down'));
      }
    }),
  );
}

async function keepStep(ctx: Context, rotation: Rotation, row: TenantRow, step: Step): Promise<void> {
  const of = and(eq(keyRotationLeft.rotationId, rotation.id), eq(keyRotationLeft.tenantId, row.id));
  switch (step.kind) {
    case 'moved':
      return strikeOff(ctx, rotation, row);
    case 'has_nothing':
      return void (await ctx.db.delete(keyRotationLeft).where(of));
    case 'left': {
      const { why } = step;
      return void (await ctx.db.update(keyRotationLeft).set({ why, triedAtMs: ctx.system.nowMs() }).where(of));
    }
    default:
      return unreachable(step);
  }
}

/** The entry's id follows from the rotation and the assistant: one that is asked again after a crash gets no second entry. */
async function strikeOff(ctx: Context, { id: rotationId, kind, kid }: Rotation, row: TenantRow): Promise<void> {
  const id = `aud_${rotationId}_${row.id}`;
  const subject = { orgId: row.orgId, tenantId: row.id, after: { rotationId, keys: kind, kid } };
  await withAuditEntry(ctx, trail, subject, { id, outcome: 'done' }, (entry) =>
    ctx.d1.batch([
      ctx.d1.prepare('DELETE FROM key_rotation_left WHERE rotation_id = ? AND tenant_id = ?').bind(rotationId, row.id),
      auditInsertWhere(ctx.d1, entry, 'changes() > 0 AND NOT EXISTS (SELECT 1 FROM audit_entry WHERE id = ?)', id),
    ]),
  );
}

const left = (why: string): Step => ({ kind: 'left', why });

async function moveOne(ctx: Context, { id: rotationId, kind, kid }: Rotation, row: TenantRow): Promise<Step> {
  for (let step = 0; step < stepsMax; step++) {
    const answer = await ctx.tenants.rotateSecrets({ ...refOf(row), rotationId, newDataKey: kind === 'data_key' });
    // The cell has nothing of it yet, and makes it with the current key.
    if (!answer.ok) return answer.error.code === 'tenant_unknown' ? { kind: 'has_nothing' } : left(answer.error.code);
    if (answer.value.kid !== kid) return left('other_current');
    if (answer.value.left > 0) continue;
    return answer.value.kids.every((used) => used === kid) ? { kind: 'moved' } : left('run_on_old_key');
  }
  return left('more_to_move');
}

async function endWhenDone(ctx: Context, { id, kid, kind }: Rotation): Promise<void> {
  const [now] = await ctx.db.select().from(keyRotation).where(eq(keyRotation.id, id)).limit(1);
  const [left] = await ctx.db.select({ n: count() }).from(keyRotationLeft).where(eq(keyRotationLeft.rotationId, id));
  ctx.log('keys.progress', { rotation: id, kid, asked: now?.asked ?? 0, left: left?.n ?? 0 });
  if (now?.listed !== true || left?.n !== 0) return;
  const ended = { state: 'done', changedAtMs: ctx.system.nowMs() };
  await ctx.db
    .update(keyRotation)
    .set(ended)
    .where(and(eq(keyRotation.id, id), eq(keyRotation.state, 'running')));
  ctx.log('keys.rotated', { rotation: id, kind, kid, asked: now.asked });
}
