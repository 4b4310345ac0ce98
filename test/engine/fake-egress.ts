// Stands for workerd's egress listener: takes CONNECT, remembers target and hints, answers as told. A served tunnel speaks
// plain HTTP and says what it saw; an echoed one sends the raw bytes back.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type EgressMode = 'serve' | 'pass' | 'refuse';

export interface SeenTunnel {
  readonly target: string;
  readonly hostname: string | undefined;
  readonly serverName: string | undefined;
}

export class FakeEgress {
  readonly seen: SeenTunnel[] = [];
  mode: EgressMode = 'serve';
  readonly #server: Server;
  readonly #inner: Server;

  constructor() {
    this.#inner = createServer((req, res) => {
      const last = this.seen.at(-1);
      if (req.method === 'POST') {
        let bytes = 0;
        req.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => res.end(String(bytes)));
        return;
      }
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ host: req.headers.host, path: req.url, method: req.method, ...last }));
    });
    this.#server = createServer();
    this.#server.on('connect', (req: IncomingMessage, socket: Socket) => {
      socket.on('error', () => socket.destroy());
      this.seen.push({
        target: req.url ?? '',
        hostname: req.headers['x-hostname'] as string | undefined,
        serverName: req.headers['x-tls-sni'] as string | undefined,
      });
      switch (this.mode) {
        case 'serve':
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          this.#inner.emit('connection', socket);
          break;
        case 'pass':
          socket.write('HTTP/1.1 202 Accepted\r\n\r\n');
          socket.pipe(socket);
          break;
        case 'refuse':
          socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
          break;
      }
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#inner.closeAllConnections();
  }
}
