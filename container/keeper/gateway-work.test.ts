import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { watchWork, type Work } from './gateway-work.ts';
import { nextRunOnDisk, runTime } from './scheduled-runs.ts';
import { KeeperFixture } from './testing/keeper-fixture.ts';
import { scriptedOpenclaw } from './testing/scripted-openclaw.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const idle = {
  queueSize: 0,
  pendingReplies: 0,
  embeddedRuns: 0,
  cronRuns: 0,
  backgroundExecSessions: 0,
  activeTasks: 0,
};

/** A gateway that answers by a table; an entry that is missing is refused. */
async function gatewayOf(answers: Record<string, () => unknown>): Promise<{ port: number; calls: string[] }> {
  const calls: string[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => server.close());
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: {} }));
    socket.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString()) as { id: string; method: string; params: object };
      calls.push(method === 'cron.run' ? `${method} ${JSON.stringify(params)}` : method);
      const payload = method === 'connect' ? {} : answers[method]?.();
      const rest = payload === undefined ? { ok: false, error: { message: 'no' } } : { ok: true, payload };
      socket.send(JSON.stringify({ type: 'res', id, ...rest }));
    });
  });
  return { port: (server.address() as AddressInfo).port, calls };
}

/** Watches until `enough`; what was learned, in order. */
async function learned(port: number, enough: (seen: readonly (Work | 'unknown')[]) => boolean, runsOverdue = true) {
  const seen: (Work | 'unknown')[] = [];
  const end = new AbortController();
  const note = (what: Work | 'unknown') => {
    seen.push(what);
    if (enough(seen)) end.abort();
  };
  await watchWork({
    port,
    password: 'p',
    everyMs: 5,
    runsOverdue,
    signal: end.signal,
    nowMs: () => Date.parse('2026-11-21T12:00:00Z'),
    log: () => undefined,
    known: note,
    unknown: () => note('unknown'),
  });
  return seen;
}

test('a turn, a tool or a task is work, a client that only looks is not', async () => {
  const counts: Record<string, number>[] = [
    { ...idle, rootRequests: 3 },
    { ...idle, embeddedRuns: 1 },
    { ...idle, backgroundExecSessions: 1 },
    { ...idle, activeTasks: 2 },
    { ...idle, cronRuns: 1 },
  ];
  const gateway = await gatewayOf({
    'gateway.restart.preflight': () => ({ counts: counts.shift() ?? idle }),
    'cron.status': () => ({ enabled: true, nextWakeAtMs: 1_795_000_000_000.5 }),
    'cron.list': () => ({ jobs: [] }),
  });
  const seen = await learned(gateway.port, (all) => all.length === 6);
  expect(seen.map((work) => (work as Work).busy)).toEqual([false, true, true, true, true, false]);
  expect(seen[0]).toMatchObject({ nextRunAtMs: 1_795_000_000_000 });
});

test('a gateway that keeps silent is unknown after three tries, and known again when it speaks', async () => {
  let asked = 0;
  const gateway = await gatewayOf({
    'gateway.restart.preflight': () => (++asked <= 3 ? undefined : { counts: idle }),
    'cron.status': () => ({ nextWakeAtMs: null }),
    'cron.list': () => ({ jobs: [] }),
  });
  const seen = await learned(gateway.port, (all) => all.length === 2);
  expect(seen).toEqual(['unknown', { busy: false, nextRunAtMs: null }]);
});

test('one-shot jobs that came due while nothing ran are run once; others are left to OpenClaw', async () => {
  const past = '2026-11-21T11:58:00.000Z';
  const job = (id: string, change: object = {}) => ({
    id,
    enabled: true,
    schedule: { kind: 'at', at: past },
    ...change,
  });
  const gateway = await gatewayOf({
    'gateway.restart.preflight': () => ({ counts: idle }),
    'cron.status': () => ({}),
    'cron.run': () => ({ ok: true }),
    'cron.list': () => ({
      jobs: [
        job('due'),
        job('later', { schedule: { kind: 'at', at: '2026-11-21T12:30:00.000Z' } }),
        job('off', { enabled: false }),
        job('runs', { state: { runningAtMs: 5 } }),
        job('retries', { state: { lastRunAtMs: Date.parse('2026-11-21T11:59:00Z') } }),
        job('recurs', { schedule: { kind: 'every', everyMs: 60_000 }, state: { nextRunAtMs: 1 } }),
      ],
    }),
  });
  await learned(gateway.port, (all) => all.length === 3, false);
  expect(gateway.calls.filter((call) => call.startsWith('cron.run'))).toEqual([]);
  await learned(gateway.port, (all) => all.length === 3);
  expect(gateway.calls.filter((call) => call.startsWith('cron.run'))).toEqual(['cron.run {"id":"due","mode":"force"}']);
});

test('the status tells work, a gateway that does not tell is degraded, and none of it is known before or after', async () => {
  const nextRunAtMs = 1_795_000_000_000;
  const folder = temporaryFolder();
  const keeper = await KeeperFixture.start(scriptedOpenclaw(folder, { work: { active: 1, nextRunAtMs } }));
  expect((await keeper.status()).gateway).toMatchObject({ work: null, degraded: false });
  await keeper.startAndWait();
  const status = async (until: (gateway: Awaited<ReturnType<typeof keeper.status>>['gateway']) => boolean) => {
    for (;;) {
      const { gateway } = await keeper.status();
      if (until(gateway)) return gateway;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const known = await status(({ work }) => work !== null);
  expect(known).toMatchObject({ work: { busy: true, nextRunAtMs }, degraded: false });
  await keeper.killGateway();
  await keeper.until('crashed');
  expect((await keeper.status()).gateway).toMatchObject({ work: null, degraded: false });

  const other = await KeeperFixture.start(scriptedOpenclaw(temporaryFolder(), { work: { mute: true } }));
  await other.startAndWait();
  for (;;) {
    const { gateway } = await other.status();
    expect(gateway.work).toBeNull();
    if (gateway.degraded) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('the next run is read from the disk as OpenClaw left it', () => {
  const stateDir = temporaryFolder();
  expect(nextRunOnDisk(stateDir)).toBeNull();
  mkdirSync(path.join(stateDir, 'state'));
  const database = new DatabaseSync(path.join(stateDir, 'state', 'openclaw.sqlite'));
  database.exec(
    'PRAGMA journal_mode=WAL; CREATE TABLE cron_jobs (enabled INTEGER, job_json TEXT, state_json TEXT NOT NULL)',
  );
  expect(nextRunOnDisk(stateDir)).toBeNull();
  const insert = database.prepare('INSERT INTO cron_jobs VALUES (?, ?, ?)');
  const add = (enabled: number, kind: string, state: object) =>
    insert.run(enabled, JSON.stringify({ schedule: { kind } }), JSON.stringify(state));
  add(1, 'every', { nextRunAtMs: 3_000 });
  add(1, 'cron', {});
  add(0, 'at', { nextRunAtMs: 1_000 });
  add(1, 'on-exit', { nextRunAtMs: 1_500 });
  expect(nextRunOnDisk(stateDir)).toBe(3_000);
  // Not yet written back from the write-ahead log: it counts all the same.
  add(1, 'at', { nextRunAtMs: 2_000 });
  expect(nextRunOnDisk(stateDir)).toBe(2_000);
  expect([runTime(1e300), runTime(Number.NaN), runTime(-5), runTime(undefined), runTime(1.5)]).toEqual([
    null,
    null,
    null,
    null,
    1,
  ]);
  database.exec('DROP TABLE cron_jobs');
  expect(() => nextRunOnDisk(stateDir)).toThrow();
  database.close();
});
