import { describe, expect, it } from 'vitest';
import type { EgressSeen } from '../modules/egress-journal.ts';
import { handleEgress, type EgressDeps } from './handle.ts';
import { JournalBuffer } from './journal-buffer.ts';
import { PolicyCache, policyMaxAgeMs, refusalMaxAgeMs, type EgressRules } from './policy-cache.ts';

const rule = { id: 'r1', host: 'api.example.com', methods: [], pathPrefix: '/', effect: 'allow' as const, note: '' };
const balanced: EgressRules = { version: 1, preset: 'balanced', rules: [rule], approvals: [], injections: [] };
const token = 'ghp_canary';
const withSecret: EgressRules = {
  ...balanced,
  injections: [{ secretName: 'github', version: 1, host: 'api.example.com', methods: ['GET'], pathPrefix: '/repos' }],
};

function world(rules: EgressRules | null | 'away' = balanced, more: Partial<EgressDeps> = {}) {
  const sent: { url: string; init: RequestInit }[] = [];
  const seen: Omit<EgressSeen, 'logged'>[] = [];
  const work: Promise<unknown>[] = [];
  const ages: number[] = [];
  let held = 0;
  const deps: EgressDeps = {
    clock: { nowMs: () => 1_000 },
    ownZones: ['tenants.net'],
    page: 'https://app.example/a/ten_1/network',
    rules: async (maxAgeMs) => {
      ages.push(maxAgeMs);
      if (rules === 'away') throw new Error('the object is away');
      return rules;
    },
    secret: async () => ({ name: 'authorization', value: `Bearer ${token}` }),
    send: async (url, init) => {
      sent.push({ url, init });
      return new Response('hello', { headers: { 'set-cookie': 'a=1', connection: 'x-odd', 'x-odd': '1' } });
    },
    enter: () => (held++, true),
    leave: () => held--,
    seen: (entry) => seen.push(entry),
    keepAlive: (promise) => work.push(promise),
    fault: () => undefined,
    ...more,
  };
  const ask = async (url: string, init: RequestInit = {}) => {
    const answer = await handleEgress(new Request(url, init), deps);
    const text = await answer.text();
    await Promise.all(work);
    return { answer, text, headers: new Headers(sent.at(-1)?.init.headers) };
  };
  return { ask, sent, seen, ages, held: () => held };
}

describe('an allowed request', () => {
  it('leaves as it was decided on, and comes back streamed and counted', async () => {
    const { ask, sent, seen, held } = world();
    const { answer, text } = await ask('https://API.example.com./a/../b?q=1#f');
    expect(sent[0]?.url).toBe('https://api.example.com/b?q=1');
    expect(sent[0]?.init.redirect).toBe('manual');
    expect([answer.status, text]).toEqual([200, 'hello']);
    expect(answer.headers.get('x-odd')).toBeNull();
    expect(seen).toMatchObject([{ effect: 'allow', rule: 'rule:r1', status: 200, bytesIn: 5, path: '/b' }]);
    expect(held()).toBe(0);
  });

  it('takes no header along that is ours or the edge’s', async () => {
    const { ask } = world();
    const { headers } = await ask('https://api.example.com/', {
      headers: {
        'x-forwarded-for': '1.2.3.4',
        'cf-connecting-ip': '1.2.3.4',
        'X-Tidepool-Internal-Incarnation': '1',
        'x-real-ip': '1',
        forwarded: 'for=1',
        'x-odd': '1',
        connection: 'keep-alive, X-Odd',
        authorization: 'Bearer own',
        accept: 'text/html',
      },
    });
    expect([...headers.keys()].sort()).toEqual(['accept', 'authorization']);
  });

  it('a redirect is handed back, and asked about again', async () => {
    const { ask, sent } = world(balanced, {
      send: async () => new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } }),
    });
    const { answer } = await ask('https://api.example.com/');
    expect(answer.status).toBe(302);
    expect((await ask('http://169.254.169.254/')).answer.status).toBe(403);
    expect(sent).toEqual([]);
  });

  it('has a limit for its body, and for waiting', async () => {
    const limits = { bodyBytesMax: 10, answerBeginsMs: 5 };
    const { ask, sent, held, seen } = world(balanced, {
      limits,
      send: (_url, init) =>
        new Promise((_resolve, reject) => {
          init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    const declared = await ask('https://api.example.com/', {
      method: 'POST',
      body: 'x'.repeat(11),
      headers: { 'content-length': '11' },
    });
    expect(declared.answer.status).toBe(413);
    expect((await ask('https://api.example.com/')).answer.status).toBe(504);
    expect(sent).toEqual([]);
    expect(held()).toBe(0);
    expect(seen.map(({ status }) => status)).toEqual([null, null]);
  });

  it('waits for a place', async () => {
    const { ask, sent } = world(balanced, { enter: () => false });
    expect((await ask('https://api.example.com/')).answer.status).toBe(429);
    expect(sent).toEqual([]);
  });
});

describe('a refused request', () => {
  it('says what an agent can tell its owner, is counted, and nothing is sent', async () => {
    const { ask, sent, seen, ages } = world();
    const { answer, text } = await ask('https://unknown.org/path?secret=1', { method: 'POST', body: 'data' });
    expect(answer.status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ error: 'egress_denied', host: 'unknown.org', reason: 'not_listed' });
    expect(text).toContain('Ask the owner to allow POST on unknown.org');
    expect(text).toContain('https://app.example/a/ten_1/network');
    expect(text).not.toContain('secret');
    expect(seen).toMatchObject([{ effect: 'ask', host: 'unknown.org', method: 'POST', status: 403 }]);
    expect(sent).toEqual([]);
    // Only a fresh policy refuses.
    expect(ages).toEqual([policyMaxAgeMs, refusalMaxAgeMs]);
  });

  it('is refused when the policy cannot be read, and when the run was replaced', async () => {
    for (const [rules, status] of [
      ['away', 503],
      [null, 409],
    ] as const) {
      const { ask, sent } = world(rules);
      expect((await ask('https://en.wikipedia.org/')).answer.status).toBe(status);
      expect(sent).toEqual([]);
    }
  });
});

describe('a secret', () => {
  it('replaces the credentials of the client, and no cookie comes back', async () => {
    const { ask, seen } = world(withSecret);
    const { headers, answer } = await ask('https://api.example.com/repos/x', {
      headers: { authorization: 'Bearer own', 'x-api-key': 'own', accept: 'a/b' },
    });
    expect(Object.fromEntries(headers)).toEqual({ authorization: `Bearer ${token}`, accept: 'a/b' });
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(JSON.stringify(seen)).not.toContain(token);
  });

  it('that went meanwhile lets nothing out', async () => {
    const { ask, sent } = world(withSecret, { secret: async () => null });
    expect((await ask('https://api.example.com/repos/x')).answer.status).toBe(503);
    expect(sent).toEqual([]);
  });

  it('stays away from other paths', async () => {
    const { ask } = world(withSecret);
    const { headers } = await ask('https://api.example.com/user/keys', { headers: { authorization: 'own' } });
    expect(headers.get('authorization')).toBe('own');
  });
});

describe('the policy cache', () => {
  it('asks again after its time, and forgets a run that was replaced', async () => {
    const cache = new PolicyCache();
    let loads = 0;
    const load = async () => (loads++, loads < 3 ? balanced : null);
    await cache.get('t.1', 10, 0, load);
    await cache.get('t.1', 10, 9, load);
    expect(loads).toBe(1);
    await cache.get('t.1', 10, 10, load);
    expect(loads).toBe(2);
    expect(await cache.get('t.1', 1, 12, load)).toBeNull();
    expect(await cache.get('t.1', 10, 13, load)).toBeNull();
  });

  it('a clock that went back makes nothing last longer', async () => {
    const cache = new PolicyCache();
    let loads = 0;
    const load = async () => (loads++, balanced);
    await cache.get('t.1', 10, 1_000, load);
    await cache.get('t.1', 10, 5, load);
    expect(loads).toBe(2);
  });
});

describe('the journal’s buffer', () => {
  const entry = (more: Partial<EgressSeen> = {}) => ({
    atMs: 0,
    host: 'a.org',
    method: 'GET',
    path: '/',
    pathPrefix: '/',
    effect: 'allow' as const,
    rule: 'r',
    reason: 'open',
    status: 200,
    bytesOut: 0,
    bytesIn: 0,
    ...more,
  });

  it('is sent by the first, and by the next when that one was lost', () => {
    const buffer = new JournalBuffer();
    expect([buffer.add('r', entry()), buffer.add('r', entry({ atMs: 500 }))]).toEqual([true, false]);
    expect(buffer.add('r', entry({ atMs: 10_000 }))).toBe(true);
    expect(buffer.take('r').seen).toHaveLength(3);
    expect(buffer.take('r').seen).toHaveLength(0);
  });

  it('is bounded, and says what it dropped', () => {
    const buffer = new JournalBuffer();
    for (let i = 0; i < 510; i++) buffer.add('r', entry());
    expect(buffer.take('r')).toMatchObject({ dropped: 10 });
  });

  it('samples what was allowed, and keeps every refusal', () => {
    const buffer = new JournalBuffer();
    for (const atMs of [0, 59_999, 60_000]) buffer.add('r', entry({ atMs }));
    buffer.add('r', entry({ status: 500 }));
    buffer.add('r', entry({ effect: 'deny' }));
    expect(buffer.take('r').seen.map(({ logged }) => logged)).toEqual([true, false, true, true, true]);
  });
});
