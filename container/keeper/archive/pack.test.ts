import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import * as tar from 'tar-stream';
import { noise } from '../testing/archives.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { archiveLimits } from './entry-guard.ts';
import { manifestPath, manifestSchema, type Manifest } from './manifest.ts';
import { packState, type Packed } from './pack.ts';
import { StateFolder } from './restore.ts';

const mib = 1024 * 1024;
const limits = archiveLimits(256 * mib);

interface Taken {
  readonly body: Buffer;
  readonly packed: Packed;
}

async function take(stateDir: string, onChunk: () => void = () => {}, within = limits): Promise<Taken> {
  const chunks: Buffer[] = [];
  let packed: Packed | null = null;
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      onChunk();
      setImmediate(done);
    },
  });
  const options = {
    stateDir,
    stagingParent: path.join(stateDir, '../staging'),
    limits: within,
    openclawVersion: 'v',
    nowMs: 1,
  };
  await packState(options, sink, (result) => {
    packed = result;
  });
  if (packed === null) throw new Error('no result');
  return { body: Buffer.concat(chunks), packed };
}

async function entriesOf(body: Buffer): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const unpacked = tar.extract();
  unpacked.end(zstdDecompressSync(body));
  for await (const entry of unpacked) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<unknown>) chunks.push(Buffer.from(chunk as Uint8Array));
    found.set(entry.header.name, Buffer.concat(chunks));
  }
  return found;
}

async function manifestOf(body: Buffer): Promise<Manifest> {
  const entries = await entriesOf(body);
  expect([...entries.keys()].at(-1)).toBe(manifestPath);
  return manifestSchema.parse(JSON.parse(String(entries.get(manifestPath))));
}

function stateFolder(): string {
  const stateDir = path.join(temporaryFolder(), '.openclaw');
  mkdirSync(stateDir);
  return stateDir;
}

function put(stateDir: string, at: string, content: string | Buffer = at): string {
  const file = path.join(stateDir, at);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

test('what is packed can be restored, byte for byte, and says what it is', async () => {
  const stateDir = stateFolder();
  put(stateDir, 'openclaw.json', '{}');
  put(stateDir, `workspace/${'dir-'.repeat(40)}/näme with "quotes"\n.txt`, 'odd');
  put(stateDir, 'workspace/large.bin', noise(9 * mib));
  put(stateDir, 'workspace/empty', '');
  mkdirSync(path.join(stateDir, 'workspace/empty-folder'));
  symlinkSync('large.bin', path.join(stateDir, 'workspace/relative'));
  symlinkSync(path.join(stateDir, 'openclaw.json'), path.join(stateDir, 'workspace/absolute'));
  symlinkSync('/usr/bin/env', path.join(stateDir, 'workspace/outside'));
  const { body, packed } = await take(stateDir);
  const manifest = await manifestOf(body);
  expect(manifest.skipped).toEqual([{ path: 'workspace/outside', reason: 'a link out of the state' }]);
  expect(packed).toMatchObject({ bytes: body.length, files: 4 });

  const target = path.join(temporaryFolder(), '.openclaw');
  await new StateFolder(target).replace(Readable.from([body]), packed, limits);
  rmSync(path.join(stateDir, 'workspace/outside'));
  rmSync(path.join(stateDir, 'workspace/absolute'));
  symlinkSync('../openclaw.json', path.join(stateDir, 'workspace/absolute'));
  execFileSync('diff', ['-r', '--no-dereference', stateDir, target]);
});

test('what OpenClaw makes again and what belongs to a running process is left out; the workspace is whole', async () => {
  const stateDir = stateFolder();
  const kept = [
    'openclaw.json',
    'state/keep.txt',
    'workspace/yarn.lock',
    'workspace/tmp/x',
    'workspace/cache/x',
    'workspace/a.candidate',
  ];
  const left = [
    'cache/a',
    'tmp/a',
    'logs/a',
    'plugin-skills/a',
    'gateway.lock',
    'openclaw.json.candidate',
    'agents/main/agent/openclaw-agent.sqlite.reindex-lock.sqlite',
    'state/x.generation-3.sqlite',
  ];
  for (const at of [...kept, ...left]) put(stateDir, at);
  execFileSync('mkfifo', [path.join(stateDir, 'state/pipe')]);
  const { body } = await take(stateDir);
  const manifest = await manifestOf(body);
  expect(manifest.files.map((file) => file.path).toSorted()).toEqual(kept.toSorted());
  expect(manifest.skipped).toEqual([{ path: 'state/pipe', reason: 'neither file, folder nor link' }]);
});

test('a database in use is copied as of one moment, without its companions', async () => {
  const stateDir = stateFolder();
  mkdirSync(path.join(stateDir, 'state'));
  const database = new DatabaseSync(path.join(stateDir, 'state/openclaw.sqlite'));
  database.exec('PRAGMA journal_mode=WAL; CREATE TABLE t (a INTEGER, b INTEGER)');
  const insert = database.prepare('INSERT INTO t VALUES (?, ?)');
  const write = (from: number) => {
    // Both halves of a pair or neither: a torn copy would show.
    database.exec('BEGIN');
    for (let i = from; i < from + 50; i++) insert.run(i, -i);
    database.exec('COMMIT');
  };
  let next = 0;
  for (; next < 20_000; next += 50) write(next);
  const { body } = await take(stateDir, () => write((next += 50)));
  database.close();
  const entries = await entriesOf(body);
  expect([...entries.keys()].filter((name) => name.startsWith('state/o'))).toEqual(['state/openclaw.sqlite']);
  const copy = path.join(temporaryFolder(), 'copy.sqlite');
  writeFileSync(copy, entries.get('state/openclaw.sqlite') ?? '');
  const restored = new DatabaseSync(copy);
  expect(restored.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  const { rows, sum } = restored.prepare('SELECT count(*) AS rows, sum(a + b) AS sum FROM t').get() as Record<
    string,
    number
  >;
  restored.close();
  expect(rows).toBeGreaterThanOrEqual(20_000);
  expect((rows ?? 1) % 50).toBe(0);
  expect(sum).toBe(0);
});

test("a damaged database of OpenClaw's stops the snapshot; one of the tenant's own is kept as bytes", async () => {
  const stateDir = stateFolder();
  const garbage = Buffer.from(`SQLite format 3\0${'garbage'.repeat(2_000)}`);
  put(stateDir, 'workspace/app.sqlite', garbage);
  const { body } = await take(stateDir);
  expect((await entriesOf(body)).get('workspace/app.sqlite')).toEqual(garbage);
  put(stateDir, 'state/openclaw.sqlite', garbage);
  await expect(take(stateDir)).rejects.toThrow(/state\/openclaw\.sqlite cannot be copied/);
});

test('files that grow, shrink and vanish while they are read leave a whole archive that says so', async () => {
  const stateDir = stateFolder();
  const bytes = noise(12 * mib);
  const growing = put(stateDir, 'workspace/a-growing', bytes);
  const shrinking = put(stateDir, 'workspace/b-shrinking', bytes);
  const vanishing = put(stateDir, 'workspace/z-vanishing', 'x');
  let chunks = 0;
  const { body, packed } = await take(stateDir, () => {
    if (++chunks !== 2) return;
    appendFileSync(growing, bytes.subarray(0, mib));
    truncateSync(shrinking, 9 * mib);
    rmSync(vanishing);
  });
  const manifest = await manifestOf(body);
  expect(manifest.files.find((file) => file.path === 'workspace/a-growing')).toMatchObject({
    bytes: bytes.length,
    torn: true,
  });
  expect(manifest.skipped).toEqual([
    { path: 'workspace/z-vanishing', reason: 'it vanished while the snapshot was taken' },
  ]);
  const target = path.join(temporaryFolder(), '.openclaw');
  await new StateFolder(target).replace(Readable.from([body]), packed, limits);
  expect(readdirSync(path.join(target, 'workspace'))).toEqual(['a-growing', 'b-shrinking']);
});

test('a state that no restore would accept is no snapshot: too large, too compressible', async () => {
  const stateDir = stateFolder();
  put(stateDir, 'workspace/big', Buffer.alloc(70 * mib));
  await expect(take(stateDir, undefined, archiveLimits(50 * mib))).rejects.toThrow(/larger than/);
  await expect(take(stateDir)).rejects.toThrow(/100 times/);
});

test('a large file of zeros is kept when the tenant may hold much more', async () => {
  const stateDir = stateFolder();
  writeFileSync(path.join(stateDir, 'zeros'), '');
  truncateSync(path.join(stateDir, 'zeros'), 80 * mib);
  const { body, packed } = await take(stateDir, () => {}, archiveLimits(1_024 * mib));
  const folder = new StateFolder(path.join(temporaryFolder(), '.openclaw'));
  const restored = await folder.replace(Readable.from([body]), packed, archiveLimits(1_024 * mib));
  expect(restored.files).toBe(1);
});

test('a socket and a link to /etc/passwd are left out and said; a hard link is kept as a file of its own', async () => {
  const stateDir = stateFolder();
  mkdirSync(path.join(stateDir, 'workspace'));
  writeFileSync(path.join(stateDir, 'workspace/a'), 'same');
  linkSync(path.join(stateDir, 'workspace/a'), path.join(stateDir, 'workspace/b'));
  symlinkSync('/etc/passwd', path.join(stateDir, 'workspace/passwd'));
  const server = createServer().listen(path.join(stateDir, 'workspace/s'));
  await once(server, 'listening');
  try {
    const { body } = await take(stateDir);
    const manifest = await manifestOf(body);
    expect(manifest.files.map((file) => file.path)).toEqual(['workspace/a', 'workspace/b']);
    expect(manifest.skipped.map(({ path: at, reason }) => [at, reason])).toEqual([
      ['workspace/passwd', 'a link out of the state'],
      ['workspace/s', 'neither file, folder nor link'],
    ]);
    expect(String((await entriesOf(body)).get('workspace/b'))).toBe('same');
  } finally {
    server.close();
  }
});

test('a state of 100,000 files is packed and comes back whole', { timeout: 300_000 }, async () => {
  const stateDir = stateFolder();
  for (let folder = 0; folder < 100; folder++) {
    mkdirSync(path.join(stateDir, `workspace/${folder}`), { recursive: true });
    for (let n = 0; n < 1_000; n++) writeFileSync(path.join(stateDir, `workspace/${folder}/${n}`), String(n));
  }
  // Thousands of headers that are nearly alike compress further than any bomb guard likes.
  const roomy = archiveLimits(1_024 * mib);
  const { body, packed } = await take(stateDir, () => {}, roomy);
  expect(packed.files).toBe(100_000);
  const restored = path.join(temporaryFolder(), '.openclaw');
  await new StateFolder(restored).replace(Readable.from([body]), packed, roomy);
  expect(readFileSync(path.join(restored, 'workspace/99/999'), 'utf8')).toBe('999');
  expect(readdirSync(path.join(restored, 'workspace/50'))).toHaveLength(1_000);
});

test('a consumer that goes away ends the work and leaves no staging behind', async () => {
  const stateDir = stateFolder();
  put(stateDir, 'workspace/noise', noise(4 * mib));
  const sink = new PassThrough();
  sink.once('data', () => sink.destroy());
  const staging = path.join(stateDir, '../staging');
  const options = { stateDir, stagingParent: staging, limits, openclawVersion: 'v', nowMs: 1 };
  await expect(packState(options, sink, () => {})).rejects.toThrow();
  expect(readdirSync(staging)).toEqual([]);
});

test('memory stays small while a slow consumer takes a large state', async () => {
  const stateDir = stateFolder();
  const bytes = noise(8 * mib);
  for (let i = 0; i < 12; i++) put(stateDir, `workspace/${i}`, Buffer.concat([bytes, Buffer.from([i])]));
  let ahead = 0;
  let handed = 0;
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      handed += chunk.length;
      ahead = Math.max(ahead, process.memoryUsage().arrayBuffers);
      setImmediate(done);
    },
  });
  const before = process.memoryUsage().arrayBuffers;
  const options = {
    stateDir,
    stagingParent: path.join(stateDir, '../staging'),
    limits,
    openclawVersion: 'v',
    nowMs: 1,
  };
  await packState(options, sink, () => {});
  expect(handed).toBeGreaterThan(90 * mib);
  expect(ahead - before).toBeLessThan(48 * mib);
  expect(readFileSync(path.join(stateDir, 'workspace/0')).length).toBe(8 * mib + 1);
});
