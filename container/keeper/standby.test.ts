import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { KeeperFixture } from './testing/keeper-fixture.ts';
import { scriptedOpenclaw, type Script } from './testing/scripted-openclaw.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

/** A package with one chunk that notes in which process it was loaded, and by which command line. */
function openclawWithChunk(script: Script = {}): { folder: string; chunk: string; loadedIn: () => number[] } {
  const folder = scriptedOpenclaw(temporaryFolder(), script);
  const loads = path.join(folder, 'loads.log');
  mkdirSync(path.join(folder, 'dist'));
  writeFileSync(
    path.join(folder, 'dist/chunk-AbCd1234.mjs'),
    `import { appendFileSync } from 'node:fs';
     if (!process.argv[1].endsWith('openclaw.mjs') || process.argv[2] !== 'gateway') throw new Error('loaded elsewhere');
     appendFileSync(${JSON.stringify(loads)}, process.pid + '\\n');`,
  );
  writeFileSync(loads, '');
  const loadedIn = (): number[] => readFileSync(loads, 'utf8').split('\n').filter(Boolean).map(Number);
  return { folder, chunk: 'dist/chunk-AbCd1234.mjs', loadedIn };
}

async function loaded(loadedIn: () => number[]): Promise<number> {
  for (;;) {
    const [pid] = loadedIn();
    if (pid !== undefined) return pid;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('modules are loaded before anybody asks, and the process that loaded them becomes the gateway', async () => {
  const { folder, chunk, loadedIn } = openclawWithChunk();
  const keeper = await KeeperFixture.start(folder, { moduleList: [chunk] });
  const pid = await loaded(loadedIn);
  expect((await keeper.status()).phase).toBe('idle');
  expect(readFileSync(path.join(folder, 'script.json'), 'utf8')).toBe('{}');
  const ready = await keeper.startAndWait();
  expect(ready).toMatchObject({ phase: 'ready', gateway: { pid } });
  // The environment is that of any gateway: nothing of the keeper's own.
  const log = await (await keeper.fetch('GET', '/v1/log?lines=100')).text();
  expect(log).not.toContain('TIDEPOOL_');
  // A later start finds nothing that waits, and starts a process of its own.
  await keeper.stop();
  const again = await keeper.startAndWait();
  expect(again.phase).toBe('ready');
  expect(again.gateway.pid).not.toBe(pid);
  expect(loadedIn()).toEqual([pid]);
});

test('a standby that is killed, a list that is damaged, a module that throws: the gateway starts all the same', async () => {
  const killed = openclawWithChunk();
  const first = await KeeperFixture.start(killed.folder, { moduleList: [killed.chunk] });
  process.kill(await loaded(killed.loadedIn), 'SIGKILL');
  expect((await first.startAndWait()).phase).toBe('ready');

  const escaping = await KeeperFixture.start(openclawWithChunk().folder, {
    moduleList: ['../../etc/evil-AbCd1234.mjs'],
  });
  expect((await escaping.startAndWait()).phase).toBe('ready');

  const { folder } = openclawWithChunk();
  writeFileSync(path.join(folder, 'dist/wrong-AbCd1234.mjs'), 'throw new Error("not alone")');
  const throwing = await KeeperFixture.start(folder, { moduleList: ['dist/wrong-AbCd1234.mjs'] });
  expect((await throwing.startAndWait()).phase).toBe('ready');
});

test('a standby ends with its keeper and leaves no gateway behind', async () => {
  const { folder, chunk, loadedIn } = openclawWithChunk();
  const keeper = await KeeperFixture.start(folder, { moduleList: [chunk] });
  const pid = await loaded(loadedIn);
  await keeper.shutDown();
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(readFileSync(path.join(folder, 'loads.log'), 'utf8')).toBe(`${pid}\n`);
});
