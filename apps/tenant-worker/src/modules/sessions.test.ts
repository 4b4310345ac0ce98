import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { migrate } from './migrate.ts';
import { SESSION_MIGRATIONS, sessionAbsoluteMs, sessionIdleMs, Sessions } from './sessions.ts';
import type { CodeGrant, Redemption } from './sessions.ts';

const startMs = Date.parse('2026-11-21T08:00:00Z');
const minuteMs = 60_000;

function world() {
  const clock = { ms: startMs };
  const sql = openNodeSql();
  migrate(sql, SESSION_MIGRATIONS, startMs);
  return { clock, sql, sessions: new Sessions(sql, { nowMs: () => clock.ms }) };
}

function grantOf(over: Partial<CodeGrant> = {}): CodeGrant {
  return {
    codeHash: 'code-1',
    stateHash: 'state-1',
    host: 'nora-7f3k.localhost:8787',
    userId: 'usr_1',
    role: 'owner',
    parentSessionHash: 'parent-1',
    expiresAtMs: startMs + minuteMs,
    ...over,
  };
}

function redemptionOf(over: Partial<Redemption> = {}): Redemption {
  return {
    codeHash: 'code-1',
    stateHash: 'state-1',
    sessionHash: 'session-1',
    host: 'nora-7f3k.localhost:8787',
    ...over,
  };
}

/** Signs somebody in; the n-th person and session by number. */
function signIn(w: ReturnType<typeof world>, n: number, over: Partial<CodeGrant> = {}): string {
  const codeHash = `code-${n}`;
  const sessionHash = `session-${n}`;
  w.sessions.grant(grantOf({ codeHash, expiresAtMs: w.clock.ms + minuteMs, ...over }));
  expect(w.sessions.redeem(redemptionOf({ codeHash, sessionHash })).ok).toBe(true);
  return sessionHash;
}

describe('redeem', () => {
  it('makes one session of a code, once', () => {
    const { sessions, clock } = world();
    sessions.grant(grantOf());
    expect(sessions.redeem(redemptionOf())).toEqual({
      ok: true,
      value: { principal: { userId: 'usr_1', role: 'owner' }, expiresAtMs: startMs + sessionAbsoluteMs },
    });
    const losers = Array.from({ length: 99 }, (_, i) => sessions.redeem(redemptionOf({ sessionHash: `late-${i}` })));
    expect(losers.every((result) => !result.ok && result.error.code === 'handoff_invalid')).toBe(true);
    expect(sessions.check('session-1')).toEqual({
      principal: { userId: 'usr_1', role: 'owner' },
      expiresAtMs: clock.ms + sessionIdleMs,
    });
    expect(sessions.check('late-0')).toBeNull();
  });

  it.each([
    [{ host: 'other-7f3k.localhost:8787' }, 'wrong host'],
    [{ stateHash: 'state-2' }, 'wrong browser state'],
    [{ codeHash: 'code-2' }, 'unknown or used'],
  ])('refuses %j, writes it down, and leaves the code usable', (over, detail) => {
    const { sessions } = world();
    sessions.grant(grantOf());
    expect(sessions.redeem(redemptionOf(over)).ok).toBe(false);
    expect(sessions.events()[0]).toEqual({ atMs: startMs, kind: 'refused', userId: null, detail });
    expect(sessions.redeem(redemptionOf()).ok).toBe(true);
  });

  it('is late after a minute, whatever the grant said', () => {
    const { sessions, clock } = world();
    sessions.grant(grantOf({ expiresAtMs: startMs + 60 * minuteMs }));
    clock.ms += minuteMs;
    expect(sessions.redeem(redemptionOf()).ok).toBe(false);
    expect(sessions.events()[0]?.detail).toBe('expired');
  });

  it('keeps at most 200 sessions: the least recently used goes', () => {
    const w = world();
    const first = signIn(w, 0);
    const second = signIn(w, 1);
    for (let n = 2; n < 200; n++) signIn(w, n);
    w.clock.ms += 10 * minuteMs;
    expect(w.sessions.check(first)).not.toBeNull();
    signIn(w, 200);
    expect(w.sessions.check(first)).not.toBeNull();
    expect(w.sessions.check(second)).toBeNull();
    expect(w.sql.exec('SELECT count(*) AS n FROM session')[0]?.['n']).toBe(200);
    expect(w.sessions.events().some((event) => event.kind === 'displaced')).toBe(true);
  });
});

describe('grant', () => {
  it('keeps at most 20 pending codes of a person', () => {
    const { sessions, sql } = world();
    for (let n = 0; n < 30; n++) sessions.grant(grantOf({ codeHash: `code-${n}` }));
    sessions.grant(grantOf({ codeHash: 'other', userId: 'usr_2' }));
    expect(sql.exec('SELECT count(*) AS n FROM session_code')[0]?.['n']).toBe(21);
    expect(sessions.redeem(redemptionOf({ codeHash: 'code-9' })).ok).toBe(false);
    expect(sessions.redeem(redemptionOf({ codeHash: 'code-10' })).ok).toBe(true);
    expect(sessions.redeem(redemptionOf({ codeHash: 'other', sessionHash: 'session-2' })).ok).toBe(true);
  });
});

describe('check', () => {
  it('ends an unused session after 12 hours, and any after 7 days', () => {
    const w = world();
    const unused = signIn(w, 1);
    w.clock.ms += sessionIdleMs - 1;
    expect(w.sessions.check(unused)).not.toBeNull();
    w.clock.ms += sessionIdleMs;
    expect(w.sessions.check(unused)).toBeNull();

    const used = signIn(w, 2);
    const openedAtMs = w.clock.ms;
    while (w.clock.ms < openedAtMs + sessionAbsoluteMs - 3_600_000) {
      w.clock.ms += 3_600_000;
      expect(w.sessions.check(used)).not.toBeNull();
    }
    expect(w.sessions.check(used)?.expiresAtMs).toBe(openedAtMs + sessionAbsoluteMs);
    w.clock.ms = openedAtMs + sessionAbsoluteMs;
    expect(w.sessions.check(used)).toBeNull();
  });

  it('writes use down at most every five minutes', () => {
    const w = world();
    const hash = signIn(w, 1);
    let writes = 0;
    const counting = new Sessions(
      {
        exec: (query, ...bindings) => {
          if (!query.startsWith('SELECT')) writes++;
          return w.sql.exec(query, ...bindings);
        },
        transaction: (fn) => w.sql.transaction(fn),
      },
      { nowMs: () => w.clock.ms },
    );
    for (let second = 0; second < 900; second++) {
      w.clock.ms += 1_000;
      expect(counting.check(hash)).not.toBeNull();
    }
    expect(writes).toBe(3);
  });

  it('looks without using when only asked', () => {
    const w = world();
    const hash = signIn(w, 1);
    w.clock.ms += sessionIdleMs - 1;
    expect(w.sessions.peek(hash)?.expiresAtMs).toBe(startMs + sessionIdleMs);
    w.clock.ms += 1;
    expect(w.sessions.peek(hash)).toBeNull();
  });
});

describe('end', () => {
  it('ends one session, a person’s, a parent’s, or all, with pending codes', () => {
    const w = world();
    const [a, b, c] = [
      signIn(w, 1),
      signIn(w, 2, { parentSessionHash: 'parent-2' }),
      signIn(w, 3, { userId: 'usr_2' }),
    ];
    w.sessions.grant(grantOf({ codeHash: 'pending', expiresAtMs: w.clock.ms + minuteMs }));
    expect(w.sessions.end({ sessionHash: a })).toEqual({ ended: 1, sessionHashes: [a] });
    expect(w.sessions.end({ sessionHash: a })).toEqual({ ended: 0, sessionHashes: [] });
    expect(w.sessions.end({ parentSessionHash: 'parent-2' }).sessionHashes).toEqual([b]);
    expect(w.sessions.end({ userId: 'usr_1' }).ended).toBe(0);
    expect(w.sessions.redeem(redemptionOf({ codeHash: 'pending', sessionHash: 'x' })).ok).toBe(false);
    expect(w.sessions.check(c)).not.toBeNull();
    expect(w.sessions.end({ all: true })).toEqual({ ended: 1, sessionHashes: [c] });
    expect(w.sessions.check(c)).toBeNull();
  });
});

describe('purge', () => {
  it('removes what has expired, within its bound', () => {
    const w = world();
    for (let n = 0; n < 10; n++) signIn(w, n);
    w.sessions.grant(grantOf({ codeHash: 'pending' }));
    w.clock.ms += sessionIdleMs;
    expect(w.sessions.purge(w.clock.ms, 4)).toBe(5);
    expect(w.sessions.purge(w.clock.ms, 100)).toBe(6);
    expect(w.sql.exec('SELECT count(*) AS n FROM session')[0]?.['n']).toBe(0);
  });

  it('keeps a bounded trail', () => {
    const { sessions, sql } = world();
    for (let n = 0; n < 600; n++) sessions.redeem(redemptionOf({ codeHash: `junk-${n}` }));
    expect(sql.exec('SELECT count(*) AS n FROM session_event')[0]?.['n']).toBe(500);
    expect(sessions.events(10_000).length).toBe(500);
  });
});

describe('any order of calls', () => {
  type Step = { do: 'grant' | 'redeem' | 'end' | 'wait'; code: number; state: number; user: number };
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom('grant', 'redeem', 'redeem', 'end', 'wait'),
    code: fc.nat({ max: 3 }),
    state: fc.nat({ max: 1 }),
    user: fc.nat({ max: 1 }),
  });

  it('opens at most one session per granted code, only with its state and within its minute', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { sessions, clock, sql } = world();
        const pending = new Map<number, { state: number; untilMs: number; user: number }>();
        let opened = 0;
        steps.forEach(({ do: what, code, state, user }, i) => {
          if (what === 'wait') clock.ms += 25_000;
          if (what === 'end') {
            sessions.end({ userId: `usr_${user}` });
            for (const [key, grant] of pending) if (grant.user === user) pending.delete(key);
          }
          if (what === 'grant' && !pending.has(code)) {
            sql.exec('DELETE FROM session_code WHERE code_hash = ?', `c${code}`);
            sessions.grant(
              grantOf({
                codeHash: `c${code}`,
                stateHash: `s${state}`,
                userId: `usr_${user}`,
                expiresAtMs: clock.ms + minuteMs,
              }),
            );
            pending.set(code, { state, untilMs: clock.ms + minuteMs, user });
          }
          if (what === 'redeem') {
            const grant = pending.get(code);
            const mayOpen = grant !== undefined && grant.state === state && clock.ms < grant.untilMs;
            const result = sessions.redeem(
              redemptionOf({ codeHash: `c${code}`, stateHash: `s${state}`, sessionHash: `x${i}` }),
            );
            expect(result.ok).toBe(mayOpen);
            if (mayOpen) pending.delete(code);
            if (result.ok) opened++;
          }
        });
        const events = sql.exec("SELECT count(*) AS n FROM session_event WHERE kind = 'opened'")[0]?.['n'];
        expect(events).toBe(opened);
      }),
      { numRuns: 500 },
    );
  });
});
