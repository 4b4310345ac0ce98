import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connect } from 'node:tls';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FIRST_BYTES_MAX, isHostName, readFirstBytes } from './first-bytes.ts';

/** What a real TLS client says first. */
async function clientHello(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername,
    rejectUnauthorized: false,
  });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

describe('a request head', () => {
  const head = 'POST /v1/x?y HTTP/1.1\r\nAccept: */*\r\nhOsT:  API.example.com:80 \r\n\r\nbody';

  it('is understood at its end and not before', () => {
    const end = head.indexOf('\r\n\r\n') + 4;
    for (let length = 0; length < end; length += 1)
      expect(readFirstBytes(Buffer.from(head.slice(0, length)))).toEqual({ kind: 'more' });
    expect(readFirstBytes(Buffer.from(head))).toEqual({ kind: 'http', host: 'api.example.com:80' });
  });

  it('may have no Host', () => {
    expect(readFirstBytes(Buffer.from('GET / HTTP/1.0\r\n\r\n'))).toEqual({ kind: 'http', host: undefined });
  });

  it.each([
    'SSH-2.0-x\r\n',
    'EHLO mail\r\n',
    'get / HTTP/1.1\r\n\r\n',
    'GET / HTTP/2\r\n\r\n',
    'GET /\n',
    'GET / HTTP/1.1\n\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    '\0\0\0\0',
  ])('is not %j', (text) => {
    expect(readFirstBytes(Buffer.from(text))).toMatchObject({ kind: 'refused' });
  });

  it('has a largest size', () => {
    const long = Buffer.from(`GET / HTTP/1.1\r\nX: ${'x'.repeat(FIRST_BYTES_MAX)}`);
    expect(readFirstBytes(long)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('too long') });
  });
});

describe('a TLS ClientHello', () => {
  let hello: Buffer;
  beforeAll(async () => {
    hello = await clientHello('api.example.com');
  });

  it('is understood at its end and not before', () => {
    for (let length = 1; length < hello.length; length += 1)
      expect(readFirstBytes(hello.subarray(0, length))).toEqual({ kind: 'more' });
    expect(readFirstBytes(hello)).toEqual({ kind: 'tls', serverName: 'api.example.com' });
  });

  it('may be spread over several records', () => {
    const body = hello.subarray(5);
    const records = [body.subarray(0, 3), body.subarray(3, 100), body.subarray(100)].map((part) => {
      const header = Buffer.from([0x16, 3, 1, 0, 0]);
      header.writeUInt16BE(part.length, 3);
      return Buffer.concat([header, part]);
    });
    expect(readFirstBytes(Buffer.concat(records))).toEqual({ kind: 'tls', serverName: 'api.example.com' });
  });

  it('gives no name that is not a host name', () => {
    const evil = Buffer.from(hello);
    evil.write('a\r\nx-evil: 1', evil.indexOf('api.example.com'), 'latin1');
    expect(readFirstBytes(evil)).toEqual({ kind: 'tls', serverName: undefined });
  });

  it('of any other shape is refused or waited for, never an exception', () => {
    const flipped = fc.tuple(fc.nat(hello.length - 1), fc.nat(255), fc.nat(hello.length)).map(([at, value, length]) => {
      const bytes = Buffer.from(hello);
      bytes[at] = value;
      return bytes.subarray(0, length);
    });
    fc.assert(
      fc.property(
        fc.oneof(
          flipped,
          fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          expect(['more', 'refused', 'http', 'tls']).toContain(readFirstBytes(bytes).kind);
        },
      ),
    );
  });
});

describe('isHostName', () => {
  it.each(['example.com', 'a', '_dmarc.example.com', 'x-y.z', '1.2.3.4', 'ai.tidepool.internal'])(
    'takes %s',
    (name) => {
      expect(isHostName(name)).toBe(true);
    },
  );
  it.each([
    '',
    '.',
    'a..b',
    'a.',
    '-a',
    'a b',
    'a\r\nb',
    'a/b',
    'a:1',
    'A',
    '[::1]',
    'x'.repeat(64),
    `${'abcdefgh.'.repeat(30)}com`,
  ])('refuses %j', (name) => {
    expect(isHostName(name)).toBe(false);
  });
});
