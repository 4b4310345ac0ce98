/**
 * What went out and what was refused. Owns `egress_denied` (refusals counted by host, method and first path segment),
 * `egress_day` (counts and bytes per host and UTC day) and `egress_log`. Every table is bounded in rows and age; the
 * oldest goes first. Statements here never decide anything.
 */
import { EgressDenied, egressKept, EgressLogEntry, EgressTraffic } from '../../../control-plane/src/contract/egress.ts';
import type { EgressEffect } from '../../../control-plane/src/contract/egress.ts';
import type { NetworkLogQuery } from '../../../control-plane/src/contract/network-rpc.ts';
import { canAllow } from '../core/egress/decide.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';
import { number, text } from './row.ts';

export const EGRESS_JOURNAL_MIGRATIONS: readonly Migration[] = [
  {
    id: 'egress-journal/1',
    sql: [
      `CREATE TABLE egress_denied (
        host TEXT NOT NULL,
        method TEXT NOT NULL,
        path_prefix TEXT NOT NULL,
        rule TEXT NOT NULL,
        reason TEXT NOT NULL,
        count INTEGER NOT NULL,
        first_at_ms INTEGER NOT NULL,
        last_at_ms INTEGER NOT NULL,
        PRIMARY KEY (host, method, path_prefix)
      )`,
      'CREATE INDEX egress_denied_last ON egress_denied (last_at_ms)',
      `CREATE TABLE egress_day (
        day TEXT NOT NULL,
        host TEXT NOT NULL,
        allowed INTEGER NOT NULL DEFAULT 0,
        denied INTEGER NOT NULL DEFAULT 0,
        bytes_out INTEGER NOT NULL DEFAULT 0,
        bytes_in INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, host)
      )`,
      `CREATE TABLE egress_log (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        host TEXT NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        effect TEXT NOT NULL,
        rule TEXT NOT NULL,
        reason TEXT NOT NULL,
        status INTEGER,
        bytes_out INTEGER NOT NULL,
        bytes_in INTEGER NOT NULL
      )`,
    ],
  },
];

const deniedMax = 300;
const keptMs = egressKept.days * 86_400_000;
/** Hosts counted by name on one day; the rest of that day is counted as `othersHost`. */
const hostsPerDayMax = 200;
const othersHost = '(other hosts)';

/** One request, as the egress entrypoint saw it end. */
export interface EgressSeen {
  readonly atMs: number;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly pathPrefix: string;
  readonly effect: EgressEffect;
  readonly rule: string;
  readonly reason: string;
  readonly status: number | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** False where only the counters take it: allowed requests are logged by sample. */
  readonly logged: boolean;
}

export class EgressJournal {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  record(batch: readonly EgressSeen[], nowMs: number): void {
    this.#sql.transaction(() => {
      for (const seen of batch) {
        const isRefused = seen.effect === 'ask' || seen.effect === 'deny';
        if (isRefused) this.#countDenied(seen);
        this.#countDay(seen, isRefused);
        if (seen.logged) this.#log(seen);
      }
      this.#prune(nowMs);
    });
  }

  /** Newest first. */
  denied(): EgressDenied[] {
    const rows = this.#sql.exec('SELECT * FROM egress_denied ORDER BY last_at_ms DESC, host LIMIT ?', deniedMax);
    return rows.map((row) =>
      EgressDenied.parse({
        host: text(row, 'host'),
        method: text(row, 'method'),
        pathPrefix: text(row, 'path_prefix'),
        rule: text(row, 'rule'),
        reason: text(row, 'reason'),
        canAllow: canAllow(text(row, 'reason')),
        count: number(row, 'count'),
        firstAtMs: number(row, 'first_at_ms'),
        lastAtMs: number(row, 'last_at_ms'),
      }),
    );
  }

  /** The owner answered about this host: it leaves the feed, and comes back if it is refused again. */
  settle(host: string, method: string | null): void {
    this.#sql.exec('DELETE FROM egress_denied WHERE host = ? AND (? IS NULL OR method = ?)', host, method, method);
  }

  /** Newest first; `nextBeforeSeq` is null at the end. */
  log(query: NetworkLogQuery): { items: EgressLogEntry[]; nextBeforeSeq: number | null } {
    const rows = this.#sql.exec(
      `WITH asked AS (SELECT ? AS seq, ? AS host, ? AS effect, ? AS method, ? AS rule)
       SELECT log.* FROM egress_log AS log, asked
       WHERE log.seq < asked.seq
         AND (asked.host IS NULL OR instr(log.host, asked.host) > 0)
         AND (asked.effect IS NULL OR log.effect = asked.effect)
         AND (asked.method IS NULL OR log.method = asked.method)
         AND (asked.rule IS NULL OR substr(log.rule, 1, length(asked.rule)) = asked.rule)
       ORDER BY log.seq DESC LIMIT ?`,
      query.beforeSeq ?? Number.MAX_SAFE_INTEGER,
      query.host ?? null,
      query.effect ?? null,
      query.method ?? null,
      query.rule ?? null,
      query.limit + 1,
    );
    const items = rows.slice(0, query.limit).map(toLogEntry);
    return { items, nextBeforeSeq: rows.length > query.limit ? (items.at(-1)?.seq ?? null) : null };
  }

  /** The last days, newest first, busiest host first. */
  traffic(): EgressTraffic[] {
    const rows = this.#sql.exec(
      'SELECT * FROM egress_day ORDER BY day DESC, bytes_out + bytes_in DESC, allowed + denied DESC, host LIMIT 500',
    );
    return rows.map((row) =>
      EgressTraffic.parse({
        day: text(row, 'day'),
        host: text(row, 'host'),
        allowed: number(row, 'allowed'),
        denied: number(row, 'denied'),
        bytesOut: number(row, 'bytes_out'),
        bytesIn: number(row, 'bytes_in'),
      }),
    );
  }

  #countDenied(seen: EgressSeen): void {
    this.#sql.exec(
      `INSERT INTO egress_denied (host, method, path_prefix, rule, reason, count, first_at_ms, last_at_ms)
       VALUES (?, ?, ?, ?, ?, 1, ?, ?)
       ON CONFLICT (host, method, path_prefix) DO UPDATE SET count = count + 1, rule = excluded.rule,
         reason = excluded.reason, last_at_ms = max(last_at_ms, excluded.last_at_ms)`,
      seen.host,
      seen.method,
      seen.pathPrefix,
      seen.rule,
      seen.reason,
      seen.atMs,
      seen.atMs,
    );
  }

  #countDay(seen: EgressSeen, isRefused: boolean): void {
    const day = new Date(seen.atMs).toISOString().slice(0, 10);
    const known = this.#sql.exec('SELECT 1 FROM egress_day WHERE day = ? AND host = ?', day, seen.host).length > 0;
    const hosts = known
      ? 0
      : number(this.#sql.exec('SELECT count(*) AS n FROM egress_day WHERE day = ?', day)[0] ?? {}, 'n');
    this.#sql.exec(
      `INSERT INTO egress_day (day, host, allowed, denied, bytes_out, bytes_in) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (day, host) DO UPDATE SET allowed = allowed + excluded.allowed, denied = denied + excluded.denied,
         bytes_out = bytes_out + excluded.bytes_out, bytes_in = bytes_in + excluded.bytes_in`,
      day,
      hosts >= hostsPerDayMax ? othersHost : seen.host,
      isRefused ? 0 : 1,
      isRefused ? 1 : 0,
      seen.bytesOut,
      seen.bytesIn,
    );
  }

  #log(seen: EgressSeen): void {
    this.#sql.exec(
      `INSERT INTO egress_log (at_ms, host, method, path, effect, rule, reason, status, bytes_out, bytes_in)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seen.atMs,
      seen.host,
      seen.method,
      seen.path,
      seen.effect,
      seen.rule,
      seen.reason,
      seen.status,
      seen.bytesOut,
      seen.bytesIn,
    );
  }

  #prune(nowMs: number): void {
    const since = nowMs - keptMs;
    this.#sql.exec(
      'DELETE FROM egress_log WHERE at_ms < ? OR seq <= (SELECT max(seq) FROM egress_log) - ?',
      since,
      egressKept.logEntries,
    );
    this.#sql.exec('DELETE FROM egress_day WHERE day < ?', new Date(since).toISOString().slice(0, 10));
    this.#sql.exec(
      `DELETE FROM egress_denied WHERE last_at_ms < ? OR rowid NOT IN
         (SELECT rowid FROM egress_denied ORDER BY last_at_ms DESC LIMIT ?)`,
      since,
      deniedMax,
    );
  }
}

function toLogEntry(row: SqlRow): EgressLogEntry {
  return EgressLogEntry.parse({
    seq: number(row, 'seq'),
    atMs: number(row, 'at_ms'),
    host: text(row, 'host'),
    method: text(row, 'method'),
    path: text(row, 'path'),
    effect: text(row, 'effect'),
    rule: text(row, 'rule'),
    reason: text(row, 'reason'),
    status: row['status'] === null ? null : number(row, 'status'),
    bytesOut: number(row, 'bytes_out'),
    bytesIn: number(row, 'bytes_in'),
  });
}
