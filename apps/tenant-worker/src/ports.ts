/**
 * Interfaces in our own words. Services and modules see these; the platform is behind adapters.
 */

/** A value SQLite stores. */
export type SqlValue = string | number | null | ArrayBuffer;

/** One result row, by column name. */
export type SqlRow = Record<string, SqlValue>;

/** The tenant's own SQLite, synchronous as in a Durable Object. */
export interface Sql {
  /** Runs one statement and returns all rows. Bindings replace `?` in order. */
  exec(query: string, ...bindings: SqlValue[]): SqlRow[];
  /** Runs `fn` so that either all its writes last or none do. `fn` is synchronous. */
  transaction<T>(fn: () => T): T;
}

/** One numbered step of a module's schema. Never edited after release; a change is a new step. */
export interface Migration {
  /** Unique across all modules: `<module>/<number>`. */
  readonly id: string;
  readonly sql: readonly string[];
}

export interface Clock {
  nowMs(): number;
}

export interface Ids {
  /** A fresh lower-case ULID body (26 characters), sortable by time. */
  ulid(): string;
}
