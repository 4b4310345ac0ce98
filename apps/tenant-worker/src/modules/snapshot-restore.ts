/**
 * The last restore to a point that was asked for. Owns `snapshot_restore`, one row. `SnapshotIndex` moves the head; this
 * remembers why, across every crash in between.
 */
import type { Sql } from '../ports.ts';
import { text, textOrNull } from './row.ts';

/**
 * How far it came. `saving`: the present state is being saved first. `waiting`: the next start restores the chosen one,
 * until a newer snapshot goes on from it (`done`). The others ended without it.
 */
export const restoreStages = ['saving', 'waiting', 'done', 'unreadable', 'not_saved', 'superseded'] as const;
export type RestoreStage = (typeof restoreStages)[number];

export interface Restore {
  readonly chosen: string;
  /** The state that it takes the place of: what an undo restores. */
  readonly replaced: string | null;
  readonly askedAtMs: number;
  readonly stage: RestoreStage;
}

export class RestoreMarker {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws when its stage is not one this code knows: newer code wrote it */
  read(): Restore | null {
    const row = this.#sql.exec('SELECT * FROM snapshot_restore WHERE id = 1')[0];
    if (row === undefined) return null;
    const stage = restoreStages.find((known) => known === row['stage']);
    if (stage === undefined) throw new Error('the stage of a restore is not one this code knows');
    return {
      chosen: text(row, 'chosen'),
      replaced: textOrNull(row, 'replaced'),
      askedAtMs: Number(row['asked_at_ms']),
      stage,
    };
  }

  ask(chosen: string, replaced: string | null, nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO snapshot_restore (id, chosen, replaced, asked_at_ms, stage) VALUES (1, ?, ?, ?, 'saving')
       ON CONFLICT (id) DO UPDATE SET chosen = excluded.chosen, replaced = excluded.replaced,
         asked_at_ms = excluded.asked_at_ms, stage = excluded.stage`,
      chosen,
      replaced,
      nowMs,
    );
  }

  enter(stage: RestoreStage): void {
    this.#sql.exec('UPDATE snapshot_restore SET stage = ?', stage);
  }

  /** What was running is in this snapshot. */
  replacedIs(id: string): void {
    this.#sql.exec('UPDATE snapshot_restore SET replaced = ?', id);
  }

  clear(): void {
    this.#sql.exec('DELETE FROM snapshot_restore');
  }
}
