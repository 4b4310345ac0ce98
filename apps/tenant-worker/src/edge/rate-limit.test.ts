import { describe, expect, it } from 'vitest';
import { EdgeWorld, host, origin, page, upgrade } from '../../../../test/support/edge-world.ts';
import { rateRules } from '../core/edge/rate-policy.ts';
import { signToken } from './tokens.ts';

const from = (address: string): Record<string, string> => ({ 'cf-connecting-ip': address });
const limitedWorld = (): EdgeWorld => Object.assign(new EdgeWorld(), { limited: true });

async function statuses(times: number, ask: () => Promise<Response>): Promise<Record<number, number>> {
  const seen: Record<number, number> = {};
  for (let n = 0; n < times; n++) {
    const { status } = await ask();
    seen[status] = (seen[status] ?? 0) + 1;
  }
  return seen;
}

describe('without a session', () => {
  it('upgrades beyond the limit of an address get 429 with a time to wait, and no object is asked', async () => {
    const world = limitedWorld();
    const ask = (): Promise<Response> => world.ask('/', { ...upgrade, ...from('203.0.113.7'), cookie: 'x=1' });
    const { limit } = rateRules.strangerClient;
    expect(await statuses(limit + 50, ask)).toEqual({ 401: limit, 429: 50 });
    const refused = await ask();
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', status: 429, next: expect.any(String) });
    expect(world.calls).toEqual([]);
  });

  it('a person who is refused gets a page', async () => {
    const world = limitedWorld();
    const ask = (): Promise<Response> => world.ask('/', { ...page, ...from('203.0.113.7') });
    const { limit } = rateRules.openingClient;
    expect(await statuses(limit + 1, ask)).toEqual({ 302: limit, 429: 1 });
    const refused = await ask();
    expect(refused.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await refused.text()).toContain('Too many requests');
  });

  it('all of a /64 is one client, another /64 is another, and X-Forwarded-For is nobody', async () => {
    const world = limitedWorld();
    const { limit } = rateRules.openingClient;
    let n = 0;
    const spread = (): Promise<Response> =>
      world.ask('/', {
        ...page,
        ...from(`2001:db8:1:2::${(++n).toString(16)}`),
        'x-forwarded-for': `198.51.100.${n % 250}`,
      });
    expect(await statuses(limit + 10, spread)).toEqual({ 302: limit, 429: 10 });
    expect((await world.ask('/', { ...page, ...from('2001:db8:1:3::1') })).status).toBe(302);
  });

  it('junk from everywhere does not use up what lets people in', async () => {
    const world = limitedWorld();
    const junkCode = `/__tidepool/callback?code=${'A'.repeat(43)}.zzzzzz.${'A'.repeat(43)}`;
    let n = 0;
    const junk = (): Promise<Response> => {
      n++;
      return world.ask(n % 2 === 0 ? junkCode : '/api', {
        ...page,
        ...from(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`),
        'sec-fetch-dest': 'empty',
      });
    };
    const seen = await statuses(rateRules.strangerHost.limit + 100, junk);
    expect(seen[429]).toBe(100);
    expect((await world.ask('/', { ...page, ...from('203.0.113.7') })).status).toBe(302);
    const cookie = await world.signIn();
    expect((await world.ask('/', { ...page, ...from('203.0.113.8'), cookie })).status).toBe(200);
  });

  it('requests that are refused by their bytes count too', async () => {
    const world = limitedWorld();
    const ask = (): Promise<Response> => world.ask('/v1/models', from('203.0.113.7'));
    expect(await statuses(rateRules.strangerClient.limit + 5, ask)).toEqual({
      404: rateRules.strangerClient.limit,
      429: 5,
    });
  });
});

describe('sign-in codes', () => {
  it('are tried so often from one address; the object is not asked beyond', async () => {
    const world = limitedWorld();
    let asked = 0;
    const ask = async (): Promise<Response> => {
      const id = Buffer.from(String(++asked).padStart(32, '0')).toString('base64url');
      const code = await signToken(world.keys, { purpose: 'code', host, id, expiresAtMs: world.clock.ms + 60_000 });
      const cookie = `__Host-tidepool_state=${'s'.repeat(43)}`;
      return world.ask(`/__tidepool/callback?code=${code}`, { ...page, ...from('203.0.113.7'), cookie });
    };
    const { limit } = rateRules.redeemClient;
    for (let n = 0; n < limit; n++) {
      expect((await ask()).status).toBe(400);
      expect(world.calls).toEqual(['nora-7f3k.redeem']);
    }
    expect((await ask()).status).toBe(429);
    expect(world.calls).toEqual([]);
  });
});

describe('a session', () => {
  it('that ended asks its object so often and no more', async () => {
    const world = limitedWorld();
    const id = Buffer.alloc(32, 9).toString('base64url');
    const token = await signToken(world.keys, { purpose: 'session', host, id, expiresAtMs: world.clock.ms + 60_000 });
    const ask = (): Promise<Response> =>
      world.ask('/api', { ...from('203.0.113.7'), origin, cookie: `__Host-tidepool_session=${token}` });
    for (let n = 0; n < rateRules.session.limit; n++) await ask();
    expect((await ask()).status).toBe(429);
    expect(world.calls).toEqual([]);
  });

  it('that is admitted is not counted as a stranger', async () => {
    const world = limitedWorld();
    const cookie = await world.signIn();
    for (let n = 0; n < rateRules.strangerClient.limit + 50; n++) {
      expect((await world.ask('/api', { ...from('203.0.113.7'), cookie })).status).toBe(200);
    }
    expect([...world.counted].find(([name]) => name.startsWith(rateRules.strangerClient.binding))).toBeUndefined();
  });
});
