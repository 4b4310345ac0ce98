// What a hostile program in an `ns` container tries. It runs as the container's own program, not as an exec.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeEgress } from '../../test/engine/fake-egress.ts';
import {
  EngineUnderTest,
  levels,
  namespacesMissing,
  sampleImage,
  type ContainerUnderTest,
} from '../../test/engine/engine-under-test.ts';

const HOST_SECRET = 'a-secret-of-the-host';

it(`attacks an ns container${namespacesMissing === undefined ? '' : ` (not possible here: ${namespacesMissing})`}`, () => {
  expect(namespacesMissing === undefined).toBe(levels.includes('ns'));
});

describe.each(levels.filter((level) => level === 'ns'))('a hostile program, %s', (level) => {
  let engine: EngineUnderTest;
  let container: ContainerUnderTest;
  let other: ContainerUnderTest;
  let hostServer: Server;
  let hostPort = 0;
  let secretDir = '';
  const egress = new FakeEgress();

  beforeAll(async () => {
    process.env.ENGINE_TEST_SECRET = HOST_SECRET;
    secretDir = mkdtempSync(join(tmpdir(), 'engine-test-secret-'));
    writeFileSync(join(secretDir, 'key'), HOST_SECRET, { mode: 0o644 });
    hostServer = createServer((_req, res) => res.end(HOST_SECRET)).listen(0, '0.0.0.0');
    await once(hostServer, 'listening');
    hostPort = (hostServer.address() as AddressInfo).port;
    const port = await egress.start();
    engine = await EngineUnderTest.start(level, {
      images: [sampleImage({ diskMib: 16, memoryMib: 128, pids: 40 })],
      // A descriptor the launcher left open, without close-on-exec.
      inherit: openSync(join(secretDir, 'key'), 'r'),
    });
    container = await engine.run('evil', { egressPort: port });
    other = await engine.run('victim', { egressPort: port, env: [`OTHER=${HOST_SECRET}`] });
  });
  afterAll(async () => {
    delete process.env.ENGINE_TEST_SECRET;
    await engine.stop();
    hostServer.close();
    egress.stop();
    rmSync(secretDir, { recursive: true, force: true });
  });

  const sh = async (script: string): Promise<string> => {
    const { stdout, stderr } = await container.runInside('sh', '-c', script);
    return stdout + stderr;
  };

  it('has no capability, no way to new privileges, and is not root', async () => {
    const status = await sh('cat /proc/self/status');
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\\s+0{16}$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
  });

  it('finds no environment but its own', async () => {
    const all = await sh('cat /proc/[0-9]*/environ | tr "\\0" "\\n"');
    expect(all).toContain('TIDEPOOL_ISOLATION=ns');
    expect(all).not.toContain(HOST_SECRET);
    expect(all).not.toContain('ENGINE_TEST_SECRET');
  });

  it('sees its own processes only, and no path of this machine in their command lines', async () => {
    const all = await sh('cat /proc/[0-9]*/cmdline | tr "\\0" " "');
    expect(all).toContain('/opt/sample/program.mjs');
    expect(all).not.toContain(engine.dir);
    expect(all).not.toContain('main.ts');
    expect(all).not.toContain('ns-agent');
    const pids = (await sh('ls -d /proc/[0-9]*')).trim().split('\n').length;
    expect(pids).toBeLessThan(10);
  });

  it('inherits no open file of the engine', async () => {
    const open = await sh('ls -l /proc/1/fd /proc/2/fd; cat /proc/1/fd/* 2>/dev/null < /dev/null');
    expect(open).not.toContain(secretDir);
    expect(open).not.toContain(HOST_SECRET);
  });

  it('can write nothing but its home and temporary folders', async () => {
    for (const path of [
      '/x',
      '/usr/x',
      '/etc/x',
      '/etc/passwd',
      '/etc/cloudflare/certs/x',
      '/opt/sample/x',
      '/opt/node/node',
      '/dev/x',
      '/var/x',
      '/home/x',
      '/mnt/x',
    ]) {
      expect(await sh(`echo x > ${path} && echo WRITTEN`), path).not.toContain('WRITTEN');
    }
    expect(await sh('echo x > /home/tidepool/x && echo x > /tmp/x && echo x > /dev/shm/x && echo WRITTEN')).toContain(
      'WRITTEN',
    );
    expect(await sh('mount -o remount,rw / ; mount -t tmpfs x /mnt; umount /usr; echo done')).not.toMatch(/^done$/);
    expect(await sh('echo x > /x && echo WRITTEN')).not.toContain('WRITTEN');
  });

  it('has no mount with another user’s rights or devices, and may write to four of them', async () => {
    const mounts = (await sh('cat /proc/self/mountinfo')).trim().split('\n');
    const facts = mounts.map((line) => {
      const [, , , , at = '', options = ''] = line.split(' ');
      return { at, options: options.split(',') };
    });
    expect(facts.length).toBeGreaterThan(10);
    expect(facts.filter(({ options }) => !options.includes('nosuid')).map(({ at }) => at)).toEqual([]);
    // Devices are those that bubblewrap makes: null, zero, random, the terminal.
    const devices = facts.filter(({ at, options }) => !options.includes('nodev') && !/^\/dev(\/|$)/.test(at));
    expect(devices.map(({ at }) => at)).toEqual([]);
    const writable = facts.filter(
      ({ at, options }) => options.includes('rw') && !/^\/(dev|proc)(\/(?!shm)|$)/.test(at),
    );
    expect(writable.map(({ at }) => at).toSorted()).toEqual(['/dev/shm', '/home/tidepool', '/run', '/tmp']);
  });

  it('changes nothing of the kernel’s, not even where this machine’s root might', async () => {
    for (const path of [
      '/proc/sys/kernel/core_pattern',
      '/proc/sys/vm/overcommit_memory',
      '/proc/sysrq-trigger',
      '/sys/fs/cgroup/x',
    ])
      expect(await sh(`echo 0 > ${path} && echo WRITTEN`), path).not.toContain('WRITTEN');
    expect(await sh('cat /proc/kcore /proc/kmsg 2>&1 | head -c 20; dmesg 2>&1 | head -1')).toMatch(
      /denied|not permitted|No such|No such device/i,
    );
  });

  it('has temporary folders of a bounded size', async () => {
    const sizes = await sh('df -k --output=target,size /run /tmp /dev/shm /home/tidepool | tail -n +2');
    const mib = Object.fromEntries(
      sizes
        .trim()
        .split('\n')
        .map((line) => {
          const [at = '', kib = '0'] = line.trim().split(/\s+/);
          return [at, Number(kib) / 1024] as const;
        }),
    );
    expect(mib).toEqual({ '/run': 64, '/tmp': 1024, '/dev/shm': 256, '/home/tidepool': 16 });
  });

  it('can read no file of this machine that was not given to it', async () => {
    for (const path of [
      '/root',
      '/etc/shadow',
      '/etc/ssh',
      '/etc/ssl/private',
      secretDir,
      engine.dir,
      '/run/relay',
      '/sys/kernel',
      '/proc/1/root/root',
    ]) {
      expect(await sh(`ls ${path} && echo READ`), path).not.toContain('READ');
    }
  });

  it('can make no namespaces and reach no keyring', async () => {
    for (const flags of ['-U', '-Ur', '-m', '-n'])
      expect(await sh(`unshare ${flags} true && echo MADE`)).not.toContain('MADE');
    // keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)
    const call = process.arch === 'arm64' ? 219 : 250;
    const { stdout } = await container.runInside(
      'perl',
      '-e',
      `print syscall(${call}, 0, -3, 0) == -1 ? "errno " . ($! + 0) : "REACHED"`,
    );
    expect(stdout).toBe('errno 1');
  });

  it('cannot change its network', async () => {
    expect(
      await sh('ip route add 0.0.0.0/0 dev lo && echo CHANGED; ip addr add 10.0.0.1/8 dev lo && echo CHANGED'),
    ).not.toContain('CHANGED');
  });

  it('reaches no service of this machine, by any address', async () => {
    const addresses = ['127.0.0.1', '0.0.0.0', '::1', '10.0.2.2', '169.254.169.254', '192.168.0.1', '1.1.1.1'];
    for (const host of addresses) {
      const said = (await container.get(`/dial?host=${host}&port=${hostPort}`)).text;
      expect(said, host).toMatch(/^(ECONNREFUSED|ENETUNREACH|EADDRNOTAVAIL|EHOSTUNREACH)$/);
    }
  });

  it('reaches this machine by no name: the Worker decides what a name is', async () => {
    const { body } = await container.out('http://localhost.example.com/');
    expect(JSON.parse(body ?? '')).toMatchObject({ hostname: 'localhost.example.com', target: '192.0.2.1:80' });
    expect((await container.get(`/dial?host=some.name&port=${hostPort}`)).text).toBe('ECONNREFUSED');
    expect((await container.get('/dial?host=localhost&port=80')).text).toMatch(/^(open|ECONNREFUSED)$/);
    expect((await container.out('http://127.0.0.1/')).error).toBeDefined();
  });

  it('finds neither the engine’s socket nor the relay’s', async () => {
    const found = await sh('find / -xdev -type s 2>/dev/null; find /run /tmp /var /home -type s 2>/dev/null');
    expect(found.trim()).toBe('');
    const { stdout } = await container.runInside(
      'node',
      '-e',
      `require('net').connect('${engine.socketPath}').on('error',e=>console.log(e.code)).on('connect',()=>console.log('REACHED'))`,
    );
    expect(stdout.trim()).toBe('ENOENT');
    const relay = await container.runInside(
      'node',
      '-e',
      `require('net').connect('/run/relay/egress.sock').on('error',e=>console.log(e.code)).on('connect',()=>console.log('REACHED'))`,
    );
    expect(relay.stdout.trim()).toBe('ENOENT');
  });

  it('cannot signal or trace its relay agent', async () => {
    // Everything of the tenant's own user goes, the program that asks included; nothing else does.
    const ended = container.wait();
    await sh('kill -9 -1').catch(() => undefined);
    expect(await ended).toBe(137);
    expect((await other.get('/')).status).toBe(200);
    expect(await container.state()).toMatchObject({ Status: 'exited' });
    await container.remove();
    container = await engine.run('evil', { egressPort: 9 });
    expect((await container.get('/')).status).toBe(200);
  });

  it('does not reach another container', async () => {
    expect((await other.get('/')).status).toBe(200);
    for (const host of ['127.0.0.1', '11.0.0.1']) {
      // The same address is somebody else in each container's network.
      const own = (await container.get(`/dial?host=${host}&port=8081`)).text;
      expect(own).toBe('ECONNREFUSED');
    }
    const listener = other.runInside(
      'node',
      '-e',
      `require('net').createServer(s=>s.end('x')).listen(8081,'0.0.0.0');setTimeout(()=>process.exit(),3000)`,
    );
    await expect.poll(async () => (await other.dial(8081)) !== undefined, { timeout: 8_000 }).toBe(true);
    for (const host of ['127.0.0.1', '11.0.0.1', 'victim']) {
      expect((await container.get(`/dial?host=${host}&port=8081`)).text, host).toMatch(/ECONNREFUSED|ENETUNREACH/);
    }
    await listener;
  });

  it('gets no more processes, memory and disk than it is given', async () => {
    expect(engine.ready.warnings).toEqual([]);
    const forked = await sh('i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done; echo none-failed');
    expect(forked).toMatch(/fork|Resource temporarily unavailable/i);
    const disk = await sh('dd if=/dev/zero of=/home/tidepool/big bs=1M count=40 2>&1; rm -f /home/tidepool/big');
    expect(disk).toContain('No space left on device');
    const hog = await container.runInside(
      'node',
      '-e',
      'const a=[];for(let i=0;i<400;i++)a.push(Buffer.alloc(1<<20,1));console.log("HELD")',
    );
    expect(hog.stdout).not.toContain('HELD');
    expect((await other.get('/')).status).toBe(200);
  });

  it('cannot make the engine listen for it on this machine', async () => {
    const port = await new Promise<number>((done) => {
      const server = createTcpServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => done(port));
      });
    });
    const listening = container.runInside(
      'node',
      '-e',
      `require('net').createServer().listen(${port},'0.0.0.0',()=>setTimeout(()=>process.exit(),1500))`,
    );
    const reached = await fetch(`http://127.0.0.1:${port}/`).then(
      () => 'REACHED',
      () => 'no',
    );
    expect(reached).toBe('no');
    await listening;
  });
});
