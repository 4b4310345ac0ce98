// What every answer has, the pages, the mail, and the limits of a request.

import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../apps/control-plane/src/env.ts';
import { endpoints } from '../../../apps/control-plane/src/contract/api.ts';
import { sweep } from '../../../apps/control-plane/src/jobs/sweep.ts';
import {
  bindings,
  Browser,
  createWorld,
  json,
  newEmail,
  newPerson,
  newSlug,
  password,
  problemOf,
  rows,
  type World,
} from './support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});

describe('every answer', () => {
  it.each([
    ['/api/v1/system', 200],
    ['/api/v1/me', 401],
    ['/api/v1/nothing', 404],
    ['/api/nothing', 404],
    ['/api/auth/nothing', 404],
    ['/outbox', 200],
    ['/open', 404],
    ['/docs/errors', 200],
    ['/healthz', 200],
  ])('of %s has its id, and headers that a browser needs', async (path, status) => {
    const answer = await world.fetch(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    if (path.startsWith('/api/')) expect(answer.headers.get('cache-control')).toBe('no-store');
    if (status >= 400 && path.startsWith('/api/')) {
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      const body = await answer.json<Record<string, string>>();
      expect(body['requestId']).toBe(answer.headers.get('x-request-id'));
      expect(body['type']).toBe(`http://localhost:8787/docs/errors#${body['code'] ?? ''}`);
    }
  });

  it('is refused under another name', async () => {
    for (const url of [
      'http://127.0.0.1:8787/api/v1/system',
      'http://localhost.:8787/outbox',
      'http://evil.example/api/v1/me',
    ]) {
      expect(await problemOf(world.fetch(url))).toMatchObject({ status: 421, code: 'host_unknown' });
    }
  });
});

describe('the API description', () => {
  it('is OpenAPI 3.1 and has every endpoint of the table, with its schemas', async () => {
    const described = await json<{ openapi: string; paths: Record<string, Record<string, Record<string, unknown>>> }>(
      world.fetch('/api/v1/openapi.json'),
    );
    expect(described.openapi).toBe('3.1.0');
    for (const [name, endpoint] of Object.entries(endpoints)) {
      const operation = described.paths[endpoint.path]?.[endpoint.method];
      expect(operation, name).toMatchObject({ operationId: name, summary: endpoint.summary });
      expect(Object.keys(operation?.['responses'] ?? {}), name).toEqual([String(endpoint.status), 'default']);
      expect('requestBody' in (operation ?? {}), name).toBe('body' in endpoint || 'uploadBytesMax' in endpoint);
    }
  });
});

describe('a request', () => {
  it('with a body over 64 KiB is refused, in one piece or streamed', async () => {
    const person = await newPerson(world);
    const big = JSON.stringify({ name: 'x'.repeat(70_000), slug: newSlug() });
    const path = `/api/v1/orgs/${person.orgId}/tenants`;
    const headers = { cookie: person.browser.cookieHeader, origin: 'http://localhost:8787', 'idempotency-key': 'k' };
    expect((await problemOf(world.fetch(path, { method: 'POST', headers, body: big }))).code).toBe('body_too_large');
    const streamed = new Response(big).body;
    expect((await problemOf(world.fetch(path, { method: 'POST', headers, body: streamed }))).code).toBe(
      'body_too_large',
    );
    expect((await problemOf(world.fetch(path, { method: 'POST', headers, body: '{' }))).code).toBe('bad_request');
  });

  it('that fails on our side tells nothing of its insides', async () => {
    const person = await newPerson(world);
    world.database.failAt(1, 'before');
    const answer = await person.browser.get(`/api/v1/orgs/${person.orgId}/tenants`);
    world.database.heal();
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toMatch(/D1_ERROR|select|injected/i);
  });
});

/** A platform whose mail service refuses everything, and how often it was tried. */
async function worldWithoutMail() {
  let tries = 0;
  const https = await createWorld({
    PLATFORM_ORIGIN: 'https://app.example.net',
    TENANT_ORIGIN: 'https://{slug}.example.org',
    MAIL: 'cloudflare',
    EMAIL: { send: () => Promise.reject(new Error(`${++tries}`)) },
  });
  return { https, tries: () => tries };
}

describe('the outbox', () => {
  it('lists mail and shows one, with its link and nothing of it as markup', async () => {
    const email = newEmail('outbox');
    await new Browser(world).post('/api/auth/sign-up/email', { name: '<img src=x onerror=alert(1)>', email, password });
    await world.settled();
    const list = await (await world.fetch('/outbox')).text();
    expect(list).toContain(email);
    const [mail] = await rows('SELECT id, link FROM mail_outbox WHERE recipient = ?', email);
    const shown = await (await world.fetch(`/outbox/${String(mail?.['id'])}`)).text();
    expect(shown).toContain('&lt;img src=x');
    expect(shown).not.toContain('<img');
    expect(shown).toContain(`href="${String(mail?.['link']).replaceAll('&', '&amp;')}"`);
    expect((await world.fetch('/outbox/nothing')).status).toBe(404);
  });

  it('is not there where mail is sent; such mail goes out once, and its text does not stay', async () => {
    const sent: { to: string; text: string }[] = [];
    let broken = true;
    const https = await createWorld({
      PLATFORM_ORIGIN: 'https://app.example.net',
      TENANT_ORIGIN: 'https://{slug}.example.org',
      MAIL: 'cloudflare',
      EMAIL: {
        send: (mail) => {
          if (broken) return Promise.reject(new Error('try later'));
          sent.push(mail);
          return Promise.resolve();
        },
      },
    });
    expect((await https.fetch('/outbox')).status).toBe(404);
    const email = newEmail('sent');
    await new Browser(https).post('/api/auth/sign-up/email', { name: 'Nora', email, password });
    await https.settled();
    // Within the claim nobody tries again; after it the sweep does.
    broken = false;
    await sweep(https.ctx);
    expect(sent).toEqual([]);
    https.clock.nowMs += 61_000;
    await Promise.all([sweep(https.ctx), sweep(https.ctx)]);
    expect(sent.filter(({ to }) => to === email)).toHaveLength(1);
    expect(sent[0]?.text).toContain('https://app.example.net/api/auth/verify-email');
    expect(await rows('SELECT text, link, attempts FROM mail_outbox WHERE recipient = ?', email)).toEqual([
      { text: '', link: null, attempts: 2 },
    ]);
  });

  it('is given up after a day of failures, and then asked for by no sweep', async () => {
    const { https, tries } = await worldWithoutMail();
    const [key, to] = ['one', newEmail('lost')];
    await https.ctx.mailer.send({ key, to, subject: 's', text: 't', link: null });
    for (let hours = 0; hours < 48; hours++) {
      https.clock.nowMs += 3_600_000;
      await https.ctx.mailer.sendWaiting();
    }
    expect(tries()).toBe(12);
    expect(await https.ctx.mailer.sendWaiting()).toBe(0);
    expect(await rows('SELECT attempts, sent_at_ms FROM mail_outbox WHERE recipient = ?', to)).toEqual([
      { attempts: 12, sent_at_ms: null },
    ]);
  });

  it('is not sent when it is old news, however few tries it had', async () => {
    const { https, tries } = await worldWithoutMail();
    await https.ctx.mailer.send({ key: 'old news', to: newEmail('late'), subject: 's', text: 't', link: null });
    https.clock.nowMs += 3 * 86_400_000;
    expect([await https.ctx.mailer.sendWaiting(), tries()]).toEqual([0, 1]);
  });
});

describe('the sweep', () => {
  it('removes what has expired and nothing else', async () => {
    const person = await newPerson(world);
    const old = world.clock.nowMs - 1_000;
    await rows(
      "INSERT INTO session (id, token, user_id, expires_at, created_at, updated_at) VALUES ('ses_old', 'old', ?, ?, 1, 1)",
      person.userId,
      old,
    );
    await rows("INSERT INTO verification VALUES ('v', 'i', 'x', ?, 1, 1)", old);
    await rows(
      "INSERT INTO idempotency (scope, key, request_hash, result_id, expires_at_ms) VALUES ('s', 'k', 'h', 'r', ?)",
      old,
    );
    for (const days of [399, 401]) {
      await rows(
        "INSERT INTO mail_outbox (id, key, recipient, subject, text, created_at_ms) VALUES (?1, ?1, 'r', 's', 't', ?2)",
        `mail-${days}`,
        world.clock.nowMs - days * 86_400_000,
      );
    }
    await sweep(world.ctx);
    expect(await rows("SELECT id FROM mail_outbox WHERE recipient = 'r'")).toEqual([{ id: 'mail-399' }]);
    expect(await rows("SELECT id FROM session WHERE id = 'ses_old'")).toEqual([]);
    expect(await rows("SELECT id FROM verification WHERE id = 'v'")).toEqual([]);
    expect(await rows("SELECT key FROM idempotency WHERE scope = 's'")).toEqual([]);
    expect((await person.browser.get('/api/v1/me')).status).toBe(200);
  });
});

describe('configuration', () => {
  const good = {
    ...bindings,
    PLATFORM_ORIGIN: 'https://app.example.net',
    TENANT_ORIGIN: 'https://{slug}.example.org',
    MAIL: 'cloudflare',
    EMAIL: { send: () => Promise.resolve() },
  };
  it.each([
    [{ MAIL: 'outbox' }, 'MAIL=outbox'],
    [{ EMAIL: undefined }, 'EMAIL'],
    [{ MAIL: 'pigeon' }, 'MAIL'],
    [{ PLATFORM_ORIGIN: 'http://app.example.net' }, 'https'],
    [{ PLATFORM_ORIGIN: 'https://app.example.net/x' }, 'PLATFORM_ORIGIN'],
    [{ TENANT_ORIGIN: 'https://example.org' }, 'TENANT_ORIGIN'],
    [{ BETTER_AUTH_SECRET: 'short' }, 'BETTER_AUTH_SECRET'],
  ])('with %j is refused in a sentence that names it', (change, name) => {
    expect(() => readConfig(good)).not.toThrow();
    expect(() => readConfig({ ...good, ...change })).toThrow(new RegExp(`configuration: .*${name}`));
  });
});

describe('the Worker itself', () => {
  const { default: worker } = exports as unknown as { default: Fetcher };

  it('answers with the real cell beside it: an assistant made there is read live', async () => {
    expect(await json(worker.fetch('http://localhost:8787/healthz'))).toEqual({ ok: true });
    const person = await newPerson(world);
    const headers = {
      cookie: person.browser.cookieHeader,
      origin: 'http://localhost:8787',
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    };
    const slug = newSlug();
    const { tenant, operation } = await json<{ tenant: { id: string; live: boolean }; operation: { id: string } }>(
      worker.fetch(`http://localhost:8787/api/v1/orgs/${person.orgId}/tenants`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ name: 'Nora', slug }),
      }),
      202,
    );
    expect(tenant.live).toBe(true);
    const shown = await json<{ operation: { id: string } }>(
      worker.fetch(`http://localhost:8787/api/v1/tenants/${tenant.id}`, { headers }),
    );
    expect(shown).toMatchObject({ slug, live: true, operation: { id: operation.id, kind: 'provision' } });
    const opened = await worker.fetch(`http://localhost:8787/open?slug=${slug}&st=${'A'.repeat(43)}`, {
      headers,
      redirect: 'manual',
    });
    expect(opened.status).toBe(303);
    expect(opened.headers.get('location')).toMatch(
      new RegExp(`^http://${slug}\\.localhost:8787/__tidepool/callback\\?code=[^&]+&path=%2F$`),
    );
  });
});
