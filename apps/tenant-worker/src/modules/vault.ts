/**
 * A tenant's secrets at rest. Owns `vault_key` (data keys by epoch, each wrapped by the cell's key-encryption key),
 * `vault_secret` and `vault_version`. A value is sealed with its tenant, name and version, so that one that was moved,
 * renamed or put back from an older row does not open; versions of a name are never used twice, also not after deletion.
 * Rotation moves row by row: every row stays readable by the epoch it names until the epoch has none.
 */
import { SecretFacts, SecretUse } from '../../../control-plane/src/contract/secrets.ts';
import type { CellKeys } from '../adapters/cell-keys.ts';
import { fromBase64, joinParts, toBase64 } from '../adapters/cell-keys.ts';
import type { StoredModelKey } from '../core/metering/payer.ts';
import type { Sql, SqlRow } from '../ports.ts';
import { number, text } from './row.ts';

export const secretsMax = 100;
/** `last used` is written at most this often per secret. */
const usedGrainMs = 60_000;
/** Rows moved in one step of a rotation. */
const rotateBatch = 10;
/** Rotations that one change of a secret outlasts. */
const sealTriesMax = 5;
/** Four characters of a shorter value would say too much of it. */
const lastFourFromChars = 16;

interface DataKey {
  readonly epoch: number;
  readonly key: CryptoKey;
}

export class Vault {
  readonly #sql: Sql;
  readonly #keys: CellKeys;
  readonly #tenantId: () => string;

  constructor(sql: Sql, keys: CellKeys, tenantId: () => string) {
    this.#sql = sql;
    this.#keys = keys;
    this.#tenantId = tenantId;
  }

  list(): SecretFacts[] {
    return this.#sql.exec('SELECT * FROM vault_secret ORDER BY name').map(toView);
  }

  /** Stores or replaces; null when the vault is full. */
  async put(
    draft: { name: string; use: SecretUse; plain: string },
    change: { byUserId: string; nowMs: number },
  ): Promise<SecretFacts | null> {
    const version = this.#sql.transaction(() => this.#nextVersion(draft.name));
    // A rotation may move on while a value is sealed: then it is sealed again, with the key that stays.
    for (let tries = 0; tries < sealTriesMax; tries++) {
      const dataKey = await this.#newestKey();
      const sealed = await this.#seal(dataKey.key, { name: draft.name, version }, draft.plain);
      if (this.#has(dataKey.epoch)) return this.#store({ ...draft, version, sealed, epoch: dataKey.epoch }, change);
    }
    throw new Error('the data key changed each time that the value was sealed');
  }

  #store(
    row: { name: string; use: SecretUse; plain: string; version: number; sealed: string; epoch: number },
    change: { byUserId: string; nowMs: number },
  ): SecretFacts | null {
    const { name, use, plain, version, sealed, epoch } = row;
    return this.#sql.transaction(() => {
      const before = this.#sql.exec('SELECT version FROM vault_secret WHERE name = ?', name)[0];
      const count = number(this.#sql.exec('SELECT count(*) AS n FROM vault_secret')[0] ?? {}, 'n');
      if (before === undefined && count >= secretsMax) return null;
      // Of two at once the one that took the higher version stays.
      if (before === undefined || number(before, 'version') < version) {
        this.#sql.exec(
          `INSERT INTO vault_secret (name, version, epoch, sealed, use, last_four, created_at_ms, changed_at_ms, changed_by)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET version = excluded.version, epoch = excluded.epoch, sealed = excluded.sealed,
             use = excluded.use, last_four = excluded.last_four, changed_at_ms = excluded.changed_at_ms,
             changed_by = excluded.changed_by, last_used_at_ms = NULL, refused_at_ms = NULL, refused_status = NULL`,
          name,
          version,
          epoch,
          sealed,
          JSON.stringify(use),
          plain.length >= lastFourFromChars ? plain.slice(-4) : '',
          change.nowMs,
          change.nowMs,
          change.byUserId,
        );
      }
      const row = this.#sql.exec('SELECT * FROM vault_secret WHERE name = ?', name)[0];
      return row === undefined ? null : toView(row);
    });
  }

  remove(name: string): boolean {
    return this.#sql.exec('DELETE FROM vault_secret WHERE name = ? RETURNING name', name).length > 0;
  }

  /**
   * The value, for a request that leaves. Null when there is no such version any more.
   * @throws when the row is not the one that was written
   */
  async open(name: string, version: number, nowMs: number): Promise<string | null> {
    const row = this.#sql.exec('SELECT * FROM vault_secret WHERE name = ? AND version = ?', name, version)[0];
    if (row === undefined) return null;
    const plain = await this.#unseal(await this.#keyOf(number(row, 'epoch')), { name, version }, text(row, 'sealed'));
    this.#sql.exec(
      'UPDATE vault_secret SET last_used_at_ms = ? WHERE name = ? AND version = ? AND coalesce(last_used_at_ms, 0) <= ?',
      nowMs,
      name,
      version,
      nowMs - usedGrainMs,
    );
    return plain;
  }

  /** Which model keys there are, without opening any. */
  modelKeys(): StoredModelKey[] {
    const rows = this.#sql.exec("SELECT * FROM vault_secret WHERE json_extract(use, '$.kind') = 'model_key'");
    return rows
      .map(toView)
      .flatMap(({ name, version, use, changedAtMs, refused }) =>
        use.kind === 'model_key'
          ? [{ name, version, provider: use.provider, changedAtMs, refusedAtMs: refused?.atMs ?? null }]
          : [],
      );
  }

  /** The one it was sent to did not take it. Said of this version only. */
  noteRefused(of: { name: string; version: number }, refused: { status: number; atMs: number }): void {
    this.#sql.exec(
      'UPDATE vault_secret SET refused_at_ms = ?, refused_status = ? WHERE name = ? AND version = ?',
      refused.atMs,
      refused.status,
      of.name,
      of.version,
    );
  }

  /** It was taken after it had been refused. */
  noteTaken({ name, version }: { name: string; version: number }): void {
    this.#sql.exec(
      'UPDATE vault_secret SET refused_at_ms = NULL, refused_status = NULL WHERE name = ? AND version = ?',
      name,
      version,
    );
  }

  /** A new data key; `rotate` moves the secrets to it. The same rotation again changes nothing. */
  async beginDataKey(rotationId: string): Promise<void> {
    if (this.#newestEpoch() === null) return;
    const begun = this.#sql.exec('SELECT 1 FROM vault_key WHERE rotation_id = ?', rotationId);
    if (begun.length === 0) await this.#addKey(rotationId);
  }

  /** Labels of the ring keys that wrap its data keys. */
  kids(): string[] {
    return this.#sql.exec('SELECT DISTINCT kid FROM vault_key').map((row) => text(row, 'kid'));
  }

  /** The tenant was deleted: what may still come to light somewhere can never be opened again. */
  erase(): void {
    this.#sql.exec('DELETE FROM vault_secret');
    this.#sql.exec('DELETE FROM vault_key');
  }

  /** One bounded step towards the current key-encryption key and the newest data key. Resolves to what is left. */
  async rotate(): Promise<number> {
    const stale = this.#sql.exec('SELECT * FROM vault_key WHERE kid <> ? LIMIT ?', this.#keys.currentKid, rotateBatch);
    for (const row of stale) {
      const epoch = number(row, 'epoch');
      const context = this.#keyContext(epoch);
      const raw = await this.#keys.unwrapDataKey(context, { kid: text(row, 'kid'), wrapped: text(row, 'wrapped') });
      const next = await this.#keys.wrapDataKey(context, raw);
      this.#sql.exec('UPDATE vault_key SET kid = ?, wrapped = ? WHERE epoch = ?', next.kid, next.wrapped, epoch);
    }
    const newest = this.#newestEpoch();
    if (newest === null) return 0;
    const rows = this.#sql.exec('SELECT * FROM vault_secret WHERE epoch <> ? LIMIT ?', newest, rotateBatch);
    for (const row of rows) {
      const name = text(row, 'name');
      const version = number(row, 'version');
      const before = text(row, 'sealed');
      // Another step at the same time may have moved it, or gone on to a newer key: then that one's word counts.
      if (!this.#isStill(name, before)) continue;
      const plain = await this.#unseal(await this.#keyOf(number(row, 'epoch')), { name, version }, before);
      if (!this.#has(newest)) break;
      const sealed = await this.#seal(await this.#keyOf(newest), { name, version }, plain);
      // A value that was replaced meanwhile has moved by itself, and another rotation may be ahead of this one.
      this.#sql.exec(
        `UPDATE vault_secret SET epoch = ?, sealed = ? WHERE name = ? AND version = ? AND sealed = ?
           AND EXISTS (SELECT 1 FROM vault_key WHERE epoch = ?)`,
        newest,
        sealed,
        name,
        version,
        before,
        newest,
      );
    }
    this.#sql.exec('DELETE FROM vault_key WHERE epoch < ? AND epoch NOT IN (SELECT epoch FROM vault_secret)', newest);
    const left = this.#sql.exec(
      'SELECT (SELECT count(*) FROM vault_secret WHERE epoch <> ?) + (SELECT count(*) FROM vault_key WHERE kid <> ?) AS n',
      newest,
      this.#keys.currentKid,
    )[0];
    return number(left ?? {}, 'n');
  }

  #nextVersion(name: string): number {
    const row = this.#sql.exec(
      `INSERT INTO vault_version (name, version) VALUES (?, 1)
       ON CONFLICT (name) DO UPDATE SET version = version + 1 RETURNING version`,
      name,
    )[0];
    return number(row ?? {}, 'version');
  }

  #newestEpoch(): number | null {
    const row = this.#sql.exec('SELECT max(epoch) AS epoch FROM vault_key')[0];
    return row === undefined || row['epoch'] === null ? null : number(row, 'epoch');
  }

  async #newestKey(): Promise<DataKey> {
    const epoch = this.#newestEpoch() ?? (await this.#addKey());
    return { epoch, key: await this.#keyOf(epoch) };
  }

  #isStill(name: string, sealed: string): boolean {
    return this.#sql.exec('SELECT 1 FROM vault_secret WHERE name = ? AND sealed = ?', name, sealed).length > 0;
  }

  #has(epoch: number): boolean {
    return this.#sql.exec('SELECT 1 FROM vault_key WHERE epoch = ?', epoch).length > 0;
  }

  async #addKey(rotationId: string | null = null): Promise<number> {
    // The epoch stands in what is wrapped, so the row is there first; nothing names it until it has its key.
    const epoch = number(
      this.#sql.exec('SELECT coalesce(max(epoch), 0) + 1 AS epoch FROM vault_key')[0] ?? {},
      'epoch',
    );
    const next = await this.#keys.wrapDataKey(this.#keyContext(epoch), crypto.getRandomValues(new Uint8Array(32)));
    // Another call may have made it while this one wrapped: the first stays.
    this.#sql.exec(
      'INSERT INTO vault_key (epoch, kid, wrapped, rotation_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      epoch,
      next.kid,
      next.wrapped,
      rotationId,
    );
    return epoch;
  }

  async #keyOf(epoch: number): Promise<CryptoKey> {
    const row = this.#sql.exec('SELECT kid, wrapped FROM vault_key WHERE epoch = ?', epoch)[0];
    if (row === undefined) throw new Error(`the vault has no data key ${epoch}`);
    const wrapped = { kid: text(row, 'kid'), wrapped: text(row, 'wrapped') };
    const raw = await this.#keys.unwrapDataKey(this.#keyContext(epoch), wrapped);
    return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  }

  #keyContext(epoch: number): string {
    return `${this.#tenantId()}/vault/${epoch}`;
  }

  #bound({ name, version }: { name: string; version: number }): Uint8Array<ArrayBuffer> {
    return joinParts('field', 'v1', this.#tenantId(), name, version);
  }

  async #seal(key: CryptoKey, of: { name: string; version: number }, plain: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const algorithm = { name: 'AES-GCM', iv, additionalData: this.#bound(of) };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, new TextEncoder().encode(plain)));
    return toBase64(new Uint8Array([...iv, ...sealed]));
  }

  async #unseal(key: CryptoKey, of: { name: string; version: number }, sealed: string): Promise<string> {
    const bytes = fromBase64(sealed);
    const algorithm = { name: 'AES-GCM', iv: bytes.slice(0, 12), additionalData: this.#bound(of) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, bytes.slice(12)));
  }
}

function toView(row: SqlRow): SecretFacts {
  return SecretFacts.parse({
    name: text(row, 'name'),
    version: number(row, 'version'),
    use: SecretUse.parse(JSON.parse(text(row, 'use'))),
    lastFour: text(row, 'last_four'),
    createdAtMs: number(row, 'created_at_ms'),
    changedAtMs: number(row, 'changed_at_ms'),
    changedBy: text(row, 'changed_by'),
    lastUsedAtMs: row['last_used_at_ms'] === null ? null : number(row, 'last_used_at_ms'),
    refused:
      row['refused_at_ms'] === null
        ? null
        : { atMs: number(row, 'refused_at_ms'), status: number(row, 'refused_status') },
  });
}
