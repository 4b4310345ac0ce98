import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPath, isPagePath, stripQuery } from './path.ts';

describe('checkPath', () => {
  it.each(['/', '/chat', '/chat/agent%3Amain%3Amain', '/assets/index-BySX9BPD.js', '/api/users/1', '/%', '/a%zz'])(
    'judges %s without surprise',
    (path) => {
      expect(checkPath(path).kind).toBe(path.includes('%z') || path === '/%' ? 'malformed' : 'forward');
    },
  );

  it.each([
    '/share',
    '/share/x',
    '/SHARE/x',
    '/%73hare/x',
    '/%2573hare/x',
    '/share%20',
    '/share%3fx',
    '/share;x',
    '/share%2fx',
    '/share%5cx',
    '//share/x',
    '/x//../share',
    '/j/abc',
    '/hooks',
    '/hooks/',
    '/hooks/telegram',
    '/v1/chat/completions',
    '/v1',
    '/api/v1/admin/rpc',
    '/api/v1//admin/rpc',
    '/tools/invoke',
    '/__openclaw__/worker',
    '/__openclaw__/worker/1',
    '/proxy/3000/api',
    '//evil.example/x',
    '/\\evil.example',
  ])('never forwards %s', (path) => {
    expect(checkPath(path).kind).not.toBe('forward');
  });

  it.each([
    '/a/../share',
    '/a/%2e%2e/share',
    '/a/%252e%252e/share',
    '/a/..;/share',
    '/%252e/v1/%25',
    '/.%2e/x',
    '/a\0b',
    '/a%00b',
    '/a%0d%0ab',
    'x',
  ])('calls %j malformed', (path) => {
    expect(checkPath(path).kind).toBe('malformed');
  });

  it('keeps our own pages to ourselves in every spelling', () => {
    expect(checkPath('/__tidepool/callback')).toEqual({ kind: 'own', name: 'callback' });
    for (const path of ['/__tidepool', '/%5f_tidepool/callback', '/__TIDEPOOL/x', '//__tidepool/callback']) {
      expect(checkPath(path).kind, path).toBe('blocked');
    }
  });

  it('forwards nothing that a lenient server could read as a closed path', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      '%252e',
      '%252f',
      '%25',
      '%',
      ';',
      'share',
      'SHARE',
      'v1',
      'hooks',
      '%68ooks',
      'a',
      'j',
      '__tidepool',
      '__openclaw__',
      'worker',
      ' ',
      '%20',
      '%00',
      '%3f',
      '%23',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const path = `/${pieces.join('')}`;
        if (checkPath(path).kind !== 'forward') return;
        for (const seen of lenientReadings(path)) {
          expect(seen).not.toMatch(/^\/(share|j|hooks|v1|__tidepool)(\/|$)|^\/__openclaw__\/worker(\/|$)/);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

/** How careless servers would normalise a path: decode up to thrice, turn backslashes, resolve dots, squeeze slashes. */
function lenientReadings(path: string): string[] {
  const readings: string[] = [];
  let form = path;
  for (let round = 0; round < 4; round++) {
    const pathname = new URL(form.replace(/^[/\\]+/, '/'), 'http://host.invalid').pathname;
    readings.push(pathname.replaceAll('\\', '/').replaceAll(/\/+/g, '/').toLowerCase());
    try {
      form = decodeURIComponent(form);
    } catch {
      break;
    }
  }
  return readings;
}

describe('stripQuery', () => {
  it('removes credentials and keeps the rest byte for byte', () => {
    expect(stripQuery('?a=%20b&token=x&b=1')).toBe('?a=%20b&b=1');
    expect(stripQuery('?gatewayUrl=wss://evil.example')).toBe('');
    expect(stripQuery('?GATEWAYURL=1&%74oken=1&pass%77ord=2')).toBe('');
    expect(stripQuery('?session=agent%3Amain%3Amain')).toBe('?session=agent%3Amain%3Amain');
    expect(stripQuery('')).toBe('');
  });

  it('leaves no such parameter for a query parser to find', () => {
    const key = fc.constantFrom(
      'token',
      'TOKEN',
      '%74oken',
      'gatewayUrl',
      'password',
      'session',
      'a',
      '',
      ' token',
      '+token',
    );
    const query = fc.array(fc.tuple(key, fc.string({ maxLength: 6 }).map(encodeURIComponent)), { maxLength: 6 });
    fc.assert(
      fc.property(query, (pairs) => {
        const search = `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`;
        const names = [...new URLSearchParams(stripQuery(search)).keys()].map((name) => name.trim().toLowerCase());
        expect(names).not.toContain('token');
        expect(names).not.toContain('password');
        expect(names).not.toContain('gatewayurl');
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('isPagePath', () => {
  it.each(['/', '/chat', '/chat?session=main', '/a%20b', '/?x=//y'])('accepts %s', (path) => {
    expect(isPagePath(path)).toBe(true);
  });

  it.each([
    '',
    'chat',
    '//evil.example',
    '/\\evil.example',
    '/a\\b',
    '/x y',
    '/é',
    '/__tidepool/callback',
    '/a#b',
    '/a\n',
    '/share/x',
    'https://evil.example',
    `/${'a'.repeat(3000)}`,
  ])('refuses %j', (path) => {
    expect(isPagePath(path)).toBe(false);
  });

  it('never leads to another origin', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc
        .array(fc.constantFrom('/', '\\', ':', '@', '.', 'a', '%2f', '%5c', '?', '\t', '\n'), { maxLength: 8 })
        .map((p) => p.join('')),
    );
    fc.assert(
      fc.property(text, (tail) => {
        const path = `/${tail}`;
        if (!isPagePath(path)) return;
        expect(new URL(path, 'https://nora-7f3k.tenants.example').origin).toBe('https://nora-7f3k.tenants.example');
      }),
      { numRuns: 20_000 },
    );
  });
});
