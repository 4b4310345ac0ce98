/**
 * Who is signed in to the tenant host. Owns `session`, `session_code` and `session_event`. Ids and codes are known here
 * by hash only. A code makes one session, once, on the host and in the browser that asked for it; a failed redemption
 * changes nothing but the trail, so a stolen code cannot be burnt by somebody without the browser's state.
 */
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import { MemberRole } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { Clock, Migration, Sql, SqlRow } from '../ports.ts';
import type { NewSession, Principal } from '../tenant-api.ts';
import { text } from './row.ts';

export const SESSION_MIGRATIONS: readonly Migration[] = [
  {
    id: 'session/1',
    sql: [
      `CREATE TABLE session_code (
        code_hash TEXT PRIMARY KEY,
        state_hash TEXT NOT NULL,
        host TEXT NOT NULL,
        user_id TEXT NOT NULL,
        role TEXT NOT NULL,
        parent_session_hash TEXT NOT NULL,
        expires_at_ms INTEGER NOT NULL
      )`,
      'CREATE INDEX session_code_user ON session_code (user_id, expires_at_ms)',
      'CREATE INDEX session_code_expiry ON session_code (expires_at_ms)',
      `CREATE TABLE session (
        session_hash TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        user_id TEXT NOT NULL,
        role TEXT NOT NULL,
        parent_session_hash TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        seen_at_ms INTEGER NOT NULL,
        ends_at_ms INTEGER NOT NULL
      )`,
      'CREATE INDEX session_user ON session (user_id)',
      'CREATE INDEX session_parent ON session (parent_session_hash)',
      'CREATE INDEX session_seen ON session (seen_at_ms)',
      'CREATE INDEX session_end ON session (ends_at_ms)',
      `CREATE TABLE session_event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        user_id TEXT,
        detail TEXT NOT NULL
      )`,
    ],
  },
];

/** A session unused this long ends. */
export const sessionIdleMs = 12 * 3_600_000;
/** However much it is used, a session ends after this. */
export const sessionAbsoluteMs = 7 * 24 * 3_600_000;
/** Use is written down at most this often: a write per request would cost more than it tells. */
const seenEveryMs = 300_000;
/** The longest life of a code, whatever the caller asks. */
const codeMaxMs = 60_000;
export const liveSessionsMax = 200;
export const pendingCodesPerUserMax = 20;
const eventsKept = 500;

export interface CodeGrant {
  readonly codeHash: string;
  readonly stateHash: string;
  readonly host: string;
  readonly userId: string;
  readonly role: MemberRole;
  readonly parentSessionHash: string;
  readonly expiresAtMs: number;
}

export interface Redemption {
  readonly codeHash: string;
  readonly stateHash: string;
  readonly sessionHash: string;
  readonly host: string;
}

export type SessionsToEnd =
  | { readonly sessionHash: string }
  | { readonly userId: string }
  | { readonly parentSessionHash: string }
  | { readonly all: true };

export interface SessionEvent {
  readonly atMs: number;
  readonly kind: 'opened' | 'refused' | 'ended' | 'displaced';
  readonly userId: string | null;
  readonly detail: string;
}

export class Sessions {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Stores a pending code. Beyond the cap the person's oldest pending code goes. */
  grant(grant: CodeGrant): void {
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = Math.min(grant.expiresAtMs, nowMs + codeMaxMs);
    this.#sql.transaction(() => {
      this.purge(nowMs);
      this.#sql.exec(
        `DELETE FROM session_code WHERE code_hash IN
         (SELECT code_hash FROM session_code WHERE user_id = ? ORDER BY expires_at_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`,
        grant.userId,
        pendingCodesPerUserMax - 1,
      );
      this.#sql.exec(
        `INSERT INTO session_code (code_hash, state_hash, host, user_id, role, parent_session_hash, expires_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        grant.codeHash,
        grant.stateHash,
        grant.host,
        grant.userId,
        grant.role,
        grant.parentSessionHash,
        expiresAtMs,
      );
    });
  }

  /** Turns a code into a session, once. Of any number of simultaneous calls one wins; the others are refused. */
  redeem(input: Redemption): Result<NewSession> {
    const nowMs = this.#clock.nowMs();
    return this.#sql.transaction(() => {
      const [code] = this.#sql.exec(
        `DELETE FROM session_code WHERE code_hash = ? AND host = ? AND state_hash = ? AND expires_at_ms > ?
         RETURNING user_id, role, parent_session_hash`,
        input.codeHash,
        input.host,
        input.stateHash,
        nowMs,
      );
      if (code === undefined) {
        this.#record({ atMs: nowMs, kind: 'refused', userId: null, detail: this.#whyRefused(input, nowMs) });
        return err({
          code: 'handoff_invalid' as const,
          detail: 'This sign-in link was used already, is older than a minute, or was made for another browser.',
          next: 'Open the assistant again to get a fresh one.',
        });
      }
      return ok(this.#open(input, code, nowMs));
    });
  }

  #open(input: Redemption, code: SqlRow, nowMs: number): NewSession {
    const principal = toPrincipal(code);
    this.#displace(nowMs);
    this.#sql.exec(
      `INSERT INTO session (session_hash, host, user_id, role, parent_session_hash, created_at_ms, seen_at_ms, ends_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      input.sessionHash,
      input.host,
      principal.userId,
      principal.role,
      text(code, 'parent_session_hash'),
      nowMs,
      nowMs,
      nowMs + sessionAbsoluteMs,
    );
    this.#record({ atMs: nowMs, kind: 'opened', userId: principal.userId, detail: principal.role });
    // The cookie lives to the absolute end; how long it may lie unused is checked here, on each use.
    return { principal, expiresAtMs: nowMs + sessionAbsoluteMs };
  }

  /** Keeps the number of live sessions under the cap: expired ones go first, then the least recently used. */
  #displace(nowMs: number): void {
    this.purge(nowMs);
    const displaced = this.#sql.exec(
      `DELETE FROM session WHERE session_hash IN
       (SELECT session_hash FROM session ORDER BY seen_at_ms DESC, rowid DESC LIMIT -1 OFFSET ?) RETURNING user_id`,
      liveSessionsMax - 1,
    );
    for (const row of displaced) {
      this.#record({ atMs: nowMs, kind: 'displaced', userId: text(row, 'user_id'), detail: 'too many sessions' });
    }
  }

  #whyRefused(input: Redemption, nowMs: number): string {
    const row = this.#sql.exec(
      'SELECT host, state_hash, expires_at_ms FROM session_code WHERE code_hash = ?',
      input.codeHash,
    )[0];
    if (row === undefined) return 'unknown or used';
    if (Number(row['expires_at_ms']) <= nowMs) return 'expired';
    return row['host'] === input.host ? 'wrong browser state' : 'wrong host';
  }

  /**
   * Who a session is, or null when it ended. `expiresAtMs` is when it ends if it is not used again.
   * The role is the one at sign-in; the caller compares with the present members.
   */
  check(
    sessionHash: string,
    nowMs: number = this.#clock.nowMs(),
  ): { principal: Principal; expiresAtMs: number } | null {
    return this.#look(sessionHash, { nowMs, isUse: true });
  }

  /** The same question without counting as use: for an open socket on which nothing passes. */
  peek(sessionHash: string, nowMs: number = this.#clock.nowMs()): { principal: Principal; expiresAtMs: number } | null {
    return this.#look(sessionHash, { nowMs, isUse: false });
  }

  #look(
    sessionHash: string,
    at: { nowMs: number; isUse: boolean },
  ): { principal: Principal; expiresAtMs: number } | null {
    const { nowMs } = at;
    const row = this.#sql.exec('SELECT * FROM session WHERE session_hash = ?', sessionHash)[0];
    if (row === undefined) return null;
    const seenAtMs = Number(row['seen_at_ms']);
    const endsAtMs = Number(row['ends_at_ms']);
    if (nowMs >= Math.min(seenAtMs + sessionIdleMs, endsAtMs)) {
      this.#sql.exec('DELETE FROM session WHERE session_hash = ?', sessionHash);
      return null;
    }
    const writeUse = at.isUse && nowMs - seenAtMs >= seenEveryMs;
    if (writeUse) this.#sql.exec('UPDATE session SET seen_at_ms = ? WHERE session_hash = ?', nowMs, sessionHash);
    return {
      principal: toPrincipal(row),
      expiresAtMs: Math.min((writeUse ? nowMs : seenAtMs) + sessionIdleMs, endsAtMs),
    };
  }

  /** Ends sessions and withdraws pending codes. The hashes are for closing the sockets that were opened with them. */
  end(which: SessionsToEnd): { ended: number; sessionHashes: string[] } {
    const nowMs = this.#clock.nowMs();
    return this.#sql.transaction(() => {
      const { sessions, codes, bindings } = whichSql(which);
      const rows = this.#sql.exec(`DELETE FROM session WHERE ${sessions} RETURNING session_hash, user_id`, ...bindings);
      if (codes !== null) this.#sql.exec(`DELETE FROM session_code WHERE ${codes}`, ...bindings);
      for (const row of rows) {
        this.#record({
          atMs: nowMs,
          kind: 'ended',
          userId: text(row, 'user_id'),
          detail: Object.keys(which)[0] ?? '',
        });
      }
      return { ended: rows.length, sessionHashes: rows.map((row) => text(row, 'session_hash')) };
    });
  }

  /** Removes what has expired, at most `limit` of each; returns how many rows went. */
  purge(nowMs: number = this.#clock.nowMs(), limit = 200): number {
    const codes = this.#sql.exec(
      'DELETE FROM session_code WHERE code_hash IN (SELECT code_hash FROM session_code WHERE expires_at_ms <= ? LIMIT ?) RETURNING code_hash',
      nowMs,
      limit,
    );
    const sessions = this.#sql.exec(
      `DELETE FROM session WHERE session_hash IN
       (SELECT session_hash FROM session WHERE ends_at_ms <= ? OR seen_at_ms <= ? LIMIT ?) RETURNING session_hash`,
      nowMs,
      nowMs - sessionIdleMs,
      limit,
    );
    return codes.length + sessions.length;
  }

  /** The newest events first. */
  events(limit = 50): SessionEvent[] {
    return this.#sql
      .exec('SELECT * FROM session_event ORDER BY seq DESC LIMIT ?', Math.min(limit, eventsKept))
      .map((row) => ({
        atMs: Number(row['at_ms']),
        kind: toEventKind(text(row, 'kind')),
        userId: row['user_id'] === null ? null : text(row, 'user_id'),
        detail: text(row, 'detail'),
      }));
  }

  #record(event: SessionEvent): void {
    this.#sql.exec(
      'INSERT INTO session_event (at_ms, kind, user_id, detail) VALUES (?, ?, ?, ?)',
      event.atMs,
      event.kind,
      event.userId,
      event.detail,
    );
    this.#sql.exec('DELETE FROM session_event WHERE seq <= (SELECT max(seq) FROM session_event) - ?', eventsKept);
  }
}

function toPrincipal(row: SqlRow): Principal {
  return { userId: text(row, 'user_id'), role: MemberRole.parse(row['role']) };
}

function toEventKind(kind: string): SessionEvent['kind'] {
  return kind === 'opened' || kind === 'refused' || kind === 'displaced' ? kind : 'ended';
}

/** One session leaves pending codes alone; ending a person's, a parent's or all sessions withdraws theirs too. */
function whichSql(which: SessionsToEnd): { sessions: string; codes: string | null; bindings: string[] } {
  if ('sessionHash' in which) return { sessions: 'session_hash = ?', codes: null, bindings: [which.sessionHash] };
  if ('userId' in which) return { sessions: 'user_id = ?', codes: 'user_id = ?', bindings: [which.userId] };
  if ('parentSessionHash' in which) {
    const clause = 'parent_session_hash = ?';
    return { sessions: clause, codes: clause, bindings: [which.parentSessionHash] };
  }
  return { sessions: '1', codes: '1', bindings: [] };
}
