/** Events reach the control plane at least once, the newest word of each kind, and no acknowledgement takes a newer one away. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { migrate } from './migrate.ts';
import type { OutboxBody } from './outbox.ts';
import { Outbox, OUTBOX_MIGRATIONS } from './outbox.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const t0 = 1_000 * dayMs;

let sql: NodeSql;
let outbox: Outbox;
beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, OUTBOX_MIGRATIONS, 0);
  outbox = new Outbox(sql);
});
afterEach(() => sql.close());

/** The outbox looks at no field of a body but passes it on. */
const body = (slug: string): OutboxBody => ({ slug, kind: 'report' }) as unknown as OutboxBody;
const slugs = (events: readonly { slug: string }[]): string[] => events.map((event) => event.slug);

describe('what waits', () => {
  it('is the newest of each key, under a new number', () => {
    outbox.put('report', body('old'), t0);
    const [old] = outbox.take(t0);
    outbox.put('report', body('new'), t0);
    outbox.put('receipt:1', body('receipt'), t0);
    const taken = outbox.take(t0);
    expect(slugs(taken)).toEqual(['new', 'receipt']);
    expect(taken[0]?.seq).toBeGreaterThan(old?.seq ?? 0);
  });

  it('is not taken away by an acknowledgement of what it replaced', () => {
    outbox.put('report', body('old'), t0);
    const [old] = outbox.take(t0);
    outbox.put('report', body('new'), t0);
    expect(outbox.acknowledge([old?.seq ?? 0])).toBe(1);
    expect(slugs(outbox.take(t0))).toEqual(['new']);
  });

  it('never gets a number that was used, also after everything was acknowledged', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 20; i++) {
      outbox.put('report', body(`r${i}`), t0);
      const [event] = outbox.take(t0);
      if (event === undefined) throw new Error('nothing was due');
      expect(seen.has(event.seq)).toBe(false);
      seen.add(event.seq);
      outbox.acknowledge([event.seq, event.seq, 9_999]);
    }
    expect(outbox.nextDueMs(t0)).toBeNull();
  });

  it('is taken once, then again after a minute, two, four, up to an hour, until it is acknowledged', () => {
    outbox.put('report', body('r'), t0);
    let nowMs = t0;
    const pauses: number[] = [];
    for (let i = 0; i < 9; i++) {
      expect(outbox.take(nowMs)).toHaveLength(1);
      expect(outbox.take(nowMs)).toHaveLength(0);
      const dueMs = outbox.nextDueMs(nowMs) ?? 0;
      pauses.push((dueMs - nowMs) / minuteMs);
      expect(outbox.take(dueMs - 1)).toHaveLength(0);
      nowMs = dueMs;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    const [event] = outbox.take(nowMs);
    expect(outbox.acknowledge([event?.seq ?? 0])).toBe(0);
    expect(outbox.take(nowMs + dayMs)).toHaveLength(0);
  });

  it('that could not be sent is due sooner, and further apart every time', () => {
    outbox.put('report', body('r'), t0);
    let nowMs = t0;
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      const seqs = outbox.take(nowMs).map((event) => event.seq);
      expect(seqs).toHaveLength(1);
      outbox.returned(seqs, nowMs);
      const dueMs = outbox.nextDueMs(nowMs) ?? 0;
      pauses.push((dueMs - nowMs) / 1_000);
      nowMs = dueMs;
    }
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
  });

  it('goes in batches, oldest first', () => {
    for (let i = 0; i < 120; i++) outbox.put(`receipt:${i}`, body(`r${i}`), t0);
    const batches = [outbox.take(t0), outbox.take(t0), outbox.take(t0), outbox.take(t0)];
    expect(batches.map((batch) => batch.length)).toEqual([50, 50, 20, 0]);
    expect(slugs(batches.flat())).toEqual(Array.from({ length: 120 }, (_, i) => `r${i}`));
  });

  it('after an outage all goes out at once in order, as soon as one was heard of', () => {
    const sent: number[] = [];
    const send = (nowMs: number): void => void sent.push(...outbox.take(nowMs).map(({ seq }) => seq));
    for (let minute = 0; minute < 15; minute++) {
      const nowMs = t0 + minute * minuteMs;
      outbox.put(`receipt:${minute}`, body(`r${minute}`), nowMs);
      send(nowMs);
    }
    const backMs = t0 + 15 * minuteMs;
    expect(outbox.hurry(backMs)).toBe(true);
    sent.length = 0;
    send(backMs);
    expect(sent).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  });

  it('is hurried once, and then no sooner than after its first pause', () => {
    outbox.put('receipt:poison', body('poison'), t0);
    outbox.take(t0);
    outbox.take(t0 + minuteMs);
    const hurried = Array.from({ length: 600 }, (_, second) => {
      const nowMs = t0 + 2 * minuteMs + second * 1_000;
      const due = outbox.hurry(nowMs);
      outbox.take(nowMs);
      return due;
    });
    expect(hurried.filter(Boolean).length).toBeLessThanOrEqual(10);
  });

  it('is not hurried while its first answer is on its way', () => {
    outbox.put('report', body('r'), t0);
    outbox.take(t0);
    expect(outbox.hurry(t0 + 1_000)).toBe(false);
    expect(outbox.take(t0 + 1_000)).toEqual([]);
  });

  it('does not wait for a clock that was set back', () => {
    outbox.put('report', body('r'), t0);
    outbox.take(t0);
    expect(outbox.nextDueMs(t0 - dayMs)).toBeLessThanOrEqual(t0 - dayMs + hourMs);
    expect(outbox.take(t0 - dayMs)).toHaveLength(1);
  });
});

describe('whatever the order of puts, sends and acknowledgements', () => {
  it('the newest word of a key is delivered until it itself is acknowledged', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ do: fc.constant('send' as const), fails: fc.boolean() }),
      fc.record({ do: fc.constant('ack' as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: -dayMs, max: dayMs }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const db = openNodeSql();
        migrate(db, OUTBOX_MIGRATIONS, 0);
        const box = new Outbox(db);
        const newest = new Map<string, string>();
        const delivered = new Map<number, string>();
        const acknowledged = new Set<string>();
        let nowMs = t0;
        for (const [i, what] of steps.entries()) {
          if (what.do === 'put') {
            newest.set(`k${what.key}`, `k${what.key} ${i}`);
            box.put(`k${what.key}`, body(`k${what.key} ${i}`), nowMs);
          } else if (what.do === 'send') {
            const events = box.take(nowMs);
            if (what.fails) {
              const seqs = events.map((event) => event.seq);
              box.returned(seqs, nowMs);
            } else for (const event of events) delivered.set(event.seq, event.slug);
          } else if (what.do === 'ack') {
            const seq = [...delivered.keys()][what.which] ?? 0;
            if (delivered.has(seq)) acknowledged.add(delivered.get(seq) ?? '');
            box.acknowledge([seq]);
          } else nowMs += what.ms;
        }
        for (let i = 0; i < 10; i++) for (const { seq, slug } of box.take((nowMs += hourMs))) delivered.set(seq, slug);
        const words = new Set(delivered.values());
        for (const word of newest.values()) expect(words.has(word)).toBe(true);
        const waiting = [...newest.values()].filter((word) => !acknowledged.has(word)).length;
        expect(box.acknowledge([])).toBe(waiting);
        db.close();
      }),
      { numRuns: 150 },
    );
  });
});
