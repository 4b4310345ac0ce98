/**
 * The record of every recovery, newest kept. Owns `incident`. At most one is open; one that has ended never changes again.
 * Each change raises the version, so that the control plane keeps the newest word whatever comes first.
 */
import { Incident } from '../../../control-plane/src/contract/incident.ts';
import type { Migration, Sql } from '../ports.ts';
import { text } from './row.ts';

export const INCIDENT_MIGRATIONS: readonly Migration[] = [
  {
    id: 'incident/1',
    sql: [
      'CREATE TABLE incident (seq INTEGER PRIMARY KEY AUTOINCREMENT, ended INTEGER NOT NULL, body TEXT NOT NULL)',
      'CREATE UNIQUE INDEX incident_open ON incident (ended) WHERE ended = 0',
    ],
  },
];

/** Ended incidents kept here; the control plane keeps more. */
const keptMax = 50;

export class Incidents {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The one that goes on, or null. */
  open(): Incident | null {
    const row = this.#sql.exec('SELECT body FROM incident WHERE ended = 0')[0];
    return row === undefined ? null : Incident.parse(JSON.parse(text(row, 'body')));
  }

  /** Begins one. @throws while another is open */
  begin(begun: Omit<Incident, 'seq' | 'version'>): Incident {
    if (this.open() !== null) throw new Error('invariant broken: two incidents at a time');
    this.#sql.exec("INSERT INTO incident (ended, body) VALUES (0, '')");
    const seq = Number(this.#sql.exec('SELECT max(seq) AS seq FROM incident')[0]?.['seq']);
    const incident: Incident = { ...begun, seq, version: 1 };
    this.#write(incident);
    this.#sql.exec('DELETE FROM incident WHERE ended = 1 AND seq <= ?', seq - keptMax);
    return incident;
  }

  /** Replaces the open one, one version on. @throws when it is not the open one */
  change(next: Incident): Incident {
    if (this.open()?.seq !== next.seq) throw new Error('invariant broken: an incident that has ended is changed');
    const changed = { ...next, version: next.version + 1 };
    this.#write(changed);
    return changed;
  }

  /** The tenant is erased: what its assistant said goes too. */
  clear(): void {
    this.#sql.exec('DELETE FROM incident');
  }

  #write(incident: Incident): void {
    this.#sql.exec(
      'UPDATE incident SET ended = ?, body = ? WHERE seq = ?',
      incident.outcome === null ? 0 : 1,
      JSON.stringify(Incident.parse(incident)),
      incident.seq,
    );
  }
}
