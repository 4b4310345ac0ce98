// Two small Workers in the runtime as the stack runs it: what the decision in docs/decisions/001-local-stack.md rests on.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { openLog } from './log-file.ts';
import { loopbackFetch, loopbackWebSocket } from './loopback.ts';
import { applyMigrations } from './migrations.ts';
import { anyFreePort } from './ports.ts';
import { loadWorker, runWorkers, type RunningWorkers } from './workers.ts';

const FRONT_TOML = `
name = "front"
main = "front.ts"
compatibility_date = "2026-10-01"
compatibility_flags = ["nodejs_compat"]
[[d1_databases]]
binding = "DB"
database_name = "d"
database_id = "00000000-0000-4000-8000-000000000009"
[[services]]
binding = "BACK"
service = "back"
entrypoint = "Control"
[[queues.consumers]]
queue = "events"
max_batch_timeout = 1
[vars]
NAME = "from toml"
`;
const FRONT_TS = `
import { createHash } from 'crypto';
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/rpc') return new Response(await env.BACK.hello(createHash('sha256').update('a').digest('hex')));
    if (pathname === '/vars') return Response.json({ NAME: env.NAME, SECRET: env.SECRET, OTHER: env.OTHER });
    const { results } = await env.DB.prepare('SELECT body FROM event').all();
    return Response.json(results.map((row) => row.body));
  },
  async queue(batch, env) {
    for (const { body } of batch.messages) await env.DB.prepare('INSERT INTO event VALUES (?)').bind(body).run();
  },
};
`;
const BACK_TOML = `
name = "back"
main = "back.ts"
compatibility_date = "2026-10-01"
[[durable_objects.bindings]]
name = "ROOM"
class_name = "Room"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Room"]
[[queues.producers]]
binding = "EVENTS"
queue = "events"
`;
const BACK_TS = `
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
export class Control extends WorkerEntrypoint {
  hello(name) { return 'hello ' + name; }
}
export class Room extends DurableObject {
  async alarm() {
    const count = (await this.ctx.storage.get('count') ?? 0) + 1;
    await this.ctx.storage.put('count', count);
    await this.env.EVENTS.send('alarm ' + count);
    await this.ctx.storage.setAlarm(Date.now() + 300);
  }
  async fetch(request) {
    if (request.headers.get('upgrade') === 'websocket') {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener('message', ({ data }) => server.send('echo ' + data));
      return new Response(null, { status: 101, webSocket: client });
    }
    await this.ctx.storage.setAlarm(Date.now() + 300);
    return new Response('room at ' + request.url);
  }
}
export default { fetch: (request, env) => env.ROOM.getByName('one').fetch(request) };
`;

const dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-workers-'));
let port = 0;
let workers: RunningWorkers;

beforeAll(async () => {
  const files = { 'front.toml': FRONT_TOML, 'front.ts': FRONT_TS, 'back.toml': BACK_TOML, 'back.ts': BACK_TS };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
  mkdirSync(path.join(dir, 'migrations'));
  writeFileSync(path.join(dir, 'migrations/0001_event.sql'), 'CREATE TABLE event (body TEXT NOT NULL);\n');
  writeFileSync(path.join(dir, '.dev.vars'), 'OTHER=must not get in\n');
  port = await anyFreePort();
  const front = await loadWorker({ configPath: path.join(dir, 'front.toml'), bindings: { SECRET: 's3' } }, '00000000');
  const back = await loadWorker(
    { configPath: path.join(dir, 'back.toml'), bindings: {}, routes: ['*.localhost/*'] },
    '00000000',
  );
  workers = await runWorkers({
    port,
    persistDir: path.join(dir, 'bindings'),
    engineSocket: path.join(dir, 'none.sock'),
    egressImage: 'none',
    workers: [front, back],
    log: openLog(path.join(dir, 'workers.log')),
    onRuntimeRestart: () => undefined,
  });
  const db = await workers.miniflare.getD1Database('DB', 'front');
  expect(await applyMigrations(db, path.join(dir, 'migrations'))).toEqual(['0001_event.sql']);
  expect(await applyMigrations(db, path.join(dir, 'migrations'))).toEqual([]);
});

afterAll(async () => {
  await workers?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const text = async (host: string, where: string): Promise<string> => (await loopbackFetch(port, host, where)).text();
const events = async (): Promise<string[]> => z.array(z.string()).parse(JSON.parse(await text('localhost', '/events')));

test('the host decides which Worker answers, and it sees the name and the port', async () => {
  expect(await text('acme.localhost', '/x?y=1')).toBe(`room at http://acme.localhost:${port}/x?y=1`);
  expect(await text('localhost', '/rpc')).toMatch(/^hello ca978112ca1bbdca/);
});

test('a Worker gets its own variables and nothing of .dev.vars', async () => {
  expect(JSON.parse(await text('localhost', '/vars'))).toEqual({ NAME: 'from toml', SECRET: 's3' });
});

test('a WebSocket reaches the object behind a tenant host', async () => {
  const socket = loopbackWebSocket(port, 'acme.localhost', '/');
  const reply = new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(Buffer.isBuffer(data) ? data.toString() : 'not text'));
    socket.once('error', reject);
  });
  socket.once('open', () => socket.send('hi'));
  expect(await reply).toBe('echo hi');
  socket.close();
});

test('after kill -9 of the runtime the port is the same and alarms fire without any request', async () => {
  await vi.waitUntil(async () => (await events()).length > 0, { timeout: 10_000, interval: 100 });
  const before = workers.workerdPid();
  if (before === null) throw new Error('no runtime');
  const seen = (await events()).length;
  process.kill(before, 'SIGKILL');
  await vi.waitUntil(() => ![null, before].includes(workers.workerdPid()), { timeout: 20_000, interval: 50 });
  // Asked through the database alone, not through the object's Worker: only its alarm can have written these.
  await vi.waitUntil(
    () =>
      events().then(
        (all) => all.length > seen + 2,
        () => false,
      ),
    { timeout: 20_000, interval: 200 },
  );
});
