// What the control plane takes from whom, with the real Rate Limiting bindings and the sign-in library's counts in D1.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quotas } from '../../../apps/control-plane/src/core/quotas.ts';
import type { HumanCheck } from '../../../apps/control-plane/src/adapters/human-check.ts';
import { rateCounter } from '../../../apps/control-plane/src/adapters/rate-counter.ts';
import { AppError } from '../../../apps/control-plane/src/contract/errors.ts';
import type { RateCounter } from '../../../apps/control-plane/src/contract/rate-limit.ts';
import { sweep } from '../../../apps/control-plane/src/jobs/sweep.ts';
import { rateRules, signInRates } from '../../../apps/control-plane/src/core/rate-policy.ts';
import {
  bindings,
  Browser,
  createdTenant,
  createWorld,
  newEmail,
  newPerson,
  password,
  problemOf,
  rows,
  type World,
} from './support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({}, { counter: rateCounter(bindings) });
});
beforeEach(() => bindings.DB.prepare('DELETE FROM rate_limit').run());

const from = (address: string): Record<string, string> => ({ 'cf-connecting-ip': address });

/** Statuses of `times` requests, each as often as it came. */
async function statuses(times: number, ask: (n: number) => Promise<Response>): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  for (let n = 0; n < times; n++) {
    const { status } = await ask(n);
    seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  return seen;
}

describe('signing in', () => {
  const reset = (browser: Browser, email: string, headers: Record<string, string>): Promise<Response> =>
    browser.post('/api/auth/request-password-reset', { email, redirectTo: '/reset-password' }, headers);
  const { max } = signInRates.customRules['/request-password-reset'];

  it('counts all of a /64 as one client, in D1, and never X-Forwarded-For', async () => {
    const browser = new Browser(world);
    const spread = (n: number): Promise<Response> =>
      reset(browser, newEmail(), { ...from(`2001:db8:5:5::${n + 1}`), 'x-forwarded-for': `198.51.100.${n}` });
    expect(Object.fromEntries(await statuses(max + 3, spread))).toEqual({ 200: max, 429: 3 });
    expect((await reset(browser, newEmail(), from('2001:db8:5:6::1'))).status).toBe(200);
    expect((await rows('SELECT key FROM rate_limit')).length).toBe(2);
  });

  it('counts exactly when many attempts come at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 4 * max }, () => reset(new Browser(world), newEmail(), from('203.0.113.9'))),
    );
    expect(all.filter(({ status }) => status === 200).length).toBe(max);
  });

  it('does not take a second slash for another path', async () => {
    const browser = new Browser(world);
    const ask = (n: number): Promise<Response> =>
      browser.post(
        n % 2 === 0 ? '/api/auth/request-password-reset' : '/api/auth//request-password-reset',
        { email: newEmail() },
        from('203.0.113.10'),
      );
    expect((await statuses(max + 3, ask)).get(429)).toBe(3);
  });

  it('with one e-mail address is tried so often, from however many networks', async () => {
    const email = newEmail();
    let refused: Response | null = null;
    const limit = rateRules.address.limit;
    // One more than twice the limit: whatever minute they fall into, one of them is over.
    for (let n = 0; n < 2 * limit + 1; n++) {
      const spelled = n % 2 === 0 ? email : email.toUpperCase();
      const answer = await reset(new Browser(world), spelled, from(`10.1.${n >> 8}.${n & 255}`));
      if (answer.status === 429) refused ??= answer;
    }
    if (refused === null) throw new Error('nothing was refused');
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(await problemOf(refused)).toMatchObject({ code: 'rate_limited' });
    expect((await reset(new Browser(world), newEmail(), from('10.2.0.1'))).status).toBe(200);
  });
});

it('tells whoever has an address that it is tried too often, once an hour, and nobody else', async () => {
  const held = await createWorld(
    {},
    { counter: { count: async ({ binding }) => binding !== rateRules.address.binding } },
  );
  const person = await newPerson(held);
  const told = () => rows("SELECT user_id FROM account_event WHERE action = 'account.sign_in_held'");
  const tryOnce = async (email: string): Promise<void> => {
    const answer = await new Browser(held).post('/api/auth/sign-in/email', { email, password });
    expect(answer.status).toBe(429);
    await held.settled();
  };
  for (const email of [newEmail(), person.email, person.email.toUpperCase()]) await tryOnce(email);
  expect(await told()).toEqual([{ user_id: person.userId }]);
  held.clock.nowMs += 3_600_001;
  await tryOnce(person.email);
  expect(await told()).toHaveLength(2);
});

/** Counts one rule as if it allowed three; the others never refuse. */
function threeOf(binding: string): RateCounter {
  const counts = new Map<string, number>();
  return {
    count: async (rule, key) => {
      if (rule.binding !== binding) return true;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return (counts.get(key) ?? 0) <= 3;
    },
  };
}

describe('the API', () => {
  it('takes so many calls of a session, whatever network they come from, and goes on for others', async () => {
    const { binding } = rateRules.caller;
    const limited = await createWorld({}, { counter: threeOf(binding) });
    // Each asked once who it is.
    const [nora, bo] = [await newPerson(limited), await newPerson(limited, 'Bo')];
    const seen = await statuses(4, (n) => nora.browser.get('/api/v1/releases', from(`10.3.0.${n}`)));
    expect(Object.fromEntries(seen)).toEqual({ 200: 2, 429: 2 });
    expect((await bo.browser.get('/api/v1/releases', from('10.3.0.1'))).status).toBe(200);
  });

  it('takes so many requests of a network address before it looks anything up', async () => {
    const limited = await createWorld({}, { counter: threeOf(rateRules.client.binding) });
    const nora = await newPerson(limited);
    const client = from('203.0.113.77');
    for (let n = 0; n < 3; n++) expect((await nora.browser.get('/api/v1/me', client)).status).toBe(200);
    limited.database.sent.length = 0;
    expect((await nora.browser.get('/api/v1/me', client)).status).toBe(429);
    expect((await nora.browser.get('/open?slug=x', client)).status).toBe(429);
    expect((await nora.browser.post('/api/auth/sign-out', {}, client)).status).toBe(429);
    expect(limited.database.sent).toEqual([]);
    expect((await nora.browser.get('/healthz', client)).status).toBe(200);
    expect((await nora.browser.get('/api/v1/me', from('203.0.113.78'))).status).toBe(200);
  });

  it('opens so many assistants with a session, and hands over no more codes', async () => {
    const limited = await createWorld({}, { counter: threeOf(rateRules.opening.binding) });
    const nora = await newPerson(limited);
    const { tenant } = await createdTenant(nora);
    const open = (n: number): Promise<Response> =>
      nora.browser.get(`/open?slug=${tenant.slug}&st=${'s'.repeat(43)}&path=%2F`, from(`10.4.0.${n}`));
    expect(Object.fromEntries(await statuses(5, open))).toEqual({ 303: 3, 429: 2 });
    expect(limited.cell.grants.length).toBe(3);
  });
});

describe('the check for a person at sign-up', () => {
  const human: HumanCheck = {
    siteKey: 'site-key',
    pass: async (token) => {
      if (token !== 'a person') throw new AppError('human_check_failed', { detail: 'No.', next: 'Again.' });
    },
  };
  const signUp = (browser: Browser, email: string, more: Record<string, unknown>): Promise<Response> =>
    browser.post('/api/auth/sign-up/email', { name: 'Nora', email, password, ...more });
  const pages: Fetcher['fetch'] = async () =>
    new Response('<html>', {
      headers: {
        'content-security-policy': "default-src 'none'; script-src 'self' 'sha256-x'; frame-ancestors 'none'",
      },
    });
  const withPages = { ASSETS: { fetch: pages } as unknown as Fetcher };

  it('lets in who passed it, and makes no account for anybody else', async () => {
    const guarded = await createWorld({}, { human });
    const [robot, person] = [newEmail(), newEmail()];
    const refused = signUp(new Browser(guarded), robot, {});
    expect(await problemOf(refused)).toMatchObject({ status: 422, code: 'human_check_failed' });
    expect((await signUp(new Browser(guarded), person, { humanToken: 'a person' })).status).toBe(200);
    expect(await rows('SELECT email FROM user WHERE email IN (?, ?)', robot, person)).toEqual([{ email: person }]);
  });

  it('is told to the page, whose policy alone lets it in', async () => {
    const guarded = await createWorld(withPages, { human });
    const browser = new Browser(guarded);
    expect(await (await browser.get('/api/v1/system')).json()).toMatchObject({ humanCheckSiteKey: 'site-key' });
    const policyOf = async (of: Browser, path: string) => (await of.get(path)).headers.get('content-security-policy');
    expect(await policyOf(browser, '/sign-up')).toBe(
      "default-src 'none'; script-src 'self' 'sha256-x' https://challenges.cloudflare.com; frame-ancestors 'none'; frame-src https://challenges.cloudflare.com",
    );
    expect(await policyOf(browser, '/sign-in')).not.toContain('challenges');
    const open = new Browser(await createWorld(withPages));
    expect(await policyOf(open, '/sign-up')).not.toContain('challenges');
    expect(await (await open.get('/api/v1/system')).json()).toMatchObject({ humanCheckSiteKey: null });
  });

  it('is configured with both keys or not at all', async () => {
    await expect(createWorld({ TURNSTILE_SITE_KEY: 'x' })).rejects.toThrow(/set together or not at all/);
  });
});

describe('quotas', () => {
  const snapshots = quotas.perDay.snapshots;

  it('of a day are taken once per key, by one of many at once, and come back a day later', async () => {
    const quiet = await createWorld();
    const nora = await newPerson(quiet);
    const { tenant } = await createdTenant(nora);
    quiet.cell.become(tenant.slug, 'awake');
    const take = (key: string): Promise<Response> =>
      nora.browser.post(`/api/v1/tenants/${tenant.id}/snapshots`, {}, { 'idempotency-key': key });
    await bindings.DB.batch(
      Array.from({ length: snapshots - 1 }, (_, n) =>
        bindings.DB.prepare('INSERT INTO quota_use (org_id, what, use, at_ms) VALUES (?, ?, ?, ?)').bind(
          nora.orgId,
          'snapshots',
          `earlier-${n}`,
          quiet.clock.nowMs,
        ),
      ),
    );
    const keys = ['a', 'b', 'c', 'd'];
    const answers = await Promise.all(keys.map(take));
    const passed = keys.filter((_, at) => answers[at]?.status === 202);
    expect([passed.length, answers.filter(({ status }) => status === 409).length]).toEqual([1, 3]);
    const refusal = await problemOf(answers.find(({ status }) => status === 409) ?? new Response());
    expect(refusal).toMatchObject({ code: 'quota_reached', next: expect.stringContaining('saved by itself') });
    expect((await take(passed[0] ?? '')).status).toBe(202);
    quiet.clock.nowMs += 86_400_001;
    expect((await take('e')).status).toBe(202);
  });

  it('are not used up by what the cell refuses', async () => {
    const quiet = await createWorld();
    const nora = await newPerson(quiet);
    const { tenant } = await createdTenant(nora);
    const used = (): Promise<Record<string, unknown>[]> =>
      rows('SELECT what FROM quota_use WHERE org_id = ? ORDER BY what', nora.orgId);
    const download = `/api/v1/tenants/${tenant.id}/export`;
    quiet.cell.fault = () => 'before';
    expect((await nora.browser.get(download)).status).toBeGreaterThanOrEqual(400);
    expect(await used()).toEqual([]);
    quiet.cell.fault = () => 'none';
    await (await nora.browser.get(download)).arrayBuffer();
    expect(await used()).toEqual([{ what: 'exports' }]);
  });

  it('hold for downloads and uploads as well, and are forgotten when they count no more', async () => {
    const quiet = await createWorld();
    const nora = await newPerson(quiet);
    const { tenant } = await createdTenant(nora);
    for (const what of ['exports', 'imports'] as const) {
      await bindings.DB.batch(
        Array.from({ length: quotas.perDay[what] }, (_, n) =>
          bindings.DB.prepare('INSERT INTO quota_use (org_id, what, use, at_ms) VALUES (?, ?, ?, ?)').bind(
            nora.orgId,
            what,
            `earlier-${n}`,
            quiet.clock.nowMs,
          ),
        ),
      );
    }
    expect(await problemOf(nora.browser.get(`/api/v1/tenants/${tenant.id}/export`))).toMatchObject({
      code: 'quota_reached',
    });
    const begin = nora.browser.post(
      `/api/v1/tenants/${tenant.id}/imports`,
      { fileName: 'state.tar', bytes: 1_000 },
      { 'idempotency-key': 'i' },
    );
    expect(await problemOf(begin)).toMatchObject({ status: 409, code: 'quota_reached' });
    quiet.clock.nowMs += 2 * 86_400_000;
    await sweep(quiet.ctx);
    expect(await rows('SELECT what FROM quota_use WHERE org_id = ?', nora.orgId)).toEqual([]);
  });
});
