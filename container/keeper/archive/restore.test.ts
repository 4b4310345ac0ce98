import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { fittingManifest, noise, sealed, testArchive, type TestArchive } from '../testing/archives.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { archiveLimits, ArchiveRefused } from './entry-guard.ts';
import { StateFolder } from './restore.ts';

const mib = 1024 * 1024;
const limits = archiveLimits(256 * mib);

function home(): { home: string; stateDir: string; folder: StateFolder } {
  const home = temporaryFolder();
  const stateDir = path.join(home, '.openclaw');
  return { home, stateDir, folder: new StateFolder(stateDir) };
}

/** In chunks that fit nothing, so that borders are met everywhere. */
function streamOf(body: Buffer): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < body.length; at += 997) yield body.subarray(at, at + 997);
    })(),
  );
}

const replace = (folder: StateFolder, archive: TestArchive) => folder.replace(streamOf(archive.body), archive, limits);

test('an archive becomes the state, with its links, modes and times; the old state waits beside it', async () => {
  const { home: at, stateDir, folder } = home();
  mkdirSync(stateDir);
  writeFileSync(path.join(stateDir, 'old'), 'old');
  const archive = await testArchive([
    { name: 'workspace', type: 'directory', mode: 0o750 },
    { name: 'workspace/run.sh', content: 'echo', mode: 0o755 },
    { name: 'workspace/link', type: 'symlink', linkname: 'run.sh' },
    { name: `workspace/${'long-'.repeat(40)}`, content: 'x' },
  ]);
  expect(await replace(folder, archive)).toMatchObject({ files: 2 });
  expect(readdirSync(stateDir)).toEqual(['workspace']);
  expect(statSync(path.join(stateDir, 'workspace/run.sh')).mode & 0o777).toBe(0o755);
  expect(statSync(path.join(stateDir, 'workspace/run.sh')).mtimeMs).toBe(1_700_000_000_000);
  expect(readlinkSync(path.join(stateDir, 'workspace/link'))).toBe('run.sh');
  expect(readdirSync(at).toSorted()).toEqual(['.openclaw', '.openclaw.replaced']);
  await folder.forgetReplaced();
  expect(readdirSync(at)).toEqual(['.openclaw']);
});

const zeros = Buffer.alloc(65 * mib);
const hostile: [string, () => Promise<TestArchive>, RegExp][] = [
  ['an absolute path', () => testArchive([{ name: '/tmp/x', content: 'x' }]), /not a plain/],
  ['a path upwards', () => testArchive([{ name: '../x', content: 'x' }]), /not a plain/],
  ['a hard link', () => testArchive([{ name: 'x', type: 'link', linkname: 'y' }]), /is a link/],
  ['a device', () => testArchive([{ name: 'x', type: 'character-device' }]), /character-device/],
  ['setuid', () => testArchive([{ name: 'x', content: 'x', mode: 0o4755 }]), /setuid/],
  ['a link outside', () => testArchive([{ name: 'x', type: 'symlink', linkname: '/etc' }]), /links out/],
  [
    'a file below a link',
    () =>
      testArchive([
        { name: 'x', type: 'symlink', linkname: 'y' },
        { name: 'x/z', content: 'z' },
      ]),
    /below a symlink/,
  ],
  ['a bomb', () => testArchive([{ name: 'zeros', content: zeros }]), /100 times/],
  ['no manifest', () => testArchive([{ name: 'a', content: 'a' }], false), /no manifest/],
  [
    'an unreadable manifest',
    () => testArchive([{ name: 'a', content: 'a' }], '{"version":2}'),
    /manifest is not readable/,
  ],
  [
    'other content than listed',
    () => testArchive([{ name: 'a', content: 'b' }], JSON.stringify(fittingManifest([{ name: 'a', content: 'a' }]))),
    /differs from its hash/,
  ],
  [
    'a file missing',
    () =>
      testArchive(
        [{ name: 'a', content: 'a' }],
        JSON.stringify(
          fittingManifest([
            { name: 'a', content: 'a' },
            { name: 'b', content: 'b' },
          ]),
        ),
      ),
    /lists 2 files/,
  ],
  ['not zstd', () => Promise.resolve(sealed(Buffer.from('hello, this is no archive'))), /damaged/],
  [
    'a cut',
    async () => {
      const { body } = await testArchive([{ name: 'a', content: 'a'.repeat(100_000) }]);
      return sealed(body.subarray(0, body.length - 20));
    },
    /damaged|no manifest/,
  ],
  [
    'another hash than announced',
    async () => ({ ...(await testArchive([{ name: 'a', content: 'a' }])), sha256: '0'.repeat(64) }),
    /SHA-256 differs/,
  ],
  [
    'more bytes than announced',
    async () => {
      const archive = await testArchive([{ name: 'a', content: 'a' }]);
      return { ...archive, bytes: archive.bytes - 1 };
    },
    /more bytes than announced/,
  ],
  [
    'fewer bytes than announced',
    async () => {
      const archive = await testArchive([{ name: 'a', content: 'a' }]);
      return { ...archive, bytes: archive.bytes + 1 };
    },
    /fewer bytes/,
  ],
  [
    "a damaged database of OpenClaw's",
    () => testArchive([{ name: 'state/openclaw.sqlite', content: `SQLite format 3\0${'garbage'.repeat(2_000)}` }]),
    /openclaw\.sqlite is damaged/,
  ],
];

test.each(hostile)('%s: refused, the present state is untouched, nothing is left over', async (_what, make, why) => {
  const { home: at, stateDir, folder } = home();
  mkdirSync(stateDir);
  writeFileSync(path.join(stateDir, 'old'), 'old');
  const refusal = await replace(folder, await make()).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ArchiveRefused);
  expect(String(refusal)).toMatch(why);
  expect(readFileSync(path.join(stateDir, 'old'), 'utf8')).toBe('old');
  expect(readdirSync(at)).toEqual(['.openclaw']);
});

test('a sender that goes away midway changes nothing', async () => {
  const { home: at, folder } = home();
  const archive = await testArchive([{ name: 'a', content: noise(50_000) }]);
  const source = Readable.from(
    (function* () {
      yield archive.body.subarray(0, 1_000);
      throw new Error('gone');
    })(),
  );
  await expect(folder.replace(source, archive, limits)).rejects.toThrow(/gone/);
  expect(readdirSync(at)).toEqual([]);
});

test('a second restore before a gateway was ready still keeps the proven state', async () => {
  const { home: at, stateDir, folder } = home();
  mkdirSync(stateDir);
  writeFileSync(path.join(stateDir, 'proven'), '');
  await replace(folder, await testArchive([{ name: 'first', content: '1' }]));
  await replace(folder, await testArchive([{ name: 'second', content: '2' }]));
  expect(readdirSync(stateDir)).toEqual(['second']);
  expect(readdirSync(`${stateDir}.replaced`)).toEqual(['proven']);
  expect(readdirSync(at).toSorted()).toEqual(['.openclaw', '.openclaw.replaced']);
});

test('a keeper that died during the switch puts the old state back and cleans up', async () => {
  const { home: at, stateDir, folder } = home();
  mkdirSync(stateDir);
  writeFileSync(path.join(stateDir, 'old'), '');
  mkdirSync(path.join(at, '.tidepool-restore-dead'));
  renameSync(stateDir, `${stateDir}.replaced`);
  await folder.recover();
  expect(readdirSync(at)).toEqual(['.openclaw']);
  expect(readdirSync(stateDir)).toEqual(['old']);
});

test('state counts as present once a gateway made its database', async () => {
  const { stateDir, folder } = home();
  expect(folder.present).toBe(false);
  mkdirSync(path.join(stateDir, 'state'), { recursive: true });
  new DatabaseSync(path.join(stateDir, 'state/openclaw.sqlite')).close();
  expect(folder.present).toBe(true);
});
