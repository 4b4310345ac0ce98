// The program inside the sample image: HTTP, a WebSocket echo, outbound probes and ways to end. No dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const port = Number(process.env.PORT ?? 8080);
const only = process.env.LISTEN ?? '0.0.0.0';

/** What happens when the program fetches a URL: status and body, or the error's code. */
async function fetched(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(8_000) });
    return { status: answer.status, body: (await answer.text()).slice(0, 2_000) };
  } catch (error) {
    return { error: error.cause?.code ?? error.cause?.message ?? error.message };
  }
}

/** Sends `n` bytes to a URL and returns what it answers. */
async function posted(url, n) {
  const answer = await fetch(url, { method: 'POST', body: Buffer.alloc(n, 7), signal: AbortSignal.timeout(20_000) });
  return answer.text();
}

/** What happens when the program opens a TCP connection: "open", or the error's code. */
function dialled(host, port) {
  return new Promise((done) => {
    const socket = net.connect({ host, port: Number(port) });
    const end = (said) => {
      socket.destroy();
      done(said);
    };
    socket.setTimeout(5_000, () => end('timeout'));
    socket.once('connect', () => end('open'));
    socket.once('error', (error) => end(error.code ?? error.message));
  });
}

const routes = {
  '/env': () => process.env,
  '/out': (query) => fetched(query.get('u')),
  '/post': (query) => posted(query.get('u'), Number(query.get('n'))),
  '/dial': (query) => dialled(query.get('host'), query.get('port')),
  '/run': (query) => {
    const [file, ...args] = query.getAll('c');
    const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
    return { status, stdout, stderr, error: error?.code };
  },
  '/read': (query) => readFileSync(query.get('path'), 'utf8'),
  '/write': (query) => (writeFileSync(query.get('path'), query.get('text') ?? 'x'), 'written'),
};

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://container');
  if (url.pathname === '/sum') {
    const hash = createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')));
    return;
  }
  if (url.pathname === '/bytes') {
    response.end(Buffer.alloc(Number(url.searchParams.get('n')), 7));
    return;
  }
  if (url.pathname === '/exit') {
    response.end('bye', () => process.exit(Number(url.searchParams.get('code') ?? 3)));
    return;
  }
  const route =
    routes[url.pathname] ?? (() => ({ pid: process.pid, path: url.pathname, tenant: process.env.TENANT ?? null }));
  Promise.resolve()
    .then(() => route(url.searchParams))
    .then(
      (answer) => response.end(typeof answer === 'string' ? answer : JSON.stringify(answer)),
      (error) => response.writeHead(500).end(error.code ?? error.message),
    );
});

// Just enough of RFC 6455 to echo short text frames.
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => {});
  socket.on('data', (frame) => {
    if ((frame[0] & 15) === 8) {
      socket.end();
      return;
    }
    const length = frame[1] & 127;
    const mask = frame.subarray(2, 6);
    const text = Buffer.from(frame.subarray(6, 6 + length)).map((byte, i) => byte ^ mask[i % 4]);
    const answer = Buffer.concat([Buffer.from('echo:'), text]);
    socket.write(Buffer.concat([Buffer.from([0x81, answer.length]), answer]));
  });
});

process.on('SIGTERM', () => process.exit(Number(process.env.TERM_CODE ?? 0)));
server.listen(port, only, () => console.log('listening', port));
