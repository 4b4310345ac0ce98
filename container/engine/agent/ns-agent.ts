// The relay agent of one `ns` container. It runs in the container's network namespace but in a user, process and mount
// namespace of its own, so the tenant's program can't see, signal or trace it, nor reach its sockets.
//  ingress: the engine connects to /run/relay/ingress.sock, says "<port>\n", gets "1" or "0", then raw bytes.
//  egress:  every name resolves to an address of its own; a connection to it on 80 or 443 is handed to the engine on
//           /run/relay/egress.sock as "<name> <port>\n" and raw bytes. The name is only a name: a Worker decides.
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { CONTAINER_ADDRESS, DNS_PORT, EGRESS_PORTS, NameTable } from './addresses.ts';
import { answerQuery } from './dns-answer.ts';

const INGRESS_SOCKET = '/run/relay/ingress.sock';
const EGRESS_SOCKET = '/run/relay/egress.sock';
const LOOPBACK = '127.0.0.1';
const CONNECTIONS_MAX = 512;
const INGRESS_LINE_BYTES_MAX = 16;
const INGRESS_LINE_TIMEOUT_MS = 5_000;

const names = new NameTable();

async function main(): Promise<void> {
  await Promise.all([serveIngress(), serveDns(), ...EGRESS_PORTS.map(serveEgress)]);
  process.stdout.write('ready\n');
}

function serveIngress(): Promise<void> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (outside) => {
    outside.on('error', () => outside.destroy());
    const timer = setTimeout(() => outside.destroy(), INGRESS_LINE_TIMEOUT_MS);
    let line = '';
    const read = (chunk: Buffer): void => {
      line += chunk.toString('latin1');
      if (line.endsWith('\n')) {
        clearTimeout(timer);
        outside.off('data', read);
        outside.pause();
        dial(Number(line), outside);
      } else if (line.length > INGRESS_LINE_BYTES_MAX) {
        outside.destroy();
      }
    };
    outside.on('data', read);
  });
  return listening(server, () => server.listen(INGRESS_SOCKET));
}

function dial(port: number, outside: Socket): void {
  // The agent's own listeners are not the container's.
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || EGRESS_PORTS.includes(port) || port === DNS_PORT) {
    outside.end('0');
    return;
  }
  const inside = connect({ host: CONTAINER_ADDRESS, port, localAddress: LOOPBACK, allowHalfOpen: true, noDelay: true });
  inside.once('error', () => {
    if (inside.connecting || inside.pending) outside.end('0');
  });
  inside.once('connect', () => {
    outside.write('1');
    join(outside, inside);
  });
}

function serveEgress(port: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (inside) => {
    inside.on('error', () => inside.destroy());
    const name = names.nameOf(inside.localAddress ?? '');
    if (name === undefined) {
      inside.destroy();
      return;
    }
    const outside = connect({ path: EGRESS_SOCKET, allowHalfOpen: true });
    outside.once('connect', () => {
      outside.write(`${name} ${port}\n`);
      join(inside, outside);
    });
    outside.once('error', () => inside.destroy());
  });
  server.maxConnections = CONNECTIONS_MAX;
  return listening(server, () => server.listen(port, '0.0.0.0'));
}

function serveDns(): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = answerQuery(query, addressOf);
    if (answer !== undefined) socket.send(answer, from.port, from.address, () => {});
  });
  return new Promise((done, fail) => {
    socket.once('error', fail);
    socket.bind(DNS_PORT, LOOPBACK, () => {
      socket.off('error', fail);
      socket.on('error', () => {});
      done();
    });
  });
}

function addressOf(name: string): string | undefined {
  if (name === 'localhost' || name.endsWith('.localhost')) return LOOPBACK;
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name) && name.length <= 253 ? names.assign(name) : undefined;
}

function join(left: Socket, right: Socket): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.on('error', () => from.destroy());
    from.on('close', () => setTimeout(() => to.destroy(), 1_000).unref());
    from.pipe(to);
  }
}

function listening(server: ReturnType<typeof createServer>, listen: () => void): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.once('listening', () => {
      server.off('error', fail);
      server.on('error', () => {});
      done();
    });
    listen();
  });
}

await main();
