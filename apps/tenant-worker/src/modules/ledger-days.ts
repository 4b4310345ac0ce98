/**
 * The ledger's totals of each UTC day and model, with what each hour of the day was charged. Owns `ledger_day`: one row per
 * day and model in use. Called inside the ledger's transactions only. A request counts on the day, and in the hour, in
 * which it was reserved; what the customer's own key pays does not count here.
 */
import { dayOf } from '../core/metering/budget.ts';
import type { Sql, SqlRow } from '../ports.ts';
import { hourColumns } from './ledger-schema.ts';
import { number, text } from './row.ts';

const hourMs = 3_600_000;

/** Where a request counts. */
interface Place {
  readonly atMs: number;
  readonly modelKey: string;
}

interface Held extends Place {
  readonly holdNanoUsd: number;
}

interface DayTotal {
  readonly spentNanoUsd: number;
  readonly heldNanoUsd: number;
}

export class LedgerDays {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  hold({ atMs, modelKey }: Place, holdNanoUsd: number): void {
    this.#sql.exec(
      `INSERT INTO ledger_day (day, model_key, spent_nano_usd, held_nano_usd) VALUES (?, ?, 0, ?)
         ON CONFLICT (day, model_key) DO UPDATE SET held_nano_usd = held_nano_usd + excluded.held_nano_usd`,
      dayOf(atMs),
      modelKey,
      holdNanoUsd,
    );
  }

  settle({ atMs, modelKey, holdNanoUsd }: Held, costNanoUsd: number): void {
    const hour = hourColumns[new Date(atMs).getUTCHours()] ?? 'h00';
    this.#sql.exec(
      `UPDATE ledger_day SET held_nano_usd = held_nano_usd - ?, spent_nano_usd = spent_nano_usd + ?,
         ${hour} = ${hour} + ? WHERE day = ? AND model_key = ?`,
      holdNanoUsd,
      costNanoUsd,
      costNanoUsd,
      dayOf(atMs),
      modelKey,
    );
  }

  release({ atMs, modelKey, holdNanoUsd }: Held): void {
    this.#sql.exec(
      'UPDATE ledger_day SET held_nano_usd = held_nano_usd - ? WHERE day = ? AND model_key = ?',
      holdNanoUsd,
      dayOf(atMs),
      modelKey,
    );
  }

  ofDay(atMs: number): DayTotal {
    return totalOf(this.#sql.exec(`SELECT ${sums} FROM ledger_day WHERE day = ?`, dayOf(atMs)));
  }

  /** @param period a UTC month, `2026-11` */
  ofModel(period: string, modelKey: string): DayTotal {
    return totalOf(
      this.#sql.exec(
        `SELECT ${sums} FROM ledger_day WHERE day BETWEEN ? AND ? AND model_key = ?`,
        `${period}-01`,
        `${period}-31`,
        modelKey,
      ),
    );
  }

  /** What was charged in each hour from `fromMs` on, by the hour's beginning; hours without any are left out. */
  hours(fromMs: number): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    for (const row of this.#sql.exec('SELECT * FROM ledger_day WHERE day >= ?', dayOf(fromMs))) {
      const dayMs = Date.parse(`${text(row, 'day')}T00:00:00Z`);
      for (const [hour, column] of hourColumns.entries()) {
        const nanoUsd = number(row, column);
        const atMs = dayMs + hour * hourMs;
        if (nanoUsd > 0 && atMs >= fromMs) found.set(atMs, (found.get(atMs) ?? 0) + nanoUsd);
      }
    }
    return found;
  }
}

const sums = 'coalesce(sum(spent_nano_usd), 0) AS spent_nano_usd, coalesce(sum(held_nano_usd), 0) AS held_nano_usd';

function totalOf([row]: SqlRow[]): DayTotal {
  if (row === undefined) throw new Error('a sum has no row');
  return { spentNanoUsd: number(row, 'spent_nano_usd'), heldNanoUsd: number(row, 'held_nano_usd') };
}
