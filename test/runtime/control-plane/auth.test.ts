// Accounts and sessions through the real library, in workerd, on D1.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accountEventsPurge } from '../../../apps/control-plane/src/adapters/d1/account-events.ts';
import {
  bindings,
  Browser,
  createWorld,
  json,
  newEmail,
  signedUpPerson,
  password,
  problemOf,
  rows,
  type World,
} from './support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => bindings.DB.prepare('DELETE FROM rate_limit').run());

async function mailsTo(email: string): Promise<{ key: string; subject: string; link: string; text: string }[]> {
  await world.settled();
  return (await rows('SELECT * FROM mail_outbox WHERE recipient = ? ORDER BY id', email)) as {
    key: string;
    subject: string;
    link: string;
    text: string;
  }[];
}

const signUp = (browser: Browser, email: string, more: Record<string, unknown> = {}): Promise<Response> =>
  browser.post('/api/auth/sign-up/email', { name: 'Nora', email, password, ...more });
const signIn = (browser: Browser, email: string, word = password): Promise<Response> =>
  browser.post('/api/auth/sign-in/email', { email, password: word });

describe('sign-up', () => {
  it('makes an account, a confirmation mail and an organisation; signing in needs no confirmation', async () => {
    const email = newEmail();
    const browser = new Browser(world);
    expect((await signUp(browser, email, { callbackURL: '/verify-email' })).status).toBe(200);
    const [mail] = await mailsTo(email);
    expect(mail).toMatchObject({ subject: 'Confirm your address for Tidepool' });
    expect((await signIn(browser, email)).status).toBe(200);
    const me = await json<{ user: object; organisations: object[] }>(browser.get('/api/v1/me'));
    expect(me.user).toMatchObject({ email, emailVerified: false, id: expect.stringMatching(/^usr_[0-9a-z]{26}$/) });
    expect(me.organisations).toEqual([expect.objectContaining({ role: 'owner', name: 'Nora' })]);

    const answer = await browser.get(mail?.link.slice('http://localhost:8787'.length) ?? '');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/verify-email');
    // At once, although the session's cookie still says otherwise.
    expect(await json(browser.get('/api/v1/me'))).toMatchObject({ user: { emailVerified: true } });
  });

  it('answers a taken address exactly as a new one, and tells only its owner', async () => {
    const email = newEmail();
    const first = new Browser(world);
    const second = new Browser(world);
    const fresh = await signUp(first, email);
    const taken = await signUp(second, email.toUpperCase(), { password: 'another long password' });
    expect(taken.status).toBe(fresh.status);
    expect([...taken.headers.keys()].sort()).toEqual([...fresh.headers.keys()].sort());
    const shape = (body: Record<string, unknown>): unknown =>
      JSON.stringify(body, (key, value: unknown) => (/^(id|createdAt|updatedAt)$/.test(key) ? typeof value : value));
    expect(shape(await taken.json())).toBe(shape(await fresh.json()));
    expect(second.cookies.size + first.cookies.size).toBe(0);
    expect((await mailsTo(email)).map((mail) => mail.subject).sort()).toEqual([
      'Confirm your address for Tidepool',
      'You have a Tidepool account',
    ]);
    // The password of the second try opens nothing.
    expect((await signIn(second, email, 'another long password')).status).toBe(401);
  });

  it('sends the notice of a taken address once an hour, however often it is tried', async () => {
    const person = await signedUpPerson(world);
    for (let i = 0; i < 3; i++) await signUp(new Browser(world), person.email);
    const notices = (await mailsTo(person.email)).filter((mail) => mail.key.startsWith('exists:'));
    expect(notices).toHaveLength(1);
  });

  it('takes nothing from the body but name, address and password', async () => {
    const email = newEmail();
    const answer = await signUp(new Browser(world), email, {
      emailVerified: true,
      role: 'admin',
      image: 'https://x/',
      id: 'usr_mine',
    });
    expect(answer.status).toBe(200);
    expect(await rows('SELECT email_verified, image FROM user WHERE email = ?', email)).toEqual([
      { email_verified: 0, image: null },
    ]);
  });

  it.each([
    ['a short password', { password: 'short' }],
    ['no address', { email: 'nobody' }],
    ['another origin to come back to', { callbackURL: 'https://evil.example/' }],
    ['a path that is another host', { callbackURL: '//evil.example/' }],
  ])('refuses %s', async (_what, more) => {
    const answer = await signUp(new Browser(world), newEmail(), more);
    expect([400, 403]).toContain(answer.status);
  });

  it('makes the organisation at the next look when it is missing, once for many at the same time', async () => {
    const person = await signedUpPerson(world);
    await bindings.DB.prepare('DELETE FROM member WHERE user_id = ?').bind(person.userId).run();
    await bindings.DB.prepare('DELETE FROM organization WHERE id = ?').bind(person.orgId).run();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => json<{ organisations: { id: string }[] }>(person.browser.get('/api/v1/me'))),
    );
    for (const me of all) expect(me.organisations.map(({ id }) => id)).toEqual([person.orgId]);
    expect(await rows('SELECT role FROM member WHERE user_id = ?', person.userId)).toEqual([{ role: 'owner' }]);
  });

  it('stands when making the organisation fails', async () => {
    const broken = await createWorld();
    const email = newEmail();
    const browser = new Browser(broken);
    // Fails each round trip of the sign-up in turn; what it leaves is repaired by a password reset and a look at /me.
    let signedIn = 0;
    for (let n = 1; n <= 12; n++) {
      await bindings.DB.prepare('DELETE FROM rate_limit').run();
      const address = `${n}-${email}`;
      broken.database.failAt(n, 'before');
      await signUp(browser, address);
      broken.database.heal();
      await bindings.DB.prepare('DELETE FROM rate_limit').run();
      const again = new Browser(broken);
      if ((await signIn(again, address)).status !== 200) continue;
      signedIn++;
      expect((await json<{ organisations: object[] }>(again.get('/api/v1/me'))).organisations).toHaveLength(1);
    }
    expect(signedIn).toBeGreaterThan(0);
  });
});

describe('sign-in and reset', () => {
  it('answer the same for a wrong password and no account', async () => {
    const person = await signedUpPerson(world);
    const wrong = await signIn(new Browser(world), person.email, 'not the password');
    const nobody = await signIn(new Browser(world), newEmail(), 'not the password');
    expect([wrong.status, await wrong.text()]).toEqual([nobody.status, await nobody.text()]);
    const reset = (email: string): Promise<Response> =>
      new Browser(world).post('/api/auth/request-password-reset', { email, redirectTo: '/reset-password' });
    const [known, unknown] = [await reset(person.email), await reset(newEmail())];
    expect([known.status, await known.text()]).toEqual([unknown.status, await unknown.text()]);
  });

  it('sets a new password by mail, once, and ends every session', async () => {
    const person = await signedUpPerson(world);
    await new Browser(world).post('/api/auth/request-password-reset', {
      email: person.email,
      redirectTo: '/reset-password',
    });
    const link = (await mailsTo(person.email)).find((mail) => mail.key.startsWith('reset:'))?.link ?? '';
    const landed = await new Browser(world).get(new URL(link).pathname + new URL(link).search);
    const token = new URL(landed.headers.get('location') ?? '', 'http://localhost:8787').searchParams.get('token');
    const use = (): Promise<Response> =>
      new Browser(world).post('/api/auth/reset-password', { token, newPassword: 'a different password' });
    const answers = await Promise.all(Array.from({ length: 5 }, use));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(await rows('SELECT id FROM session WHERE user_id = ?', person.userId)).toEqual([]);
    expect((await signIn(new Browser(world), person.email)).status).toBe(401);
    expect((await signIn(new Browser(world), person.email, 'a different password')).status).toBe(200);
  });

  it('a changed password ends the other sessions, whatever the page asked for', async () => {
    const person = await signedUpPerson(world);
    const other = new Browser(world);
    await signIn(other, person.email);
    const changed = await person.browser.post('/api/auth/change-password', {
      currentPassword: password,
      newPassword: 'a different password',
      revokeOtherSessions: false,
    });
    expect(changed.status).toBe(200);
    // A change looks the session up, so the other browser is out at once.
    expect((await problemOf(other.post(`/api/v1/orgs/${person.orgId}/tenants`, {}))).code).toBe('unauthenticated');
    expect((await person.browser.get('/api/v1/me')).status).toBe(200);
  });

  it('is refused after too many tries from one address, and not from another', async () => {
    const from = (ip: string): Promise<Response> =>
      new Browser(world).post(
        '/api/auth/request-password-reset',
        { email: 'nobody@example.test' },
        { 'cf-connecting-ip': ip },
      );
    for (let i = 0; i < 5; i++) expect((await from('198.51.100.1')).status).toBe(200);
    const refused = await from('198.51.100.1');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await problemOf(refused)).code).toBe('rate_limited');
    expect((await from('198.51.100.2')).status).toBe(200);
    // One household has a /64 of addresses: they count as one.
    for (let i = 0; i < 5; i++) expect((await from(`2001:db8::${i}`)).status).toBe(200);
    expect((await from('2001:db8::ffff')).status).toBe(429);
  });
});

describe('sessions', () => {
  it('are read without a query while the cookie is fresh, and looked up for a change', async () => {
    const person = await signedUpPerson(world);
    const headers = new Headers({ cookie: person.browser.cookieHeader });
    world.database.sent.length = 0;
    expect(await world.ctx.auth.api.getSession({ headers })).not.toBeNull();
    expect(world.database.sent).toEqual([]);
    await person.browser.post(`/api/v1/orgs/${person.orgId}/tenants`, {});
    expect(world.database.sent.some((query) => query.includes('"session"'))).toBe(true);
  });

  it('are listed and revoked; a revoked one is out at its next change', async () => {
    const person = await signedUpPerson(world);
    const other = new Browser(world);
    await signIn(other, person.email);
    const list = await json<{ token: string }[]>(person.browser.get('/api/auth/list-sessions'));
    expect(list).toHaveLength(2);
    const theirs = decodeURIComponent(other.cookies.get('tidepool.session_token') ?? '').split('.')[0];
    expect((await person.browser.post('/api/auth/revoke-session', { token: theirs })).status).toBe(200);
    expect((await problemOf(other.post(`/api/v1/orgs/${person.orgId}/tenants`, {}))).code).toBe('unauthenticated');
  });

  it('refresh the browser’s copy on an API answer when it has run out', async () => {
    const person = await signedUpPerson(world);
    person.browser.cookies.delete('tidepool.session_data');
    await person.browser.get('/api/v1/me');
    expect(person.browser.cookies.has('tidepool.session_data')).toBe(true);
  });

  it('count for nothing when a cookie is there twice', async () => {
    const person = await signedUpPerson(world);
    const cookie = `${person.browser.cookieHeader}; tidepool.session_token=planted`;
    const answer = await world.fetch('/api/v1/me', { headers: { cookie } });
    expect(answer.status).toBe(401);
  });
});

describe('what was done with an account', () => {
  const events = async (browser: Browser) =>
    (await json<{ items: Record<string, unknown>[] }>(browser.get('/api/v1/me/events?limit=100'))).items;
  const actions = async (browser: Browser) => (await events(browser)).map(({ action }) => action);
  const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' };
  /** From a moment later: what comes in the same millisecond is in no order. */
  const next = (): void => void (world.clock.nowMs += 1_000);

  it('is shown to the person alone: what went well, from where, and no address of the network', async () => {
    const [person, other] = [await signedUpPerson(world), await signedUpPerson(world)];
    const second = new Browser(world);
    next();
    await signIn(second, person.email, 'not the password');
    await second.post(
      '/api/auth/sign-in/email',
      { email: person.email, password },
      {
        ...firefox,
        // What a client says of its country counts for nothing.
        'cf-ipcountry': 'SE',
      },
    );
    next();
    expect((await person.browser.post('/api/auth/revoke-other-sessions')).status).toBe(200);
    next();
    const change = (currentPassword: string) =>
      person.browser.post('/api/auth/change-password', { currentPassword, newPassword: 'a different password' });
    expect((await change('not the password')).status).toBe(400);
    expect((await change(password)).status).toBe(200);
    const all = await events(person.browser);
    expect(all.map(({ action }) => action)).toEqual([
      'account.password_change',
      'account.sign_out_others',
      'account.sign_in',
      'account.sign_in',
    ]);
    expect(all[2]).toMatchObject({ device: 'Firefox on Linux', country: null, by: null });
    expect(JSON.stringify(all)).not.toContain('203.0.113');
    expect(await actions(other.browser)).toEqual(['account.sign_in']);
  });

  it('holds a reset by mail, and of each kind the newest 50', async () => {
    const person = await signedUpPerson(world);
    await new Browser(world).post('/api/auth/request-password-reset', { email: person.email });
    const [mail] = (await mailsTo(person.email)).filter(({ key }) => key.startsWith('reset:'));
    const token = /reset-password\/([^?]+)/.exec(mail?.link ?? '')?.[1];
    next();
    await json(new Browser(world).post('/api/auth/reset-password', { token, newPassword: 'a different password' }));
    await rows(
      `INSERT INTO account_event (user_id, id, at_ms, action, device)
       SELECT ?, 'e' || value, value, 'account.sign_in', 'x' FROM json_each(?)`,
      person.userId,
      JSON.stringify(Array.from({ length: 60 }, (_, n) => 100 + n)),
    );
    next();
    await signIn(person.browser, person.email, 'a different password');
    const told = await actions(person.browser);
    expect(told.filter((action) => action === 'account.sign_in')).toHaveLength(50);
    expect(told).toContain('account.password_reset');
  });

  it('keeps nobody out when it cannot be written down, and goes after half a year', async () => {
    const person = await signedUpPerson(world);
    await bindings.DB.exec(
      "CREATE TRIGGER events_away BEFORE INSERT ON account_event BEGIN SELECT RAISE(ABORT, 'away'); END",
    );
    const answer = await signIn(new Browser(world), person.email);
    await bindings.DB.exec('DROP TRIGGER events_away');
    expect(answer.status).toBe(200);
    expect(await actions(person.browser)).toHaveLength(1);
    const dayMs = 86_400_000;
    await accountEventsPurge(world.ctx.db, world.clock.nowMs + 179 * dayMs);
    expect(await actions(person.browser)).toHaveLength(1);
    await accountEventsPurge(world.ctx.db, world.clock.nowMs + 181 * dayMs);
    expect(await rows('SELECT * FROM account_event WHERE user_id = ?', person.userId)).toEqual([]);
  });
});

describe('cookies', () => {
  it('are plain, host-only and readable by no script on a laptop', async () => {
    const person = await signedUpPerson(world);
    const answer = await signIn(new Browser(world), person.email);
    for (const line of answer.headers.getSetCookie()) {
      expect(line).toMatch(/^tidepool\./);
      expect(line).toMatch(/; HttpOnly/i);
      expect(line).toMatch(/; Path=\//i);
      expect(line).not.toMatch(/domain=|secure/i);
    }
  });

  it('are __Host- cookies on https', async () => {
    const https = await createWorld({
      PLATFORM_ORIGIN: 'https://app.example.net',
      TENANT_ORIGIN: 'https://{slug}.example.org',
      MAIL: 'cloudflare',
      EMAIL: { send: () => Promise.resolve() },
    });
    const email = newEmail();
    const browser = new Browser(https);
    await browser.post('/api/auth/sign-up/email', { name: 'Nora', email, password });
    const answer = await browser.post('/api/auth/sign-in/email', { email, password });
    expect(answer.status).toBe(200);
    const lines = answer.headers.getSetCookie();
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(line).toMatch(/^__Host-tidepool\./);
      expect(line).toMatch(/; Secure/i);
      expect(line).not.toMatch(/domain=/i);
    }
    expect(answer.headers.get('strict-transport-security')).toContain('max-age');
    expect((await browser.get('/api/v1/me')).status).toBe(200);
    // The country is the platform's word; without one, what the client says is no country.
    for (const cf of [{ country: 'SE' }, {}]) {
      const headers = { origin: 'https://app.example.net', 'content-type': 'application/json', 'cf-ipcountry': 'NO' };
      const body = JSON.stringify({ email, password });
      expect((await https.fetch('/api/auth/sign-in/email', { method: 'POST', headers, body, cf })).status).toBe(200);
    }
    const told = await rows(
      'SELECT country FROM account_event JOIN user ON user.id = user_id WHERE email = ? ORDER BY country',
      email,
    );
    expect(told.map(({ country }) => country)).toEqual([null, null, 'SE']);
  });
});

describe('the door', () => {
  it('serves only the paths that the product uses', async () => {
    const person = await signedUpPerson(world);
    for (const path of [
      '/sign-in/social',
      '/organization/create',
      '/update-session',
      '/delete-user',
      '/change-email',
      '/error',
    ]) {
      expect((await person.browser.post(`/api/auth${path}`, {})).status).toBe(404);
      expect((await person.browser.get(`/api/auth${path}`)).status).toBe(404);
    }
  });

  it('reads several slashes as one, for its limits too', async () => {
    const send = (path: string): Promise<Response> => new Browser(world).post(path, { email: 'nobody@example.test' });
    for (let i = 0; i < 5; i++) expect((await send('/api/auth//request-password-reset')).status).toBe(200);
    expect((await send('/api/auth///request-password-reset')).status).toBe(429);
    expect((await send('/api/auth/request-password-reset')).status).toBe(429);
  });

  it('refuses a body over the limit, whatever its header says', async () => {
    const big = JSON.stringify({ email: newEmail(), password: 'x'.repeat(70_000) });
    const stream = new Response(big).body;
    const answer = await world.fetch('/api/auth/sign-in/email', {
      method: 'POST',
      headers: { origin: 'http://localhost:8787', 'content-type': 'application/json' },
      body: stream,
    });
    expect((await problemOf(answer)).code).toBe('body_too_large');
  });
});
