import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EdgeWorld,
  host,
  origin,
  page,
  platformOrigin,
  startMs,
  upgrade,
} from '../../../../test/support/edge-world.ts';
import { handleTenantRequest } from './gate.ts';
import { newHandoffCode, sha256 } from './tokens.ts';

async function codeOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { code: string }).code;
}

describe('without a session', () => {
  it('no request reaches any object', async () => {
    const world = new EdgeWorld();
    const headers = fc.dictionary(
      fc.constantFrom('accept', 'origin', 'cookie', 'upgrade', 'sec-fetch-mode', 'authorization', 'x-tidepool-user'),
      fc.constantFrom(
        'text/html',
        origin,
        'websocket',
        'navigate',
        'Bearer x',
        'usr_1',
        '__Host-tidepool_session=junk',
        `__Host-tidepool_session=${'A'.repeat(43)}.zzzzzz.${'A'.repeat(43)}`,
      ),
    );
    const path = fc.constantFrom(
      '/',
      '/chat',
      '/api/x',
      '/__tidepool/status',
      '/__tidepool/wake',
      '/__tidepool/sign-out',
      '/__tidepool/callback?code=junk',
      `/__tidepool/callback?code=${'A'.repeat(43)}.zzzzzz.${'A'.repeat(43)}`,
      '/sw.js',
      '/healthz',
    );
    const method = fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE');
    await fc.assert(
      fc.asyncProperty(method, path, headers, async (method, path, given) => {
        const answer = await world.ask(path, given, { method });
        expect(world.calls).toEqual([]);
        expect([302, 303, 400, 401, 403, 404, 405, 426]).toContain(answer.status);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a flood of upgrades with junk cookies calls nothing', async () => {
    const world = new EdgeWorld();
    for (let n = 0; n < 500; n++) {
      const answer = await world.ask('/', { ...upgrade, cookie: `__Host-tidepool_session=${n}` });
      expect(answer.status).toBe(401);
      expect(world.calls).toEqual([]);
    }
    expect(world.cache.size).toBe(0);
  });

  it('a page leads to signing in, whether or not the tenant exists', async () => {
    const world = new EdgeWorld();
    const seen = async (slug: string): Promise<string> => {
      const answer = await world.ask('/chat?a=1', { ...page, host: `${slug}.tenants.example` });
      expect(answer.status).toBe(302);
      const location = answer.headers.get('location') ?? '';
      const [cookie = ''] = answer.headers.getSetCookie();
      expect(cookie).toMatch(
        /^__Host-tidepool_state=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
      );
      const state = /=([^;]+)/.exec(cookie)?.[1] ?? '';
      expect(new URL(location).searchParams.get('st')).toBe(await sha256(state));
      return location.replace(slug, 'SLUG').replace(/st=[^&]+/, 'st=');
    };
    const known = await seen('nora-7f3k');
    expect(known).toBe(`${platformOrigin}/open?slug=SLUG&st=&path=%2Fchat%3Fa%3D1`);
    expect(await seen('nobody-1a2b')).toBe(known);
    expect(world.calls).toEqual([]);
  });

  it('a second tab keeps the first one’s state', async () => {
    const world = new EdgeWorld();
    const state = 'q'.repeat(43);
    const answer = await world.ask('/', { ...page, cookie: `__Host-tidepool_state=${state}` });
    expect(answer.headers.getSetCookie()[0]).toContain(`=${state};`);
    const fresh = await world.ask('/', { ...page, cookie: '__Host-tidepool_state=short' });
    expect(fresh.headers.getSetCookie()[0]).not.toContain('short');
  });

  it('credentials leave the address before anything else happens', async () => {
    const answer = await new EdgeWorld().ask('/chat?token=abc&gatewayUrl=wss://evil.example&x=1', page);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/chat?x=1']);
  });

  it('a prefetch is not a person', async () => {
    expect((await new EdgeWorld().ask('/', { ...page, 'sec-purpose': 'prefetch' })).status).toBe(401);
  });
});

describe('the sign-in hand-off', () => {
  it('sets the session cookie, clears the state, and goes to the page', async () => {
    const world = new EdgeWorld();
    const state = 's'.repeat(43);
    const { code, codeHash, expiresAtMs } = await newHandoffCode(world.keys, host, startMs);
    const grant = { codeHash, stateHash: await sha256(state), host, userId: 'usr_1', role: 'owner' as const };
    world.sessions.grant({ ...grant, parentSessionHash: 'parent', expiresAtMs });
    const path = `/__tidepool/callback?code=${code}&path=${encodeURIComponent('/chat?x=1')}`;
    const cookie = `__Host-tidepool_state=${state}`;

    const stranger = await world.ask(path, page);
    expect([stranger.status, world.calls]).toEqual([400, []]);
    const thief = await world.ask(path, { ...page, cookie: `__Host-tidepool_state=${'t'.repeat(43)}` });
    expect([thief.status, world.calls]).toEqual([400, ['nora-7f3k.redeem']]);

    const answer = await world.ask(path, { ...page, cookie, 'sec-fetch-site': 'cross-site' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/chat?x=1']);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const [session = '', cleared = ''] = answer.headers.getSetCookie();
    expect(session).toMatch(/^__Host-tidepool_session=\S+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure$/);
    expect(cleared).toContain('Max-Age=0');

    const replay = await world.ask(path, { ...page, cookie });
    expect(replay.status).toBe(400);
    const html = await replay.text();
    expect(html).toContain('Sign in again');
    expect(html).toContain('href="/chat?x=1"');
    expect(world.sessions.events().map((event) => event.kind)).toEqual(['refused', 'opened', 'refused']);
  });

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/__tidepool/sign-out'])(
    'never leads to %s',
    async (target) => {
      const world = new EdgeWorld();
      const cookie = `__Host-tidepool_state=${'s'.repeat(43)}`;
      const { code, codeHash, expiresAtMs } = await newHandoffCode(world.keys, host, startMs);
      const stateHash = await sha256('s'.repeat(43));
      const who = { userId: 'usr_1', role: 'owner' as const, parentSessionHash: 'p' };
      world.sessions.grant({ codeHash, stateHash, host, expiresAtMs, ...who });
      const path = `/__tidepool/callback?code=${code}&path=${encodeURIComponent(target)}`;
      expect((await world.ask(path, { ...page, cookie })).headers.get('location')).toBe('/');
    },
  );

  it('refuses a code of another host, an old one, one given twice, and no state, without a call', async () => {
    const world = new EdgeWorld();
    const state = `__Host-tidepool_state=${'s'.repeat(43)}`;
    const refused = async (query: string, cookie = state): Promise<void> => {
      const answer = await world.ask(`/__tidepool/callback?${query}`, { ...page, cookie });
      expect([answer.status, world.calls]).toEqual([400, []]);
    };
    const foreign = await newHandoffCode(world.keys, 'other-7f3k.tenants.example', startMs);
    const own = await newHandoffCode(world.keys, host, startMs);
    await refused(`code=${foreign.code}`);
    await refused(`code=${own.code}&code=${own.code}`);
    await refused(`code=${own.code}`, '__Host-tidepool_state=short');
    await refused('');
    world.clock.ms += 121_000;
    await refused(`code=${own.code}`);
  });
});

describe('with a session', () => {
  it('forwards with our headers only, and remembers the route', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn({ role: 'operator' });
    const spoof = { 'x-tidepool-user': 'usr_admin', 'x-openclaw-scopes': 'operator.admin', authorization: 'Bearer x' };
    const answer = await world.ask('/chat?x=%2F', { cookie, 'cf-connecting-ip': '203.0.113.7', ...spoof });
    expect(answer.status).toBe(200);
    expect(world.calls).toEqual(['nora-7f3k.admit', 'sandbox.3']);
    const request = world.sent[0]?.request;
    expect(request?.url).toBe(`http://${host}/chat?x=%2F`);
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      host,
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-openclaw-scopes': 'operator.read,operator.write,operator.approvals,operator.questions',
      'x-tidepool-proof': '1',
      'x-tidepool-user': 'usr_1',
      'x-tidepool-internal-act': '0',
      'x-tidepool-internal-incarnation': '3',
      'x-tidepool-internal-session': await sha256(/session=([^.]+)/.exec(cookie)?.[1] ?? ''),
      'x-tidepool-internal-session-expires': String(startMs + 12 * 3_600_000),
    });
    await world.ask('/chat', { cookie });
    expect(world.calls).toEqual(['sandbox.3']);
    world.clock.ms += 30_000;
    await world.ask('/chat', { cookie });
    expect(world.calls).toEqual(['nora-7f3k.admit', 'sandbox.3']);
  });

  it('is worth nothing on another host, or beside a second cookie of the name', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    expect((await world.ask('/', { cookie, host: 'mallory-1a2b.tenants.example' })).status).toBe(401);
    expect((await world.ask('/', { cookie: `${cookie}; ${cookie}` })).status).toBe(401);
    expect(world.calls).toEqual([]);
  });

  it('refuses another site’s request before any call', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    const evil = 'https://mallory-1a2b.tenants.example';
    for (const [path, headers, init] of [
      ['/', { ...upgrade, origin: evil }, {}],
      ['/api/x', { origin: evil }, { method: 'POST' }],
      ['/__tidepool/wake', { origin: evil }, { method: 'POST' }],
      ['/x.png', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, {}],
    ] as const) {
      expect((await world.ask(path, { cookie, ...headers }, init)).status).toBe(403);
      expect(world.calls).toEqual([]);
    }
  });

  it('finds the next run when the remembered one was replaced', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    await world.ask('/', { cookie });
    world.incarnation = 4;
    expect((await world.ask('/', { cookie })).status).toBe(200);
    expect(world.calls).toEqual(['sandbox.3', 'nora-7f3k.admit', 'sandbox.4']);
  });

  it('sends no change twice', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    await world.ask('/', { cookie });
    world.incarnation = 4;
    const answer = await world.ask('/api/x', { cookie, origin }, { method: 'POST', body: 'once' });
    expect([answer.status, await codeOf(answer)]).toEqual([503, 'tenant_waking']);
    expect(world.calls).toEqual(['sandbox.3']);
    expect((await world.ask('/api/x', { cookie, origin }, { method: 'POST', body: 'once' })).status).toBe(200);
  });

  it('drops what it remembers of an ended session', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    await world.ask('/', { cookie });
    world.sessions.end({ all: true });
    world.refusals = ['session_expired'];
    expect((await world.ask('/', { cookie })).status).toBe(401);
    expect(world.calls).toEqual(['sandbox.3', 'nora-7f3k.admit']);
    expect((await world.ask('/', { cookie, ...page })).status).toBe(302);
  });

  it.each([
    ['unreachable', 502, 'tenant_unreachable'],
    ['too_many_sockets', 429, 'rate_limited'],
  ] as const)('says what %s means', async (refusal, status, code) => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.refusals = [refusal];
    const answer = await world.ask('/', { cookie });
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('stops a body of unknown length at the limit, while it streams', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    let received = 0;
    world.answer = async (request) => {
      for await (const chunk of request.body ?? []) received += chunk.byteLength;
      return new Response('stored');
    };
    const chunk = new Uint8Array(1024 * 1024);
    let produced = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        produced += chunk.byteLength;
        // Endless for the gate's purposes; a gate that never stops it would hang the test.
        if (produced > 150 * 1024 * 1024) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const init: RequestInit = { method: 'POST', body: endless };
    const answer = await world.ask('/api/x', { cookie, origin }, Object.assign(init, { duplex: 'half' }));
    expect([answer.status, await codeOf(answer)]).toEqual([413, 'body_too_large']);
    expect(received).toBeLessThanOrEqual(100 * 1024 * 1024);
    expect(produced).toBeLessThan(110 * 1024 * 1024);
  });

  it('answers even when something breaks that nothing expects', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    const failures: unknown[] = [];
    const request = new Request(`${origin}/`, { headers: { host, cookie } });
    const broken = { ...world.deps, failed: (error: unknown) => failures.push(error) };
    broken.cache.get = () => {
      throw new Error('broken');
    };
    const answer = await handleTenantRequest(request, broken);
    expect([answer.status, await codeOf(answer), failures.length]).toEqual([500, 'internal', 1]);
  });

  it('survives a tenant object that was reset, and says so when it stays away', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    const reset = Object.assign(new Error('reset'), { retryable: true });
    world.errors = [reset];
    expect((await world.ask('/', { cookie })).status).toBe(200);
    world.clock.ms += 60_000;
    world.errors = [Object.assign(new Error('busy'), { retryable: true, overloaded: true })];
    const answer = await world.ask('/', { cookie });
    expect([answer.status, await codeOf(answer)]).toEqual([503, 'upstream_unavailable']);
    expect(world.calls).toEqual(['nora-7f3k.admit']);
  });
});
