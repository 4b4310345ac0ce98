// The real workerd, run by Miniflare as the local stack runs it, over the native ctx.container API: what a Durable Object can do with
// a container of the local engine, and that a container survives the death of workerd.
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { EngineUnderTest, levels, namespacesMissing, until } from './engine-under-test.ts';
import { SampleWorker } from './sample-worker.ts';

it(`tests ${levels.join(' and ')}${namespacesMissing === undefined ? '' : `; not ns: ${namespacesMissing}`}`, () => {
  expect(levels).toContain('plain');
});

describe.each(levels)('a Durable Object with a container, %s', (level) => {
  let engine: EngineUnderTest;
  let worker: SampleWorker;

  beforeAll(async () => {
    engine = await EngineUnderTest.start(level);
    worker = await SampleWorker.start(engine.socketPath);
  });
  afterAll(async () => {
    await worker.stop();
    // Miniflare removes what its session made.
    const left = await containerIds(engine);
    await engine.stop();
    expect(left).toEqual([]);
  });

  const ask = (tenant: string, path: string): ReturnType<SampleWorker['ask']> => worker.ask(tenant, path);
  const started = async (tenant: string): Promise<void> => {
    expect(await ask(tenant, '/_start')).toMatchObject({ json: { running: true } });
  };
  const exec = async (
    tenant: string,
    ...command: string[]
  ): Promise<{ stdout: string; stderr: string; exitCode: number }> => {
    const query = command.map((part) => `c=${encodeURIComponent(part)}`).join('&');
    const schema = z.object({ stdout: z.string(), stderr: z.string(), exitCode: z.number() });
    return schema.parse((await ask(tenant, `/_exec?${query}`)).json);
  };
  const out = async (tenant: string, url: string): Promise<unknown> => {
    const { json } = await ask(tenant, `/out?u=${encodeURIComponent(url)}`);
    const said = z
      .object({ status: z.number().optional(), body: z.string().optional(), error: z.string().optional() })
      .parse(json);
    return said.status === 200 ? JSON.parse(said.body ?? '') : said;
  };
  const outcome = async (tenant: string): Promise<string> =>
    z.object({ outcome: z.string() }).parse((await ask(tenant, '/_status')).json).outcome;

  it('starts the named image and proxies HTTP', async () => {
    await started('acme');
    expect((await ask('acme', '/hello')).json).toMatchObject({ path: '/hello', tenant: 'acme' });
    expect((await ask('acme', '/_inspect')).json).toMatchObject({
      labels: { tenant: 'acme' },
      image: expect.stringMatching(/-echo-[0-9a-f]{12}:[0-9a-f]{8}$/),
    });
  });

  it('carries a WebSocket', async () => {
    await started('acme');
    const socket = new WebSocket(`ws://127.0.0.1:${worker.port}/ws`, { headers: { host: 'acme.localhost' } });
    await once(socket, 'open');
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe('echo:hello');
    socket.close();
    await once(socket, 'close');
  });

  it('runs commands, with their exit code, and kills them', async () => {
    await started('acme');
    const { stdout, stderr, exitCode } = await exec('acme', 'sh', '-c', 'echo out; echo err >&2; env; exit 4');
    expect({ stderr, exitCode }).toEqual({ stderr: 'err\n', exitCode: 4 });
    expect(stdout).toMatch(/^out\n/);
    expect(stdout).toContain('MINE=1');
    expect(stdout).not.toContain('TENANT');
    expect((await ask('acme', '/_execKill')).json).toEqual({ exitCode: 143 });
  });

  it('intercepts HTTP and HTTPS with props that name the tenant', async () => {
    await started('acme');
    for (const url of ['http://example.com/a?b=c', 'https://api.example.com/v1']) {
      expect(await out('acme', url)).toEqual({ tenant: 'acme', method: 'GET', url });
    }
    expect(await out('acme', 'http://denied.example/')).toEqual({ status: 403, body: 'denied' });
  });

  it('keeps two containers apart', async () => {
    await Promise.all([started('acme'), started('beta')]);
    expect((await ask('beta', '/hello')).json).toMatchObject({ tenant: 'beta' });
    expect(await out('beta', 'https://example.com/')).toMatchObject({ tenant: 'beta' });
    expect(await out('acme', 'https://example.com/')).toMatchObject({ tenant: 'acme' });
    if (level === 'plain') return;
    const reach = `require('net').connect(8080,'11.0.0.1').on('connect',function(){this.write('GET /hello HTTP/1.0\\r\\n\\r\\n')}).on('data',d=>process.stdout.write(d)).on('error',e=>console.log(e.code))`;
    // The same address in both networks, and each finds itself there.
    expect((await exec('acme', 'node', '-e', reach)).stdout).toContain('"tenant":"acme"');
    expect((await exec('beta', 'node', '-e', reach)).stdout).toContain('"tenant":"beta"');
    for (const address of ['127.0.0.1', '10.0.0.1', '1.1.1.1']) {
      expect((await ask('acme', `/dial?host=${address}&port=9999`)).text).toMatch(/ECONNREFUSED|ENETUNREACH/);
    }
  });

  it('reports a crash to monitor() with its exit code', async () => {
    await started('crash');
    await ask('crash', '/exit?code=9');
    await until('monitor() has rejected', async () => (await outcome('crash')) !== 'pending');
    expect(await outcome('crash')).toMatch(/exit code: 9/);
    expect((await ask('crash', '/_status')).json).toMatchObject({ running: false });
    await started('crash');
  });

  it('lets the program handle SIGTERM', async () => {
    await started('term');
    await ask('term', '/_signal?n=15');
    await until('monitor() has rejected', async () => (await outcome('term')) !== 'pending');
    expect(await outcome('term')).toMatch(/exit code: 7/);
  });

  it('destroys with a reason', async () => {
    await started('gone');
    expect((await ask('gone', '/_destroy')).text).toBe('destroyed');
    expect((await ask('gone', '/_status')).json).toEqual({ running: false, outcome: 'asked' });
    await started('gone');
  });

  it('takes a snapshot and starts from it', async () => {
    await started('snap');
    await exec('snap', 'sh', '-c', 'mkdir -p /home/tidepool/d && echo kept > /home/tidepool/d/f');
    expect((await ask('snap', '/_snapshot')).json).toMatchObject({ id: expect.any(String), size: expect.any(Number) });
    await ask('snap', '/_destroy');
    expect(await ask('snap', '/_start?restore')).toMatchObject({ json: { running: true } });
    expect((await exec('snap', 'cat', '/home/tidepool/d/f')).stdout).toBe('kept\n');
    expect(await out('snap', 'https://example.com/')).toMatchObject({ tenant: 'snap' });
  });

  it('finds its container again after workerd was killed', async () => {
    await started('again');
    const before = z.object({ pid: z.number() }).parse((await ask('again', '/hello')).json);
    await exec('again', 'sh', '-c', 'echo mark > /home/tidepool/mark');
    const names = await containerIds(engine);
    worker.killRuntime();
    await until(
      'workerd answers again',
      async () => (await ask('again', '/_status').catch(() => ({ status: 0 }))).status === 200,
      60_000,
    );
    expect((await ask('again', '/_status')).json).toMatchObject({ running: true });
    expect(await containerIds(engine)).toEqual(names);
    expect((await ask('again', '/hello')).json).toMatchObject({ pid: before.pid, tenant: 'again' });
    expect((await exec('again', 'cat', '/home/tidepool/mark')).stdout).toBe('mark\n');
    for (const url of ['http://example.com/', 'https://example.com/']) {
      expect(await out('again', url)).toEqual({ tenant: 'again', method: 'GET', url });
    }
  });
});

async function containerIds(engine: EngineUnderTest): Promise<string[]> {
  const { json } = await engine.api('GET', '/containers/json?all=1');
  return z
    .array(z.object({ Id: z.string() }))
    .parse(json)
    .map(({ Id }) => Id)
    .sort();
}
