// A socket that a container opens to the outside, in workerd: its upgrade is decided as any request, both ways are
// carried and counted, and whichever side ends it, both are ended.

import { describe, expect, it } from 'vitest';
import { handleEgress, type EgressDeps } from '../../../apps/tenant-worker/src/egress/handle.ts';
import type { EgressRules } from '../../../apps/tenant-worker/src/egress/policy-cache.ts';

const host = 'live.example.com';
const rule = { id: 'r1', host, methods: [], pathPrefix: '/feed', effect: 'allow' as const, note: '' };
const balanced: EgressRules = { version: 1, preset: 'balanced', rules: [], approvals: [], injections: [] };

interface Seen {
  readonly host: string;
  readonly effect: string;
  readonly rule: string;
  readonly status: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The outside answers every upgrade with a socket that says everything twice. */
function world(rules: EgressRules) {
  const sent: string[] = [];
  const seen: Seen[] = [];
  const work: Promise<unknown>[] = [];
  const far = Promise.withResolvers<WebSocket>();
  const deps: EgressDeps = {
    clock: { nowMs: () => 1_000 },
    ownZones: ['tenants.net'],
    page: 'https://app.example/a/ten_1/network',
    rules: async () => rules,
    secret: async () => null,
    send: async (url, init) => {
      sent.push(`${url} ${new Headers(init.headers).get('upgrade')}`);
      const [client, server] = Object.values(new WebSocketPair());
      if (client === undefined || server === undefined) throw new Error('no pair');
      server.accept();
      server.addEventListener('message', ({ data }) => server.send(`${String(data)}${String(data)}`));
      far.resolve(server);
      return new Response(null, { status: 101, webSocket: client });
    },
    enter: () => true,
    leave: () => undefined,
    seen: (entry) => seen.push(entry),
    keepAlive: (promise) => work.push(promise),
    fault: () => undefined,
  };
  const open = (url: string) =>
    handleEgress(new Request(url, { headers: { upgrade: 'websocket', connection: 'upgrade' } }), deps);
  return { open, sent, seen, far: far.promise, ended: () => Promise.all(work) };
}

async function join(answer: Response): Promise<WebSocket> {
  expect(answer.status).toBe(101);
  const socket = answer.webSocket;
  if (socket === null) throw new Error('no socket came');
  socket.accept();
  return socket;
}

function next<T extends 'message' | 'close'>(socket: WebSocket, type: T): Promise<WebSocketEventMap[T]> {
  return new Promise((resolve) => {
    socket.addEventListener(type, resolve, { once: true });
  });
}

describe('a socket that is allowed', () => {
  it('carries both ways, and is counted when it ends', async () => {
    const { open, sent, seen, ended } = world({ ...balanced, rules: [rule] });
    const socket = await join(await open(`https://${host}/feed?since=1`));
    const answer = next(socket, 'message');
    socket.send('wave é');
    expect((await answer).data).toBe('wave éwave é');
    expect(seen).toEqual([]);
    socket.close(1000, 'done');
    await ended();
    expect(sent).toEqual([`https://${host}/feed?since=1 websocket`]);
    expect(seen).toMatchObject([{ host, effect: 'allow', rule: 'rule:r1', status: 101, bytesOut: 7, bytesIn: 14 }]);
  });

  it('is closed to the container when the host closes it', async () => {
    const { open, far, ended, seen } = world({ ...balanced, rules: [rule] });
    const socket = await join(await open(`https://${host}/feed`));
    const closed = next(socket, 'close');
    (await far).close(4001, 'enough');
    expect(await closed).toMatchObject({ code: 4001, reason: 'enough' });
    await ended();
    expect(seen).toHaveLength(1);
  });
});

describe('a socket that is refused', () => {
  it.each([
    ['a host of the list of Balanced', balanced, 'https://en.wikipedia.org/', 'not_listed'],
    ['another path', { ...balanced, rules: [rule] }, `https://${host}/other`, 'not_listed'],
    [
      'a host that is denied',
      { ...balanced, rules: [{ ...rule, effect: 'deny' as const }] },
      `https://${host}/feed`,
      'rule_denies',
    ],
    ['Locked', { ...balanced, preset: 'locked' as const }, `https://${host}/feed`, 'locked'],
    [
      'an address that is not public',
      { ...balanced, preset: 'open' as const },
      'https://169.254.169.254/',
      'address_link_local',
    ],
    ['our own hosts', { ...balanced, preset: 'open' as const }, 'https://nora.tenants.net/', 'own_zone'],
  ])('%s: nothing is opened', async (_what, rules, url, reason) => {
    const { open, sent, seen } = world(rules);
    const answer = await open(url);
    expect([answer.status, answer.webSocket]).toEqual([403, null]);
    expect(await answer.json()).toMatchObject({ error: 'egress_denied', reason });
    expect([sent, seen.map(({ status }) => status)]).toEqual([[], [403]]);
  });
});
