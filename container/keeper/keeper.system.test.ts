/**
 * The keeper over the real OpenClaw, from its bundle, as a process of its own. One story: a tenant is made, talks, is saved,
 * and goes on in another container; then everything that may go wrong with a real gateway.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { release } from '../image/release.ts';
import { buildKeeper } from './build.ts';
import { ControlUi, type UiConnection } from './testing/control-ui.ts';
import { freePort, KeeperCaller, testConfig, testToken } from './testing/keeper-fixture.ts';
import { startStandInModel, type StandInModel } from './stand-in-model.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tidepool-keeper-system-'));
const keeperFile = path.join(folder, 'keeper.mjs');
const openclawDir = process.env['TIDEPOOL_OPENCLAW_DIR'] ?? '';
const reply = 'The tide pool is calm today.';
let model: StandInModel;
const running: KeeperProcess[] = [];

class KeeperProcess extends KeeperCaller {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;

  private constructor(home: string, port: number, gatewayPort: number) {
    super(home, port, gatewayPort);
    const tmpDir = path.join(home, 'tmp');
    mkdirSync(tmpDir, { recursive: true });
    this.process = spawn(process.execPath, [keeperFile], {
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        TMPDIR: tmpDir,
        TIDEPOOL_KEEPER_PORT: String(port),
        TIDEPOOL_GATEWAY_PORT: String(gatewayPort),
        TIDEPOOL_OPENCLAW_DIR: openclawDir,
      },
      stdio: 'inherit',
    });
    this.exited = new Promise((resolve) => this.process.once('exit', (code) => resolve(code)));
  }

  static async start(name: string): Promise<KeeperProcess> {
    const home = path.join(folder, name);
    mkdirSync(home);
    const keeper = new KeeperProcess(home, await freePort(), await freePort());
    running.push(keeper);
    for (;;) {
      const health = await keeper.fetch('GET', '/v1/health').catch(() => null);
      if (health?.ok === true) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await keeper.claim();
    return keeper;
  }

  startWithModel(): ReturnType<KeeperCaller['startAndWait']> {
    return this.startAndWait({ config: { ...testConfig, ai: { baseUrl: model.baseUrl } } });
  }

  connect(user: string | null, origin?: string): Promise<UiConnection> {
    return ControlUi.connect({ gatewayPort: this.gatewayPort, user, ...(origin === undefined ? {} : { origin }) });
  }
}

async function connected(connection: Promise<UiConnection>): Promise<{ scopes: readonly string[]; ui: ControlUi }> {
  const result = await connection;
  if ('refused' in result) throw new Error(`refused: ${result.refused}`);
  return result;
}

beforeAll(async () => {
  await buildKeeper(keeperFile);
  model = await startStandInModel(reply);
});

afterAll(async () => {
  for (const keeper of running) {
    keeper.process.kill('SIGTERM');
    await keeper.exited;
  }
  await model.close();
  rmSync(folder, { recursive: true, force: true });
});

let archive: { body: Buffer; sha256: string; bytes: number };
let second: KeeperProcess;

test('a fresh tenant boots, its owner is let in without a token or pairing, and the answer comes from the meter', async () => {
  const keeper = await KeeperProcess.start('first');
  const ready = await keeper.startWithModel();
  expect(ready).toMatchObject({ phase: 'ready', failure: null, hasState: true });
  expect(ready.versions.openclaw).toBe(release.openclawVersion);

  const { scopes, ui } = await connected(keeper.connect('usr_owner'));
  expect(scopes).toEqual(expect.arrayContaining(['operator.admin', 'operator.read', 'operator.write']));
  expect(await ui.chat('How is the water?')).toBe(reply);
  const turn = model.calls.find((call) => call.model === 'claude-sonnet-4-6');
  expect(turn?.path).toBe('/anthropic/v1/messages');
  expect(turn?.headers['x-api-key']).toBe('tidepool-managed');
  ui.close();

  // Live, under the running gateway.
  const body = Buffer.from(await (await keeper.fetch('GET', '/v1/snapshot')).arrayBuffer());
  const sha256 = createHash('sha256').update(body).digest('hex');
  expect((await keeper.call('GET', '/v1/snapshot/last')).body).toMatchObject({ ok: true, bytes: body.length, sha256 });
  archive = { body, sha256, bytes: body.length };

  expect((await keeper.stop('drain', 30_000)).body).toEqual({
    exit: { code: 0, signal: null },
    forced: false,
    drained: true,
    // Read from OpenClaw's own database: a fresh tenant has nothing scheduled.
    nextRunAtMs: null,
  });
  keeper.process.kill('SIGTERM');
  expect(await keeper.exited).toBe(0);
});

test('the saved state goes on in another container, under another HOME: the conversation is there', async () => {
  second = await KeeperProcess.start('second');
  expect((await second.restore(archive)).status).toBe(200);
  const ready = await second.startWithModel();
  expect(ready).toMatchObject({ phase: 'ready', failure: null });
  expect(existsSync(`${second.stateDir}.replaced`)).toBe(false);
  const { ui } = await connected(second.connect('usr_owner'));
  expect(await ui.history()).toEqual([
    { role: 'user', text: 'How is the water?' },
    { role: 'assistant', text: expect.stringContaining(reply) as string },
  ]);
  ui.close();
});

test('a colleague may chat and not administer; a stranger, a missing identity and a foreign origin are refused', async () => {
  const { scopes, ui } = await connected(second.connect('usr_operator'));
  expect(scopes).toContain('operator.write');
  expect(scopes).not.toContain('operator.admin');
  await expect(ui.call('config.get', {})).resolves.toBeDefined();
  await expect(ui.call('config.set', { raw: '{}' })).rejects.toThrow(/scope/);
  ui.close();
  expect(await second.connect('usr_stranger')).toHaveProperty('refused');
  expect(await second.connect(null)).toHaveProperty('refused');
  expect(await second.connect('usr_owner', 'http://evil.localhost:8787')).toHaveProperty('refused');
});

test('no credential lies in the container, and the local password is in no file', () => {
  const password = passwordOf(second);
  expect(password).toMatch(/^[\w-]{43}$/);
  for (const file of filesBelow(second.home)) {
    const content = contentOf(file);
    expect([file, content.includes(testToken), content.includes(password)]).toEqual([file, false, false]);
  }
});

test('a gateway that is killed is reported as crashed and starts again on its own state', async () => {
  await second.killGateway();
  const crashed = await second.until('crashed');
  expect(crashed.failure).toMatchObject({ code: 'gateway_exit' });
  expect(crashed.gateway.exit).toMatchObject({ signal: 'SIGKILL' });
  expect((await second.startWithModel()).phase).toBe('ready');
  const { ui } = await connected(second.connect('usr_owner'));
  expect(await ui.history()).toHaveLength(2);
  ui.close();
});

test("settings that OpenClaw refuses are named in OpenClaw's words, and nothing is started", async () => {
  const keeper = await KeeperProcess.start('broken');
  mkdirSync(keeper.stateDir);
  writeFileSync(
    path.join(keeper.stateDir, 'openclaw.json'),
    "{ /* mine */ agents: { defaults: { thinkingDefault: 'a lot' } }, meta: { lastTouchedVersion: '2026.9.6' } }",
  );
  const failed = await keeper.startWithModel();
  expect(failed).toMatchObject({ phase: 'failed', failure: { code: 'config_invalid' } });
  expect(failed.failure?.message).toContain('agents.defaults.thinkingDefault');
  expect(readFileSync(path.join(keeper.stateDir, 'openclaw.json'), 'utf8')).toContain('a lot');
});

/** OpenClaw copies its Control UI in the background: a file that was there and is gone holds nothing any more. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function passwordOf(keeper: KeeperProcess): string {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
        return parent === String(keeper.process.pid) ? [readFileSync(`/proc/${pid}/environ`, 'utf8')] : [];
      } catch {
        return [];
      }
    });
  return /OPENCLAW_GATEWAY_PASSWORD=([^\0]*)/.exec(children.join('\0'))?.[1] ?? '';
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
