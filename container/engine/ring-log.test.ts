import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pruneLogs, RingLog } from './ring-log.ts';

const MIB = 1024 * 1024;
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ring-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('keeps the last of what was written in two files of one MiB', () => {
  const log = new RingLog(join(dir, 'a.log'));
  for (let i = 0; i < 40; i += 1) log.append(Buffer.alloc(100_000, i));
  expect(statSync(log.file).size).toBeLessThanOrEqual(MIB);
  expect(statSync(`${log.file}.1`).size).toBeLessThanOrEqual(MIB);
  expect(readdirSync(dir)).toHaveLength(2);
  expect(readFileSync(log.file).at(-1)).toBe(39);
});

it('goes on where the file of an earlier engine ends, and cuts one huge line', () => {
  writeFileSync(join(dir, 'a.log'), Buffer.alloc(MIB - 10));
  const log = new RingLog(join(dir, 'a.log'));
  log.append(Buffer.alloc(3 * MIB, 1));
  expect(statSync(log.file).size).toBe(MIB);
  expect(statSync(`${log.file}.1`).size).toBe(MIB - 10);
});

it('loses lines rather than the program when it can’t write', () => {
  const log = new RingLog(join(dir, 'sub', 'a.log'));
  rmSync(join(dir, 'sub'), { recursive: true });
  expect(() => log.append(Buffer.from('x'))).not.toThrow();
});

it('forgets the oldest logs', () => {
  for (let i = 0; i < 105; i += 1) {
    writeFileSync(join(dir, `${i}.log`), 'x');
    utimesSync(join(dir, `${i}.log`), i, i);
  }
  pruneLogs(dir);
  expect(readdirSync(dir)).toHaveLength(100);
  expect(existsSync(join(dir, '4.log'))).toBe(false);
  expect(existsSync(join(dir, '5.log'))).toBe(true);
});
