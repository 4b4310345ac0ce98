import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { healthSchema, snapshotResultSchema } from './contract.ts';
import { explainExit } from './start-failure.ts';
import { noise, testArchive } from './testing/archives.ts';
import { KeeperFixture } from './testing/keeper-fixture.ts';
import { scriptedOpenclaw, type Script } from './testing/scripted-openclaw.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const keeperOver = (script: Script = {}) => KeeperFixture.start(scriptedOpenclaw(temporaryFolder(), script));
const code = (reply: { body: unknown }) => (reply.body as { code?: string }).code;

test('health is open, everything else waits for a claim, and the first claim wins', async () => {
  const keeper = await KeeperFixture.start(scriptedOpenclaw(temporaryFolder()), { claimed: false });
  const health = healthSchema.parse((await keeper.call('GET', '/v1/health')).body);
  expect(health).toEqual({ keeper: 'up', claimed: false, protocol: 1 });
  expect((await keeper.call('GET', '/v1/status')).status).toBe(401);
  expect((await keeper.call('GET', '/nowhere')).status).toBe(401);
  expect((await keeper.claim({ token: 'short' })).status).toBe(400);
  expect((await keeper.claim()).status).toBe(200);
  expect((await keeper.claim()).status).toBe(200);
  const second = await keeper.claim({ token: 'x'.repeat(40) });
  expect([second.status, code(second)]).toEqual([409, 'already_claimed']);
  expect(
    (await keeper.call('GET', '/v1/status', undefined, { authorization: `Bearer ${'x'.repeat(40)}` })).status,
  ).toBe(401);
  expect((await keeper.call('GET', '/nowhere')).status).toBe(404);
  expect((await keeper.call('DELETE', '/v1/status')).status).toBe(405);
  expect(await keeper.status()).toMatchObject({ phase: 'idle', hasState: false, failure: null });
});

test('a body is bounded and checked, and the refusal names the field', async () => {
  const keeper = await keeperOver();
  const wrong = await keeper.start({ config: { publicOrigin: 'nonsense' } });
  expect([wrong.status, code(wrong)]).toEqual([400, 'invalid_request']);
  expect(JSON.stringify(wrong.body)).toContain('config.publicOrigin');
  expect((await keeper.fetch('POST', '/v1/gateway/start', { body: '{' })).status).toBe(400);
  const large = await keeper.fetch('POST', '/v1/gateway/start', { body: 'x'.repeat(70_000) });
  expect(large.status).toBe(413);
});

test('start, ready, stop: each step is on the board, a second start changes nothing', async () => {
  const folder = temporaryFolder();
  const keeper = await KeeperFixture.start(scriptedOpenclaw(folder, { readyAfterMs: 200 }));
  expect((await keeper.start()).status).toBe(202);
  expect((await keeper.start()).status).toBe(202);
  const ready = await keeper.until('ready', 'failed');
  expect(ready).toMatchObject({ phase: 'ready', hasState: true, failure: null });
  expect(ready.steps.map((step) => [step.name, step.ok])).toEqual([
    ['config.render', true],
    ['config.validate', true],
    ['gateway.listen', true],
    ['gateway.ready', true],
  ]);
  const stopped = await keeper.stop();
  expect(stopped.body).toEqual({ exit: { code: 0, signal: null }, forced: false, drained: true });
  expect((await keeper.status()).phase).toBe('stopped');
  expect((await keeper.stop()).body).toEqual({ exit: null, forced: false, drained: false });

  // The same settings are not judged twice.
  expect((await keeper.startAndWait()).phase).toBe('ready');
  const calls = readFileSync(path.join(folder, 'openclaw/calls.log'), 'utf8').trim().split('\n');
  expect(calls).toEqual(['config validate --json', 'gateway', 'gateway']);
});

test('a ready gateway says what it holds, and answers a test message when asked to', async () => {
  const keeper = await keeperOver();
  const turn = { message: 'Are you there?', answer: 'Ready.' };
  const check = (body: unknown) => keeper.call('POST', '/v1/gateway/check', body);
  const early = await check({ turn, timeoutMs: 5_000 });
  expect([early.status, code(early)]).toEqual([409, 'gateway_not_ready']);
  await keeper.startAndWait();
  const found = { audit: null, healthy: true, sessions: 3, cronJobs: 0, problem: null };
  expect((await check({ turn, timeoutMs: 5_000 })).body).toEqual({ ...found, answered: true });
  expect((await check({ turn: null, timeoutMs: 5_000 })).body).toEqual({ ...found, answered: null });
  const deaf = await check({ turn: { ...turn, answer: 'Never said.' }, timeoutMs: 5_000 });
  expect(deaf.body).toMatchObject({ answered: false, problem: 'no answer came in time' });
});

test('a check that asks for it has OpenClaw audit itself; one that gives no answer is not known', async () => {
  const finding = { checkId: 'gateway.bind_no_auth', severity: 'critical', title: 'Open to everybody' };
  const told = async (audit: string | [typeof finding]) => {
    const keeper = await keeperOver({ audit });
    await keeper.startAndWait();
    const { body } = await keeper.call('POST', '/v1/gateway/check', { turn: null, audit: true, timeoutMs: 20_000 });
    return body;
  };
  expect(await told([finding])).toMatchObject({ audit: { criticals: [{ checkId: 'gateway.bind_no_auth' }] } });
  expect(await told('no such command')).toMatchObject({ healthy: true, audit: null });
});

test('a gateway that does not say that it is well is not', async () => {
  const keeper = await keeperOver({ unhealthy: true });
  await keeper.startAndWait();
  const found = await keeper.call('POST', '/v1/gateway/check', { turn: null, timeoutMs: 5_000 });
  expect(found.body).toMatchObject({ healthy: false, problem: 'health: no' });
});

test('the gateway gets what it needs and nothing else', async () => {
  const keeper = await keeperOver();
  await keeper.startAndWait();
  const log = await (await keeper.fetch('GET', '/v1/log?lines=100')).text();
  const names = /environment (.*)/.exec(log)?.[1]?.split(' ') ?? [];
  expect(names.filter((name) => !name.startsWith('OPENCLAW_'))).toEqual(['HOME', 'PATH', 'TMPDIR']);
  expect((await keeper.fetch('GET', '/v1/log?lines=5000')).status).toBe(400);
});

test.each<[string, Script, string, RegExp]>([
  [
    'a config that OpenClaw refuses',
    { validation: { valid: false, issues: [{ path: 'agents.x', message: 'wrong' }] } },
    'config_invalid',
    /agents\.x: wrong/,
  ],
  ['an end at boot', { exitAtBoot: { code: 3, stderr: 'boom' } }, 'gateway_exit', /code 3/],
  [
    'a state of a newer version',
    { exitAtBoot: { code: 78, stderr: 'state uses newer schema version 18; this build supports 15' } },
    'schema_newer',
    /newer OpenClaw/,
  ],
  ['any other exit 78', { exitAtBoot: { code: 78, stderr: 'bad' } }, 'config_invalid', /exit 78/],
  ['a full disk', { exitAtBoot: { code: 1, stderr: 'Error: ENOSPC: no space left' } }, 'disk_full', /full/],
  [
    'a config changed under it',
    { rewritesConfig: { gateway: { auth: { mode: 'none' } } } },
    'config_invalid',
    /gateway\.auth/,
  ],
])('%s ends in failed with its reason and the log', async (_what, script, failure, message) => {
  const keeper = await keeperOver(script);
  const status = await keeper.startAndWait();
  expect(status.phase).toBe('failed');
  expect(status.failure?.code).toBe(failure);
  expect(status.failure?.message).toMatch(message);
  expect(status.failure?.logTail).toContain('keeper: phase validating');
  expect(status.gateway.pid).toBeNull();
  // Nothing is left behind that would hinder the next try.
  expect((await keeper.start()).status).toBe(202);
});

test('a gateway that never gets ready is ended at the deadline', async () => {
  const keeper = await keeperOver({ readyAfterMs: null });
  const status = await keeper.startAndWait({ timeoutMs: 5_000 });
  expect(status).toMatchObject({ phase: 'failed', failure: { code: 'start_timeout' } });
  expect(status.gateway.exit).not.toBeNull();
});

test('a port that is taken is told before anything starts', async () => {
  const keeper = await keeperOver();
  const squatter = net.createServer();
  await new Promise<void>((resolve) => squatter.listen(keeper.gatewayPort, '0.0.0.0', resolve));
  expect((await keeper.startAndWait()).failure?.code).toBe('port_in_use');
  await new Promise((resolve) => squatter.close(resolve));
  expect((await keeper.startAndWait()).phase).toBe('ready');
});

test('a gateway that is killed is a crash; it stays down until somebody starts it', async () => {
  const keeper = await keeperOver();
  await keeper.startAndWait();
  await keeper.killGateway();
  const crashed = await keeper.until('crashed');
  expect(crashed.gateway.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(crashed.failure).toMatchObject({ code: 'gateway_exit', message: 'The gateway ended with signal SIGKILL.' });
  expect((await keeper.startAndWait()).failure).toBeNull();
});

test('a drain waits for work that ends in time', async () => {
  const keeper = await keeperOver({ workMs: 600 });
  await keeper.startAndWait();
  expect((await keeper.stop('drain', 20_000)).body).toMatchObject({ forced: false, drained: true });
});

test('work that does not end in time is not waited for, and a deaf gateway is killed', async () => {
  const keeper = await keeperOver({ workMs: 600_000, ignoresTerm: true });
  await keeper.startAndWait();
  const first = keeper.stop('drain', 60_000);
  await keeper.until('stopping');
  expect(code(await keeper.start())).toBe('busy');
  const second = await keeper.stop('now', 100);
  expect(second.body).toEqual({ exit: { code: null, signal: 'SIGKILL' }, forced: true, drained: false });
  expect((await first).body).toEqual(second.body);
});

test('a stop during the boot ends it', async () => {
  const keeper = await keeperOver({ readyAfterMs: null });
  await keeper.start();
  await keeper.until('starting');
  expect((await keeper.stop('drain')).body).toMatchObject({ drained: false });
  expect(await keeper.status()).toMatchObject({ phase: 'stopped', failure: null });
});

test("a tenant's broken settings are reported, left alone, and can be undone or set aside", async () => {
  const keeper = await keeperOver();
  await keeper.startAndWait();
  await keeper.stop();
  const file = path.join(keeper.stateDir, 'openclaw.json');
  writeFileSync(file, '{ // half written\n "agents": ');
  const failed = await keeper.startAndWait();
  expect(failed).toMatchObject({ phase: 'failed', failure: { code: 'config_invalid' } });
  expect(readFileSync(file, 'utf8')).toContain('half written');
  expect((await keeper.startAndWait({ settings: 'last-good' })).phase).toBe('ready');
  expect(readFileSync(file, 'utf8')).toContain('trusted-proxy');
});

test('what OpenClaw refuses is set aside, kept to a bound, and is the way back', async () => {
  const keeper = await keeperOver({ refuses: 'forbidden-word' });
  await keeper.startAndWait();
  await keeper.stop();
  const file = path.join(keeper.stateDir, 'openclaw.json');
  const setAside = () =>
    readdirSync(keeper.stateDir)
      .filter((name) => name.startsWith('openclaw.json.refused-'))
      .sort();
  const change = (logging: Record<string, unknown>) => {
    const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...config, ui: { ...logging } }));
  };

  change({ seamColor: 'forbidden-word', token: 'sk-ant-0123456789abcdef0123' });
  const refused = await keeper.startAndWait();
  expect(refused).toMatchObject({
    failure: { code: 'config_invalid' },
    config: { settings: 'current', setAside: null },
  });
  expect(refused.failure?.message).toContain('forbidden-word');
  expect(JSON.stringify(refused)).not.toContain('0123456789abcdef');

  const good = await keeper.startAndWait({ settings: 'last-good' });
  expect(good).toMatchObject({
    phase: 'ready',
    config: { settings: 'last-good', setAside: 'openclaw.json.refused-1' },
  });
  expect(readFileSync(file, 'utf8')).not.toContain('forbidden-word');
  expect(readFileSync(`${file}.refused-1`, 'utf8')).toContain('forbidden-word');
  await keeper.stop();

  // Back to them: refused again, and nothing is set aside for a config that was never taken.
  const back = await keeper.startAndWait({ settings: 'refused' });
  expect(back).toMatchObject({ failure: { code: 'config_invalid' }, config: { settings: 'refused', setAside: null } });
  expect((await keeper.startAndWait({ settings: 'last-good' })).phase).toBe('ready');
  expect(setAside()).toEqual(['openclaw.json.refused-1']);
  await keeper.stop();

  for (let n = 2; n <= 7; n++) {
    change({ seamColor: `forbidden-word ${n}` });
    expect((await keeper.startAndWait({ settings: 'last-good' })).phase).toBe('ready');
    await keeper.stop();
  }
  expect(setAside()).toEqual([3, 4, 5, 6, 7].map((n) => `openclaw.json.refused-${n}`));
});

test('snapshot and restore: live or stopped, one at a time, never under a gateway', async () => {
  const keeper = await keeperOver();
  await keeper.startAndWait();
  writeFileSync(path.join(keeper.stateDir, 'notes.txt'), 'remember');
  expect((await keeper.call('GET', '/v1/snapshot/last')).status).toBe(404);
  const response = await keeper.fetch('GET', '/v1/snapshot');
  const body = Buffer.from(await response.arrayBuffer());
  const sha256 = createHash('sha256').update(body).digest('hex');
  const last = snapshotResultSchema.parse((await keeper.call('GET', '/v1/snapshot/last')).body);
  expect(last).toMatchObject({ ok: true, bytes: body.length, sha256, error: null });

  const archive = { body, sha256, bytes: body.length };
  expect(code(await keeper.restore(archive))).toBe('gateway_running');
  // Nor over what a gateway left: a restore that was given up may arrive after the gateway stopped.
  await keeper.stop();
  writeFileSync(path.join(keeper.stateDir, 'notes.txt'), 'not saved yet');
  expect(code(await keeper.restore(archive))).toBe('gateway_running');
  expect(readFileSync(path.join(keeper.stateDir, 'notes.txt'), 'utf8')).toBe('not saved yet');

  const other = await keeperOver();
  expect((await other.restore(archive)).body).toMatchObject({ files: last.files });
  expect(await other.status()).toMatchObject({ phase: 'idle', hasState: true, restored: { files: last.files } });
  expect(readFileSync(path.join(other.stateDir, 'notes.txt'), 'utf8')).toBe('remember');
  const ready = await other.startAndWait();
  expect(ready.phase).toBe('ready');
  // The proof that these settings are valid travelled along.
  expect(ready.steps.map((step) => step.name)).not.toContain('config.validate');
  expect(existsSync(`${other.stateDir}.replaced`)).toBe(false);
});

test('a refused archive leaves the state, says why, and does not hinder a start', async () => {
  const keeper = await keeperOver();
  mkdirSync(keeper.stateDir);
  writeFileSync(path.join(keeper.stateDir, 'precious'), 'here');
  // Larger than any buffer on the way: the refusal comes while the sender is still sending.
  const hostile = await testArchive([
    { name: '../escape', content: 'x' },
    { name: 'rest', content: noise(24 * 1024 * 1024) },
  ]);
  const refused = await keeper.restore(hostile);
  expect([refused.status, code(refused)]).toEqual([422, 'archive_refused']);
  expect(await keeper.status()).toMatchObject({ phase: 'failed', failure: { code: 'restore_failed' }, restored: null });
  expect(readFileSync(path.join(keeper.stateDir, 'precious'), 'utf8')).toBe('here');
  expect((await keeper.startAndWait()).phase).toBe('ready');
});

test('a snapshot that cannot be made says so instead of sending half of one', async () => {
  const keeper = await keeperOver();
  mkdirSync(path.join(keeper.stateDir, 'state'), { recursive: true });
  writeFileSync(path.join(keeper.stateDir, 'state/openclaw.sqlite'), `SQLite format 3\0${'garbage'.repeat(1_000)}`);
  expect((await keeper.call('GET', '/v1/snapshot')).status).toBe(500);
  expect((await keeper.call('GET', '/v1/snapshot/last')).body).toMatchObject({ ok: false, bytes: 0 });
});

test.each([
  [{ code: 1, signal: null }, 'listen EADDRINUSE: address already in use', 'port_in_use'],
  [{ code: 1, signal: null }, 'SQLITE_FULL: database or disk is full', 'disk_full'],
  [{ code: null, signal: 'SIGKILL' }, 'nothing', 'gateway_exit'],
])('an exit explains itself by its last words: %o %s', (exit, tail, expected) => {
  expect(explainExit(exit, tail).code).toBe(expected);
});

test('a file is put into the state beside a running gateway, and taken back; where no state is, it is refused', async () => {
  const keeper = await keeperOver();
  const put = (at: string, content: string, bytes = content.length) =>
    keeper
      .fetch('PUT', `/v1/files?${new URLSearchParams({ id: 'one', path: at, bytes: String(bytes) }).toString()}`, {
        body: content,
      })
      .then(async (response) => ({ status: response.status, body: await response.json() }));
  expect(code(await put('workspace/MEMORY.md', 'as it was'))).toBe('not_found');
  await keeper.startAndWait();
  const file = path.join(keeper.stateDir, 'workspace/MEMORY.md');
  expect(await put('workspace/MEMORY.md', 'as it was')).toMatchObject({ status: 200, body: { replaced: false } });
  expect(readFileSync(file, 'utf8')).toBe('as it was');
  expect(code(await put('../x', 'x'))).toBe('file_refused');
  expect(code(await put('x', 'x', 65 * 1024 * 1024))).toBe('invalid_request');
  const undone = await keeper.call('POST', '/v1/files/undo', { id: 'one', undoId: 'two' });
  expect(undone).toMatchObject({ status: 200, body: { path: 'workspace/MEMORY.md', replaced: true } });
  expect(existsSync(file)).toBe(false);
  expect(code(await keeper.call('POST', '/v1/files/undo', { id: 'none', undoId: 'two' }))).toBe('not_found');
});
