/**
 * Which data key a tenant's saved states are sealed with. Owns `state_key` (data keys from version 2 on, each wrapped by
 * the cell's key-encryption key; version 1 is in the tenant's record) and `state_sealed` (which version a snapshot or an
 * upload is of; none = 1). The version of a thing is written before anything of it is sealed and never changes, so that
 * what was saved stays readable whatever is rotated, and a save that is tried again is of one key throughout.
 */
import type { CellKeys, WrappedKey } from '../adapters/cell-keys.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Migration, Sql } from '../ports.ts';
import { number, text } from './row.ts';

export const STATE_KEY_MIGRATIONS: readonly Migration[] = [
  {
    id: 'state-key/1',
    sql: [
      `CREATE TABLE state_key (
        version INTEGER PRIMARY KEY CHECK (version > 1),
        kid TEXT NOT NULL,
        wrapped TEXT NOT NULL,
        rotation_id TEXT NOT NULL UNIQUE
      )`,
      'CREATE TABLE state_sealed (id TEXT PRIMARY KEY, version INTEGER NOT NULL)',
    ],
  },
];

/** A wrapped data key with what its wrap is bound to. */
export interface WrappedStateKey extends WrappedKey {
  readonly context: string;
}

type Owner = Pick<TenantRecord, 'tenantId' | 'wrappedDataKey'>;

const firstVersion = 1;

export class StateKeys {
  readonly #sql: Sql;
  readonly #keys: CellKeys;

  constructor(sql: Sql, keys: CellKeys) {
    this.#sql = sql;
    this.#keys = keys;
  }

  /** The key to seal a thing with: the newest at the first call for its id, the same at every later one. */
  toSeal(owner: Owner, id: string): WrappedStateKey {
    const newest = this.#sql.exec(`SELECT coalesce(max(version), ${firstVersion}) AS version FROM state_key`)[0];
    this.#sql.exec(
      'INSERT INTO state_sealed (id, version) VALUES (?, ?) ON CONFLICT (id) DO NOTHING',
      id,
      number(newest ?? {}, 'version'),
    );
    return this.toOpen(owner, id);
  }

  /** The key that a thing was sealed with. @throws when that key is not there any more */
  toOpen(owner: Owner, id: string): WrappedStateKey {
    const row = this.#sql.exec('SELECT version FROM state_sealed WHERE id = ?', id)[0];
    const version = row === undefined ? firstVersion : number(row, 'version');
    if (version === firstVersion) return { ...owner.wrappedDataKey, context: owner.tenantId };
    const key = this.#sql.exec('SELECT kid, wrapped FROM state_key WHERE version = ?', version)[0];
    if (key === undefined) throw new Error(`the tenant has no data key ${version}`);
    return { kid: text(key, 'kid'), wrapped: text(key, 'wrapped'), context: contextOf(owner.tenantId, version) };
  }

  async open({ context, kid, wrapped }: WrappedStateKey): Promise<Uint8Array<ArrayBuffer>> {
    return this.#keys.unwrapDataKey(context, { kid, wrapped });
  }

  /** A new data key for what is saved from now on. The same rotation again changes nothing. */
  async begin(tenantId: string, rotationId: string): Promise<void> {
    if (this.#sql.exec('SELECT 1 FROM state_key WHERE rotation_id = ?', rotationId).length > 0) return;
    const row = this.#sql.exec(`SELECT coalesce(max(version), ${firstVersion}) + 1 AS version FROM state_key`)[0];
    const version = number(row ?? {}, 'version');
    const raw = crypto.getRandomValues(new Uint8Array(32));
    const next = await this.#keys.wrapDataKey(contextOf(tenantId, version), raw);
    // Another call may have made it while this one wrapped: the first stays.
    this.#sql.exec(
      'INSERT INTO state_key (version, kid, wrapped, rotation_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      version,
      next.kid,
      next.wrapped,
      rotationId,
    );
  }

  /** Wraps every key with the ring's current one. Each stays readable at every point: one row, written at once. */
  async rewrap(tenantId: string): Promise<void> {
    const stale = this.#sql.exec('SELECT * FROM state_key WHERE kid <> ?', this.#keys.currentKid);
    for (const row of stale) {
      const [version, wrapped] = [number(row, 'version'), text(row, 'wrapped')];
      const context = contextOf(tenantId, version);
      const raw = await this.#keys.unwrapDataKey(context, { kid: text(row, 'kid'), wrapped });
      const next = await this.#keys.wrapDataKey(context, raw);
      this.#sql.exec(
        'UPDATE state_key SET kid = ?, wrapped = ? WHERE version = ? AND wrapped = ?',
        next.kid,
        next.wrapped,
        version,
        wrapped,
      );
    }
  }

  /** Drops what is of no thing any more. The newest key stays, and the first, which older things are of unsaid. */
  prune(known: ReadonlySet<string>): void {
    const gone = this.#sql.exec('SELECT id FROM state_sealed').filter((row) => !known.has(text(row, 'id')));
    for (const row of gone) this.#sql.exec('DELETE FROM state_sealed WHERE id = ?', text(row, 'id'));
    this.#sql.exec(
      `DELETE FROM state_key WHERE version < (SELECT max(version) FROM state_key)
         AND version NOT IN (SELECT version FROM state_sealed)`,
    );
  }

  /** Labels of the ring keys that wrap them. */
  kids(): string[] {
    return this.#sql.exec('SELECT DISTINCT kid FROM state_key').map((row) => text(row, 'kid'));
  }

  /** The tenant was deleted: what may still come to light somewhere can never be opened again. */
  erase(): void {
    this.#sql.exec('DELETE FROM state_key');
    this.#sql.exec('DELETE FROM state_sealed');
  }
}

function contextOf(tenantId: string, version: number): string {
  return `${tenantId}/state/${version}`;
}
