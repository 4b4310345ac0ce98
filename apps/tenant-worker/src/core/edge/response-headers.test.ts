import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterResponseHeaders, ownLocation, tenantContentPolicy } from './response-headers.ts';

const origin = 'https://nora-7f3k.tenants.example';

function filter(incoming: Record<string, string>, path = '/', status = 200): Record<string, string[]> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming)) headers.append(name, value);
  const verdict = filterResponseHeaders((name) => headers.get(name), { origin, path, status });
  if (verdict.kind !== 'pass') throw new Error(verdict.why);
  const byName: Record<string, string[]> = {};
  for (const [name, value] of verdict.headers) (byName[name] ??= []).push(value);
  return byName;
}

describe('filterResponseHeaders', () => {
  it('drops what a container may not say', () => {
    const out = filter({
      'content-type': 'text/html',
      'set-cookie': '__Host-tidepool_session=stolen',
      'access-control-allow-origin': '*',
      'clear-site-data': '"*"',
      'service-worker-allowed': '/',
      'strict-transport-security': 'max-age=0',
      'www-authenticate': 'Basic',
      'permissions-policy': 'camera=*',
      'content-security-policy-report-only': 'x',
      'x-tidepool-internal-refusal': 'incarnation_stale',
      'x-openclaw-internal': '1',
      server: 'x',
      'cache-control': 'public, max-age=60',
    });
    expect(Object.keys(out).sort()).toEqual([
      'cache-control',
      'content-security-policy',
      'content-type',
      'cross-origin-opener-policy',
      'cross-origin-resource-policy',
      'origin-agent-cluster',
      'permissions-policy',
      'referrer-policy',
      'strict-transport-security',
      'x-content-type-options',
      'x-frame-options',
    ]);
    expect(out['permissions-policy']?.join()).toMatch(/camera=\(self\).*geolocation=\(\)/);
    expect(out['cache-control']).toEqual(['private, no-store']);
    expect(out['strict-transport-security']).toEqual(['max-age=31536000']);
  });

  it('adds our policy beside the gateway’s', () => {
    const theirs = "default-src 'self'; connect-src 'self' ws: wss:";
    expect(filter({ 'content-security-policy': theirs })['content-security-policy']).toEqual([
      theirs,
      tenantContentPolicy(origin),
    ]);
    expect(tenantContentPolicy(origin)).toContain("connect-src 'self' wss://nora-7f3k.tenants.example data:");
    expect(tenantContentPolicy('http://nora-7f3k.localhost:8787')).toContain(' ws://nora-7f3k.localhost:8787 ');
  });

  it('lets a browser keep hashed files only', () => {
    const immutable = { 'cache-control': 'public, max-age=31536000, immutable' };
    const kept = ['private, max-age=31536000, immutable'];
    const asset = '/assets/mcp-app-view-registration-BySX9BPD.js';
    expect(filter(immutable, asset)['cache-control']).toEqual(kept);
    expect(filter(immutable, '/chat/x-BySX9BPD.js')['cache-control']).toEqual(['private, no-store']);
    expect(filter(immutable, '/assets/plain.js')['cache-control']).toEqual(['private, no-store']);
    expect(filter(immutable, asset, 206)['cache-control']).toEqual(['private, no-store']);
    expect(filter({}, asset)['cache-control']).toEqual(['private, no-store']);
  });

  it('refuses an answer that would lead elsewhere', () => {
    const headers = new Headers({ location: 'https://evil.example/' });
    const facts = { origin, path: '/', status: 302 };
    expect(filterResponseHeaders((name) => headers.get(name), facts).kind).toBe('refuse');
  });

  it('drops oversized values', () => {
    expect(filter({ etag: 'x'.repeat(9_000) })['etag']).toBeUndefined();
  });
});

describe('ownLocation', () => {
  it.each([
    ['/chat', '/chat'],
    ['chat?x=1', 'chat?x=1'],
    ['?x=a:b', '?x=a:b'],
    [`${origin}/chat`, '/chat'],
    ['https://evil.example/', null],
    ['//evil.example/', null],
    ['/\\evil.example/', null],
    [`${origin}//evil.example`, null],
    [`${origin}.evil.example/`, null],
    ['javascript:alert(1)', null],
    ['/x\ty', null],
    ['http://nora-7f3k.tenants.example/chat', null],
  ])('%j becomes %j', (given, sent) => {
    expect(ownLocation(given, origin)).toBe(sent);
  });

  it('stays on the origin in a browser’s reading', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '\\',
      ':',
      'javascript',
      'http',
      'evil.example',
      '@',
      '?',
      '#',
      '.',
      '..',
      '\t',
      '\n',
      ' ',
      '%2f',
      'a',
      origin,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const sent = ownLocation(pieces.join(''), origin);
        if (sent !== null) expect(new URL(sent, `${origin}/a/b`).origin).toBe(origin);
      }),
      { numRuns: 20_000 },
    );
  });
});
