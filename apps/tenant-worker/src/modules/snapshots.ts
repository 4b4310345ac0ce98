/**
 * The index of a tenant's snapshots. Owns `snapshot`, `snapshot_line` and `snapshot_asked`. A row is written before the
 * data (intent) and becomes `complete` only after the data was read back and its manifest stored. Only complete rows are
 * ever restored.
 *
 * Snapshots form lines: each goes on from its parent. The head is what the next start goes on from; one that turned out to
 * be unreadable is passed over for its parent, and only when none of its line is left for any other. A restore moves the
 * head to the chosen one. What a run saved that was begun before the move belongs to the replaced line: it is kept and
 * protected, and never becomes the head.
 */
import { unreadableMax } from '../core/limits.ts';
import { removable } from '../core/snapshots/retention.ts';
import type { Protection } from '../core/snapshots/retention.ts';
import { mustWaitAside, shrank } from '../core/snapshots/shrink.ts';
import type { Sql } from '../ports.ts';
import { text, textOrNull } from './row.ts';
import { RestoreMarker } from './snapshot-restore.ts';
import type { Restore } from './snapshot-restore.ts';
import { toSnapshotRow } from './snapshot-schema.ts';
import type { SnapshotRow } from './snapshot-schema.ts';

/** Objects of at most so many snapshots are removed at a time. */
const removedAtOnceMax = 20;

/** Why a snapshot is protected from the moment it is complete. */
const protectedFrom: Readonly<Record<string, Protection>> = {
  manual: 'customer',
  before_restore: 'automatic',
  before_upgrade: 'automatic',
  imported: 'automatic',
};

export interface SnapshotFacts {
  readonly bytes: number;
  readonly sha256: string;
  readonly files: number;
  readonly completedAtMs: number;
  readonly uncompressedBytes?: number | null;
  readonly inventory?: boolean;
  readonly sessions?: number | null;
  readonly cronJobs?: number | null;
}

/** As the rule about shrinking sees it. */
const sized = (row: SnapshotRow) => ({ ...row, bytes: row.uncompressedBytes });

/** A start may take it unasked. */
const good = (row: SnapshotRow): boolean => !row.aside && row.unreadable < unreadableMax;

export class SnapshotIndex {
  readonly #sql: Sql;
  readonly #marker: RestoreMarker;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#marker = new RestoreMarker(sql);
  }

  begin(row: {
    id: string;
    incarnation: number;
    release: string;
    why: string;
    begunAtMs: number;
    note?: string | null;
  }): void {
    this.#sql.exec(
      'INSERT INTO snapshot (id, incarnation, release, why, begun_at_ms, note) VALUES (?, ?, ?, ?, ?, ?)',
      row.id,
      row.incarnation,
      row.release,
      row.why,
      row.begunAtMs,
      row.note ?? null,
    );
  }

  /** All of them, complete or not. */
  ids(): string[] {
    return this.#sql.exec('SELECT id FROM snapshot').map((row) => text(row, 'id'));
  }

  /** What lies under the tenant's prefix, also of those whose removal has not ended. */
  storedBytes(): number {
    return Number(this.#sql.exec('SELECT coalesce(sum(bytes), 0) AS bytes FROM snapshot')[0]?.['bytes'] ?? 0);
  }

  /** Whether the intent is written down, complete or not. */
  begun(id: string): boolean {
    return this.#row(id) !== null;
  }

  /** The data was read back and the manifest is stored. Says whether it was set aside because it shrank suspiciously. */
  complete(id: string, facts: SnapshotFacts): 'promoted' | 'aside' {
    return this.#sql.transaction(() => {
      const begun = this.#row(id);
      if (begun === null) throw new Error(`snapshot ${id} was never begun`);
      const all = this.#complete();
      const head = all.find((row) => row.id === this.#line().head) ?? null;
      const ofLine = begun.incarnation > this.#line().floor;
      const restore = this.restore();
      const made = {
        ...begun,
        files: facts.files,
        bytes: facts.uncompressedBytes ?? null,
        sessions: facts.sessions ?? null,
      };
      const against = head === null || head.unreadable >= unreadableMax ? null : sized(head);
      const imported = begun.why === 'imported';
      const aside = !imported && mustWaitAside(against, made, all.filter((row) => row.aside).map(sized));
      const parent = imported ? null : ofLine ? (head?.id ?? null) : (restore?.replaced ?? null);
      this.#sql.exec(
        `UPDATE snapshot SET complete = 1, completed_at_ms = ?, bytes = ?, sha256 = ?, files = ?, uncompressed_bytes = ?,
           inventory = ?, sessions = ?, cron_jobs = ?, aside = ?, parent = ?, protection = ? WHERE id = ?`,
        facts.completedAtMs,
        facts.bytes,
        facts.sha256,
        facts.files,
        facts.uncompressedBytes ?? null,
        facts.inventory === true ? 1 : 0,
        facts.sessions ?? null,
        facts.cronJobs ?? null,
        aside ? 1 : 0,
        parent,
        protectedFrom[begun.why] ?? (ofLine ? null : 'automatic'),
        id,
      );
      // What was brought is beside every line, until a person restores it.
      if (imported) return 'promoted';
      if (restore?.stage === 'saving' || (!ofLine && restore?.stage === 'waiting')) this.#marker.replacedIs(id);
      if (aside) return 'aside';
      if (!ofLine) return 'promoted';
      if (against !== null && shrank(against, made)) this.#protectAutomatically(head?.id ?? null);
      this.#sql.exec('UPDATE snapshot_line SET head = ?', id);
      if (restore?.stage === 'waiting') this.#marker.enter('done');
      return 'promoted';
    });
  }

  /** What the next start restores: the head, or the nearest before it that can be read. */
  newest(): SnapshotRow | null {
    const { head } = this.#line();
    const first = head === null ? null : this.get(head);
    if (first !== null && good(first)) return first;
    const all = this.#complete();
    const byId = new Map(all.map((row) => [row.id, row]));
    const seen = new Set<string>();
    for (let at = head; at !== null && !seen.has(at); at = byId.get(at)?.parent ?? null) {
      seen.add(at);
      const row = byId.get(at);
      if (row !== undefined && good(row)) return row;
    }
    return all.find((row) => good(row) && row.why !== 'imported') ?? null;
  }

  /** Whether there is any complete one of the tenant's own, readable or not: then nothing may start from blank. */
  any(): boolean {
    const rows = this.#sql.exec(
      `SELECT 1 FROM snapshot WHERE complete = 1
         AND (why <> 'imported' OR id IN (SELECT head FROM snapshot_line)) LIMIT 1`,
    );
    return rows.length > 0;
  }

  get(id: string): SnapshotRow | null {
    const row = this.#row(id);
    return row === null || row.completedAtMs === null ? null : row;
  }

  /** Newest first. */
  list(limit: number): SnapshotRow[] {
    return this.#complete().slice(0, limit);
  }

  /** It could not be read back. After `unreadableMax` times it is passed over. True when this ended a restore to it. */
  unreadable(id: string): boolean {
    return this.#sql.transaction(() => {
      this.#sql.exec('UPDATE snapshot SET unreadable = unreadable + 1 WHERE id = ?', id);
      const restore = this.restore();
      const lost = (this.get(id)?.unreadable ?? 0) >= unreadableMax;
      if (restore?.stage !== 'waiting' || restore.chosen !== id || !lost) return false;
      // Back to the replaced state: nothing was lost by trying.
      this.#sql.exec('UPDATE snapshot_line SET head = ?', restore.replaced);
      this.#marker.enter('unreadable');
      return true;
    });
  }

  // --- restore to a point ----------------------------------------------------------------------------------------------

  /** The last restore that was asked for, or null. */
  restore(): Restore | null {
    return this.#marker.read();
  }

  /** The intent to restore. What it replaces is protected; the present state is saved first, or is the newest already. */
  chooseRestore(chosen: string, nowMs: number): void {
    this.#sql.transaction(() => {
      if (this.get(chosen) === null) throw new Error(`snapshot ${chosen} is not complete`);
      const replaced = this.newest()?.id ?? null;
      this.#protectAutomatically(replaced);
      // A person chose it: it is tried again, however it looked.
      this.#sql.exec('UPDATE snapshot SET aside = 0, unreadable = 0 WHERE id = ?', chosen);
      this.#marker.ask(chosen, replaced, nowMs);
    });
  }

  /** Every run up to `incarnation` is of the replaced state from now on; the next start restores the chosen one. */
  switchToChosen(incarnation: number): void {
    const restore = this.restore();
    if (restore?.stage !== 'saving') return;
    this.#sql.transaction(() => {
      this.#sql.exec('UPDATE snapshot_line SET head = ?, floor_incarnation = ?', restore.chosen, incarnation);
      this.#marker.enter('waiting');
    });
  }

  /** Something else came before the switch: what is there stays. */
  abandonRestore(stage: 'not_saved' | 'superseded'): void {
    if (this.restore()?.stage === 'saving') this.#marker.enter(stage);
  }

  // --- what a person may change ------------------------------------------------------------------------------------------

  /** A person wants one now. The intent: taken while the tenant is awake, forgotten when anything else comes first. */
  ask(operationId: string, note: string | null): void {
    this.#sql.exec(
      'INSERT INTO snapshot_asked (id, operation_id, note) VALUES (1, ?, ?) ON CONFLICT DO NOTHING',
      operationId,
      note,
    );
  }

  asked(): { readonly operationId: string; readonly note: string | null } | null {
    const row = this.#sql.exec('SELECT operation_id, note FROM snapshot_asked WHERE id = 1')[0];
    return row === undefined ? null : { operationId: text(row, 'operation_id'), note: textOrNull(row, 'note') };
  }

  /** It was taken, or will not be. */
  answered(): void {
    this.#sql.exec('DELETE FROM snapshot_asked');
  }

  /** Takes a person's protection, or gives it back; what we protected ourselves stays so. */
  protect(id: string, wanted: boolean): void {
    if (wanted) this.#sql.exec("UPDATE snapshot SET protection = 'customer' WHERE id = ?", id);
    else this.#sql.exec("UPDATE snapshot SET protection = NULL WHERE id = ? AND protection = 'customer'", id);
  }

  /** Something of ours may come back to it, such as a rollback: age does not remove it. */
  keep(id: string): void {
    this.#protectAutomatically(id);
  }

  /**
   * A person says that it is meant to be smaller. It takes the place of the newest when nothing was begun after its run;
   * else it is from now on like any other.
   */
  accept(id: string, currentIncarnation: number): void {
    this.#sql.transaction(() => {
      const row = this.get(id);
      if (row === null || !row.aside) return;
      this.#sql.exec('UPDATE snapshot SET aside = 0 WHERE id = ?', id);
      const { head, floor } = this.#line();
      const newer = this.get(head ?? '')?.seq ?? 0;
      if (row.incarnation < currentIncarnation || row.incarnation <= floor || newer > row.seq) return;
      this.#protectAutomatically(head);
      this.#sql.exec('UPDATE snapshot SET parent = ? WHERE id = ?', head, id);
      this.#sql.exec('UPDATE snapshot_line SET head = ?', id);
    });
  }

  /** A drill booted it. */
  proven(id: string, atMs: number): void {
    this.#sql.exec('UPDATE snapshot SET proven_at_ms = ? WHERE id = ?', atMs, id);
  }

  // --- removal -------------------------------------------------------------------------------------------------------------

  /** Ids whose objects may be removed now, oldest first. */
  removable(): string[] {
    const rows = this.#sql.exec('SELECT * FROM snapshot ORDER BY seq').map((row) => ({
      ...toSnapshotRow(row),
      complete: row['complete'] === 1,
      unreadable: Number(row['unreadable']) >= unreadableMax,
    }));
    return removable(rows, this.#needed()).slice(0, removedAtOnceMax);
  }

  /**
   * The intent to remove its objects: from here on nobody may list or restore it, also when the removal does not end.
   * What went on from it goes on from what came before it.
   * @returns false when a start may need it after all; then nothing may be removed
   */
  removing(id: string): boolean {
    return this.#sql.transaction(() => {
      if (this.#needed().has(id)) return false;
      this.#sql.exec(
        'UPDATE snapshot SET parent = (SELECT parent FROM snapshot WHERE id = ?) WHERE parent = ?',
        id,
        id,
      );
      this.#sql.exec('UPDATE snapshot SET complete = 0, completed_at_ms = NULL WHERE id = ?', id);
      return true;
    });
  }

  /**
   * Whether nothing goes on from it and nothing leads back to it: what was brought and never switched to, or was left by
   * an undo whose traces are gone.
   */
  unused(id: string): boolean {
    const restore = this.restore();
    const undone = restore?.stage === 'done' ? restore.replaced : null;
    if (this.#needed().has(id) || undone === id) return false;
    return this.#sql.exec('SELECT 1 FROM snapshot WHERE parent = ? LIMIT 1', id).length === 0;
  }

  /** The objects are gone. */
  forget(id: string): void {
    if (this.#needed().has(id))
      throw new Error('invariant broken: a snapshot that a start may need is never forgotten');
    this.#sql.exec('DELETE FROM snapshot WHERE id = ?', id);
  }

  /** The tenant was deleted and its objects are gone. */
  clear(): void {
    this.#sql.exec('DELETE FROM snapshot');
    this.#marker.clear();
    this.#sql.exec('UPDATE snapshot_line SET head = NULL');
  }

  #needed(): ReadonlySet<string> {
    const restore = this.restore();
    const both = restore?.stage === 'saving' || restore?.stage === 'waiting' ? [restore.chosen, restore.replaced] : [];
    return new Set([this.newest()?.id, this.#line().head, ...both].filter((id) => typeof id === 'string'));
  }

  #row(id: string): SnapshotRow | null {
    const row = this.#sql.exec('SELECT * FROM snapshot WHERE id = ?', id)[0];
    return row === undefined ? null : toSnapshotRow(row);
  }

  /** Newest first. Retention bounds them. */
  #complete(): SnapshotRow[] {
    return this.#sql.exec('SELECT * FROM snapshot WHERE complete = 1 ORDER BY seq DESC').map(toSnapshotRow);
  }

  #line(): { head: string | null; floor: number } {
    const row = this.#sql.exec('SELECT head, floor_incarnation FROM snapshot_line WHERE id = 1')[0];
    if (row === undefined) throw new Error('the line of snapshots has no row');
    return { head: textOrNull(row, 'head'), floor: Number(row['floor_incarnation']) };
  }

  /** Keeps a person's protection as it is. */
  #protectAutomatically(id: string | null): void {
    if (id !== null)
      this.#sql.exec("UPDATE snapshot SET protection = coalesce(protection, 'automatic') WHERE id = ?", id);
  }
}
