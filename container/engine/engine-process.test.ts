import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineUnderTest, levels, sampleImage, spawnEngine, until } from '../../test/engine/engine-under-test.ts';

const engines: EngineUnderTest[] = [];
const dirs: string[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

async function start(...args: Parameters<typeof EngineUnderTest.start>): Promise<EngineUnderTest> {
  const engine = await EngineUnderTest.start(...args);
  engines.push(engine);
  return engine;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'engine-test-'));
  dirs.push(dir);
  writeFileSync(join(dir, 'images.json'), JSON.stringify({ images: [sampleImage()] }));
  return dir;
}

/** Exit code and stderr of an engine that does not start. */
async function refusal(
  child: ReturnType<typeof spawnEngine>,
): Promise<{ code: number | null; said: string; printed: string }> {
  let said = '';
  let printed = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said, printed };
}

function isAlive(pid: number): boolean {
  try {
    // A zombie still takes signals; only its state says that it is gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the engine as a process', () => {
  it.each([['NODE_ENV'], ['TIDEPOOL_ENV']])('refuses production in words (%s)', async (name) => {
    const { code, said, printed } = await refusal(
      spawnEngine(folder(), 'plain', [], { PATH: process.env.PATH, [name]: 'production' }),
    );
    expect(code).toBe(64);
    expect(said).toContain('This engine is for development; production is Cloudflare Containers');
    expect(printed).toBe('');
  });

  it('says what is wrong with its arguments and its images file', async () => {
    const noLevel = await refusal(spawnEngine(folder(), 'vm', []));
    expect(noLevel).toMatchObject({ code: 64, said: expect.stringContaining('--isolation is "vm"') });
    const dir = folder();
    writeFileSync(join(dir, 'images.json'), '{"images":[{"name":"Echo","command":[]}]}');
    const badImages = await refusal(spawnEngine(dir, 'plain', []));
    expect(badImages.code).toBe(1);
    expect(badImages.said).toMatch(/images\.0\.name: must be lower-case/);
    const long = await refusal(spawnEngine(join(tmpdir(), 'x'.repeat(120)), 'plain', []));
    expect(long).toMatchObject({ code: 64, said: expect.stringContaining('must be under 108') });
  });

  it('keeps its socket to this user and removes it at the end', async () => {
    const engine = await start('plain');
    expect(statSync(engine.socketPath).mode & 0o777).toBe(0o600);
    const gone = once(engine.child, 'exit');
    engine.child.kill('SIGINT');
    expect(await gone).toEqual([0, null]);
    expect(existsSync(engine.socketPath)).toBe(false);
  });

  it('does not take over the socket of a living engine, and takes that of a dead one', async () => {
    const engine = await start('plain');
    const second = await refusal(spawnEngine(engine.dir, 'plain', []));
    expect(second).toMatchObject({ code: 64, said: expect.stringContaining('Another engine already listens') });
    engine.child.kill('SIGKILL');
    await once(engine.child, 'exit');
    expect(existsSync(engine.socketPath)).toBe(true);
    await start('plain', { dir: engine.dir });
  });

  it('ends when its parent is gone', async () => {
    const parent = spawn('sleep', ['300']);
    const engine = await start('plain', { args: ['--parent-pid', String(parent.pid)] });
    const gone = once(engine.child, 'exit');
    parent.kill('SIGKILL');
    expect(await gone).toEqual([0, null]);
  });
});

describe.each(levels)('containers of an engine that ends, %s', (level) => {
  it('end with it', async () => {
    const engine = await start(level);
    const container = await engine.run('a');
    const { Pid } = await container.state();
    expect(isAlive(Pid)).toBe(true);
    const gone = once(engine.child, 'exit');
    engine.child.kill('SIGTERM');
    await gone;
    await until('the program is gone', () => !isAlive(Pid));
  });

  it('end when it is killed', async () => {
    const engine = await start(level);
    const container = await engine.run('a', { command: ['sh', '-c', 'echo up; sleep 300 & wait'] });
    await until('the program runs', () => container.log().includes('up'));
    const { Pid } = await container.state();
    engine.child.kill('SIGKILL');
    await until('the program is gone', () => !isAlive(Pid));
  });

  it('are forgotten by the next one, saved images are not', async () => {
    const engine = await start(level);
    const container = await engine.run('a');
    await container.exec(['sh', '-c', 'echo kept > /home/tidepool/f']);
    expect((await engine.api('POST', '/commit?container=a&repo=snap')).status).toBe(201);
    engine.child.kill('SIGKILL');
    await once(engine.child, 'exit');
    const next = await start(level, { dir: engine.dir });
    expect((await next.api('GET', '/containers/a/json')).status).toBe(404);
    const again = await next.run('a', { image: 'snap' });
    expect((await again.exec(['cat', '/home/tidepool/f'])).stdout).toBe('kept\n');
  });
});

it('ends what a killed engine left of a plain container', async () => {
  const engine = await start('plain');
  // The child survives the engine: only the program itself is told by the kernel.
  const container = await engine.run('a', { command: ['sh', '-c', 'sleep 300 & echo $!; wait'] });
  await until('the child is there', () => /^\d+\n/.test(container.log()));
  const childPid = Number(container.log());
  engine.child.kill('SIGKILL');
  await once(engine.child, 'exit');
  expect(isAlive(childPid)).toBe(true);
  await start('plain', { dir: engine.dir });
  await until('the child is gone', () => !isAlive(childPid));
});
