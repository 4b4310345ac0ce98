/** What is removed: never what a start or a person needs, and never so little that snapshots pile up. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asideKept,
  automaticKept,
  customerProtectedMax,
  daysKept,
  hoursKept,
  recentKept,
  removable,
  unreadableKept,
  weeksKept,
  type Kept,
} from './retention.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function row(seq: number, facts: Partial<Kept> = {}): Kept {
  return {
    id: `s${seq}`,
    seq,
    begunAtMs: seq * hourMs,
    complete: true,
    protection: null,
    aside: false,
    unreadable: false,
    ...facts,
  };
}
const every = (count: number, stepMs: number): Kept[] =>
  Array.from({ length: count }, (_, n) => row(n, { begunAtMs: n * stepMs }));
const none = new Set<string>();
function kept(rows: readonly Kept[], needed = none): Kept[] {
  const gone = new Set(removable(rows, needed));
  return rows.filter(({ id }) => !gone.has(id));
}

describe('by age', () => {
  it('the newest of each hour, day and week stays, for so many of each', () => {
    const rows = every(24 * 7 * 12, hourMs);
    const left = kept(rows);
    const hours = rows.slice(-hoursKept);
    for (const last of hours) expect(left).toContain(last);
    const days = new Set(left.map(({ begunAtMs }) => Math.floor(begunAtMs / dayMs)));
    const newestDay = Math.floor((rows.at(-1)?.begunAtMs ?? 0) / dayMs);
    for (let day = 0; day < daysKept; day++) expect(days).toContain(newestDay - day);
    const weeks = new Set(left.map(({ begunAtMs }) => Math.floor(begunAtMs / (7 * dayMs))));
    expect(weeks.size).toBe(weeksKept);
    expect(left.length).toBeLessThanOrEqual(hoursKept + daysKept + weeksKept);
  });

  it('the newest few stay though they are of one hour', () => {
    const rows = every(20, 60_000);
    expect(kept(rows).map(({ seq }) => seq)).toEqual(Array.from({ length: recentKept }, (_, n) => 20 - recentKept + n));
  });

  it('a long sleep ages nothing away', () => {
    const rows = [...every(10, dayMs), row(10, { begunAtMs: 400 * dayMs })];
    expect(kept(rows)).toEqual(rows);
  });
});

describe('what is needed', () => {
  it('stays, however old', () => {
    const rows = every(100, 60_000);
    expect(kept(rows, new Set(['s3'])).map(({ id }) => id)).toContain('s3');
  });

  it('by a person stays, and what we protected up to a number, the newest first', () => {
    const rows = [
      ...Array.from({ length: customerProtectedMax }, (_, n) => row(n, { begunAtMs: 0, protection: 'customer' })),
      ...Array.from({ length: automaticKept + 5 }, (_, n) => row(100 + n, { begunAtMs: 0, protection: 'automatic' })),
      ...every(30, 1).map((r) => ({ ...r, id: `t${r.seq}`, seq: r.seq + 1_000 })),
    ];
    const left = kept(rows);
    expect(left.filter((r) => r.protection === 'customer')).toHaveLength(customerProtectedMax);
    expect(left.filter((r) => r.protection === 'automatic').map((r) => r.seq)).toEqual(
      Array.from({ length: automaticKept }, (_, n) => 105 + n),
    );
  });

  it('to look at stays for a while: those set aside, those that cannot be read', () => {
    const rows = Array.from({ length: 40 }, (_, n) =>
      row(n, { begunAtMs: 0, aside: n % 2 === 0, unreadable: n % 2 === 1 }),
    );
    const left = kept(rows);
    expect(left.filter((r) => r.aside)).toHaveLength(asideKept);
    expect(left.filter((r) => r.unreadable)).toHaveLength(unreadableKept);
  });

  it('is not what was left unfinished before a complete one, but is what is being made', () => {
    const rows = [row(1, { complete: false }), row(2), row(3, { complete: false })];
    expect(removable(rows, none)).toEqual(['s1']);
    expect(removable([row(1, { complete: false }), row(2, { complete: false })], none)).toEqual([]);
  });
});

describe('in any history', () => {
  const anyRow = fc.record({
    begunAtMs: fc.integer({ min: 0, max: 100 * dayMs }),
    complete: fc.boolean(),
    protection: fc.constantFrom(null, null, 'customer' as const, 'automatic' as const),
    aside: fc.boolean(),
    unreadable: fc.boolean(),
  });
  const history = fc.array(anyRow, { maxLength: 200 }).map((rows) => rows.map((facts, n) => row(n + 1, facts)));

  it('what a start may take, what is needed and what a person protected is never removed; the rest is bounded', () => {
    fc.assert(
      fc.property(history, fc.nat(200), (rows, pick) => {
        const needed = new Set(rows.slice(pick, pick + 1).map(({ id }) => id));
        const left = kept(rows, needed);
        const good = rows.filter((r) => r.complete && !r.aside && !r.unreadable);
        for (const last of good.slice(-recentKept)) expect(left).toContain(last);
        for (const r of rows)
          if (needed.has(r.id) || (r.complete && r.protection === 'customer')) expect(left).toContain(r);
        const newest = rows.findLast((r) => r.complete)?.seq ?? Infinity;
        const bounded = left.filter((r) => r.protection !== 'customer' && (r.complete || r.seq < newest));
        const max = recentKept + hoursKept + daysKept + weeksKept + automaticKept + asideKept + unreadableKept + 1;
        expect(bounded.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('removing is done after one go, and comes oldest first', () => {
    fc.assert(
      fc.property(history, (rows) => {
        const gone = removable(rows, none);
        const seqs = gone.map((id) => Number(id.slice(1)));
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        expect(removable(kept(rows), none)).toEqual([]);
      }),
    );
  });
});
