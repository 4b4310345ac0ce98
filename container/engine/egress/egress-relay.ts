// The way out of one container: takes a connection and the name it is meant for, and gives it to workerd's egress
// listener, where a Worker decides. The engine never dials a destination itself. Bounded in connections and time.
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Log } from '../engine-log.ts';
import { joinSockets } from '../join-sockets.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { isHostName } from './first-bytes.ts';
import { peek } from './peek.ts';
import { PLACEHOLDER_ADDRESS, publicAddressOf } from './public-address.ts';
import { openTunnel } from './tunnel.ts';

/** What workerd last told the sidecar. */
export interface EgressPolicy {
  egressPort: number;
  internet: boolean;
}

export interface EgressDestination {
  readonly host: string;
  readonly port: number;
}

const CONNECTIONS_MAX = 512;
const TLS_HANDSHAKE_TIMEOUT_MS = 15_000;

export class EgressRelay {
  readonly #policy: EgressPolicy;
  readonly #authority: CertificateAuthority;
  readonly #log: Log;
  readonly #open = new Set<Duplex>();

  constructor(policy: EgressPolicy, authority: CertificateAuthority, log: Log) {
    this.#policy = policy;
    this.#authority = authority;
    this.#log = log;
  }

  /** Takes over a connection from the container. Never throws; whatever is not HTTP or TLS is closed. */
  async accept(socket: Duplex, to: EgressDestination, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    if (this.#open.size >= CONNECTIONS_MAX) return this.#refuse(socket, to, 'too many connections');
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    try {
      await this.#relay(socket, to, head);
    } catch (error) {
      this.#refuse(socket, to, error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async #relay(socket: Duplex, to: EgressDestination, head: Buffer): Promise<void> {
    if (!isHostName(to.host)) return this.#refuse(socket, to, 'not a host name');
    if (to.port !== 80 && to.port !== 443) return this.#refuse(socket, to, 'only ports 80 and 443 leave');
    const first = await peek(socket, head);
    if (first.kind === 'refused') return this.#refuse(socket, to, first.reason);
    if ((to.port === 443) !== (first.kind === 'tls'))
      return this.#refuse(socket, to, `${first.kind} on port ${to.port}`);
    const name = first.kind === 'tls' ? (first.serverName ?? to.host) : hostNameOf(first.host, to.host);
    const tunnel = await openTunnel({
      egressPort: this.#policy.egressPort,
      address: this.#policy.internet ? await publicAddressOf(to.host) : PLACEHOLDER_ADDRESS,
      port: to.port,
      hint: first.kind === 'tls' ? { 'x-tls-sni': name } : { 'x-hostname': name },
    });
    if (tunnel === undefined) return this.#refuse(socket, to, 'the Worker runtime took no connection');
    this.#log('egress', { host: to.host, port: to.port, name, status: tunnel.status });
    if (first.kind === 'tls' && tunnel.status === 200) this.#decrypt(socket, tunnel.socket, name);
    else joinSockets(socket, tunnel.socket);
  }

  #decrypt(socket: Duplex, tunnel: Duplex, name: string): void {
    const plain = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#authority.contextFor(name),
      ALPNProtocols: ['http/1.1'],
    });
    const timer = setTimeout(() => plain.destroy(), TLS_HANDSHAKE_TIMEOUT_MS);
    plain.on('secure', () => clearTimeout(timer));
    plain.on('close', () => {
      clearTimeout(timer);
      socket.destroy();
    });
    plain.on('error', (error) => this.#log('egress.tls', { name, error: error.message }));
    joinSockets(plain, tunnel);
  }

  #refuse(socket: Duplex, to: EgressDestination, reason: string): void {
    this.#log('egress.refused', { host: to.host, port: to.port, reason });
    socket.destroy();
  }
}

/** The name a plain HTTP request is for: its Host header when that is a name, else what was dialled. */
function hostNameOf(header: string | undefined, dialled: string): string {
  const host = header?.replace(/:\d{1,5}$/, '') ?? '';
  return isHostName(host) ? host : dialled;
}
