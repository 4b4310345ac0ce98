/** Bringing archives to a keeper, over its own HTTP surface: shapes, what stays out, and what is refused whole. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { fittingManifest, noise, testArchive, type TestEntry } from '../testing/archives.ts';
import { KeeperFixture, type Reply } from '../testing/keeper-fixture.ts';
import { scriptedOpenclaw } from '../testing/scripted-openclaw.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { unpackForeign } from './unpack-foreign.ts';
import { archiveLimits } from '../archive/entry-guard.ts';
import { importReportSchema } from './import-contract.ts';

const mib = 1024 * 1024;
const ulid = '01k9zq0000000000000000000a';

const keeper = (): Promise<KeeperFixture> => KeeperFixture.start(scriptedOpenclaw(temporaryFolder()));

async function bring(to: KeeperFixture, body: Buffer): Promise<Reply> {
  const response = await to.fetch('PUT', '/v1/import', { body: new Uint8Array(body) });
  return { status: response.status, body: await response.json() };
}

/** As `tar` packs it: no list of ours at its end. */
const packed = async (entries: readonly TestEntry[]): Promise<Buffer> => (await testArchive(entries, false)).body;
const plainTar = async (entries: readonly TestEntry[]): Promise<Buffer> => zstdDecompressSync(await packed(entries));

function database(...statements: string[]): Buffer {
  const file = path.join(temporaryFolder(), 'made.sqlite');
  const made = new DatabaseSync(file);
  for (const statement of statements) made.exec(statement);
  made.close();
  return readFileSync(file);
}

const config = (more: object = {}): string =>
  JSON.stringify({ meta: { lastTouchedVersion: '2026.8.2' }, gateway: { auth: { token: 'hunter2' } }, ...more });

const home = (): TestEntry[] => [
  { name: '.openclaw', type: 'directory' },
  {
    name: '.openclaw/openclaw.json',
    content: config({ channels: { telegram: { enabled: true, botToken: 'hunter2' } } }),
  },
  { name: '.openclaw/.env', content: 'ANTHROPIC_API_KEY=hunter2' },
  { name: '.openclaw/credentials/oauth.json', content: '{"a":"hunter2"}' },
  { name: '.openclaw/workspace/MEMORY.md', content: 'the sea' },
  { name: '.openclaw/workspace/run.sh', content: '#!/bin/sh', mode: 0o755 },
  { name: '.openclaw/workspace/link', type: 'symlink', linkname: 'MEMORY.md' },
  { name: '.openclaw/workspace/outside', type: 'symlink', linkname: '/etc/passwd' },
  { name: '.openclaw/workspace/twin', type: 'link', linkname: '.openclaw/workspace/MEMORY.md' },
  { name: '.openclaw/skills/tide/SKILL.md', content: '# tide' },
  { name: '.openclaw/cron/jobs.json', content: '{"jobs":[{},{}]}' },
  { name: '.openclaw/agents/main/sessions/s1.jsonl', content: '{}' },
  {
    name: '.openclaw/state/openclaw.sqlite',
    content: database(
      'CREATE TABLE device_pairing_paired (t TEXT)',
      "INSERT INTO device_pairing_paired VALUES ('hunter2-device-token')",
      'CREATE TABLE cron_jobs (job TEXT, store_key TEXT)',
      "INSERT INTO cron_jobs VALUES ('remind', '/srv/nora/.openclaw/cron/jobs.json')",
      'CREATE TABLE workspace_setup_state (workspace_path TEXT)',
      "INSERT INTO workspace_setup_state VALUES ('/srv/nora/.openclaw/workspace'), ('/srv/nora/.openclaw-2/workspace')",
    ),
  },
];

test.each([
  ['.tar', async () => plainTar(home())],
  ['.tar.gz', async () => gzipSync(await plainTar(home()))],
  ['.tar.zst', async () => packed(home())],
])('a home folder as %s: taken, cleaned, reported', async (_form, make) => {
  const to = await keeper();
  const { status, body } = await bring(to, await make());
  expect(body).toMatchObject({ shape: 'openclaw' });
  expect(status).toBe(200);
  const report = importReportSchema.parse(body);
  expect(report.openclawVersion).toBe('2026.8.2');
  expect(report.taken).toMatchObject({
    files: 7,
    conversations: 1,
    workspaceFiles: 2,
    skills: 1,
    cronJobs: 3,
    agents: 1,
  });
  expect(report.left).toEqual([
    { reason: 'key_or_login', count: 2, examples: ['.openclaw/.env', '.openclaw/credentials/oauth.json'] },
    { reason: 'outward_link', count: 1, examples: ['.openclaw/workspace/outside'] },
    { reason: 'hard_link', count: 1, examples: ['.openclaw/workspace/twin'] },
  ]);
  expect(report.channelsOff).toEqual(['telegram']);
  expect(report.settingsLeft).toEqual(['gateway', 'channels.telegram.botToken']);
  expect(readFileSync(path.join(to.stateDir, 'workspace/link'), 'utf8')).toBe('the sea');
  expect(statSync(path.join(to.stateDir, 'workspace/run.sh')).mode & 0o100).toBe(0o100);
  expect(existsSync(path.join(to.stateDir, '.env'))).toBe(false);
  for (const file of readdirSync(to.stateDir, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) expect(readFileSync(path.join(file.parentPath, file.name), 'latin1')).not.toContain('hunter2');
  }
  // Jobs are kept under the folder's own name.
  const state = new DatabaseSync(path.join(to.stateDir, 'state/openclaw.sqlite'));
  expect(state.prepare('SELECT store_key FROM cron_jobs').all()).toEqual([
    { store_key: path.join(to.stateDir, 'cron/jobs.json') },
  ]);
  expect(state.prepare('SELECT workspace_path AS p FROM workspace_setup_state ORDER BY p').all()).toEqual([
    { p: '/srv/nora/.openclaw-2/workspace' },
    { p: path.join(to.stateDir, 'workspace') },
  ]);
  state.close();
  expect((await to.status()).hasState).toBe(true);
  expect(readdirSync(to.home).filter((name) => name.startsWith('.tidepool-restore'))).toEqual([]);
});

test('a moltworker bucket: its three folders find their places', async () => {
  const to = await keeper();
  const { body } = await bring(
    to,
    gzipSync(
      await plainTar([
        { name: './openclaw/openclaw.json', content: config({ agents: { defaults: { workspace: '/root/clawd' } } }) },
        { name: './openclaw/agents/main/sessions/s1.jsonl', content: '{}' },
        { name: './openclaw/agents/main/agent/auth-profiles.json', content: '{"k":"hunter2"}' },
        { name: './workspace/SOUL.md', content: 'soul' },
        { name: './skills/tide/SKILL.md', content: '# tide' },
        { name: './.last-sync', content: '2026-03-03' },
      ]),
    ),
  );
  expect(body).toMatchObject({ shape: 'moltworker', taken: { files: 4, conversations: 1, skills: 1 } });
  expect(readFileSync(path.join(to.stateDir, 'workspace/SOUL.md'), 'utf8')).toBe('soul');
  expect(existsSync(path.join(to.stateDir, 'workspace/skills/tide/SKILL.md'))).toBe(true);
  expect(JSON.parse(readFileSync(path.join(to.stateDir, 'openclaw.json'), 'utf8'))).toMatchObject({
    agents: { defaults: {} },
  });
});

const exported: TestEntry[] = [
  { name: 'openclaw.json', content: config() },
  { name: 'workspace/MEMORY.md', content: 'the sea' },
];
const readme: TestEntry = { name: `tidepool-export-${ulid}/README.md`, content: 'read me' };
const list = (change: object = {}): string => JSON.stringify({ ...fittingManifest(exported), ...change });
const own = async (entries: readonly TestEntry[], manifest: string | false): Promise<Buffer> =>
  (await testArchive([readme, ...entries], manifest)).body;

test('our own export is compared with its own list', async () => {
  expect(await bring(await keeper(), await own(exported, list()))).toMatchObject({
    status: 200,
    body: { shape: 'tidepool', openclawVersion: '2026.9.6', warnings: [], taken: { files: 2 } },
  });
  const changed = [exported[0] ?? readme, { name: 'workspace/MEMORY.md', content: 'hills' }];
  expect(await bring(await keeper(), await own(changed, list()))).toMatchObject({
    status: 422,
    body: { code: 'archive_refused', message: expect.stringContaining('differs from the archive') as unknown },
  });
  expect(await bring(await keeper(), await own(exported, false))).toMatchObject({
    body: { message: expect.stringContaining('was cut') as unknown },
  });
  const wasRun = [...changed, { name: 'openclaw.json.tidepool', content: '{}' }];
  expect(await bring(await keeper(), await own(wasRun, list()))).toMatchObject({
    status: 200,
    body: { warnings: ['1 file was changed since this was exported.'] },
  });
});

const one: TestEntry = { name: 'openclaw.json', content: config() };
const refused: [string, () => Promise<Buffer>, RegExp][] = [
  ['a path upwards', () => packed([one, { name: '../../etc/cron.d/x', content: 'x' }]), /not a plain relative path/],
  ['a path upwards behind a dot', () => packed([one, { name: './../x', content: 'x' }]), /not a plain relative path/],
  ['an absolute path', () => packed([one, { name: '/etc/passwd', content: 'x' }]), /not a plain relative path/],
  ['a huge name', () => packed([one, { name: 'n'.repeat(300), content: 'x' }]), /not a plain relative path/],
  ['a device', () => packed([one, { name: 'x', type: 'character-device' }]), /character-device/],
  ['a pipe', () => packed([one, { name: 'x', type: 'fifo' }]), /fifo/],
  [
    'a file below a link',
    () => packed([one, { name: 'd', type: 'symlink', linkname: 'workspace' }, { name: 'd/x', content: 'x' }]),
    /lies below a symlink/,
  ],
  ['a name twice', () => packed([one, one]), /comes twice/],
  ['two frames', async () => Buffer.concat([await packed([one]), await packed([one])]), /several compressed parts/],
  [
    'half an archive',
    async () => (await packed([one, { name: 'x', content: noise(mib) }])).subarray(0, mib / 2),
    /damaged/,
  ],
  ['a zip', () => Promise.resolve(Buffer.from('504b0304'.padEnd(1200, '0'), 'hex')), /\.zip is not taken/],
  ['noise', () => Promise.resolve(noise(4096)), /neither \.tar/],
  ['nothing', () => Promise.resolve(Buffer.alloc(0)), /neither \.tar/],
  ['something else', () => packed([{ name: 'package.json', content: '{}' }]), /no OpenClaw state/],
  [
    'a later version',
    () => packed([{ name: 'openclaw.json', content: '{"meta":{"lastTouchedVersion":"2027.1.1"}}' }]),
    /2027\.1\.1/,
  ],
  ['a config that is none', () => packed([{ name: 'openclaw.json', content: '{' }]), /cannot be read/],
  [
    'a damaged database',
    () => packed([one, { name: 'state/openclaw.sqlite', content: noise(8192) }]),
    /openclaw\.sqlite is damaged/,
  ],
];

test.each(refused)('%s is refused with words, and nothing is left', async (_what, make, words) => {
  const to = await keeper();
  const { status, body } = await bring(to, await make());
  expect(body).toMatchObject({ code: 'archive_refused', message: expect.stringMatching(words) as unknown });
  expect(status).toBe(422);
  expect(readdirSync(to.home)).toEqual(['tmp']);
  expect(await to.status()).toMatchObject({ hasState: false, phase: 'idle' });
});

test('a bomb is refused while it is read', async () => {
  const body = zstdCompressSync(Buffer.concat([await plainTar([one]), Buffer.alloc(80 * mib)]));
  // On a disk of 256 MiB; on the fixture's a quarter is too much for a test.
  await expect(unpackForeign(Readable.from([body]), temporaryFolder(), archiveLimits(256 * mib))).rejects.toThrow(
    /100 times its size/,
  );
});

test('more than the disk may hold is refused while it is read', async () => {
  const body = await packed([one, { name: 'workspace/x', content: noise(3 * mib) }]);
  await expect(unpackForeign(Readable.from([body]), temporaryFolder(), archiveLimits(2 * mib))).rejects.toThrow(
    /more than 2097152 bytes/,
  );
});

test('what OpenClaw cannot bring up to date is refused in its words, and nothing is left', async () => {
  const to = await KeeperFixture.start(scriptedOpenclaw(temporaryFolder(), { doctorFails: 'sessions.json is torn' }));
  expect(await bring(to, await packed(home()))).toMatchObject({
    status: 422,
    body: { message: expect.stringContaining('sessions.json is torn') as unknown },
  });
  expect(readdirSync(to.home)).toEqual(['tmp']);
});

test('a container that has a state takes no import', async () => {
  const to = await keeper();
  mkdirSync(path.join(to.stateDir, 'state'), { recursive: true });
  writeFileSync(path.join(to.stateDir, 'state/openclaw.sqlite'), 'mine');
  expect(await bring(to, await packed(home()))).toMatchObject({ status: 409, body: { code: 'gateway_running' } });
  expect(readFileSync(path.join(to.stateDir, 'state/openclaw.sqlite'), 'utf8')).toBe('mine');
});
