/** The index: the newest complete snapshot is found, kept, and never mistaken, whatever the clock said. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { unreadableMax } from '../core/limits.ts';
import { confirmAfterMs } from '../core/snapshots/shrink.ts';
import { migrate } from './migrate.ts';
import { recentKept } from '../core/snapshots/retention.ts';
import { SNAPSHOT_MIGRATIONS } from './snapshot-schema.ts';
import { SnapshotIndex } from './snapshots.ts';

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
    for (let n = 0; n < recentKept + 3; n++) make(name(n));
    expect(index.removable()).toEqual([name(0), name(1), name(2)]);
  });

  it('never counts one that cannot be read as kept', () => {
    for (let n = 0; n < recentKept + 3; n++) make(name(n));
    for (let i = 0; i < unreadableMax; i++) for (const n of [5, 6]) index.unreadable(name(n));
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
          const kept = all.list(recentKept).map((row) => row.id);
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

describe('a snapshot that shrank', () => {
  const big = { ...facts, files: 100 };
  const small = { ...facts, files: 3 };
  const at = (id: string, begunAtMs: number, incarnation = 1) =>
    index.begin({ id, incarnation, release: 'r', why: 'periodic', begunAtMs });

  beforeEach(() => {
    at('big', 0);
    index.complete('big', big);
  });

  it('is set aside: kept, listed, not what a start takes', () => {
    at('small', 10);
    expect(index.complete('small', small)).toBe('aside');
    expect(index.newest()?.id).toBe('big');
    expect(index.list(9).map((row) => [row.id, row.aside])).toEqual([
      ['small', true],
      ['big', false],
    ]);
  });

  it('is believed when the same run shows it again later, and what it replaces is protected', () => {
    at('small', 10);
    index.complete('small', small);
    at('again', 10 + confirmAfterMs);
    expect(index.complete('again', small)).toBe('promoted');
    expect(index.newest()?.id).toBe('again');
    expect(index.get('big')?.protection).toBe('automatic');
  });

  it('takes its place when a person accepts it, unless a later run went on without it', () => {
    at('small', 10);
    index.complete('small', small);
    index.accept('small', 1);
    expect(index.newest()?.id).toBe('small');
    expect(index.get('big')?.protection).toBe('automatic');
    at('tiny', 20, 1);
    index.complete('tiny', { ...facts, files: 200 });
    at('other', 30, 1);
    expect(index.complete('other', small)).toBe('aside');
    index.accept('other', 2);
    expect([index.newest()?.id, index.get('other')?.aside]).toEqual(['tiny', false]);
  });
});

describe('a restore to a point', () => {
  const at = (id: string, incarnation: number, why = 'periodic') => {
    index.begin({ id, incarnation, release: 'r', why, begunAtMs: 4 });
    index.complete(id, facts);
  };
  beforeEach(() => {
    for (const id of ['a', 'b', 'c']) at(id, 1);
  });

  it('changes nothing before the switch; then the next start takes the chosen one', () => {
    index.chooseRestore('a', 5);
    expect([index.newest()?.id, index.restore()?.stage]).toEqual(['c', 'saving']);
    at('d', 1, 'before_restore');
    index.switchToChosen(1);
    expect(index.newest()?.id).toBe('a');
    expect(index.restore()).toEqual({ chosen: 'a', replaced: 'd', askedAtMs: 5, stage: 'waiting' });
    expect(index.get('d')?.protection).toBe('automatic');
  });

  it('lasts until a newer snapshot goes on from it, and its line is gone back along, not over to the replaced one', () => {
    index.chooseRestore('b', 5);
    index.switchToChosen(1);
    at('e', 2);
    expect([index.newest()?.id, index.restore()?.stage]).toEqual(['e', 'done']);
    for (const [lost, left] of [
      ['e', 'b'],
      ['b', 'a'],
      ['a', 'c'],
    ] as const) {
      for (let i = 0; i < unreadableMax; i++) index.unreadable(lost);
      expect(index.newest()?.id).toBe(left);
    }
  });

  it('goes back to the replaced state when the chosen one cannot be read', () => {
    index.chooseRestore('a', 5);
    index.switchToChosen(1);
    expect(index.unreadable('a')).toBe(false);
    expect(index.unreadable('a')).toBe(true);
    expect([index.newest()?.id, index.restore()?.stage]).toEqual(['c', 'unreadable']);
  });

  it('is undone by restoring what it replaced', () => {
    index.chooseRestore('a', 5);
    index.switchToChosen(1);
    at('e', 2);
    index.chooseRestore(index.restore()?.replaced ?? '', 6);
    index.switchToChosen(2);
    at('f', 3);
    expect(index.get('f')?.parent).toBe('c');
    expect(index.restore()?.replaced).toBe('e');
  });

  it('is not overtaken by what a replaced run saves late: that is kept, protected', () => {
    index.chooseRestore('a', 5);
    index.switchToChosen(1);
    at('late', 1, 'rescue');
    expect(index.newest()?.id).toBe('a');
    expect(index.get('late')?.protection).toBe('automatic');
    expect(index.restore()?.replaced).toBe('late');
  });

  it('keeps both ends while it lasts, however many come after', () => {
    index.chooseRestore('a', 5);
    index.switchToChosen(1);
    expect(() => index.forget('a')).toThrow('never forgotten');
    expect(() => index.forget('c')).toThrow('never forgotten');
    expect(index.removable()).not.toContain('a');
  });

  it('is dropped when something else comes before the switch', () => {
    index.chooseRestore('a', 5);
    index.abandonRestore('not_saved');
    index.switchToChosen(1);
    expect([index.newest()?.id, index.restore()?.stage]).toEqual(['c', 'not_saved']);
  });
});

describe('what a person protected', () => {
  it('stays protected by them alone; what we protected is not theirs to drop', () => {
    index.begin({ id: 'm', incarnation: 1, release: 'r', why: 'manual', begunAtMs: 1, note: 'before the talk' });
    index.complete('m', facts);
    expect(index.get('m')).toMatchObject({ protection: 'customer', note: 'before the talk' });
    index.protect('m', false);
    expect(index.get('m')?.protection).toBeNull();
    index.begin({ id: 'u', incarnation: 1, release: 'r', why: 'before_upgrade', begunAtMs: 1 });
    index.complete('u', facts);
    index.protect('u', false);
    expect(index.get('u')?.protection).toBe('automatic');
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

  it('one in the middle joins its ends', () => {
    for (const id of ['a', 'b', 'c']) make(id);
    expect(index.removing('b')).toBe(true);
    expect(index.get('c')?.parent).toBe('a');
  });

  it("one whose removal did not end is nobody's to list or restore, and is removed again", () => {
    for (const id of ['a', 'b', 'c']) make(id);
    expect(index.removing('b')).toBe(true);
    expect([index.get('b'), index.list(9).map((row) => row.id)]).toEqual([null, ['c', 'a']]);
    expect(index.removable()).toEqual(['b']);
    index.forget('b');
    expect(index.removable()).toEqual([]);
  });

  it('one that a start may need is not removed, also when it was not needed a moment ago', () => {
    for (const id of ['a', 'b', 'c']) make(id);
    index.chooseRestore('a', 5);
    expect([index.removing('a'), index.removing('c'), index.removing('b')]).toEqual([false, false, true]);
    expect(index.get('a')).not.toBeNull();
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
        "INSERT INTO snapshot (id, incarnation, release, why, begun_at_ms, complete, completed_at_ms) VALUES (?, 1, 'r', 'w', 1, 1, 2)",
        id,
      );
    }
    migrate(db, SNAPSHOT_MIGRATIONS, 0);
    const kept = new SnapshotIndex(db);
    expect(kept.list(9).map((row) => [row.id, row.parent])).toEqual([
      ['c', 'b'],
      ['b', 'a'],
      ['a', null],
    ]);
    expect(kept.newest()?.id).toBe('c');
    db.close();
  });
});
