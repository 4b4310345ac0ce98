/** A person with an account, over HTTP: cookies kept, answers parsed, refusals thrown with the whole problem. */
import type { z } from 'zod';
import { endpoints } from '../../apps/control-plane/src/contract/api.ts';
import type { EndpointName } from '../../apps/control-plane/src/contract/api.ts';
import type { Stack } from '../../local/stack/start-stack.ts';
import { until } from './product.ts';

type Answer<N extends EndpointName> = z.output<(typeof endpoints)[N]['response']>;

export class Person {
  readonly #stack: () => Stack;
  readonly #cookies = new Map<string, Map<string, string>>();
  orgId = '';

  /** @param stack read at each request: a restarted product has a new one */
  constructor(stack: () => Stack) {
    this.#stack = stack;
  }

  static async signUp(stack: () => Stack, name: string): Promise<Person> {
    const person = new Person(stack);
    const body = { name, email: `${name.toLowerCase()}@example.com`, password: 'low tide at noon' };
    // Signing up makes no session: its answer is the same for a taken address.
    for (const path of ['/api/auth/sign-up/email', '/api/auth/sign-in/email']) {
      const answer = await person.request('localhost', path, { method: 'POST', json: body });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    }
    const me = await person.call('meRead');
    person.orgId = me.organisations[0]?.id ?? '';
    return person;
  }

  /** One HTTP exchange with this person's cookies for that host. Redirects are not followed. */
  async request(
    host: string,
    path: string,
    init: { method?: string; json?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const stack = this.#stack();
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    const headers: Record<string, string> = { ...init.headers };
    const cookie = [...jar].map(([k, v]) => `${k}=${v}`).join('; ');
    if (cookie !== '') headers['cookie'] = cookie;
    if (init.json !== undefined) headers['content-type'] = 'application/json';
    if (init.method !== undefined && init.method !== 'GET')
      headers['origin'] = host === 'localhost' ? stack.platformOrigin : `http://${host}:${stack.port}`;
    const response = await stack.fetch(host, path, {
      method: init.method ?? 'GET',
      headers,
      ...(init.json === undefined ? {} : { body: JSON.stringify(init.json) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line) || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    this.#cookies.set(host, jar);
    return response;
  }

  /** Sends bytes to the dashboard's API, as its page does. */
  async upload(path: string, content: Uint8Array): Promise<Response> {
    const stack = this.#stack();
    const headers = { cookie: this.cookiesFor('localhost'), origin: stack.platformOrigin };
    return stack.fetch('localhost', path, { method: 'PUT', headers, body: content });
  }

  /** Calls an endpoint of the table. Path parameters and query by name. */
  async call<N extends EndpointName>(
    name: N,
    input: { params?: Record<string, string>; query?: Record<string, string>; body?: unknown } = {},
  ): Promise<Answer<N>> {
    const endpoint = endpoints[name];
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent(input.params?.[key] ?? ''),
    );
    const query = new URLSearchParams(input.query ?? {}).toString();
    const response = await this.request('localhost', query === '' ? path : `${path}?${query}`, {
      method: endpoint.method.toUpperCase(),
      ...(input.body === undefined ? {} : { json: input.body }),
      headers: { 'idempotency-key': crypto.randomUUID() },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
    return endpoint.response.parse(JSON.parse(text)) as Answer<N>;
  }

  async createAssistant(name: string, slug: string, release?: string): Promise<{ id: string; slug: string }> {
    const body = { name, slug, ...(release === undefined ? {} : { release }) };
    const { tenant } = await this.call('tenantCreate', { params: { orgId: this.orgId }, body });
    return { id: tenant.id, slug };
  }

  async waitFor(tenantId: string, state: string, timeoutMs = 240_000): Promise<Answer<'tenantRead'>> {
    return until(
      `${tenantId} to be ${state}`,
      async () => {
        const tenant = await this.call('tenantRead', { params: { tenantId } });
        if (tenant.state === 'needs_operator') throw new Error(`needs an operator: ${tenant.reason}`);
        return tenant.state === state && tenant;
      },
      timeoutMs,
    );
  }

  /** Goes through the sign-in hand-off to a tenant host; returns the cookie header for it. */
  async openAssistant(slug: string): Promise<string> {
    const host = `${slug}.localhost`;
    const navigate = {
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'none',
      accept: 'text/html',
    };
    const first = await this.request(host, '/', { headers: navigate });
    // Signed in there already: nothing to hand over.
    if (first.status !== 302) return this.cookiesFor(host);
    const open = new URL(first.headers.get('location') ?? 'http://missing/');
    const second = await this.request('localhost', open.pathname + open.search, { headers: navigate });
    const back = new URL(second.headers.get('location') ?? 'http://missing/');
    if (back.hostname !== host)
      throw new Error(`hand-off: ${second.status} to ${back.hostname}: ${(await second.text()).slice(0, 200)}`);
    const third = await this.request(host, back.pathname + back.search, { headers: navigate });
    if (third.status !== 303) throw new Error(`hand-off callback: ${third.status}`);
    return this.cookiesFor(host);
  }

  cookiesFor(host: string): string {
    return [...(this.#cookies.get(host) ?? new Map<string, string>())].map(([k, v]) => `${k}=${v}`).join('; ');
  }
}
