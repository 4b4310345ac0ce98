import { describe, expect, it } from 'vitest';
import { EdgeWorld, origin, page } from '../../../../test/support/edge-world.ts';

const script = '/assets/index-DsEuFQRE.js';
const html = '<!doctype html><html data-x="1"><head lang="en"><title>OpenClaw Control</title></head></html>';

async function worldWith(state: EdgeWorld['state']): Promise<{ world: EdgeWorld; cookie: string }> {
  const world = new EdgeWorld();
  const cookie = await world.signIn();
  world.state = state;
  world.page = { html, scriptHashes: ['sha256-abc='] };
  world.files.set(`2026.9.6${script}`, 'code');
  world.files.set('2026.9.6/favicon.svg', 'icon');
  return { world, cookie };
}

describe("the Control UI's files", () => {
  it.each(['awake', 'asleep', 'waking', 'suspended', 'needs_operator'] as const)(
    'named by their content come from the cell while the assistant is %s, and the second asks nobody',
    async (state) => {
      const { world, cookie } = await worldWith(state);
      for (const calls of [['nora-7f3k.admit'], []]) {
        const answer = await world.ask(script, { cookie });
        expect([answer.status, await answer.text(), world.calls]).toEqual([200, 'code', calls]);
        expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
        expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self'.*frame-ancestors 'none'/);
      }
      expect(world.state).toBe(state);
    },
  );

  it('of another name are the gateway’s to give while it runs', async () => {
    const { world, cookie } = await worldWith('awake');
    world.answer = async () => new Response('of the gateway');
    expect(await (await world.ask('/favicon.svg', { cookie })).text()).toBe('of the gateway');
    world.cache.drop(`${new URL(origin).host} ${cookie.split('=')[1]}`);
    world.state = 'asleep';
    const asleep = await world.ask('/favicon.svg', { cookie });
    expect([await asleep.text(), asleep.headers.get('cache-control')]).toEqual(['icon', 'private, no-store']);
  });

  it('that the cell does not have are asked of the gateway', async () => {
    const { world, cookie } = await worldWith('awake');
    world.answer = async () => new Response('older');
    expect(await (await world.ask('/assets/index-AAAAAAAA.js', { cookie })).text()).toBe('older');
    world.state = 'asleep';
    world.incarnation++;
    expect((await world.ask('/assets/index-AAAAAAAA.js', { cookie })).status).toBe(503);
  });

  it('are for nobody without a session, and for no change', async () => {
    const { world, cookie } = await worldWith('asleep');
    expect((await world.ask(script)).status).toBe(401);
    expect(world.calls).toEqual([]);
    expect((await world.ask(script, { cookie, origin }, { method: 'POST', body: 'x' })).status).toBe(503);
  });
});

describe("the Control UI's page", () => {
  it('is given while the assistant starts, with our script over it', async () => {
    const { world, cookie } = await worldWith('asleep');
    const answer = await world.ask('/chat/main', { cookie, ...page });
    expect([answer.status, world.calls]).toEqual([200, ['nora-7f3k.admit', 'nora-7f3k.wakeFor:navigation']]);
    const text = await answer.text();
    const [, view = ''] =
      /<head lang="en"><script src="\/__tidepool\/tab\.js" data-view="([^"]*)" defer><\/script>/.exec(text) ?? [];
    expect(JSON.parse(view.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>'))).toMatchObject({
      kind: 'waiting',
      ready: false,
      name: 'Nora <b>',
    });
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self' 'sha256-abc=';");
    expect(policy).toContain(`connect-src 'self' ${origin.replace('http', 'ws')} data:`);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
  });

  it.each(['/api/users/1/avatar', '/plugins/x', '/__openclaw__/cap/1', '/report.pdf', '/healthz'])(
    'is not given for %s, which the gateway answers otherwise',
    async (path) => {
      const { world, cookie } = await worldWith('asleep');
      expect(await (await world.ask(path, { cookie, ...page })).text()).toContain('is waking up</title>');
    },
  );

  it.each(['suspended', 'needs_operator', 'provisioning'] as const)('is not given when %s', async (state) => {
    const { world, cookie } = await worldWith(state);
    expect(await (await world.ask('/', { cookie, ...page })).text()).not.toContain('OpenClaw Control');
  });

  it('of the gateway gets our script, and nothing else does', async () => {
    const { world, cookie } = await worldWith('awake');
    const ask = async (type: string, status = 200, headers = page): Promise<string | null> => {
      world.answer = async () => new Response('x', { status, headers: { 'content-type': type } });
      return (await world.ask('/', { cookie, ...headers })).headers.get('x-test-script');
    };
    expect(await ask('text/html; charset=utf-8')).toBe('in');
    expect(world.sent.at(-1)?.request.headers.get('accept-encoding')).toBe('identity');
    expect(await ask('application/json')).toBeNull();
    expect(await ask('text/html', 404)).toBeNull();
    expect(await ask('text/html', 200, { ...page, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).toBeNull();
  });
});

describe('our script', () => {
  it('is for a session, and calls nobody', async () => {
    const { world, cookie } = await worldWith('asleep');
    const answer = await world.ask('/__tidepool/tab.js', { cookie });
    expect([answer.status, answer.headers.get('content-type'), world.calls]).toEqual([
      200,
      'text/javascript; charset=utf-8',
      [],
    ]);
    expect(await answer.text()).toContain('"https://app.tidepool.example"');
    expect((await world.ask('/__tidepool/tab.js')).status).toBe(401);
  });
});
