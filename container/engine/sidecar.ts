// The `proxy-everything` sidecar, played by the engine: workerd asks it for the container's CA, tells it where its
// egress listener is, and reaches container ports through it with CONNECT. Listens on loopback only.
// The address is kept for the sidecar's life: a restarted workerd finds it again by inspecting the container.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { z } from 'zod';
import type { Log } from './engine-log.ts';
import { CertificateAuthority } from './egress/certificate-authority.ts';
import { EgressRelay, type EgressPolicy } from './egress/egress-relay.ts';
import { joinSockets } from './join-sockets.ts';
import { readBody } from './api/read-body.ts';

/** A connect to a port nobody listens on yet is held this long while the container lives (a program is starting). */
const INGRESS_HOLD_MS = 4_000;
const INGRESS_RETRY_MS = 25;
const INGRESS_CONNECTIONS_MAX = 1_024;

const egressSchema = z.object({
  port: z.int().min(1).max(65_535).optional(),
  internet: z.object({ enabled: z.boolean() }).optional(),
});

/** How the sidecar reaches the container it belongs to: undefined when none is running. */
export type DialContainer = (port: number) => Promise<Socket> | undefined;

export class Sidecar {
  readonly authority = new CertificateAuthority();
  readonly egress: EgressRelay;
  readonly #policy: EgressPolicy;
  readonly #dial: DialContainer;
  readonly #log: Log;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(egressPort: number, dial: DialContainer, log: Log) {
    this.#policy = { egressPort, internet: false };
    this.#dial = dial;
    this.#log = log;
    this.egress = new EgressRelay(this.#policy, this.authority, log);
    this.#server = createServer((req, res) => void this.#answer(req, res));
    this.#server.on('connect', (req: IncomingMessage, socket: Socket, head: Buffer) => {
      void this.#connect(req, socket, head);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      if (this.#sockets.size > INGRESS_CONNECTIONS_MAX) socket.destroy();
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((done, fail) => {
      this.#server.once('error', fail);
      this.#server.listen(0, '127.0.0.1', done);
    });
  }

  /** The loopback port that inspect reports as the published ingress port. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.egress.close();
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      if (req.method === 'GET' && req.url === '/ca') {
        res.end(this.authority.certificatePem);
      } else if (req.method === 'PUT' && req.url === '/egress') {
        this.#setPolicy(JSON.parse((await readBody(req)).toString('utf8')));
        res.writeHead(204).end();
      } else {
        res.writeHead(404).end();
      }
    } catch (error) {
      res.writeHead(400).end(error instanceof Error ? error.message : String(error));
    }
  }

  #setPolicy(body: unknown): void {
    const said = egressSchema.parse(body);
    this.#log('sidecar.egress', { said: body });
    if (said.port !== undefined) this.#policy.egressPort = said.port;
    if (said.internet !== undefined) this.#policy.internet = said.internet.enabled;
  }

  async #connect(req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const header = req.headers['x-dst-addr'];
    const target = typeof header === 'string' ? header : (req.url ?? '');
    const port = Number(/:(\d{1,5})$/.exec(target)?.[1] ?? '0');
    const inside = port >= 1 && port <= 65_535 ? await this.#dialHeld(port, socket) : undefined;
    if (inside === undefined) {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    if (head.length > 0) inside.write(head);
    joinSockets(socket, inside);
  }

  async #dialHeld(port: number, waiting: Socket): Promise<Socket | undefined> {
    for (const deadline = Date.now() + INGRESS_HOLD_MS; ;) {
      const attempt = this.#dial(port);
      if (attempt === undefined || waiting.destroyed) return undefined;
      const inside = await attempt.catch(() => undefined);
      if (inside !== undefined) return inside;
      if (Date.now() > deadline) return undefined;
      await new Promise((retry) => setTimeout(retry, INGRESS_RETRY_MS));
    }
  }
}

/** The egress port from the sidecar's command line (`--http-egress-port N`), as workerd writes it. */
export function egressPortOf(command: readonly string[]): number {
  const port = Number(command[command.indexOf('--http-egress-port') + 1]);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
}
