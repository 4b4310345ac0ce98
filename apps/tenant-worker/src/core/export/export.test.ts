/** The archive that leaves: read back by Node's decoder and by Debian's tar, and made plain by the script inside it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { DatabaseSync } from 'node:sqlite';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { z } from 'zod';
import { archiveLimits } from '../../../../../container/keeper/archive/entry-guard.ts';
import { packState } from '../../../../../container/keeper/archive/pack.ts';
import { renderConfig, serialiseConfig } from '../../../../../container/openclaw/render-config.ts';
import { plainScript } from '../../adapters/plain-script.ts';
import { exportFileName, exportFiles, exportFolder } from './export-files.ts';
import { spliceFrame } from './frame-splice.ts';
import { tarFiles } from './tar-file.ts';

const facts = {
  slug: 'nora-7f3k',
  snapshotId: '01k9zq0000000000000000000a',
  savedAtMs: Date.parse('2026-11-21T12:34:56Z'),
  release: '2026.9.6',
};
const folder = exportFolder(facts.snapshotId);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-export-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function spliced(frame: Uint8Array, inserted: Uint8Array): Buffer {
  const { start, replaces } = spliceFrame(frame, inserted);
  return Buffer.concat([start, frame.subarray(replaces)]);
}

describe('a spliced frame', () => {
  const content = Buffer.from('the tide comes in, the tide goes out. '.repeat(20_000));
  const frames: readonly (readonly [string, Buffer])[] = [
    ['of a stream', zstdCompressSync(content)],
    ['with its size told', zstdCompressSync(content, { pledgedSrcSize: content.length })],
    ['of one segment, size in a byte', zstdCompressSync(content.subarray(0, 60), { pledgedSrcSize: 60 })],
    ['of one segment, size in two bytes', zstdCompressSync(content.subarray(0, 300), { pledgedSrcSize: 300 })],
    ['with a small window', zstdCompressSync(content, { params: { [constants.ZSTD_c_windowLog]: 10 } })],
  ];

  it.each(frames)('%s gives the inserted bytes, then its own', (_what, frame) => {
    const own = zstdDecompressSync(frame);
    for (const size of [0, 1, 131_072, 131_073, 400_000]) {
      const inserted = Buffer.alloc(size, 'r');
      expect(zstdDecompressSync(spliced(frame, inserted)).equals(Buffer.concat([inserted, own]))).toBe(true);
    }
  });

  it('holds for any content and any insertion', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.uint8Array({ maxLength: 5_000 }), (own, inserted) => {
        const frame = zstdCompressSync(own);
        fc.pre(frame.length >= 18);
        expect(zstdDecompressSync(spliced(frame, inserted))).toEqual(Buffer.concat([inserted, own]));
      }),
      { numRuns: 200 },
    );
  });

  it('that was cut is refused by the decoder, wherever it was cut', () => {
    const whole = spliced(frames[0]?.[1] ?? Buffer.alloc(0), Buffer.from('readme'));
    for (const length of [20, 50, whole.length - 1]) {
      expect(() => zstdDecompressSync(whole.subarray(0, length))).toThrow();
    }
  });

  it.each([
    ['with a checksum', zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }), 'checksum'],
    ['that is none', Buffer.alloc(64), 'do not begin'],
    ['that is too short to tell', zstdCompressSync(Buffer.from('x')), 'more bytes'],
  ])('%s is refused', (_what, frame, words) => {
    expect(() => spliceFrame(frame, new Uint8Array(1))).toThrow(words);
  });
});

/** A state folder as a tenant has one, packed by the keeper and opened as an export. */
async function exported(config: object): Promise<Buffer> {
  const stateDir = path.join(dir, 'state-of-tenant');
  mkdirSync(path.join(stateDir, 'state'), { recursive: true });
  mkdirSync(path.join(stateDir, 'workspace'));
  writeFileSync(path.join(stateDir, 'openclaw.json'), JSON.stringify(config));
  writeFileSync(path.join(stateDir, 'workspace', 'MEMORY.md'), 'Nora likes the sea.\n');
  const database = new DatabaseSync(path.join(stateDir, 'state', 'openclaw.sqlite'));
  database.exec("CREATE TABLE state_leases (scope TEXT); INSERT INTO state_leases VALUES ('gateway-owner'), ('other')");
  database.exec(
    "CREATE TABLE cron_jobs (store_key TEXT); INSERT INTO cron_jobs VALUES ('/home/node/.openclaw/cron/jobs.json')",
  );
  database.close();
  const sink = new PassThrough();
  const [packed] = await Promise.all([
    buffer(sink),
    packState(
      {
        stateDir,
        stagingParent: path.join(dir, 'staging'),
        limits: archiveLimits(1024 ** 3),
        openclawVersion: facts.release,
        nowMs: facts.savedAtMs,
      },
      sink,
      () => undefined,
    ),
  ]);
  return spliced(packed, tarFiles(exportFiles(facts, plainScript), facts.savedAtMs));
}

function unpack(archive: Buffer): string {
  const file = path.join(dir, exportFileName(facts));
  const home = path.join(dir, 'unpacked');
  writeFileSync(file, archive);
  mkdirSync(home);
  execFileSync('tar', ['--zstd', '-xf', file, '-C', home]);
  return home;
}

const makePlain = (home: string) =>
  spawnSync(process.execPath, [path.join(home, folder, 'make-plain.mjs')], { encoding: 'utf8' });

const Config = z.looseObject({
  gateway: z.looseObject({ auth: z.unknown() }),
  models: z.looseObject({ providers: z.record(z.string(), z.unknown()) }),
});
const readConfig = (home: string) => Config.parse(JSON.parse(readFileSync(path.join(home, 'openclaw.json'), 'utf8')));

const tenantConfig = JSON.parse(
  serialiseConfig(
    renderConfig({
      input: {
        publicOrigin: 'https://nora.example.net',
        users: [{ id: 'usr_1', role: 'owner' }],
        models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
        ai: { baseUrl: 'http://ai.tidepool.internal' },
      },
      facts: { openclawVersion: '2026.9.6', gatewayPort: 18789, peers: ['10.1.0.0'], logFile: '/tmp/o.log' },
      existing: {
        channels: { telegram: { enabled: true } },
        models: { providers: { local: { baseUrl: 'http://127.0.0.1:11434', apiKey: 'mine', models: [] } } },
      },
      followed: {},
    }).config,
  ),
) as object;

describe('the archive', () => {
  it('unpacks with tar, README and script first', async () => {
    const archive = await exported(tenantConfig);
    const home = unpack(archive);
    const names = execFileSync('tar', ['--zstd', '-tf', path.join(dir, exportFileName(facts))], { encoding: 'utf8' });
    expect(names.split('\n').slice(0, 2)).toEqual([`${folder}/README.md`, `${folder}/make-plain.mjs`]);
    expect(names.trim().split('\n').at(-1)).toBe('.tidepool/manifest.json');
    const readme = readFileSync(path.join(home, folder, 'README.md'), 'utf8');
    expect(readme).toContain('npm install -g openclaw@2026.9.6');
    expect(readme).toContain(exportFileName(facts));
    expect(readFileSync(path.join(home, 'workspace', 'MEMORY.md'), 'utf8')).toBe('Nora likes the sea.\n');
  });

  it('becomes a plain OpenClaw: ours goes, everything else stays', async () => {
    const home = unpack(await exported(tenantConfig));
    const { status, stdout, stderr } = makePlain(home);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const token = /gateway token: ([0-9a-f]{48})/.exec(stdout)?.[1];
    const config = readConfig(home);
    expect(config.gateway.auth).toEqual({ mode: 'token', token });
    expect(config.gateway['bind']).toBe('loopback');
    expect(config['channels']).toEqual({ telegram: { enabled: true } });
    expect(config.models.providers).toEqual({
      local: { baseUrl: 'http://127.0.0.1:11434', apiKey: 'mine', models: [] },
    });
    const text = readFileSync(path.join(home, 'openclaw.json'), 'utf8');
    expect(text).not.toMatch(/tidepool|trusted|10\.1\.0\.0|nora\.example/);
    expect(statSync(path.join(home, 'openclaw.json')).mode & 0o077).toBe(0);
    const database = new DatabaseSync(path.join(home, 'state', 'openclaw.sqlite'));
    expect(database.prepare('SELECT store_key FROM cron_jobs').all()).toEqual([
      { store_key: path.join(home, 'cron/jobs.json') },
    ]);
    expect(database.prepare('SELECT scope FROM state_leases').all()).toEqual([{ scope: 'other' }]);
    database.close();

    const again = makePlain(home);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('done already');
    expect(readConfig(home)).toEqual(config);
  });

  it('that was changed, or unpacked by halves, is told by the script before it touches anything', async () => {
    const home = unpack(await exported(tenantConfig));
    writeFileSync(path.join(home, 'workspace', 'MEMORY.md'), 'Nora likes hills.\n');
    const before = readFileSync(path.join(home, 'openclaw.json'), 'utf8');
    const { status, stderr } = makePlain(home);
    expect(status).toBe(1);
    expect(stderr).toContain('workspace/MEMORY.md differs');
    expect(readFileSync(path.join(home, 'openclaw.json'), 'utf8')).toBe(before);
    expect(existsSync(path.join(home, 'openclaw.json.tidepool'))).toBe(false);
  });
});
