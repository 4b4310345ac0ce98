/** Incidents: one at a time, versions that rise, and nothing changes what has ended. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Incident } from '../../../control-plane/src/contract/incident.ts';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { INCIDENT_MIGRATIONS, Incidents } from './incidents.ts';
import { migrate } from './migrate.ts';

const begun: Omit<Incident, 'seq' | 'version'> = {
  kind: 'gateway_lost',
  code: null,
  words: null,
  logTail: null,
  lastSeenOkAtMs: 5,
  brokeAtMs: 8,
  noticedAtMs: 10,
  steps: [],
  endedAtMs: null,
  outcome: null,
  fromIncarnation: 1,
  toIncarnation: 1,
  lost: null,
};
const ended = (incident: Incident): Incident => ({ ...incident, outcome: 'recovered', endedAtMs: 20 });

let sql: NodeSql;
let incidents: Incidents;
beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, INCIDENT_MIGRATIONS, 0);
  incidents = new Incidents(sql);
});
afterEach(() => sql.close());

describe('incidents', () => {
  it('are open one at a time, each change a version on', () => {
    const first = incidents.begin(begun);
    expect(() => incidents.begin(begun)).toThrow('two incidents');
    expect(incidents.change({ ...first, code: 'crash_loop' }).version).toBe(2);
    expect(incidents.open()).toMatchObject({ seq: first.seq, version: 2, code: 'crash_loop' });
  });

  it('that have ended never change, and the next has a higher number', () => {
    const first = incidents.change(ended(incidents.begin(begun)));
    expect(incidents.open()).toBeNull();
    expect(() => incidents.change(first)).toThrow('has ended');
    expect(incidents.begin(begun).seq).toBeGreaterThan(first.seq);
  });

  it('are kept to a bound', () => {
    for (let i = 0; i < 120; i++) incidents.change(ended(incidents.begin(begun)));
    expect(Number(sql.exec('SELECT count(*) AS n FROM incident')[0]?.['n'])).toBeLessThanOrEqual(51);
  });

  it('refuse what is longer than a record may be', () => {
    expect(() => incidents.begin({ ...begun, words: 'x'.repeat(501) })).toThrow();
  });
});
