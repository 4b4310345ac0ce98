// The relay and the gate in workerd itself: its sockets, its headers, its streams and its WebCrypto.

import { env, exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { CellKeys } from '../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { relay } from '../../../apps/tenant-worker/src/edge/relay.ts';
import type { Port } from '../../../apps/tenant-worker/src/edge/port.ts';
import { SocketSet } from '../../../apps/tenant-worker/src/edge/socket-set.ts';
import { newHandoffCode, verifyToken } from '../../../apps/tenant-worker/src/edge/tokens.ts';
import type { Env } from '../../../apps/tenant-worker/src/env.ts';
import { sandboxHeaders } from '../../../apps/tenant-worker/src/tenant-api.ts';

// Both Workers' runtime tests share one type world, so the bindings of this one are named here, not globally.
const bindings = env as unknown as Env;
const { default: worker } = exports as unknown as { default: Fetcher };

const host = 'nora-7f3k.localhost:8787';
const farMs = Date.parse('2036-01-01T00:00:00Z');

function socketSet(): SocketSet {
  return new SocketSet({
    clock: { nowMs: () => Date.now() },
    recheck: async () => ({ expiresAtMs: farMs, scopes: '' }),
    every: () => () => undefined,
  });
}

function requestOf(
  path: string,
  init: { headers?: Record<string, string>; method?: string; body?: BodyInit } = {},
): Request {
  const headers = {
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
    [sandboxHeaders.incarnation]: '3',
    [sandboxHeaders.sessionHash]: 'hash-1',
    [sandboxHeaders.sessionExpiresAtMs]: String(farMs),
    ...init.headers,
  };
  return new Request(`http://${host}${path}`, { ...init, headers });
}

/** Collects what arrives at one end of a socket. */
class Inbox {
  readonly #arrived: unknown[] = [];
  #notify: () => void = () => undefined;

  constructor(socket: WebSocket) {
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', (event) => this.#put(event.data));
    socket.addEventListener('close', (event) => this.#put({ code: event.code, reason: event.reason }));
    socket.accept({ allowHalfOpen: true });
  }

  #put(what: unknown): void {
    this.#arrived.push(what);
    this.#notify();
  }

  /** The next message, or the close. */
  async next(): Promise<unknown> {
    while (this.#arrived.length === 0) await new Promise<void>((resolve) => (this.#notify = resolve));
    return this.#arrived.shift();
  }
}

/** A relayed socket: the browser's end, the gateway's end, and the set it is in. */
async function connect(sockets = socketSet(), sessionHash = 'hash-1') {
  const [far, near] = Object.values(new WebSocketPair());
  if (far === undefined || near === undefined) throw new Error('WebSocketPair made no pair');
  const port: Port = { fetch: async () => new Response(null, { status: 101, webSocket: far }) };
  const answer = await relay(
    port,
    requestOf('/', { headers: { upgrade: 'websocket', [sandboxHeaders.sessionHash]: sessionHash } }),
    {
      sockets,
      onActivity: () => undefined,
    },
  );
  const browser = answer.webSocket;
  if (browser === null) throw new Error('the relay did not upgrade');
  return { browser, gateway: near, atBrowser: new Inbox(browser), atGateway: new Inbox(near), sockets };
}

describe('a relayed socket', () => {
  it('carries text and bytes both ways', async () => {
    const { browser, gateway, atBrowser, atGateway, sockets } = await connect();
    browser.send('hi');
    expect(await atGateway.next()).toBe('hi');
    gateway.send(new Uint8Array([1, 2, 3]));
    const bytes = await atBrowser.next();
    expect(bytes).toBeInstanceOf(ArrayBuffer);
    expect(Array.from(new Uint8Array(bytes as ArrayBuffer))).toEqual([1, 2, 3]);
    expect(sockets.counters).toMatchObject({ open: 1, framesIn: 1, framesOut: 1 });
  });

  it('keeps the order of many frames', async () => {
    const { browser, atGateway } = await connect();
    for (let n = 0; n < 1_000; n++) browser.send(String(n));
    for (let n = 0; n < 1_000; n++) expect(await atGateway.next()).toBe(String(n));
  });

  it.each([
    [4008, 'x', { code: 4008, reason: 'x' }],
    [1000, '', { code: 1000, reason: '' }],
    [1012, 'restart', { code: 1012, reason: 'restart' }],
  ])('closes both ends when the gateway closes with %d', async (code, reason, expected) => {
    const { gateway, atBrowser, atGateway, sockets } = await connect();
    gateway.close(code, reason);
    expect(await atBrowser.next()).toEqual(expected);
    expect(await atGateway.next()).toMatchObject({ code });
    expect(sockets.counters.open).toBe(0);
  });

  it('closes both ends when the browser closes without a code', async () => {
    const { browser, atBrowser, atGateway, sockets } = await connect();
    browser.close();
    expect(await atGateway.next()).toMatchObject({ code: 1000 });
    expect(await atBrowser.next()).toMatchObject({ code: 1000 });
    expect(sockets.counters.open).toBe(0);
  });

  it('ends with 4401 when its session ends', async () => {
    const { atBrowser, atGateway, sockets } = await connect();
    expect(sockets.closeSessions(['hash-1'])).toBe(1);
    expect(await atBrowser.next()).toMatchObject({ code: 4401 });
    expect(await atGateway.next()).toMatchObject({ code: 1001 });
  });

  it('ends with 1009 when a message is over 25 MiB', async () => {
    const { browser, atBrowser, atGateway } = await connect();
    browser.send('x'.repeat(25 * 1024 * 1024 + 1));
    expect(await atBrowser.next()).toMatchObject({ code: 1009 });
    expect(await atGateway.next()).toMatchObject({ code: 1009 });
  });

  it('is refused when there are 64 already', async () => {
    const sockets = socketSet();
    for (let n = 0; n < 64; n++) await connect(sockets, `hash-${n % 8}`);
    const port: Port = { fetch: async () => Promise.reject(new Error('the gateway was asked')) };
    const answer = await relay(port, requestOf('/', { headers: { upgrade: 'websocket' } }), {
      sockets,
      onActivity: () => undefined,
    });
    expect(answer.status).toBe(503);
  });
});

describe('a relayed request', () => {
  const hooks = { sockets: socketSet(), onActivity: () => undefined };

  it('streams a body both ways', async () => {
    const port: Port = {
      fetch: async (_url, init) =>
        new Response(init.body as ReadableStream, { headers: { 'content-type': 'text/plain' } }),
    };
    const body = 'x'.repeat(300_000);
    const answer = await relay(port, requestOf('/api', { method: 'POST', body }), hooks);
    expect(await answer.text()).toBe(body);
  });

  it('keeps two policies two headers, and drops cookies', async () => {
    const theirs = "default-src 'self'";
    const headers = new Headers({ 'content-security-policy': theirs, 'content-type': 'text/html' });
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', '__Host-tidepool_session=x');
    const port: Port = { fetch: async () => new Response('page', { headers }) };
    const answer = await relay(port, requestOf('/'), hooks);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'self', frame-ancestors 'none'; connect-src/,
    );
  });
});

const ask = (url: string, init?: RequestInit): Promise<Response> =>
  worker.fetch(new Request(url, { redirect: 'manual', ...init }));

describe('the gate', () => {
  it('sends a person without a session to sign in', async () => {
    const answer = await ask(`http://${host}/chat`, { headers: { host, accept: 'text/html' } });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toMatch(
      /^http:\/\/localhost:8787\/open\?slug=nora-7f3k&st=[\w-]{43}&path=%2Fchat$/,
    );
  });

  it('refuses an upgrade without a session, and one from another site', async () => {
    const upgrade = { host, upgrade: 'websocket', 'sec-websocket-version': '13' };
    expect((await ask(`http://${host}/`, { headers: { ...upgrade, origin: `http://${host}` } })).status).toBe(401);
    expect(
      (await ask(`http://${host}/`, { headers: { ...upgrade, origin: 'http://evil.localhost:8787' } })).status,
    ).toBe(403);
  });

  it('does not serve another host', async () => {
    expect((await ask('http://evil.example/', { headers: { host: 'evil.example' } })).status).toBe(421);
  });

  it('leaves no trace of a label that names no tenant', async () => {
    const keys = new CellKeys(bindings.CELL_KEYS);
    const { code, codeHash } = await newHandoffCode(keys, host, Date.now());
    const state = 's'.repeat(43);
    const headers = { host, accept: 'text/html', cookie: `tidepool_state=${state}` };
    const answer = await ask(`http://${host}/__tidepool/callback?code=${code}`, { headers });
    expect(answer.status).toBe(400);
    expect(await verifyToken(keys, { purpose: 'code', host, text: code, nowMs: Date.now() })).toMatchObject({
      hash: codeHash,
    });
    expect(await bindings.TENANT.getByName('nora-7f3k').exists()).toBe('unknown');
  });
});
