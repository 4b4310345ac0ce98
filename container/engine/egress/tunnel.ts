// One CONNECT to workerd's egress listener: the Worker decides what becomes of the stream that follows.
// 200: the Worker serves it in plaintext (HTTPS is decrypted here). 202: nobody intercepts it, pass it through raw.
import { request } from 'node:http';
import type { Socket } from 'node:net';

const CONNECT_TIMEOUT_MS = 15_000;

export interface TunnelRequest {
  readonly egressPort: number;
  /** An IPv4 address: workerd matches it against CIDR ranges and answers a host name with 500. */
  readonly address: string;
  readonly port: number;
  readonly hint: { readonly 'x-hostname': string } | { readonly 'x-tls-sni': string };
}

export interface Tunnel {
  readonly status: number;
  readonly socket: Socket;
}

/** Resolves with the tunnel, or with undefined when workerd refuses it or is not there. */
export function openTunnel(to: TunnelRequest): Promise<Tunnel | undefined> {
  const authority = `${to.address}:${to.port}`;
  return new Promise((done) => {
    const call = request({
      host: '127.0.0.1',
      port: to.egressPort,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, 'x-proto': 'tcp', ...to.hint },
      agent: false,
      timeout: CONNECT_TIMEOUT_MS,
    });
    call.on('connect', (response, stream, head) => {
      const socket: Socket = stream;
      const status = response.statusCode ?? 0;
      socket.setTimeout(0);
      socket.setNoDelay(true);
      if (status !== 200 && status !== 202) {
        socket.destroy();
        done(undefined);
        return;
      }
      if (head.length > 0) socket.unshift(head);
      done({ status, socket });
    });
    call.on('response', (response) => {
      response.resume();
      done(undefined);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => done(undefined));
    call.on('close', () => done(undefined));
    call.end();
  });
}
