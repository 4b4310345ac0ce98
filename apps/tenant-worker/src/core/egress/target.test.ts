import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyIpv4, formatIpv4 } from './address.ts';
import { readHost, readTarget, targetUrl } from './target.ts';

const read = (url: string, more: { method?: string; hostHeader?: string } = {}) =>
  readTarget({ method: more.method ?? 'GET', url, hostHeader: more.hostHeader ?? null, isWebSocket: false });

describe('hosts, in every spelling', () => {
  const spellings: [string, string | null, string?][] = [
    ['example.com', 'example.com'],
    ['EXAMPLE.Com', 'example.com'],
    ['example.com.', 'example.com'],
    ['example.com..', null],
    ['.example.com', null],
    ['a..b', null],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['bücher.example', null],
    ['example。com', null],
    ['exa%6dple.com', null],
    ['exa\0mple.com', null],
    ['exa mple.com', null],
    ['', null],
    ['.', null],
    [`${'a'.repeat(64)}.com`, null],
    ['127.0.0.1', '127.0.0.1', 'loopback'],
    ['127.0.0.1.', '127.0.0.1', 'loopback'],
    ['127.1', '127.0.0.1', 'loopback'],
    ['127.0.1', '127.0.0.1', 'loopback'],
    ['2130706433', '127.0.0.1', 'loopback'],
    ['0x7f000001', '127.0.0.1', 'loopback'],
    ['0X7F.1', '127.0.0.1', 'loopback'],
    ['0177.0.0.1', '127.0.0.1', 'loopback'],
    ['0177.0x0.0.1', '127.0.0.1', 'loopback'],
    ['017700000001', '127.0.0.1', 'loopback'],
    ['0', '0.0.0.0', 'reserved'],
    ['169.254.169.254', '169.254.169.254', 'link_local'],
    ['0xa9fea9fe', '169.254.169.254', 'link_local'],
    ['10.1', '10.0.0.1', 'private'],
    ['172.31.255.255', '172.31.255.255', 'private'],
    ['172.32.0.0', '172.32.0.0', 'public'],
    ['192.168.1.1', '192.168.1.1', 'private'],
    ['100.64.0.1', '100.64.0.1', 'shared'],
    ['100.100.100.200', '100.100.100.200', 'shared'],
    ['224.0.0.1', '224.0.0.1', 'multicast'],
    ['255.255.255.255', '255.255.255.255', 'reserved'],
    ['198.18.0.1', '198.18.0.1', 'reserved'],
    ['8.8.8.8', '8.8.8.8', 'public'],
    ['256.1.1.1', null],
    ['1.2.3.4.5', null],
    ['08.8.8.8', null],
    ['1.2.3.0x', '1.2.3.0', 'public'],
    ['4294967296', null],
    ['[::1]', '[::1]', 'loopback'],
    ['[0:0:0:0:0:0:0:1]', '[::1]', 'loopback'],
    ['[::]', '[::]', 'reserved'],
    ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', 'loopback'],
    ['[::ffff:8.8.8.8]', '[::ffff:808:808]', 'embedded'],
    ['[::127.0.0.1]', '[::7f00:1]', 'loopback'],
    ['[::ffff:0:10.0.0.1]', '[::ffff:0:a00:1]', 'private'],
    ['[64:ff9b::a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]', 'embedded'],
    ['[64:ff9b:1::1]', '[64:ff9b:1::1]', 'embedded'],
    ['[2002:7f00:1::]', '[2002:7f00:1::]', 'embedded'],
    ['[2001:0:1::1]', '[2001:0:1::1]', 'embedded'],
    ['[2606:4700::5efe:a00:1]', '[2606:4700::5efe:a00:1]', 'embedded'],
    ['[fe80::1]', '[fe80::1]', 'link_local'],
    ['[fe80::1%eth0]', null],
    ['[fe80::1%25eth0]', null],
    ['[fc00::1]', '[fc00::1]', 'private'],
    ['[fd00:ec2::254]', '[fd00:ec2::254]', 'private'],
    ['[ff02::1]', '[ff02::1]', 'multicast'],
    ['[2001:db8::1]', '[2001:db8::1]', 'reserved'],
    ['[3fff::1]', '[3fff::1]', 'reserved'],
    ['[4000::1]', '[4000::1]', 'reserved'],
    ['[2606:4700:4700::1111]', '[2606:4700:4700::1111]', 'public'],
    ['[1::2::3]', null],
    ['[1:2:3:4:5:6:7]', null],
    ['::1', null],
  ];
  it.each(spellings)('%s is %s %s', (raw, text, address) => {
    const host = readHost(raw);
    expect(host?.text ?? null).toBe(text);
    if (host?.kind === 'address') expect(host.address).toBe(address);
    else expect(address).toBeUndefined();
  });

  it('agrees with the platform about addresses', () => {
    const part = fc.oneof(
      fc.nat(255).map(String),
      fc.nat(255).map((n) => `0x${n.toString(16)}`),
      fc.nat(255).map((n) => `0${n.toString(8)}`),
      fc.nat(0xffffffff).map(String),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const raw = parts.join('.');
        const theirs = URL.canParse(`http://${raw}/`) ? new URL(`http://${raw}/`).hostname : null;
        expect(readHost(raw)?.text ?? null).toBe(theirs);
      }),
    );
  });

  it('agrees with the platform about addresses of version 6', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const raw = `[${groups.map((g) => g.toString(16)).join(':')}]`;
        expect(readHost(raw)?.text).toBe(new URL(`http://${raw}/`).hostname);
      }),
    );
  });

  it('knows an address of version 4 inside one of version 6', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const inner = classifyIpv4(value);
        const host = readHost(`[::ffff:${formatIpv4(value)}]`);
        expect(host?.kind === 'address' && host.address).toBe(inner === 'public' ? 'embedded' : inner);
      }),
    );
  });
});

describe('a request', () => {
  const refused: [string, string][] = [
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['//example.com/', 'scheme'],
    ['http://user@example.com/', 'userinfo'],
    ['http://api.example.com@127.0.0.1/', 'userinfo'],
    ['http://example.com:8080/', 'port'],
    ['https://example.com:80/', 'port'],
    ['http://example.com:443/', 'port'],
    ['http://[::1/', 'host'],
    ['http://a_b .c/', 'host'],
    ['http://example.com\\@evil.net/', 'path'],
    ['http://example.com/a\\b c', 'path'],
    ['http://example.com/%zz', 'path'],
    ['http://example.com/\u0001', 'path'],
    [`http://example.com/${'a'.repeat(17_000)}`, 'too_long'],
  ];
  it.each(refused)('%s is refused: %s', (url, why) => {
    expect(read(url)).toMatchObject({ ok: false, why });
  });

  it.each(['CONNECT', 'TRACE', 'get', 'A B', ''])('method %j is refused', (method) => {
    expect(read('http://example.com/', { method })).toMatchObject({ ok: false, why: 'method' });
  });

  it('must name one host', () => {
    expect(read('http://example.com/', { hostHeader: 'evil.net' })).toMatchObject({ ok: false, why: 'host_mismatch' });
    expect(read('http://example.com/', { hostHeader: 'example.com:8080' })).toMatchObject({ ok: false });
    expect(read('http://example.com/', { hostHeader: 'EXAMPLE.com.:80' })).toMatchObject({ ok: true });
  });

  const paths: [string, string, boolean][] = [
    ['', '/', false],
    ['/a/../b', '/b', false],
    ['/a/%2e%2E/b', '/b', false],
    ['/../../b', '/b', false],
    ['/a/.', '/a/', false],
    ['/%61%2D', '/a-', false],
    ['/a%2fb', '/a%2Fb', true],
    ['/a%5cb', '/a%5Cb', true],
    ['/a%252e', '/a%252e', true],
    ['/a;x=1/b', '/a;x=1/b', true],
    ['/a//b', '/a//b', true],
  ];
  it.each(paths)('path %j becomes %j', (raw, path, pathIsAmbiguous) => {
    expect(read(`https://example.com${raw}?q=1#f`)).toMatchObject({
      ok: true,
      target: { path, pathIsAmbiguous, query: '?q=1' },
    });
  });

  it('leaves as it was decided on: reading it again changes nothing', () => {
    const text = fc.string({ unit: fc.constantFrom(...'abZ.%2e2fF5c/;@:\\[]x09~?#-_ é'.split('')), maxLength: 30 });
    fc.assert(
      fc.property(fc.constantFrom('http', 'https', 'HTTP'), text, text, (scheme, host, path) => {
        const first = read(`${scheme}://${host}/${path}`);
        if (!first.ok) return;
        const again = read(targetUrl(first.target));
        expect(again).toEqual(first);
        // And the platform, which sends it, sees the same host.
        expect(new URL(targetUrl(first.target)).hostname).toBe(first.target.host.text);
      }),
      { numRuns: 2_000 },
    );
  });
});
