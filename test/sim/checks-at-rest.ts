/** Checks over what the tenant says, stores and does; what they remember is the caller's. Null, or what is wrong. */
import { Incident } from '../../apps/control-plane/src/contract/incident.ts';
import type { TenantReport } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../../apps/tenant-worker/src/core/lifecycle/record.ts';
import { text } from '../../apps/tenant-worker/src/modules/row.ts';
import type { World } from './world.ts';

/** "Saved at T" means that a restore brings back at least what was written before T. */
export function savedTooEarly(
  world: World,
  completed: ReadonlyMap<string, readonly number[]>,
  { lastSnapshot }: TenantReport,
): string | null {
  if (lastSnapshot === null || world.clockJumps > 0) return null;
  const entries = completed.get(lastSnapshot.id);
  const row = world.sql.exec('SELECT incarnation AS n FROM snapshot WHERE id = ?', lastSnapshot.id)[0];
  if (entries === undefined || row === undefined) return null;
  for (const [entry, { wallMs, incarnation }] of world.written) {
    if (incarnation !== Number(row['n']) || wallMs >= lastSnapshot.atMs || entries.includes(entry)) continue;
    return `${entry}, written ${lastSnapshot.atMs - wallMs} ms before, is not in ${lastSnapshot.id}`;
  }
  return null;
}

/** Every recovery has one incident, which ends when it is well; what was given up is never called nothing. */
export function recoveriesUntold(
  world: World,
  { state, spec }: TenantRecord,
  openRuns: readonly number[],
  everSaved: ReadonlySet<number>,
): string | null {
  const told = world.sql.exec('SELECT body FROM incident').map((row) => Incident.parse(JSON.parse(text(row, 'body'))));
  const open = told.filter(({ outcome }) => outcome === null);
  const unwell = state.kind === 'needs_operator' || (state.kind === 'waking' && state.why === 'recover');
  if (unwell && open.length !== 1) return `${open.length} open while ${state.kind}`;
  const rests = state.kind === 'awake' || state.kind === 'asleep' || state.kind === 'suspended';
  if (rests && open.length > 0) return `${JSON.stringify(open[0])} open while ${state.kind}`;
  if (!rests || spec.desired === 'deleted') return null;
  for (const [entry, { wallMs, incarnation }] of world.written) {
    if (everSaved.has(entry) || openRuns.includes(incarnation)) continue;
    const jumped = world.clockJumps > 0;
    const said = told.some(({ lost }) => lost !== null && (jumped || (lost.sinceMs ?? 0) <= wallMs));
    if (!said) return `${entry} of run ${incarnation} is gone: ${JSON.stringify(told)}`;
  }
  return null;
}

/** An object that still has something to do wakes up by itself. */
export function alarmMissing({ checks, object, alarmAtMs, sql, inAlarm }: World, record: TenantRecord): string | null {
  if (alarmAtMs !== null || (object !== null && object.activating > 0) || inAlarm) return null;
  const { kind } = record.state;
  const rests = kind === 'asleep' || kind === 'suspended' || kind === 'needs_operator' || kind === 'deleted';
  const waiting = sql.exec(
    `SELECT (SELECT count(*) FROM outbox) AS o, (SELECT count(*) FROM run WHERE ended_at_ms IS NULL) AS r,
       (SELECT count(*) FROM schedule WHERE next_run_at_ms > 0 AND (woken_for_ms IS NOT next_run_at_ms OR wakes < 6)) AS s`,
  )[0];
  const wakes = kind === 'asleep' && (waiting?.['s'] === 1 || checks.sleep.mustWake);
  if (rests && !wakes && waiting?.['r'] === 0 && waiting['o'] === 0) return null;
  return `none is set while ${kind}: ${JSON.stringify(waiting)}`;
}
