import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { EGRESS_JOURNAL_MIGRATIONS, EgressJournal, type EgressSeen } from './egress-journal.ts';
import { EGRESS_POLICY_MIGRATIONS, EgressPolicies, onceMs } from './egress-policy.ts';
import { migrate } from './migrate.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const by = { byUserId: 'usr1', nowMs };
const draft = {
  host: 'api.example.com',
  methods: ['GET' as const],
  pathPrefix: '/',
  effect: 'allow' as const,
  note: '',
};

let sql: NodeSql;
let policies: EgressPolicies;
let journal: EgressJournal;

beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, [...EGRESS_POLICY_MIGRATIONS, ...EGRESS_JOURNAL_MIGRATIONS], nowMs);
  let count = 0;
  policies = new EgressPolicies(sql, { ulid: () => `id${++count}` });
  journal = new EgressJournal(sql);
});
afterEach(() => sql.close());

const seen = (more: Partial<EgressSeen>): EgressSeen => ({
  atMs: nowMs,
  host: 'example.org',
  method: 'GET',
  path: '/a',
  pathPrefix: '/a',
  effect: 'ask',
  rule: 'preset:balanced',
  reason: 'not_listed',
  status: 403,
  bytesOut: 0,
  bytesIn: 0,
  logged: true,
  ...more,
});

describe('the policy', () => {
  it('is Balanced until somebody says otherwise', () => {
    expect(policies.read(nowMs)).toMatchObject({ version: 0, preset: 'balanced', rules: [], updatedBy: null });
  });

  it('is replaced whole, by who has seen the newest', () => {
    const first = policies.replace({ version: 0, preset: 'locked', rules: [draft, { ...draft, host: 'b.com' }] }, by);
    expect(first).toMatchObject({ ok: true, value: { version: 1, preset: 'locked', updatedBy: 'usr1' } });
    expect(first.ok && first.value.rules.map(({ host }) => host)).toEqual(['api.example.com', 'b.com']);
    expect(policies.replace({ version: 0, preset: 'open', rules: [] }, by)).toMatchObject({
      ok: false,
      error: { code: 'version_stale' },
    });
    expect(policies.read(nowMs)).toMatchObject({ version: 1, preset: 'locked' });
  });

  it('takes a new rule first, and gives it up', () => {
    policies.addRule(0, draft, by);
    policies.addRule(1, { ...draft, host: 'b.com' }, by);
    expect(policies.addRule(1, draft, by)).toMatchObject({ ok: false, error: { code: 'version_stale' } });
    const { rules, version } = policies.read(nowMs);
    expect(rules.map(({ host }) => host)).toEqual(['b.com', 'api.example.com']);
    expect(policies.removeRule(rules[0]?.id ?? '', by)).toMatchObject({ version: version + 1 });
    expect(policies.removeRule('none', by)).toMatchObject({ version: version + 1 });
  });

  it('forgets `once` at its time', () => {
    policies.answer({ host: 'a.com', method: 'GET', verdict: 'once' }, by);
    expect(policies.read(nowMs + onceMs - 1).approvals).toHaveLength(1);
    expect(policies.read(nowMs + onceMs).approvals).toEqual([]);
  });

  it('holds one answer per host and method; never for all takes the others back', () => {
    policies.answer({ host: 'a.com', method: 'GET', verdict: 'once' }, by);
    policies.answer({ host: 'a.com', method: 'GET', verdict: 'always' }, by);
    policies.answer({ host: 'a.com', method: 'POST', verdict: 'always' }, by);
    expect(policies.read(nowMs).approvals.map(({ verdict }) => verdict)).toEqual(['always', 'always']);
    policies.answer({ host: 'a.com', method: null, verdict: 'never' }, by);
    expect(policies.read(nowMs).approvals).toMatchObject([{ method: null, verdict: 'never' }]);
    policies.answer({ host: 'a.com', method: 'GET', verdict: 'always' }, by);
    expect(policies.read(nowMs).approvals).toMatchObject([{ method: 'GET', verdict: 'always' }]);
  });

  it('is refused, not replaced, when it cannot be read', () => {
    policies.replace({ version: 0, preset: 'open', rules: [draft] }, by);
    sql.exec("UPDATE egress_rule SET effect = 'maybe'");
    expect(() => policies.read(nowMs)).toThrow();
  });
});

describe('the journal', () => {
  it('counts refusals of one kind together', () => {
    journal.record([seen({}), seen({ atMs: nowMs + 5, path: '/a/b' }), seen({ method: 'POST' })], nowMs);
    expect(journal.denied()).toMatchObject([
      { method: 'GET', count: 2, firstAtMs: nowMs, lastAtMs: nowMs + 5, canAllow: true },
      { method: 'POST', count: 1 },
    ]);
    journal.settle('example.org', 'GET');
    expect(journal.denied()).toHaveLength(1);
  });

  it('keeps the newest refusals, and no more than its bound', () => {
    journal.record(
      Array.from({ length: 350 }, (_, i) => seen({ host: `h${i}.org`, atMs: nowMs + i })),
      nowMs,
    );
    const feed = journal.denied();
    expect(feed).toHaveLength(300);
    expect(feed[0]?.host).toBe('h349.org');
  });

  it('counts hosts and bytes by day; beyond the bound together', () => {
    journal.record([seen({ effect: 'allow', bytesIn: 10, bytesOut: 3 }), seen({ effect: 'allow', bytesIn: 5 })], nowMs);
    expect(journal.traffic()).toMatchObject([{ day: '2026-11-21', allowed: 2, denied: 0, bytesIn: 15, bytesOut: 3 }]);
    journal.record(
      Array.from({ length: 260 }, (_, i) => seen({ host: `h${i}.org` })),
      nowMs,
    );
    const others = journal.traffic().find(({ host }) => host === '(other hosts)');
    expect(others?.denied).toBe(61);
  });

  it('is searched by host and effect, in pages', () => {
    journal.record(
      Array.from({ length: 5 }, (_, i) =>
        seen({ host: i % 2 ? 'odd.org' : 'even.org', effect: i === 4 ? 'allow' : 'deny' }),
      ),
      nowMs,
    );
    const first = journal.log({ host: 'even', limit: 2 });
    expect(first.items.map(({ seq }) => seq)).toEqual([5, 3]);
    const rest = journal.log({ host: 'even', limit: 2, beforeSeq: first.nextBeforeSeq ?? 0 });
    expect(rest).toMatchObject({ items: [{ seq: 1 }], nextBeforeSeq: null });
    expect(journal.log({ effect: 'allow', limit: 9 }).items).toHaveLength(1);
  });

  it('is searched by method and by how the rule begins', () => {
    const rules = ['rule:r1', 'rule:r10', 'preset:open', '%'];
    journal.record(
      rules.map((rule, i) => seen({ rule, method: i === 2 ? 'POST' : 'GET' })),
      nowMs,
    );
    const found = (query: object) => journal.log({ limit: 9, ...query }).items.map(({ rule }) => rule);
    expect(found({ rule: 'rule:r1' })).toEqual(['rule:r10', 'rule:r1']);
    expect(found({ rule: '%' })).toEqual(['%']);
    expect(found({ method: 'POST' })).toEqual(['preset:open']);
    expect(found({ method: 'POST', rule: 'rule:' })).toEqual([]);
  });

  it('forgets what is older than its time, and beyond its rows', () => {
    journal.record([seen({ atMs: nowMs - 31 * 86_400_000 }), seen({ logged: false })], nowMs);
    expect(journal.log({ limit: 9 }).items).toEqual([]);
    for (let i = 0; i < 3; i++)
      journal.record(
        Array.from({ length: 2_000 }, () => seen({})),
        nowMs,
      );
    expect(journal.log({ limit: 9_000 }).items).toHaveLength(5_000);
  });
});
