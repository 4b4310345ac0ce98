/** The tables of the ledger, step by step. `Ledger` and `LedgerDays` own them together; nobody else reads them. */
import type { Migration } from '../ports.ts';

/** One column of `ledger_day` for each hour: `h00` to `h23`. */
export const hourColumns: readonly string[] = Array.from(
  { length: 24 },
  (_, hour) => `h${String(hour).padStart(2, '0')}`,
);

export const LEDGER_MIGRATIONS: readonly Migration[] = [
  {
    id: 'ledger/1',
    sql: [
      `CREATE TABLE ledger_request (
        request_id TEXT PRIMARY KEY,
        period TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'unknown', 'settled', 'released')),
        /* What still has to be done with the row: 'open' = settle or release, 'export' = tell the control plane. */
        todo TEXT CHECK (todo IN ('open', 'export')),
        at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        hold_nano_usd INTEGER NOT NULL,
        cost_nano_usd INTEGER NOT NULL DEFAULT 0,
        input_tokens INTEGER NOT NULL DEFAULT 0,
        output_tokens INTEGER NOT NULL DEFAULT 0,
        cache_read_tokens INTEGER NOT NULL DEFAULT 0,
        cache_write_tokens INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        price_version TEXT,
        upstream_id TEXT,
        why TEXT,
        raw_usage TEXT
      ) WITHOUT ROWID`,
      'CREATE INDEX ledger_request_todo ON ledger_request (todo, request_id) WHERE todo IS NOT NULL',
      `CREATE TABLE ledger_period (
        period TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        spent_nano_usd INTEGER NOT NULL,
        held_nano_usd INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL
      ) WITHOUT ROWID`,
    ],
  },
  {
    id: 'ledger/2',
    sql: [
      'ALTER TABLE ledger_request ADD COLUMN byok INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE ledger_request ADD COLUMN list_cost_nano_usd INTEGER NOT NULL DEFAULT 0',
    ],
  },
  {
    id: 'ledger/3',
    sql: [
      /* What the request counts as in ledger_day, and its body as a number, to find the same one again. */
      'ALTER TABLE ledger_request ADD COLUMN model_key TEXT',
      'ALTER TABLE ledger_request ADD COLUMN body_hash INTEGER',
      `CREATE TABLE ledger_day (
        day TEXT NOT NULL,
        model_key TEXT NOT NULL,
        spent_nano_usd INTEGER NOT NULL,
        held_nano_usd INTEGER NOT NULL,
        /* What was charged in each of the day's hours, of UTC. */
        ${hourColumns.map((column) => `${column} INTEGER NOT NULL DEFAULT 0`).join(', ')},
        PRIMARY KEY (day, model_key)
      ) WITHOUT ROWID`,
      "UPDATE ledger_request SET model_key = provider || '/' || model",
      `INSERT INTO ledger_day (day, model_key, spent_nano_usd, held_nano_usd)
         SELECT date(at_ms / 1000, 'unixepoch'), model_key, sum(cost_nano_usd),
           sum(CASE WHEN todo = 'open' THEN hold_nano_usd ELSE 0 END)
         FROM ledger_request WHERE byok = 0 GROUP BY 1, 2`,
    ],
  },
  {
    id: 'ledger/4',
    sql: [
      'ALTER TABLE ledger_request ADD COLUMN turn TEXT',
      'ALTER TABLE ledger_request ADD COLUMN attempt INTEGER',
      'ALTER TABLE ledger_request ADD COLUMN asked TEXT',
      'ALTER TABLE ledger_request ADD COLUMN after_why TEXT',
    ],
  },
];
