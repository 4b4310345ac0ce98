// The bounds of a tenant host in workerd itself: its Rate Limiting bindings, its sockets.

import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import * as limits from '../../../apps/tenant-worker/src/core/edge/limits.ts';
import { rateRules } from '../../../apps/tenant-worker/src/core/edge/rate-policy.ts';
import type { Port } from '../../../apps/tenant-worker/src/edge/port.ts';
import { relay } from '../../../apps/tenant-worker/src/edge/relay.ts';
import { SocketSet } from '../../../apps/tenant-worker/src/edge/socket-set.ts';
import { sandboxHeaders } from '../../../apps/tenant-worker/src/tenant-api.ts';

const { default: worker } = exports as unknown as { default: Fetcher };

const host = 'nora-7f3k.localhost:8787';
const farMs = Date.parse('2036-01-01T00:00:00Z');

const socketSet = (): SocketSet =>
  new SocketSet({
    clock: { nowMs: () => Date.now() },
    recheck: async () => ({ expiresAtMs: farMs, scopes: '' }),
    every: () => () => undefined,
  });

function upgradeOf(sessionHash: string): Request {
  return new Request(`http://${host}/`, {
    headers: {
      'x-forwarded-host': host,
      'x-forwarded-proto': 'http',
      upgrade: 'websocket',
      [sandboxHeaders.incarnation]: '3',
      [sandboxHeaders.sessionHash]: sessionHash,
      [sandboxHeaders.sessionExpiresAtMs]: String(farMs),
    },
  });
}

/** A gateway that takes every upgrade once `open` has resolved; gives the gateway's ends. */
function gateway(open: Promise<void> = Promise.resolve()): { port: Port; ends: WebSocket[] } {
  const ends: WebSocket[] = [];
  const port: Port = {
    fetch: async () => {
      await open;
      const [far, near] = Object.values(new WebSocketPair());
      if (far === undefined || near === undefined) throw new Error('WebSocketPair made no pair');
      near.accept();
      ends.push(near);
      return new Response(null, { status: 101, webSocket: far });
    },
  };
  return { port, ends };
}

const upgrade = (port: Port, sockets: SocketSet, sessionHash = 'hash-1'): Promise<Response> =>
  relay(port, upgradeOf(sessionHash), { sockets, onActivity: () => undefined });

const closeOf = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason })));

describe('sockets', () => {
  it('are no more than allowed when all are asked for at once', async () => {
    let release = (): void => undefined;
    const { port, ends } = gateway(new Promise((resolve) => (release = resolve)));
    const sockets = socketSet();
    const asked = Array.from({ length: 200 }, (_, n) => upgrade(port, sockets, `hash-${n % 10}`));
    release();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 101).length).toBe(limits.socketsMax);
    expect([ends.length, sockets.counters.open]).toEqual([limits.socketsMax, limits.socketsMax]);
  });

  it('of one session are no more than its share', async () => {
    const { port } = gateway();
    const sockets = socketSet();
    const asked = Array.from({ length: 40 }, () => upgrade(port, sockets));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 101).length).toBe(limits.socketsPerSessionMax);
    expect((await upgrade(port, sockets, 'hash-2')).status).toBe(101);
  });

  it('give their place back when the gateway does not answer', async () => {
    const sockets = socketSet();
    const dead: Port = { fetch: () => Promise.reject(new Error('refused')) };
    for (let n = 0; n < limits.socketsMax; n++) expect((await upgrade(dead, sockets)).status).toBe(502);
    expect((await upgrade(gateway().port, sockets)).status).toBe(101);
  });

  it('end with 1008 when a browser floods them', async () => {
    const { port, ends } = gateway();
    const browser = (await upgrade(port, socketSet())).webSocket;
    if (browser === null) throw new Error('the relay did not upgrade');
    browser.accept();
    const closed = closeOf(browser);
    let arrived = 0;
    ends[0]?.addEventListener('message', () => void arrived++);
    for (let n = 0; n < 3 * limits.messagesBurst; n++) browser.send('x');
    expect(await closed).toEqual({ code: 1008, reason: 'Too many messages at once; reconnect and send fewer' });
    expect(arrived).toBeLessThan(2 * limits.messagesBurst);
  });

  it('end with 1013 when a browser gets a stream and says nothing; what waits for it is bounded', async () => {
    const { port, ends } = gateway();
    const sockets = socketSet();
    const browser = (await upgrade(port, sockets)).webSocket;
    const near = ends[0];
    if (browser === null || near === undefined) throw new Error('the relay did not upgrade');
    // The browser's end is never accepted: it reads nothing.
    const closed = closeOf(near);
    const mebibyte = new Uint8Array(1024 * 1024);
    for (let n = 0; n < 70; n++) near.send(mebibyte);
    expect(await closed).toMatchObject({ code: 1001 });
    expect(sockets.counters.open).toBe(0);
    expect(sockets.counters.bytesOut).toBeLessThanOrEqual(limits.unheardMaxBytes);
    const heard = closeOf(browser);
    browser.accept();
    expect(await heard).toMatchObject({ code: 1013 });
  });
});

describe('the Rate Limiting bindings', () => {
  const ask = (client: string, headers: Record<string, string>): Promise<Response> =>
    worker.fetch(
      new Request(`http://${host}/`, { redirect: 'manual', headers: { host, 'cf-connecting-ip': client, ...headers } }),
    );

  it('are bound under the names and numbers of the policy', async () => {
    const { limit } = rateRules.openingClient;
    // Windows are aligned to the minute: at most one of two rounds meets its turn.
    const rounds = [];
    for (const client of ['2001:db8:1:1::1', '2001:db8:1:2::1']) {
      let passed = 0;
      let refused: Response | null = null;
      for (let n = 0; n < 2 * limit && refused === null; n++) {
        const answer = await ask(client.replace(/1$/, String((n % 9) + 1)), { accept: 'text/html' });
        if (answer.status === 302) passed++;
        else refused = answer;
      }
      rounds.push({ passed, status: refused?.status, wait: refused?.headers.get('retry-after') });
    }
    expect(rounds).toContainEqual({ passed: limit, status: 429, wait: '60' });
  });

  it('do not count a stranger who only opens sockets as a person who opens pages', async () => {
    const client = '2001:db8:2:1::1';
    const socket = { upgrade: 'websocket', 'sec-websocket-version': '13', origin: `http://${host}` };
    const seen = new Set<number>();
    // One more than twice the limit: whatever minute they fall into, one of them is over.
    for (let n = 0; n < 2 * rateRules.strangerClient.limit + 1; n++) seen.add((await ask(client, socket)).status);
    expect([...seen]).toEqual([401, 429]);
    expect((await ask(client, { accept: 'text/html' })).status).toBe(302);
  });
});
