/** One file into a live state and out again: what stands where at each step, and what is refused. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { FileDesk } from './file-desk.ts';

function desk() {
  const home = temporaryFolder();
  const stateDir = path.join(home, '.openclaw');
  mkdirSync(path.join(stateDir, 'workspace'), { recursive: true });
  writeFileSync(path.join(stateDir, 'workspace', 'MEMORY.md'), 'as it is now', { mode: 0o640 });
  let atMs = 0;
  const files = new FileDesk(stateDir, () => ++atMs);
  const put = (id: string, at: string, content: string, bytes = content.length) =>
    files.put(Readable.from([Buffer.from(content)]), { id, path: at, bytes });
  const read = (at: string) => readFileSync(path.join(stateDir, at), 'utf8');
  const kept = () => readdirSync(path.join(stateDir, '.tidepool', 'kept')).toSorted();
  const incoming = () => readdirSync(path.join(stateDir, '.tidepool', 'incoming'));
  return { home, stateDir, files, put, read, kept, incoming };
}

test('a file takes the place of another, which is kept and comes back; and that can be taken back too', async () => {
  const { stateDir, files, put, read, incoming } = desk();
  expect(await put('one', 'workspace/MEMORY.md', 'as it was')).toEqual({ path: 'workspace/MEMORY.md', replaced: true });
  expect(read('workspace/MEMORY.md')).toBe('as it was');
  expect(statSync(path.join(stateDir, 'workspace/MEMORY.md')).mode & 0o777).toBe(0o640);
  expect(read('.tidepool/kept/one/file')).toBe('as it is now');

  writeFileSync(path.join(stateDir, 'workspace/MEMORY.md'), 'edited since');
  expect(await files.undo({ id: 'one', undoId: 'one-undo' })).toMatchObject({ replaced: true });
  expect(read('workspace/MEMORY.md')).toBe('as it is now');
  await files.undo({ id: 'one-undo', undoId: 'again' });
  expect(read('workspace/MEMORY.md')).toBe('edited since');
  expect(incoming()).toEqual([]);
});

test('a file that was gone comes back, with its folders, and goes again', async () => {
  const { stateDir, files, put, read } = desk();
  expect(await put('one', 'skills/tide/SKILL.md', 'tide')).toMatchObject({ replaced: false });
  expect(read('skills/tide/SKILL.md')).toBe('tide');
  await files.undo({ id: 'one', undoId: 'two' });
  expect(existsSync(path.join(stateDir, 'skills/tide/SKILL.md'))).toBe(false);
  expect(read('.tidepool/kept/two/file')).toBe('tide');
});

test('the same again changes nothing, whatever happened to the file meanwhile', async () => {
  const { stateDir, files, put, read } = desk();
  await put('one', 'workspace/MEMORY.md', 'as it was');
  writeFileSync(path.join(stateDir, 'workspace/MEMORY.md'), 'edited since');
  expect(await put('one', 'workspace/MEMORY.md', 'as it was')).toMatchObject({ replaced: true });
  expect(read('workspace/MEMORY.md')).toBe('edited since');
  expect(read('.tidepool/kept/one/file')).toBe('as it is now');
  await files.undo({ id: 'one', undoId: 'two' });
  writeFileSync(path.join(stateDir, 'workspace/MEMORY.md'), 'and again');
  await files.undo({ id: 'one', undoId: 'two' });
  expect(read('workspace/MEMORY.md')).toBe('and again');
});

test('cut off between keeping and replacing, it is finished by the same again', async () => {
  const { stateDir, put, read } = desk();
  const kept = path.join(stateDir, '.tidepool/kept/one');
  mkdirSync(kept, { recursive: true });
  linkSync(path.join(stateDir, 'workspace/MEMORY.md'), path.join(kept, 'file'));
  writeFileSync(path.join(kept, 'note.json'), JSON.stringify({ path: 'workspace/MEMORY.md', replaced: true, atMs: 1 }));
  await put('one', 'workspace/MEMORY.md', 'as it was');
  expect(read('workspace/MEMORY.md')).toBe('as it was');
  expect(read('.tidepool/kept/one/file')).toBe('as it is now');
});

test('the newest ten are kept', async () => {
  const { files, put, kept } = desk();
  for (let n = 1; n <= 12; n++) await put(`n${n}`, 'workspace/MEMORY.md', `content ${n}`);
  expect(kept()).toEqual(['n10', 'n11', 'n12', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8', 'n9']);
  await expect(files.undo({ id: 'n1', undoId: 'late' })).rejects.toMatchObject({ code: 'not_found' });
});

test.each([
  ['../outside', 'not plain'],
  ['/etc/passwd', 'not plain'],
  ['workspace//MEMORY.md', 'not plain'],
  ['workspace/./MEMORY.md', 'not plain'],
  ['workspace', 'something else than a file'],
  ['workspace/linked.md', 'something else than a file'],
  ['workspace/out/passwd', 'a link'],
  ['workspace/MEMORY.md/below', 'a folder above it is none'],
  ['openclaw.json', 'the configuration'],
  ['.tidepool/followed.json', 'Tidepool’s own'],
  ['state/openclaw.sqlite', 'a database'],
  ['state/openclaw.sqlite-wal', 'a database'],
  ['workspace/unnamed', 'a database stands there'],
  ['workspace/open', 'a database stands there'],
])('%s is refused: %s; nothing changes', async (at, why) => {
  const { home, stateDir, put, read } = desk();
  symlinkSync('MEMORY.md', path.join(stateDir, 'workspace/linked.md'));
  mkdirSync(path.join(home, 'elsewhere'));
  symlinkSync(path.join(home, 'elsewhere'), path.join(stateDir, 'workspace/out'));
  const database = new DatabaseSync(path.join(stateDir, 'workspace/unnamed'));
  database.exec('CREATE TABLE t (a)');
  database.close();
  writeFileSync(path.join(stateDir, 'workspace/open-wal'), '');
  await expect(put('one', at, 'x')).rejects.toMatchObject({
    code: 'file_refused',
    message: expect.stringContaining(why),
  });
  expect(readdirSync(path.join(home, 'elsewhere'))).toEqual([]);
  expect(read('workspace/MEMORY.md')).toBe('as it is now');
  expect(existsSync(path.join(stateDir, '.tidepool/kept'))).toBe(false);
});

test('what comes as a database, too long, too short or not whole is refused; nothing changes', async () => {
  const { files, put, read, incoming } = desk();
  await expect(put('one', 'workspace/MEMORY.md', 'SQLite format 3\0')).rejects.toMatchObject({ code: 'file_refused' });
  await expect(put('one', 'workspace/MEMORY.md', 'abc', 2)).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(put('one', 'workspace/MEMORY.md', 'abc', 4)).rejects.toMatchObject({ code: 'invalid_request' });
  const breaking = Readable.from(
    (async function* () {
      yield await Promise.resolve(Buffer.from('ab'));
      throw new Error('the line went dead');
    })(),
  );
  await expect(files.put(breaking, { id: 'one', path: 'workspace/MEMORY.md', bytes: 4 })).rejects.toThrow('went dead');
  expect(read('workspace/MEMORY.md')).toBe('as it is now');
  expect(incoming()).toEqual([]);
});
