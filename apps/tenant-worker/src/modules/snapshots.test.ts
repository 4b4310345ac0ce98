/** The index: the newest complete snapshot is found, kept, and never mistaken, whatever the clock said. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { unreadableMax } from '../core/limits.ts';
import { migrate } from './migrate.ts';
import { SNAPSHOT_MIGRATIONS, SnapshotIndex, snapshotsKeptMax } from './snapshots.ts';

let sql: NodeSql;
let index: SnapshotIndex;
beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, SNAPSHOT_MIGRATIONS, 0);
  index = new SnapshotIndex(sql);
});
afterEach(() => sql.close());

const facts = { bytes: 10, sha256: 'ab', files: 1, completedAtMs: 5 };

function begin(id: string): void {
  index.begin({ id, incarnation: 1, release: '2026.9.6', why: 'sleep', begunAtMs: 4 });
}
function make(id: string): void {
  begin(id);
  index.complete(id, facts);
}
const name = (n: number): string => `s${String(n).padStart(3, '0')}`;

describe('the newest snapshot', () => {
  it('is complete: one that was only begun is no snapshot', () => {
    begin('a');
    expect([index.newest(), index.any(), index.get('a'), index.list(10)]).toEqual([null, false, null, []]);
    index.complete('a', facts);
    expect(index.newest()).toMatchObject({
      id: 'a',
      bytes: 10,
      sha256: 'ab',
      files: 1,
      completedAtMs: 5,
      begunAtMs: 4,
    });
    expect(index.any()).toBe(true);
  });

  it('is the one that was begun last, not the one whose id or time is highest', () => {
    make('z');
    make('m');
    make('a');
    expect(index.newest()?.id).toBe('a');
    expect(index.list(2).map((row) => row.id)).toEqual(['a', 'm']);
  });

  it('is passed over when it could not be read often enough, and still counts as there', () => {
    make('a');
    make('b');
    for (let i = 1; i < unreadableMax; i++) index.unreadable('b');
    expect(index.newest()?.id).toBe('b');
    index.unreadable('b');
    expect(index.newest()?.id).toBe('a');
    for (let i = 0; i < unreadableMax; i++) index.unreadable('a');
    expect(index.newest()).toBeNull();
    expect(index.any()).toBe(true);
    expect(index.list(9)).toHaveLength(2);
  });
});

describe('what may be removed', () => {
  it('is nothing before there is a complete one', () => {
    begin('a');
    begin('b');
    expect(index.removable()).toEqual([]);
  });

  it('is what was left unfinished before the newest, not what is being made now', () => {
    begin('a');
    make('b');
    begin('c');
    expect(index.removable()).toEqual(['a']);
  });

  it('is what is older than the kept', () => {
    for (let n = 0; n < snapshotsKeptMax + 3; n++) make(name(n));
    expect(index.removable()).toEqual([name(0), name(1), name(2)]);
  });

  it('never counts one that cannot be read as kept', () => {
    for (let n = 0; n < snapshotsKeptMax + 3; n++) make(name(n));
    for (let i = 0; i < unreadableMax; i++) for (const n of [10, 11]) index.unreadable(name(n));
    expect(index.removable()).toEqual([name(0)]);
  });

  it('never is the newest that can be read, nor one of the kept, in any history', () => {
    const step = fc.constantFrom('begin', 'complete', 'unreadable', 'prune');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const db = openNodeSql();
        migrate(db, SNAPSHOT_MIGRATIONS, 0);
        const all = new SnapshotIndex(db);
        let n = 0;
        for (const what of steps) {
          if (what === 'begin' || what === 'complete') {
            all.begin({ id: name(n), incarnation: 1, release: 'r', why: 'sleep', begunAtMs: 1_000 - n });
            if (what === 'complete') all.complete(name(n), facts);
            n++;
          }
          const newest = all.newest();
          if (what === 'unreadable' && newest) all.unreadable(newest.id);
          if (what !== 'prune') continue;
          const kept = all.list(snapshotsKeptMax).map((row) => row.id);
          for (const id of all.removable()) {
            expect(id).not.toBe(newest?.id);
            expect(kept).not.toContain(id);
            all.forget(id);
          }
          expect(all.newest()?.id).toBe(newest?.id);
        }
        db.close();
      }),
      { numRuns: 100 },
    );
  });
});

describe('forgetting', () => {
  it('the newest is refused', () => {
    make('a');
    make('b');
    expect(() => index.forget('b')).toThrow('never forgotten');
    index.forget('a');
    expect(index.list(9).map((row) => row.id)).toEqual(['b']);
  });

  it('everything is for a tenant that was deleted', () => {
    make('a');
    index.clear();
    expect([index.any(), index.newest()]).toEqual([false, null]);
  });
});

describe('the schema', () => {
  it('keeps the rows of its first version, in their order', () => {
    const db = openNodeSql();
    migrate(db, SNAPSHOT_MIGRATIONS.slice(0, 1), 0);
    for (const id of ['b', 'a', 'c']) {
      db.exec(
        "INSERT INTO snapshot (id, incarnation, release, why, begun_at_ms, complete) VALUES (?, 1, 'r', 'w', 1, 1)",
        id,
      );
    }
    migrate(db, SNAPSHOT_MIGRATIONS, 0);
    expect(new SnapshotIndex(db).list(9).map((row) => row.id)).toEqual(['c', 'b', 'a']);
    db.close();
  });
});
