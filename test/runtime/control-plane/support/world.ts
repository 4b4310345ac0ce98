// The control plane as its tests drive it: the real application and D1 inside workerd, a cell in memory, people with
// cookie jars. Each test makes its own people; the database is shared within a file.

import { applyD1Migrations, type D1Migration } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { Billing } from '../../../../apps/control-plane/src/billing.ts';
import { createApp } from '../../../../apps/control-plane/src/app.ts';
import type { HumanCheck } from '../../../../apps/control-plane/src/adapters/human-check.ts';
import { createContext, type Context } from '../../../../apps/control-plane/src/context.ts';
import type { OrgRole } from '../../../../apps/control-plane/src/contract/api.ts';
import { ulidFrom } from '../../../../apps/control-plane/src/contract/ids.ts';
import type { RateCounter } from '../../../../apps/control-plane/src/contract/rate-limit.ts';
import type { Env } from '../../../../apps/control-plane/src/env.ts';
import { CellStandIn } from './cell-stand-in.ts';
import { watchD1, type WatchedD1 } from './d1-faults.ts';

interface TestEnv extends Env {
  readonly MIGRATIONS: D1Migration[];
  /** The demo model over HTTP (local/check/demo-model-setup.ts). */
  readonly DEMO_MODEL_URL: string;
}

// Both Workers' runtime tests share one type world, so the bindings of this one are named here, not globally.
export const bindings = env as unknown as TestEnv;
export const password = 'correct horse battery';
const staffEmail = 'staff@example.test';

export interface World {
  readonly ctx: Context;
  readonly cell: CellStandIn;
  readonly database: WatchedD1;
  readonly clock: { nowMs: number };
  readonly env: Env;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Waits for all work that goes on after answers. */
  settled(): Promise<void>;
}

export async function createWorld(
  changes: Partial<Env> = {},
  options: {
    readonly counter?: RateCounter;
    readonly human?: HumanCheck;
    /** Made for the world's clock, which it is handed. */
    readonly billing?: (clock: { nowMs: number }) => Billing;
  } = {},
): Promise<World> {
  await applyD1Migrations(bindings.DB, bindings.MIGRATIONS);
  const cell = new CellStandIn();
  const database = watchD1(bindings.DB);
  const clock = { nowMs: Date.now() };
  const background: Promise<unknown>[] = [];
  const testEnv: Env = { ...bindings, STAFF_EMAILS: `ops@example.test, ${staffEmail}`, ...changes };
  const ctx = createContext(testEnv, {
    d1: database.d1,
    tenants: cell,
    ...(options.billing === undefined ? {} : { billing: options.billing(clock) }),
    system: {
      nowMs: () => clock.nowMs,
      ulid: () => ulidFrom(clock.nowMs, crypto.getRandomValues(new Uint8Array(10))),
    },
    waitUntil: (work) => void background.push(work),
    // Everybody in these tests comes from one address.
    counter: options.counter ?? { count: async () => true },
    ...(options.human === undefined ? {} : { human: options.human }),
  });
  const app = createApp(ctx);
  return {
    ctx,
    cell,
    database,
    clock,
    env: testEnv,
    fetch: async (path, init) => app.fetch(new Request(new URL(path, testEnv.PLATFORM_ORIGIN), init), testEnv),
    async settled() {
      while (background.length > 0) await background.pop();
    },
  };
}

let people = 0;

/** An address nobody has used. */
export function newEmail(name = 'nora'): string {
  people += 1;
  return `${name}-${crypto.randomUUID().slice(0, 8)}-${people}@example.test`;
}

/** A browser: cookies, and the headers that a page of ours sends. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async send(method: string, path: string, body?: unknown, extra: Record<string, string> = {}): Promise<Response> {
    const headers = new Headers({
      origin: this.#world.ctx.config.platformOrigin,
      'sec-fetch-site': 'same-origin',
      'cf-connecting-ip': '203.0.113.7',
      ...extra,
    });
    if (method === 'GET') headers.delete('origin');
    if (this.cookies.size > 0) headers.set('cookie', this.cookieHeader);
    if (body !== undefined) headers.set('content-type', 'application/json');
    const answer = await this.#world.fetch(path, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#take(line);
    return answer;
  }

  get(path: string, extra?: Record<string, string>): Promise<Response> {
    return this.send('GET', path, undefined, extra);
  }

  post(path: string, body: unknown = {}, extra?: Record<string, string>): Promise<Response> {
    return this.send('POST', path, body, extra);
  }

  #take(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    const value = pair.slice(at + 1);
    const gone = value === '' || attributes.some((part) => /^\s*max-age=0$/i.test(part));
    if (gone) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

export interface Person {
  readonly browser: Browser;
  readonly email: string;
  readonly userId: string;
  readonly orgId: string;
}

/** Signs a new person up and in, as the page does. Each takes two password hashes; most tests need only `newPerson`. */
export async function signedUpPerson(world: World, name = 'Nora'): Promise<Person> {
  const email = newEmail(name.toLowerCase());
  const browser = new Browser(world);
  await json(browser.post('/api/auth/sign-up/email', { name, email, password }));
  await json(browser.post('/api/auth/sign-in/email', { email, password }));
  await bindings.DB.prepare('DELETE FROM rate_limit').run();
  return personIn(browser, email);
}

/** A person who is signed in: an account and a session as the library writes them, and its signed cookie. */
export async function newPerson(world: World, name = 'Nora'): Promise<Person> {
  const email = newEmail(name.toLowerCase());
  const browser = new Browser(world);
  const userId = `usr_${world.ctx.system.ulid()}`;
  const token = crypto.randomUUID().replaceAll('-', '');
  const nowMs = Date.now();
  await bindings.DB.batch([
    bindings.DB.prepare(
      'INSERT INTO user (id, name, email, email_verified, created_at, updated_at) VALUES (?, ?, ?, 0, ?, ?)',
    ).bind(userId, name, email, nowMs, nowMs),
    bindings.DB.prepare(
      'INSERT INTO session (id, token, user_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
    ).bind(`ses_${world.ctx.system.ulid()}`, token, userId, nowMs + 86_400_000, nowMs, nowMs),
  ]);
  browser.cookies.set('tidepool.session_token', encodeURIComponent(`${token}.${await sign(token)}`));
  return personIn(browser, email);
}

/** A person of the platform's staff: named by the operator's setting, with an address that is confirmed. */
export async function newStaff(world: World): Promise<Person> {
  const person = await newPerson(world, 'Staff');
  await bindings.DB.prepare('UPDATE user SET email = ?, email_verified = 1 WHERE id = ?')
    .bind(staffEmail, person.userId)
    .run();
  return { ...person, email: staffEmail };
}

async function personIn(browser: Browser, email: string): Promise<Person> {
  const me = await json<{ user: { id: string }; organisations: { id: string }[] }>(browser.get('/api/v1/me'));
  return { browser, email, userId: me.user.id, orgId: me.organisations[0]?.id ?? '' };
}

/** base64 HMAC-SHA-256, as the library signs its cookies. */
async function sign(value: string): Promise<string> {
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(bindings.BETTER_AUTH_SECRET),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(value)));
  return btoa(String.fromCharCode(...mac));
}

/** Adds a person to an organisation, as an accepted invitation would. */
export async function join(person: Person, orgId: string, role: OrgRole): Promise<void> {
  await bindings.DB.prepare(
    'INSERT INTO member (id, organization_id, user_id, role, created_at) VALUES (?, ?, ?, ?, ?)',
  )
    .bind(`mem_${crypto.randomUUID()}`, orgId, person.userId, role, Date.now())
    .run();
}

let slugs = 0;

/** An address nobody has taken. */
export function newSlug(): string {
  slugs += 1;
  return `pool-${crypto.randomUUID().slice(0, 8)}-${slugs}`;
}

interface CreatedTenant {
  readonly tenant: { readonly id: string; readonly slug: string; readonly state: string };
  readonly operation: { readonly id: string };
}

export function create(
  person: Person,
  options: { slug?: string; key?: string; name?: string; orgId?: string } = {},
): Promise<Response> {
  return person.browser.post(
    `/api/v1/orgs/${options.orgId ?? person.orgId}/tenants`,
    { name: options.name ?? 'Nora', slug: options.slug ?? newSlug() },
    { 'idempotency-key': options.key ?? crypto.randomUUID() },
  );
}

export async function createdTenant(person: Person, options?: Parameters<typeof create>[1]): Promise<CreatedTenant> {
  return json<CreatedTenant>(create(person, options), 202);
}

/** The body of an answer of that status; the test says what shape it takes it for. */
export async function json<T>(answer: Promise<Response> | Response, status = 200): Promise<T> {
  const got = await answer;
  const text = await got.text();
  if (got.status !== status) throw new Error(`answered ${got.status}, not ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

export async function problemOf(
  answer: Promise<Response> | Response,
): Promise<{ status: number; code: string; next: string }> {
  const got = await answer;
  const body = await got.json<{ code: string; next: string }>();
  return { status: got.status, code: body.code, next: body.next };
}

/** What a query finds. */
export async function rows(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return (
    await bindings.DB.prepare(sql)
      .bind(...values)
      .all()
  ).results;
}
