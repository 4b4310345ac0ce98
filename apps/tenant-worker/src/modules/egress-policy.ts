/**
 * The network policy of one tenant: preset, ordered rules, the owner's answers. Owns `egress_policy`, `egress_rule` and
 * `egress_approval`. Every change raises the version in the same transaction, so that a reader of one version saw all of
 * it. A tenant without a row has the default.
 */
import {
  EgressApproval,
  EgressPreset,
  EgressRule,
  egressRulesMax,
} from '../../../control-plane/src/contract/egress.ts';
import type {
  EgressMethod,
  EgressPolicy,
  EgressRuleDraft,
  EgressVerdict,
} from '../../../control-plane/src/contract/egress.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type { Ids, Migration, Sql, SqlRow } from '../ports.ts';
import { number, text, textOrNull } from './row.ts';

export const EGRESS_POLICY_MIGRATIONS: readonly Migration[] = [
  {
    id: 'egress-policy/1',
    sql: [
      `CREATE TABLE egress_policy (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        version INTEGER NOT NULL,
        preset TEXT NOT NULL,
        updated_at_ms INTEGER NOT NULL,
        updated_by TEXT
      )`,
      `CREATE TABLE egress_rule (
        id TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        host TEXT NOT NULL,
        methods TEXT NOT NULL,
        path_prefix TEXT NOT NULL,
        effect TEXT NOT NULL,
        note TEXT NOT NULL
      )`,
      `CREATE TABLE egress_approval (
        id TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        method TEXT,
        verdict TEXT NOT NULL,
        by_user_id TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER
      )`,
    ],
  },
];

const defaultPreset: EgressPreset = 'balanced';
/** `once` is a task's length: any number of requests of that host and method until then. */
export const onceMs = 15 * 60_000;
/** Answers kept; `always` and `never` beyond it are refused, so that none is forgotten silently. */
const approvalsMax = 300;

interface Change {
  readonly byUserId: string;
  readonly nowMs: number;
}

export class EgressPolicies {
  readonly #sql: Sql;
  readonly #ids: Ids;

  constructor(sql: Sql, ids: Ids) {
    this.#sql = sql;
    this.#ids = ids;
  }

  /** The whole policy as it counts at `nowMs`; answers that ended are left out. */
  read(nowMs: number): EgressPolicy {
    const row = this.#sql.exec('SELECT * FROM egress_policy')[0];
    const rules = this.#sql.exec('SELECT * FROM egress_rule ORDER BY position').map(toRule);
    const approvals = this.#sql
      .exec('SELECT * FROM egress_approval WHERE expires_at_ms IS NULL OR expires_at_ms > ? ORDER BY at_ms DESC', nowMs)
      .map(toApproval);
    return {
      version: row === undefined ? 0 : number(row, 'version'),
      preset: row === undefined ? defaultPreset : EgressPreset.parse(row['preset']),
      rules,
      approvals,
      updatedAtMs: row === undefined ? 0 : number(row, 'updated_at_ms'),
      updatedBy: row === undefined ? null : textOrNull(row, 'updated_by'),
    };
  }

  /** Replaces preset and rules. Refused when somebody else changed the policy since `version`. */
  replace(
    wanted: { version: number; preset: EgressPreset; rules: readonly EgressRuleDraft[] },
    change: Change,
  ): Result<EgressPolicy> {
    const before = this.read(change.nowMs);
    if (before.version !== wanted.version) return changedMeanwhile;
    this.#sql.transaction(() => {
      this.#sql.exec('DELETE FROM egress_rule');
      for (const rule of wanted.rules) this.#insertRule(rule);
      this.#raise(wanted.preset, change);
    });
    return ok(this.read(change.nowMs));
  }

  /**
   * Adds a rule before all others: the newest word is the one that was meant. Refused when somebody changed the policy
   * since `version`, which makes a repeated request harmless.
   */
  addRule(version: number, rule: EgressRuleDraft, change: Change): Result<EgressPolicy> {
    const { version: newest, preset, rules } = this.read(change.nowMs);
    if (version !== newest) return changedMeanwhile;
    if (rules.length >= egressRulesMax) return full(`There are ${egressRulesMax} rules already.`);
    this.#sql.transaction(() => {
      this.#sql.exec('UPDATE egress_rule SET position = position + 1');
      this.#insertRule(rule, 0);
      this.#raise(preset, change);
    });
    return ok(this.read(change.nowMs));
  }

  /** Removing what is not there changes nothing. */
  removeRule(id: string, change: Change): EgressPolicy {
    return this.#remove('DELETE FROM egress_rule WHERE id = ? RETURNING id', id, change);
  }

  /** Records an answer; it replaces an earlier one about the same host and method. */
  answer(
    about: { host: string; method: EgressMethod | null; verdict: EgressVerdict },
    change: Change,
  ): Result<EgressPolicy> {
    const { preset, approvals } = this.read(change.nowMs);
    const others = approvals.filter(({ host, method }) => host !== about.host || method !== about.method);
    if (others.length >= approvalsMax) return full(`There are ${approvalsMax} answers already.`);
    this.#sql.transaction(() => {
      this.#sql.exec('DELETE FROM egress_approval WHERE expires_at_ms <= ?', change.nowMs);
      // `never` for every method takes back what was allowed for one.
      const all = about.method === null;
      this.#sql.exec(
        'DELETE FROM egress_approval WHERE host = ? AND (? = 1 OR method IS NULL OR method = ?)',
        about.host,
        all ? 1 : 0,
        about.method,
      );
      this.#sql.exec(
        'INSERT INTO egress_approval (id, host, method, verdict, by_user_id, at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
        this.#ids.ulid(),
        about.host,
        about.method,
        about.verdict,
        change.byUserId,
        change.nowMs,
        about.verdict === 'once' ? change.nowMs + onceMs : null,
      );
      this.#raise(preset, change);
    });
    return ok(this.read(change.nowMs));
  }

  removeAnswer(id: string, change: Change): EgressPolicy {
    return this.#remove('DELETE FROM egress_approval WHERE id = ? RETURNING id', id, change);
  }

  #remove(statement: string, id: string, change: Change): EgressPolicy {
    const { preset } = this.read(change.nowMs);
    this.#sql.transaction(() => {
      if (this.#sql.exec(statement, id).length > 0) this.#raise(preset, change);
    });
    return this.read(change.nowMs);
  }

  #insertRule(rule: EgressRuleDraft, position: number | null = null): void {
    this.#sql.exec(
      `INSERT INTO egress_rule (id, position, host, methods, path_prefix, effect, note)
       VALUES (?, coalesce(?, (SELECT coalesce(max(position), 0) + 1 FROM egress_rule)), ?, ?, ?, ?, ?)`,
      this.#ids.ulid(),
      position,
      rule.host,
      JSON.stringify(rule.methods),
      rule.pathPrefix,
      rule.effect,
      rule.note,
    );
  }

  #raise(preset: EgressPreset, { byUserId, nowMs }: Change): void {
    this.#sql.exec(
      `INSERT INTO egress_policy (id, version, preset, updated_at_ms, updated_by) VALUES (1, 1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET version = version + 1, preset = excluded.preset,
         updated_at_ms = excluded.updated_at_ms, updated_by = excluded.updated_by`,
      preset,
      nowMs,
      byUserId,
    );
  }
}

const changedMeanwhile = err({
  code: 'version_stale',
  detail: 'The network policy was changed by somebody else meanwhile.',
  next: 'Read it again, then make your change on top of it.',
} as const);

function full(detail: string) {
  return err({ code: 'quota_reached', detail, next: 'Remove what is not needed any more.' } as const);
}

function toRule(row: SqlRow): EgressRule {
  return EgressRule.parse({
    id: text(row, 'id'),
    host: text(row, 'host'),
    methods: JSON.parse(text(row, 'methods')),
    pathPrefix: text(row, 'path_prefix'),
    effect: text(row, 'effect'),
    note: text(row, 'note'),
  });
}

function toApproval(row: SqlRow): EgressApproval {
  return EgressApproval.parse({
    id: text(row, 'id'),
    host: text(row, 'host'),
    method: textOrNull(row, 'method'),
    verdict: text(row, 'verdict'),
    byUserId: text(row, 'by_user_id'),
    atMs: number(row, 'at_ms'),
    expiresAtMs: row['expires_at_ms'] === null ? null : number(row, 'expires_at_ms'),
  });
}
