/** A rollout changes only together with the record of who did it and why: each write is one batch, all of it or nothing. */
import type { RolloutEvent, RolloutPlan, RolloutState } from '../../contract/rollouts.ts';
import type { Claim } from './idempotency.ts';

interface Act extends Pick<RolloutEvent, 'action' | 'actor' | 'reason'> {
  readonly eventId: string;
  readonly nowMs: number;
}

const eventColumns = 'INSERT INTO rollout_event (id, rollout_id, action, actor_id, reason, at_ms)';

/** @throws D1's error when the key is taken, or one of this release is open */
export async function rolloutInsert(
  d1: D1Database,
  row: Act & {
    readonly id: string;
    readonly plan: RolloutPlan;
    readonly claim: Claim;
    readonly claimExpiresAtMs: number;
  },
): Promise<void> {
  const { id, plan, claim, nowMs } = row;
  await d1.batch([
    d1
      .prepare(`INSERT INTO idempotency (scope, key, request_hash, result_id, expires_at_ms) VALUES (?, ?, ?, ?, ?)`)
      .bind(claim.scope, claim.key, claim.requestHash, id, row.claimExpiresAtMs),
    d1
      .prepare(
        "INSERT INTO rollout (id, release, plan, state, created_at_ms, changed_at_ms) VALUES (?, ?, ?, 'running', ?, ?)",
      )
      .bind(id, plan.release, JSON.stringify(plan), nowMs, nowMs),
    d1
      .prepare(`${eventColumns} VALUES (?, ?, ?, ?, ?, ?)`)
      .bind(row.eventId, id, row.action, row.actor, row.reason, nowMs),
  ]);
}

export interface RolloutMove extends Act {
  readonly id: string;
  /** Only while it is so: somebody else may have changed it meanwhile. */
  readonly from: { readonly state: RolloutState; readonly stage: number };
  readonly to: { readonly state: RolloutState; readonly stage: number };
  /** Shown with the rollout while it rests. */
  readonly restsBecause: string | null;
  /** Failures of what was asked until now do not halt it any more. */
  readonly forgives?: boolean;
}

/**
 * False, and nothing written, when it is not as `from` says any more.
 * @throws D1's error when another one of its release is open
 */
export async function rolloutMove(d1: D1Database, move: RolloutMove): Promise<boolean> {
  const { id, from, to, nowMs } = move;
  const [moved] = await d1.batch([
    d1
      .prepare(
        `UPDATE rollout SET state = ?, stage = ?, reason = ?, changed_at_ms = ?,
           judged_from_ms = CASE WHEN ? THEN ? ELSE judged_from_ms END,
           listed = CASE WHEN stage = ? THEN listed ELSE 0 END, cursor = CASE WHEN stage = ? THEN cursor ELSE '' END
         WHERE id = ? AND state = ? AND stage = ?`,
      )
      .bind(
        to.state,
        to.stage,
        move.restsBecause,
        nowMs,
        move.forgives === true ? 1 : 0,
        nowMs,
        to.stage,
        to.stage,
        id,
        from.state,
        from.stage,
      ),
    // changes() is of the statement before: no entry when nothing was changed.
    d1
      .prepare(`${eventColumns} SELECT ?, ?, ?, ?, ?, ? WHERE changes() > 0`)
      .bind(move.eventId, id, move.action, move.actor, move.reason, nowMs),
  ]);
  return (moved?.meta.changes ?? 0) > 0;
}
