/**
 * The comparison's own tables. A day's row says where its comparison stands; every step writes what it found and moves the
 * row on in one batch, and only from where it was read: a step that is done twice, or late, changes nothing.
 */
import { z } from 'zod';
import { DriftSums, TheirRequest } from '../../contract/drift.ts';
import type { DriftFinding } from '../../contract/drift.ts';
import type { OurRequest } from '../../core/drift.ts';
import type { LoggedRequest } from '../gateway-logs.ts';
import type { driftDay } from './schema.ts';

export type DriftRow = typeof driftDay.$inferSelect;
export type DriftStage = 'reading' | 'ours' | 'theirs' | 'clearing';

export interface Move {
  readonly stage?: DriftStage;
  readonly slice?: number;
  readonly page?: number;
  readonly cursor?: string;
  /** Added to what was counted. */
  readonly logs?: number;
  readonly receipts?: number;
  readonly costNanoUsd?: number;
  readonly truncated?: true;
}

const standsThere =
  'SELECT 1 FROM drift_day WHERE day = ?1 AND pass = ?2 AND stage = ?3 AND slice = ?4 AND page = ?5 AND cursor = ?6';
const whereOf = (row: DriftRow) => [row.day, row.pass, row.stage, row.slice, row.page, row.cursor] as const;

/** The row is moved on together with `writes`, from where `row` says it is; else nothing is written. */
export async function driftMove(
  d1: D1Database,
  row: DriftRow,
  move: Move,
  writes: readonly D1PreparedStatement[] = [],
): Promise<void> {
  const to = { ...row, ...move };
  await d1.batch([
    ...writes,
    d1
      .prepare(
        `UPDATE drift_day SET stage = ?7, slice = ?8, page = ?9, cursor = ?10, logs = logs + ?11, receipts = receipts + ?12,
           cost_nano_usd = cost_nano_usd + ?13, truncated = ?14, problem = NULL WHERE day = ?1 AND EXISTS (${standsThere})`,
      )
      .bind(
        ...whereOf(row),
        to.stage,
        to.slice,
        to.page,
        to.cursor,
        move.logs ?? 0,
        move.receipts ?? 0,
        move.costNanoUsd ?? 0,
        to.truncated ? 1 : 0,
      ),
  ]);
}

/** Entries of the gateway's log, kept once each. */
export function logsInsert(d1: D1Database, row: DriftRow, entries: readonly LoggedRequest[]): D1PreparedStatement {
  return d1
    .prepare(
      `INSERT INTO witness_log (day, log_id, tenant_id, request_id, created_at_ms, succeeded, tokens_in, tokens_out, cost_nano_usd)
       SELECT ?1, value ->> 'logId', value ->> 'tenantId', value ->> 'requestId', value ->> 'createdAtMs',
         value ->> 'succeeded', value ->> 'tokensIn', value ->> 'tokensOut', value ->> 'costNanoUsd'
       FROM json_each(?7) WHERE EXISTS (${standsThere}) ON CONFLICT DO NOTHING`,
    )
    .bind(...whereOf(row), JSON.stringify(entries));
}

export function findingsInsert(d1: D1Database, row: DriftRow, found: readonly DriftFinding[]): D1PreparedStatement {
  const values = found.map(({ kind, tenantId, ref, nanoUsd, ours, theirs }) => ({
    kind,
    tenantId,
    ref,
    nanoUsd,
    body: JSON.stringify({ ours, theirs }),
  }));
  return d1
    .prepare(
      `INSERT INTO drift_finding (day, pass, kind, tenant_id, ref, nano_usd, body)
       SELECT ?1, ?2, value ->> 'kind', value ->> 'tenantId', value ->> 'ref', value ->> 'nanoUsd', value ->> 'body'
       FROM json_each(?7) WHERE EXISTS (${standsThere}) ON CONFLICT DO NOTHING`,
    )
    .bind(...whereOf(row), JSON.stringify(values));
}

export interface OurPage {
  readonly requests: readonly { readonly ours: OurRequest; readonly theirs: readonly TheirRequest[] }[];
  /** Where the next page begins. */
  readonly cursor: string;
}

const OurRow = z.object({
  rowid: z.number(),
  at_ms: z.number(),
  tenantId: z.string(),
  requestId: z.string(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheTokens: z.number(),
  costNanoUsd: z.number(),
  byok: z.number(),
  logs: z.string(),
});
const Kept = TheirRequest.extend({ succeeded: z.number().transform((flag) => flag === 1) });

/** Receipts of the day with every entry of the log that names them, in the order of their time. */
export async function ourPage(
  d1: D1Database,
  row: DriftRow,
  { fromMs, toMs, limit }: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
): Promise<OurPage> {
  const [atMs = fromMs, rowid = 0] = row.cursor === '' ? [] : row.cursor.split(':').map(Number);
  const { results } = await d1
    .prepare(
      `SELECT r.rowid, r.at_ms, r.tenant_id AS tenantId, r.request_id AS requestId, r.input_tokens AS inputTokens,
         r.output_tokens AS outputTokens, r.cache_read_tokens + r.cache_write_tokens AS cacheTokens, r.byok,
         CASE WHEN r.byok THEN r.list_cost_nano_usd ELSE r.cost_nano_usd END AS costNanoUsd,
         (SELECT json_group_array(json_object('logId', w.log_id, 'succeeded', w.succeeded, 'tokensIn', w.tokens_in,
            'tokensOut', w.tokens_out, 'costNanoUsd', w.cost_nano_usd)) FROM witness_log w
          WHERE w.day = ?1 AND w.tenant_id = r.tenant_id AND w.request_id = r.request_id) AS logs
       FROM receipt r WHERE (r.at_ms, r.rowid) > (?2, ?3) AND r.at_ms < ?4 ORDER BY r.at_ms, r.rowid LIMIT ?5`,
    )
    .bind(row.day, atMs, rowid, toMs, limit)
    .all();
  const rows = results.map((each) => OurRow.parse(each));
  const last = rows.at(-1);
  return {
    requests: rows.map(({ rowid: _rowid, at_ms: _at, logs, byok, ...ours }) => ({
      ours: { ...ours, byok: byok === 1 },
      theirs: z.array(Kept).parse(JSON.parse(logs)),
    })),
    cursor: last === undefined ? row.cursor : `${last.at_ms}:${last.rowid}`,
  };
}

const TheirRow = z.object({
  logId: z.string(),
  tenantId: z.string(),
  createdAtMs: z.number(),
  succeeded: z.number().transform((flag) => flag === 1),
  tokensIn: z.number().nullable(),
  tokensOut: z.number().nullable(),
  costNanoUsd: z.number().nullable(),
  isOurs: z.number().transform((flag) => flag === 1),
});

/** What was read of the log, in the order of its ids, and whether any receipt is of it. */
export async function theirPage(d1: D1Database, row: DriftRow, limit: number): Promise<z.infer<typeof TheirRow>[]> {
  const { results } = await d1
    .prepare(
      `SELECT log_id AS logId, tenant_id AS tenantId, created_at_ms AS createdAtMs, succeeded, tokens_in AS tokensIn,
         tokens_out AS tokensOut, cost_nano_usd AS costNanoUsd,
         EXISTS (SELECT 1 FROM receipt r WHERE r.tenant_id = w.tenant_id AND r.request_id = w.request_id) AS isOurs
       FROM witness_log w WHERE day = ?1 AND log_id > ?2 ORDER BY log_id LIMIT ?3`,
    )
    .bind(row.day, row.cursor, limit)
    .all();
  return results.map((each) => TheirRow.parse(each));
}

/** Removes a page of what was read; resolves to how many went. */
export async function logsClear(d1: D1Database, day: string, limit: number): Promise<number> {
  const { results } = await d1
    .prepare(
      `DELETE FROM witness_log WHERE day = ?1
         AND log_id IN (SELECT log_id FROM witness_log WHERE day = ?1 ORDER BY log_id LIMIT ?2) RETURNING 1`,
    )
    .bind(day, limit)
    .all();
  return results.length;
}

/** What a comparison has found so far. */
export async function driftSums(d1: D1Database, day: string, pass: number): Promise<DriftSums> {
  const { results } = await d1
    .prepare(
      'SELECT kind, count(*) AS count, sum(nano_usd) AS nanoUsd FROM drift_finding WHERE day = ? AND pass = ? GROUP BY kind',
    )
    .bind(day, pass)
    .all();
  const none = { count: 0, nanoUsd: 0 };
  const found = Object.fromEntries(results.map((each) => [each['kind'], each]));
  return DriftSums.parse({ theirs_only: none, duplicate: none, tokens: none, cost: none, ours_only: none, ...found });
}
