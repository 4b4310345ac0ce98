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
import { signToken } from './tokens.ts';

async function codeOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { code: string }).code;
}

describe('an assistant that is not awake', () => {
  it('wakes for a person who opens a page, and shows the work', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.state = 'asleep';
    const answer = await world.ask('/chat', { cookie, ...page });
    expect(answer.status).toBe(200);
    expect(world.calls).toEqual(['nora-7f3k.admit', 'nora-7f3k.wakeFor:navigation']);
    const html = await answer.text();
    expect(html).toContain('Nora &lt;b&gt; is waking up');
    expect(html).not.toContain('Nora <b>');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'nonce-[\w-]{22}'/);

    await world.ask('/chat', { cookie, ...page });
    expect(world.calls).toEqual(['nora-7f3k.admit']);
  });

  it.each([
    ['a socket', upgrade, {}],
    ['a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }, {}],
    ['a change', { origin }, { method: 'POST', body: 'x' }],
    ['a prefetch', { ...page, 'sec-purpose': 'prefetch' }, {}],
    ['a frame', { ...page, 'sec-fetch-dest': 'iframe' }, {}],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'same-origin' }, {}],
    ['a look', {}, { method: 'HEAD' }],
    ['a deletion', { origin }, { method: 'DELETE' }],
  ])('is not woken by %s', async (_what, headers, init) => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.state = 'asleep';
    const answer = await world.ask('/', { cookie, ...headers }, init);
    expect([answer.status, await codeOf(answer), answer.headers.get('retry-after')]).toEqual([
      503,
      'tenant_asleep',
      '30',
    ]);
    expect(world.calls).toEqual(['nora-7f3k.admit']);
    expect(world.state).toBe('asleep');
  });

  it('is not woken by a page that opens itself again, and offers to be', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.state = 'asleep';
    const answer = await world.ask('/chat', { cookie, ...page, 'sec-fetch-site': 'same-origin' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('Wake it now');
    expect([world.calls, world.state]).toEqual([['nora-7f3k.admit'], 'asleep']);
  });

  it('tells its status without waking, and wakes when asked to', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.state = 'asleep';
    const status = await world.ask('/__tidepool/status', { cookie });
    expect(await status.json()).toMatchObject({ kind: 'asleep', ready: false, state: 'asleep' });
    expect(world.calls).toEqual(['nora-7f3k.admit']);
    const woken = await world.ask('/__tidepool/wake', { cookie, origin }, { method: 'POST' });
    expect([woken.status, ((await woken.json()) as { state: string }).state]).toEqual([202, 'waking']);
    world.state = 'awake';
    expect(await (await world.ask('/__tidepool/status', { cookie })).json()).toMatchObject({ ready: true });
  });

  it.each([
    ['suspended', 402, 'tenant_suspended', 402],
    ['needs_operator', 503, 'tenant_needs_operator', 503],
    ['deleting', 410, 'tenant_deleted', 410],
  ] as const)('that is %s says so and is left alone', async (state, pageStatus, code, status) => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.state = state;
    const html = await world.ask('/', { cookie, ...page });
    expect(html.status).toBe(pageStatus);
    expect(await html.text()).toContain('Open the dashboard');
    const answer = await world.ask('/api', { cookie });
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
    expect(world.calls).toEqual(['nora-7f3k.admit']);
  });

  it('that was deleted leaves nothing in the browser, and is not asked again', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.state = 'deleted';
    const answer = await world.ask('/', { cookie, ...page });
    expect(answer.status).toBe(410);
    expect(answer.headers.get('clear-site-data')).toBe('"cache", "cookies", "storage"');
    const worker = await world.ask('/sw.js', {});
    expect(worker.status).toBe(200);
    expect(await worker.text()).toContain('registration.unregister()');
    expect(world.calls).toEqual([]);
  });

  it('that never was looks like no address at all', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.exists = false;
    const answer = await world.ask('/', { cookie });
    expect([answer.status, await codeOf(answer)]).toEqual([404, 'tenant_unknown']);
  });
});

describe('signing out', () => {
  it('ends the session, the cookie, and what was remembered', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    await world.ask('/', { cookie });
    const answer = await world.ask('/__tidepool/sign-out', { cookie, origin }, { method: 'POST' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, platformOrigin]);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-tidepool_session=;.*Max-Age=0/);
    expect((await world.ask('/', { cookie })).status).toBe(401);
    expect(world.calls).toEqual(['nora-7f3k.admit']);
  });

  it('clears a cookie that is worth nothing, without a call', async () => {
    const world = new EdgeWorld();
    const cookie = '__Host-tidepool_session=junk';
    const answer = await world.ask('/__tidepool/sign-out', { cookie, origin }, { method: 'POST' });
    expect([answer.status, world.calls]).toEqual([303, []]);
  });

  it('says so when the object cannot be told', async () => {
    const world = new EdgeWorld();
    const cookie = await world.signIn();
    world.errors = [new Error('gone')];
    const answer = await world.ask('/__tidepool/sign-out', { cookie, origin }, { method: 'POST' });
    expect(answer.status).toBe(503);
    expect(answer.headers.getSetCookie()[0]).toContain('Max-Age=0');
  });
});

describe('hosts', () => {
  it.each([
    ['evil.example', 421],
    ['nora-7f3k.tenants.example:8443', 421],
    ['admin.tenants.example', 404],
  ])('%s: %d', async (given, status) => {
    const world = new EdgeWorld();
    expect((await world.ask('/', { host: given })).status).toBe(status);
    expect(world.calls).toEqual([]);
  });

  it('a session signed by hand for nobody is refused by the object', async () => {
    const world = new EdgeWorld();
    const id = 'n'.repeat(43);
    const token = await signToken(world.keys, { purpose: 'session', host, id, expiresAtMs: startMs + 60_000 });
    expect((await world.ask('/', { cookie: `__Host-tidepool_session=${token}` })).status).toBe(401);
    expect(world.calls).toEqual(['nora-7f3k.admit']);
  });
});
