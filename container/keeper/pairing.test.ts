import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { askPairing } from './pairing.ts';

type Answer = { readonly payload: unknown } | { readonly error: string };

/** A gateway that answers by a table; what was asked of it, in order. */
async function gatewayOf(answers: Record<string, Answer>): Promise<{ port: number; calls: [string, unknown][] }> {
  const calls: [string, unknown][] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => server.close());
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: {} }));
    socket.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString()) as { id: string; method: string; params: unknown };
      if (method !== 'connect') calls.push([method, params]);
      const answer: Answer = method === 'connect' ? { payload: {} } : (answers[method] ?? { error: 'unknown method' });
      const rest = 'error' in answer ? { ok: false, error: { message: answer.error } } : { ok: true, ...answer };
      socket.send(JSON.stringify({ type: 'res', id, ...rest }));
    });
  });
  return { port: (server.address() as AddressInfo).port, calls };
}

const devices = {
  pending: [{ requestId: 'r1', deviceId: 'd1', publicKey: 'KEY', displayName: 'Phone', role: 'node', ts: 5 }],
  paired: [
    {
      deviceId: 'd2',
      publicKey: 'KEY',
      operatorLabel: 'Kitchen',
      displayName: 'Tablet',
      role: 'operator',
      scopes: ['operator.read'],
      tokens: [{ token: 'KEY' }],
      approvedVia: 'trusted-proxy',
      approvedAtMs: 3,
      connected: true,
    },
  ],
};
const senders = {
  requests: [
    {
      requestId: 's1',
      channel: 'telegram',
      accountId: 'default',
      channelLabel: 'Telegram',
      senderId: '4711',
      metadata: { username: 'ida' },
      createdAt: '2026-11-21T12:00:00.000Z',
      expiresAt: '2026-11-21T13:00:00.000Z',
    },
  ],
};
const lists = { 'device.pair.list': { payload: devices }, 'channels.pairing.list': { payload: senders } };

test('lists who waits and who is in, without a key or a token', async () => {
  const { port } = await gatewayOf(lists);
  const list = await askPairing({ port, password: 'p', change: null });
  expect(list.requests).toEqual([
    {
      requestId: 'r1',
      deviceId: 'd1',
      name: 'Phone',
      platform: null,
      role: 'node',
      scopes: [],
      ip: null,
      askedAtMs: 5,
    },
  ]);
  expect(list.devices).toMatchObject([{ deviceId: 'd2', name: 'Kitchen', roles: ['operator'], connected: true }]);
  expect(list.channelRequests).toMatchObject([{ requestId: 's1', channelName: 'Telegram', sender: 'ida (4711)' }]);
  expect(JSON.stringify(list)).not.toContain('KEY');
});

test('answers by OpenClaw’s own methods, and never makes a sender the owner of commands', async () => {
  const ok = { payload: {} };
  const methods = ['device.pair.approve', 'device.pair.reject', 'device.pair.remove'];
  const both = ['channels.pairing.approve', 'channels.pairing.dismiss'];
  const { port, calls } = await gatewayOf({
    ...lists,
    ...Object.fromEntries([...methods, ...both].map((name) => [name, ok])),
  });
  const sender = { channel: 'telegram', accountId: 'default', requestId: 's1' };
  const changes = [
    { kind: 'approve_device', requestId: 'r1' },
    { kind: 'deny_device', requestId: 'r1' },
    { kind: 'revoke_device', deviceId: 'd2' },
    { kind: 'approve_sender', ...sender },
    { kind: 'deny_sender', ...sender },
  ] as const;
  for (const change of changes) await askPairing({ port, password: 'p', change });
  expect(calls.filter(([method]) => !method.endsWith('.list'))).toEqual([
    ['device.pair.approve', { requestId: 'r1' }],
    ['device.pair.reject', { requestId: 'r1' }],
    ['device.pair.remove', { deviceId: 'd2' }],
    ['channels.pairing.approve', { ...sender, notify: true }],
    ['channels.pairing.dismiss', sender],
  ]);
});

test('one that was answered already is told so; a release without channel pairing has none', async () => {
  const { port } = await gatewayOf({ ...lists, 'device.pair.approve': { error: 'unknown requestId' } });
  const gone = askPairing({ port, password: 'p', change: { kind: 'approve_device', requestId: 'old' } });
  await expect(gone).rejects.toMatchObject({ code: 'not_found' });
  const older = await gatewayOf({ 'device.pair.list': { payload: devices } });
  const list = await askPairing({ port: older.port, password: 'p', change: null });
  expect([list.requests.length, list.channelRequests]).toEqual([1, []]);
});
