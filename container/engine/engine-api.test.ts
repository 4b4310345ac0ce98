import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeEgress } from '../../test/engine/fake-egress.ts';
import {
  ECHO_IMAGE,
  EngineUnderTest,
  levels,
  namespacesMissing,
  sampleImage,
  SIDECAR_IMAGE,
  tarOf,
  until,
  type ContainerUnderTest,
} from '../../test/engine/engine-under-test.ts';

it(`tests ${levels.join(' and ')}${namespacesMissing === undefined ? '' : `; not ns: ${namespacesMissing}`}`, () => {
  expect(levels).toContain('plain');
});

describe.each(levels)('the engine, %s', (level) => {
  let engine: EngineUnderTest;
  let count = 0;
  const started: ContainerUnderTest[] = [];
  const run = async (options: Parameters<EngineUnderTest['run']>[1] = {}): Promise<ContainerUnderTest> => {
    const container = await engine.run(`c${(count += 1)}`, options);
    started.push(container);
    return container;
  };

  beforeAll(async () => {
    const slow = sampleImage({
      name: 'slow',
      command: ['sh', '-c', 'sleep 1; exec /opt/node/node /opt/sample/program.mjs'],
    });
    engine = await EngineUnderTest.start(level, { images: [sampleImage(), slow] });
  });
  afterEach(async () => {
    for (const container of started.splice(0)) await container.remove();
  });
  afterAll(async () => engine.stop());

  it('says what it is on one line', () => {
    expect(engine.ready.isolation).toBe(level);
    expect(engine.ready.warnings.some((text) => text.includes('ordinary processes'))).toBe(level === 'plain');
  });

  it('runs the image and carries HTTP to its port', async () => {
    const container = await run({ env: ['TENANT=acme', 'SPACED=a b=c'] });
    expect((await container.get('/hello')).json).toMatchObject({ path: '/hello', tenant: 'acme' });
    const env = (await container.get('/env')).json;
    expect(env).toMatchObject({ TENANT: 'acme', SPACED: 'a b=c', TIDEPOOL_ISOLATION: level });
    expect(env).toHaveProperty('PORT', level === 'ns' ? '8080' : expect.stringMatching(/^\d+$/));
    expect(env).not.toHaveProperty('OLDPWD');
    expect(await container.state()).toMatchObject({ Status: 'running' });
  });

  it('gives the program a home and a temporary folder it can write', async () => {
    const container = await run();
    const { HOME, TMPDIR } = (await container.get('/env')).json as Record<string, string>;
    if (level === 'ns') expect(HOME).toBe('/home/tidepool');
    for (const dir of [HOME, TMPDIR]) expect((await container.get(`/write?path=${dir}/f&text=x`)).text).toBe('written');
  });

  it('holds a connection while the program starts, and refuses a port nobody opens', async () => {
    const container = await run({ image: ECHO_IMAGE.replace('echo', 'slow') });
    expect((await container.get('/')).status).toBe(200);
    expect(await container.dial(9_999)).toBeUndefined();
  });

  it('carries large bodies to the program and back', async () => {
    const container = await run();
    const { text } = await container.get('/bytes?n=20000000');
    expect(text.length).toBe(20_000_000);
  });

  it('acts on a container that is still starting when it is there', async () => {
    const name = `c${(count += 1)}`;
    await engine.api('POST', `/containers/create?name=${name}-proxy`, {
      Image: SIDECAR_IMAGE,
      Cmd: ['--http-egress-port', '9'],
    });
    await engine.api('POST', `/containers/${name}-proxy/start`);
    const HostConfig = { NetworkMode: `container:${name}-proxy` };
    await engine.api('POST', `/containers/create?name=${name}`, { Image: ECHO_IMAGE, HostConfig });
    const starting = engine.api('POST', `/containers/${name}/start`);
    const removing = engine.api('DELETE', `/containers/${name}?force=true`);
    expect([(await starting).status, (await removing).status]).toEqual([204, 204]);
    expect((await engine.api('GET', `/containers/${name}/json`)).status).toBe(404);
    await engine.api('DELETE', `/containers/${name}-proxy?force=true`);
  });

  it('reports how the program ended', async () => {
    const container = await run();
    const ended = container.wait();
    await container.get('/exit?code=3');
    expect(await ended).toBe(3);
    expect(await container.state()).toMatchObject({ Status: 'exited', ExitCode: 3 });
    expect(await container.dial(8080)).toBeUndefined();
  });

  it('reports 127 for a program that does not exist', async () => {
    const container = await run({ command: ['/opt/sample/absent'] });
    expect(await container.wait()).toBe(127);
  });

  it('sends signals to the program itself', async () => {
    const container = await run({ env: ['TERM_CODE=7'] });
    await container.get('/');
    const ended = container.wait();
    expect((await engine.api('POST', `/containers/${container.name}/kill?signal=SIGTERM`)).status).toBe(204);
    expect(await ended).toBe(7);
    expect((await engine.api('POST', `/containers/${container.name}/kill?signal=SIGTERM`)).status).toBe(409);
  });

  it('kills at once, everything', async () => {
    const container = await run({ command: ['sh', '-c', 'trap "" TERM; sleep 301 & wait; wait'] });
    const ended = container.wait();
    expect((await engine.api('POST', `/containers/${container.name}/kill?signal=9`)).status).toBe(204);
    expect(await ended).toBe(137);
  });

  it('stops with a grace time and then insists', async () => {
    const container = await run({ command: ['sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done'] });
    await until('the program ignores SIGTERM', () => container.log().includes('deaf'));
    expect((await engine.api('POST', `/containers/${container.name}/stop?t=1`)).status).toBe(204);
    expect(await container.wait()).toBe(137);
    expect((await engine.api('POST', `/containers/${container.name}/stop`)).status).toBe(304);
  });

  it('tells those who wait for the removal', async () => {
    const container = await run();
    const removed = engine.api('POST', `/containers/${container.name}/wait?condition=removed`);
    expect((await engine.api('DELETE', `/containers/${container.name}?force=true`)).status).toBe(204);
    expect((await removed).json).toEqual({ StatusCode: 137 });
    expect((await engine.api('GET', `/containers/${container.name}/json`)).status).toBe(404);
  });

  it('runs commands with their own environment only', async () => {
    const container = await run({ env: ['SECRET_OF_MAIN=1'] });
    const { stdout, stderr, exitCode } = await container.exec(['/bin/sh', '-c', 'env; pwd; echo no >&2; exit 4'], {
      env: ['MINE=a b'],
    });
    expect(exitCode).toBe(4);
    expect(stderr).toBe('no\n');
    expect(stdout).toContain('MINE=a b\n');
    expect(stdout).toContain('PATH=');
    expect(stdout).not.toMatch(/SECRET_OF_MAIN|FROM_IMAGE|TIDEPOOL_|HOME=|OLDPWD/);
    if (level === 'ns') expect(stdout.trim().split('\n').at(-1)).toBe('/');
  });

  it('runs commands where it is told, with input, and finds the image’s programs', async () => {
    const container = await run();
    const sum = await container.exec(['sh', '-c', 'pwd; cat'], { stdin: 'x'.repeat(200_000), cwd: '/home/tidepool' });
    expect(sum.stdout.length).toBeGreaterThan(200_000);
    expect(sum.stdout.split('\n')[0]).toMatch(/(\/home\/tidepool|\/home)$/);
    const node = await container.exec(['node', '-p', '6*7']);
    expect(node).toEqual({ stdout: '42\n', stderr: '', exitCode: 0 });
    expect((await container.exec(['absent-program'])).exitCode).toBe(127);
  });

  it('gives a command a terminal with a size', async () => {
    const container = await run();
    const first = await container.exec(['sh', '-c', 'test -t 1 && stty size; exit 5'], { tty: true, size: [31, 97] });
    expect(first).toMatchObject({ stdout: expect.stringContaining('31 97\r\n'), exitCode: 5 });
    const resized = await container.exec(['sh', '-c', 'read line; stty size'], {
      tty: true,
      stdin: 'go\n',
      attached: async (id) => {
        // The terminal exists once its command runs; until then a new size has nothing to apply to.
        const show = ['sh', '-c', 'stty -F /dev/pts/0 size'];
        if (level === 'plain') return;
        await until('the terminal is there', async () => /\d/.test((await container.exec(show)).stdout));
        expect((await engine.api('POST', `/exec/${id}/resize?h=50&w=120`)).status).toBe(200);
        await until('it has its new size', async () => (await container.exec(show)).stdout === '50 120\n');
      },
    });
    if (level === 'ns') expect(resized.stdout).toContain('50 120\r\n');
    expect((await engine.api('POST', '/exec/0/resize?h=50&w=120')).status).toBe(404);
  });

  it('refuses commands in a container that does not run, and users that are not numbers', async () => {
    const container = await run();
    const path = `/containers/${container.name}/exec`;
    expect((await engine.api('POST', path, { Cmd: ['true'], User: 'root' })).status).toBe(400);
    expect((await engine.api('POST', path, { Cmd: [] })).status).toBe(400);
    await container.get('/exit?code=0');
    await container.wait();
    expect((await engine.api('POST', path, { Cmd: ['true'] })).status).toBe(409);
  });

  it('keeps what the program prints in a log', async () => {
    const container = await run({ command: ['sh', '-c', 'echo out; echo err >&2; sleep 300'] });
    await until('both lines are in the log', () => /out\n/.test(container.log()) && /err\n/.test(container.log()));
  });

  it('saves a home as an image and starts from it', async () => {
    const container = await run();
    await container.exec(['sh', '-c', 'mkdir -p /home/tidepool/d && echo kept > /home/tidepool/d/f']);
    const saved = await engine.api('POST', `/commit?container=${container.name}&pause=true&repo=snap-${level}`);
    expect(saved.status).toBe(201);
    const image = (await engine.api('GET', `/images/snap-${level}/json`)).json as Record<string, unknown>;
    expect(image).toMatchObject({ Id: expect.stringMatching(/^sha256:/), Size: expect.any(Number) });
    const base = (await engine.api('GET', `/images/${encodeURIComponent(ECHO_IMAGE)}/json`)).json as Record<
      string,
      unknown
    >;
    expect(image.Parent).toBe(base.Id);
    await container.remove();
    const again = await run({ image: `snap-${level}` });
    expect((await again.exec(['cat', '/home/tidepool/d/f'])).stdout).toBe('kept\n');
    expect((await engine.api('DELETE', `/images/snap-${level}`)).status).toBe(200);
    expect((await engine.api('GET', `/images/snap-${level}/json`)).status).toBe(404);
  });

  it('lists containers by label and refuses a name twice', async () => {
    const container = await run();
    const filters = encodeURIComponent(JSON.stringify({ label: [`test=${container.name}`] }));
    const listed = (await engine.api('GET', `/containers/json?all=1&filters=${filters}`)).json as { Names: string[] }[];
    expect(listed.map(({ Names }) => Names[0])).toEqual([`/${container.name}`]);
    const twice = await engine.api('POST', `/containers/create?name=${container.name}`, { Image: ECHO_IMAGE });
    expect(twice.status).toBe(409);
  });

  it('runs no image that is not in its file, and none without its sidecar', async () => {
    expect((await engine.api('POST', '/containers/create?name=n1', { Image: 'debian:12' })).status).toBe(404);
    expect((await engine.api('POST', '/containers/create?name=n2', { Image: ECHO_IMAGE })).status).toBe(201);
    expect((await engine.api('POST', '/containers/n2/start')).status).toBe(400);
    expect((await engine.api('POST', '/containers/n3/start')).status).toBe(404);
    expect((await engine.api('GET', '/swarm')).status).toBe(501);
    expect((await engine.api('POST', '/containers/create?name=n4', 'not an object')).status).toBe(400);
    await engine.api('DELETE', '/containers/n2?force=true');
  });

  it('takes files for /etc/cloudflare and for nowhere else', async () => {
    const container = await run();
    const put = (path: string, archive: Buffer): Promise<{ status: number }> =>
      engine.api('PUT', `/containers/${container.name}/archive?path=${encodeURIComponent(path)}`, archive);
    expect((await put('/etc', tarOf('cloudflare/x', Buffer.from('hello')))).status).toBe(200);
    expect((await container.exec(['cat', '/etc/cloudflare/x'])).stdout).toBe('hello');
    expect((await put('/etc', tarOf('passwd', Buffer.from('x')))).status).toBe(400);
    expect((await put('/etc', tarOf('cloudflare/../passwd', Buffer.from('x')))).status).toBe(400);
    expect((await put('/', tarOf('home/tidepool/x', Buffer.from('x')))).status).toBe(400);
    expect((await put('/etc', tarOf('cloudflare/l', Buffer.from(''), '2'))).status).toBe(400);
  });

  describe('its way out', () => {
    const egress = new FakeEgress();
    let port = 0;
    beforeAll(async () => {
      port = await egress.start();
    });
    afterAll(() => egress.stop());
    afterEach(() => {
      egress.mode = 'serve';
      egress.seen.length = 0;
    });

    it('hands HTTP to the Worker with the name it is for', async () => {
      const container = await run({ egressPort: port });
      const { body } = await container.out('http://example.com/a?b=c');
      expect(JSON.parse(body ?? '')).toMatchObject({
        host: 'example.com',
        path: '/a?b=c',
        hostname: 'example.com',
        target: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+:80$/),
      });
    });

    it('decrypts HTTPS with a CA the program trusts', async () => {
      const container = await run({ egressPort: port, certificate: true });
      const env = (await container.get('/env')).json as Record<string, string>;
      expect(env.NODE_EXTRA_CA_CERTS).toMatch(/\/etc\/cloudflare\/certs\/cloudflare-containers-ca\.crt$/);
      const { body } = await container.out('https://api.example.com/v1');
      expect(JSON.parse(body ?? '')).toMatchObject({
        host: 'api.example.com',
        path: '/v1',
        serverName: 'api.example.com',
      });
    });

    it('carries a large body out, encrypted and not', async () => {
      const container = await run({ egressPort: port, certificate: true });
      for (const url of ['http://example.com/', 'https://example.com/']) {
        expect((await container.get(`/post?n=9000000&u=${encodeURIComponent(url)}`)).text).toBe('9000000');
      }
    });

    it('gives each container a CA of its own', async () => {
      const first = await run({ egressPort: port, certificate: true });
      const second = await run({ egressPort: port, certificate: true });
      const show = ['cat', '/etc/cloudflare/certs/cloudflare-containers-ca.crt'];
      const { stdout } = await first.exec(show);
      expect(stdout).toContain('BEGIN CERTIFICATE');
      expect((await second.exec(show)).stdout).not.toBe(stdout);
    });

    it('closes what the Worker refuses, and everything when no Worker is there', async () => {
      egress.mode = 'refuse';
      const container = await run({ egressPort: port });
      expect(await container.out('http://example.com/')).toHaveProperty('error');
      expect(egress.seen.length).toBeGreaterThan(0);
      const alone = await run({ egressPort: 9 });
      expect(await alone.out('http://example.com/')).toHaveProperty('error');
    });

    it('follows workerd to a new port', async () => {
      const container = await run({ egressPort: 9 });
      const { request } = await import('node:http');
      const call = request({
        host: '127.0.0.1',
        port: container.ingressPort,
        method: 'PUT',
        path: '/egress',
        agent: false,
      });
      call.end(JSON.stringify({ port, dns: { allowHostnames: ['*'] }, internet: { enabled: false } }));
      const [response] = (await once(call, 'response')) as [{ statusCode: number }];
      expect(response.statusCode).toBe(204);
      expect(await container.out('http://example.com/')).toMatchObject({ status: 200 });
    });

    it('carries nothing but HTTP and TLS', async () => {
      const container = await run({ egressPort: port });
      const script = `const s=require('net').connect(PORT,'HOST',()=>s.write(HELLO));s.on('data',d=>console.log('data',d.length));s.on('close',()=>console.log('closed'));s.on('error',e=>console.log(e.code))`;
      const { stdout } = await container.runInside(
        'node',
        '-e',
        level === 'ns'
          ? script
              .replace('PORT', '80')
              .replace('HOST', 'mail.example.com')
              .replace('HELLO', JSON.stringify('EHLO x\r\n'))
          : script
              .replace('PORT', 'new URL(process.env.HTTP_PROXY).port')
              .replace('HOST', '127.0.0.1')
              .replace('HELLO', JSON.stringify('CONNECT mail.example.com:80 HTTP/1.1\r\nhost: x\r\n\r\nEHLO x\r\n')),
      );
      expect(stdout).toContain('closed');
      expect(egress.seen).toEqual([]);
    });
  });

  it('leaves nothing in its folder for a removed container', async () => {
    const container = await run();
    await container.remove();
    started.length = 0;
    await until(
      'the container’s folder is gone',
      () => readdirSync(join(engine.dir, 'state', 'containers')).length === 0,
    );
  });

  it('plays the sidecar only for its exact name', async () => {
    const wrong = await engine.api('POST', '/containers/create?name=s1', { Image: 'someone/my-egress-image' });
    expect(wrong.status).toBe(404);
    expect((await engine.api('GET', `/images/${encodeURIComponent(SIDECAR_IMAGE)}/json`)).status).toBe(200);
  });
});
