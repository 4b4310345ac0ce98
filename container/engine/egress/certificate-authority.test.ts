import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureContext, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { CertificateAuthority } from './certificate-authority.ts';

/** Whether a client that trusts `ca` accepts what the authority makes for `host`. */
async function handshake(context: SecureContext, ca: string, servername: string): Promise<string> {
  const server = createServer({ SNICallback: (_name, done) => done(null, context) });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client: TLSSocket = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername,
    ca,
  });
  const said = await new Promise<string>((done) => {
    client.once('secureConnect', () => done('trusted'));
    client.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
  client.destroy();
  server.close();
  return said;
}

describe('a certificate authority', () => {
  const authority = new CertificateAuthority();

  it('has a root that is a CA and signed itself', () => {
    const root = new X509Certificate(authority.certificatePem);
    expect(root.ca).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
  });

  it('makes leaves a client accepts, for the name they are for', async () => {
    const context = authority.contextFor('api.example.com');
    expect(await handshake(context, authority.certificatePem, 'api.example.com')).toBe('trusted');
    expect(await handshake(context, authority.certificatePem, 'other.example.com')).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('takes names longer than a common name may be', async () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`;
    expect(await handshake(authority.contextFor(host), authority.certificatePem, host)).toBe('trusted');
  });

  it('is trusted by nobody else', async () => {
    const other = new CertificateAuthority();
    expect(await handshake(authority.contextFor('a.example'), other.certificatePem, 'a.example')).not.toBe('trusted');
  });

  it('keeps a bounded number of leaves', () => {
    const first = authority.contextFor('n0.example');
    expect(authority.contextFor('n0.example')).toBe(first);
    for (let i = 1; i <= 512; i += 1) authority.contextFor(`n${i}.example`);
    expect(authority.contextFor('n0.example')).not.toBe(first);
  });
});
