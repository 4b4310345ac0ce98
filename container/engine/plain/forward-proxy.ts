// The way out of a `plain` container: an HTTP proxy on loopback that its programs are asked to use by environment
// variables. Both forms clients use: CONNECT, and absolute-form requests for plain http.
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import type { EgressRelay } from '../egress/egress-relay.ts';

const CONNECTIONS_MAX = 512;
/** Headers that concern one hop only (RFC 9110 7.6.1). */
const HOP_HEADERS = new Set(['proxy-connection', 'proxy-authorization', 'keep-alive', 'te', 'trailer']);

export class ForwardProxy {
  readonly #egress: EgressRelay;
  readonly #server: Server;

  constructor(egress: EgressRelay) {
    this.#egress = egress;
    this.#server = createServer((req, res) => this.#forward(req, res));
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('connect', (req: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      void this.#egress.accept(socket, splitAuthority(req.url ?? ''), head);
    });
    this.#server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(req, socket, head),
    );
  }

  async start(): Promise<void> {
    await new Promise<void>((done, fail) => {
      this.#server.once('error', fail);
      this.#server.listen(0, '127.0.0.1', done);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo | null)?.port ?? 0}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #forward(req: IncomingMessage, res: ServerResponse): void {
    const outbound = this.#outbound(req);
    if (outbound === undefined) {
      res.writeHead(400).end('This proxy takes absolute http:// requests for port 80.\n');
      return;
    }
    outbound.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    outbound.on('error', () =>
      res.headersSent ? res.destroy() : res.writeHead(502).end('The request was refused.\n'),
    );
    res.on('close', () => outbound.destroy());
    req.pipe(outbound);
  }

  #upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    const outbound = this.#outbound(req);
    if (outbound === undefined) {
      socket.destroy();
      return;
    }
    outbound.on('upgrade', (answer, upstream, rest) => {
      const lines = [`HTTP/1.1 101 Switching Protocols`];
      for (let i = 0; i < answer.rawHeaders.length; i += 2)
        lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (rest.length > 0) socket.write(rest);
      socket.pipe(upstream).pipe(socket);
      socket.on('close', () => upstream.destroy());
      upstream.on('close', () => socket.destroy());
      upstream.on('error', () => socket.destroy());
    });
    outbound.on('response', () => socket.destroy());
    outbound.on('error', () => socket.destroy());
    socket.on('error', () => outbound.destroy());
    outbound.end(head);
  }

  #outbound(req: IncomingMessage): ReturnType<typeof request> | undefined {
    const url = URL.parse(req.url ?? '');
    if (url?.protocol !== 'http:' || (url.port !== '' && url.port !== '80')) return undefined;
    const headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => !HOP_HEADERS.has(name)));
    const [near, far] = duplexPair();
    void this.#egress.accept(far, { host: url.hostname, port: 80 }, Buffer.alloc(0));
    return request({
      method: req.method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host },
      createConnection: () => near,
    });
  }
}

function splitAuthority(authority: string): { host: string; port: number } {
  const at = authority.lastIndexOf(':');
  return { host: authority.slice(0, at).toLowerCase(), port: Number(authority.slice(at + 1)) };
}
