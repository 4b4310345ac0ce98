/** Run rows and awake time: closed once, counted as seen, never falling; and a record that could not be read is not written. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { tenantRecord as record } from '../../../../test/support/tenant-record.ts';
import { awakeGapMaxMs, rescueTriesMax, lastTriesMax } from '../core/limits.ts';
import { UnreadableRecord } from '../core/lifecycle/record.ts';
import { migrate } from './migrate.ts';
import { TENANT_MIGRATIONS, TenantStore } from './tenant-store.ts';

const dayMs = 86_400_000;
let sql: NodeSql;
let store: TenantStore;
beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, TENANT_MIGRATIONS, 0);
  store = new TenantStore(sql);
});
afterEach(() => sql.close());

describe('the record', () => {
  it('comes back one version on', () => {
    expect(store.read()).toBeNull();
    expect(store.write(record).version).toBe(1);
    expect(store.write({ ...record, version: 1 }).version).toBe(2);
    expect(store.read()).toEqual({ ...record, version: 2 });
  });

  it('is not written when it could not be read back: the one before stays', () => {
    store.write(record);
    expect(() => store.write({ ...record, version: 1, startDurationsMs: [-5] })).toThrow('cannot be read back');
    expect(() => store.write({ ...record, version: 1, reason: 'x'.repeat(65) })).toThrow();
    expect(store.read()?.version).toBe(1);
  });

  it.each([
    '{',
    '{}',
    'null',
    JSON.stringify({ ...record, v: 2 }),
    JSON.stringify({ ...record, state: { kind: 'x' } }),
  ])('that says %s is refused and left as it is', (text) => {
    sql.exec('INSERT INTO tenant (id, record) VALUES (1, ?)', text);
    expect(() => store.read()).toThrow(UnreadableRecord);
    expect(sql.exec('SELECT record FROM tenant')).toEqual([{ record: text }]);
  });
});

describe('a run', () => {
  it('is begun once and closed once: the first word stays', () => {
    store.beginRun(1, 'r', 100);
    store.beginRun(1, 'other', 200);
    expect(store.run(1)).toMatchObject({ release: 'r', startedAtMs: 100, unsaved: false });
    store.endRun(1, 'first', 300);
    store.endRun(1, 'second', 400);
    expect(store.run(1)?.endedAtMs).toBe(300);
    expect(sql.exec('SELECT end_reason FROM run')).toEqual([{ end_reason: 'first' }]);
    expect(store.openRuns()).toEqual([]);
  });

  it('holds something from the request for a gateway until it is saved, and again when a gateway is stopped later', () => {
    store.beginRun(1, 'r', 1);
    store.gatewayAsked(1, 2);
    expect(store.run(1)).toMatchObject({ unsaved: true, startsSinceReady: 1 });
    store.saved(1);
    expect(store.run(1)?.unsaved).toBe(false);
    store.stopTried(1);
    expect(store.run(1)?.unsaved).toBe(true);
  });

  it('forgets its tries when its gateway is ready', () => {
    store.beginRun(1, 'r', 1);
    store.gatewayAsked(1, 2);
    store.unreachable(1, 3);
    store.stopTried(1);
    store.rescueTried(1, 4);
    expect(store.run(1)).toMatchObject({ unreachableTries: 1, stopTries: 1, rescueTries: 1, triedAtMs: 4 });
    store.gatewayReady(1, 5);
    expect(store.run(1)).toMatchObject({
      startsSinceReady: 0,
      unreachableTries: 0,
      stopTries: 0,
      rescueTries: 0,
      triedAtMs: null,
    });
  });

  it('gets its last tries on a person’s word only after saving it was tried to the limit', () => {
    for (const n of [1, 2]) {
      store.beginRun(n, 'r', 1);
      store.gatewayAsked(n, 2);
    }
    for (let i = 0; i < rescueTriesMax; i++) store.rescueTried(1, 3);
    for (let i = 0; i < rescueTriesMax - 1; i++) store.rescueTried(2, 3);
    expect(store.allowLastTries()).toEqual([1]);
    expect([store.run(1)?.lastTriesLeft, store.run(2)?.lastTriesLeft]).toEqual([lastTriesMax, null]);
    expect(store.run(1)).toMatchObject({ unsaved: true, triedAtMs: null });
    for (let i = 0; i <= lastTriesMax; i++) for (const n of [1, 2]) store.rescueTried(n, 4);
    expect([store.run(1)?.lastTriesLeft, store.run(2)?.lastTriesLeft]).toEqual([0, null]);
  });

  it('is forgotten long after it ended, never while it is open', () => {
    store.beginRun(1, 'r', 1);
    for (let n = 2; n < 300; n++) {
      store.beginRun(n, 'r', n);
      store.endRun(n, 'x', n);
    }
    expect(store.openRuns().map((run) => run.incarnation)).toEqual([1]);
    expect(Number(sql.exec('SELECT count(*) AS n FROM run')[0]?.['n'])).toBeLessThan(210);
    expect(store.run(299)).not.toBeNull();
  });
});

describe('awake time', () => {
  const total = (): number => store.awakeMs(0, Number.MAX_SAFE_INTEGER);
  beforeEach(() => {
    store.beginRun(1, 'r', 0);
  });

  it('is nothing for a run that never got ready', () => {
    store.gatewayAsked(1, 10);
    store.endRun(1, 'x', 100_000);
    expect(total()).toBe(0);
  });

  it('is the time between looks that saw the gateway, whatever came after the last', () => {
    store.gatewayReady(1, 1_000);
    store.gatewaySeen(1, 11_000);
    store.gatewaySeen(1, 21_000);
    store.endRun(1, 'the container died, nobody knows when', 500_000);
    expect(total()).toBe(20_000);
  });

  it('does not count while the gateway is lost', () => {
    store.gatewayReady(1, 1_000);
    store.gatewaySeen(1, 2_000);
    store.gatewayLost(1);
    store.gatewaySeen(1, 60_000);
    expect(total()).toBe(1_000);
    store.gatewayReady(1, 70_000);
    store.gatewaySeen(1, 71_000);
    expect(total()).toBe(2_000);
  });

  it('is divided at midnight, so that a month has what was in it', () => {
    const midnight = Date.UTC(2026, 11, 1);
    store.gatewayReady(1, midnight - 4_000);
    store.gatewaySeen(1, midnight + 6_000);
    expect(store.awakeMs(Date.UTC(2026, 10, 1), midnight)).toBe(4_000);
    expect(store.awakeMs(midnight, Date.UTC(2027, 0, 1))).toBe(6_000);
  });

  it('is told by the size of the run that was up, and the sizes add up to it', () => {
    store.gatewayReady(1, 1_000);
    store.gatewaySeen(1, 6_000);
    store.endRun(1, 'x', 7_000);
    store.beginRun(2, 'r', 8_000, '2-6144-8000');
    store.gatewayReady(2, 9_000);
    store.gatewaySeen(2, 10_500);
    // Asked for again after a crash, with another size wanted meanwhile: it is the run that it was.
    store.beginRun(2, 'r', 8_000, '4-12288-20000');
    store.gatewaySeen(2, 11_500);
    expect(store.awakeMsBySize(0, dayMs)).toEqual({ '1-3072-4000': 5_000, '2-6144-8000': 2_500 });
    expect(total()).toBe(7_500);
  });

  it('from before sizes were written down is of the one there was', () => {
    const db = openNodeSql();
    migrate(
      db,
      TENANT_MIGRATIONS.filter(({ id }) => id !== 'tenant/4'),
      0,
    );
    db.exec('INSERT INTO awake (day_start_ms, ms) VALUES (0, 7)');
    migrate(db, TENANT_MIGRATIONS, 0);
    expect(new TenantStore(db).awakeMsBySize(0, dayMs)).toEqual({ '1-3072-4000': 7 });
    db.close();
  });

  it('never falls, and grows by at most a gap per look, whatever the clock does', () => {
    const leaps = fc.array(fc.integer({ min: -2 * dayMs, max: 2 * dayMs }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(leaps, (deltas) => {
        const db = openNodeSql();
        migrate(db, TENANT_MIGRATIONS, 0);
        const other = new TenantStore(db);
        other.beginRun(1, 'r', 0);
        let nowMs = 100 * dayMs;
        other.gatewayReady(1, nowMs);
        let before = 0;
        for (const delta of deltas) {
          nowMs += delta;
          other.gatewaySeen(1, nowMs);
          const after = other.awakeMs(0, Number.MAX_SAFE_INTEGER);
          expect(after - before).toBe(Math.min(Math.max(delta, 0), awakeGapMaxMs));
          before = after;
        }
        db.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('activity', () => {
  it('is what was last written, and nothing before', () => {
    expect(store.activity()).toBeNull();
    store.writeActivity({ lastActivityAtMs: 5, dirtyAtMs: 5 });
    store.writeActivity({ lastActivityAtMs: 9, dirtyAtMs: null });
    expect(store.activity()).toEqual({ lastActivityAtMs: 9, dirtyAtMs: null });
  });
});
