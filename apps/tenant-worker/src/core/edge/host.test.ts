import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHost, parseTenantOrigin, splitUrl, tenantHost, tenantUrlOrigin } from './host.ts';

const production = parseTenantOrigin('https://{slug}.tenants.example');
const laptop = parseTenantOrigin('http://{slug}.localhost:8787');

const at = (host: string) => parseHost(laptop, host, host);

describe('parseTenantOrigin', () => {
  it('takes a template apart', () => {
    expect(production).toEqual({ scheme: 'https', suffix: '.tenants.example' });
    expect(laptop).toEqual({ scheme: 'http', suffix: '.localhost:8787' });
    expect(tenantHost(laptop, 'nora-7f3k')).toBe('nora-7f3k.localhost:8787');
    expect(tenantUrlOrigin(laptop, 'nora-7f3k')).toBe('http://nora-7f3k.localhost:8787');
  });

  it.each([
    'https://{slug}.tenants.example/',
    'https://tenants.example',
    'https://x{slug}.tenants.example',
    'https://{slug}.Tenants.example',
    'https://{slug}.tenants.example.',
    'https://{slug}.tenants.example:443',
    'http://{slug}.localhost:80',
    'ftp://{slug}.localhost',
    'http://{slug}.tenants.example',
    'http://{slug}.127.0.0.1:8787',
  ])('refuses %s', (template) => {
    expect(() => parseTenantOrigin(template)).toThrow(/TENANT_ORIGIN/);
  });
});

describe('parseHost', () => {
  it('finds the slug of a canonical host', () => {
    expect(at('nora-7f3k.localhost:8787')).toEqual({
      kind: 'tenant',
      slug: 'nora-7f3k',
      host: 'nora-7f3k.localhost:8787',
    });
  });

  it.each([
    'Nora-7f3k.localhost:8787',
    'nora-7f3k.localhost.:8787',
    'nora-7f3k.localhost',
    'nora-7f3k.localhost:8788',
    'nora-7f3k.localhost:08787',
    'nora-7f3k.localhost:8787.',
    'x.nora-7f3k.localhost:8787',
    'user@nora-7f3k.localhost:8787',
    'nora-7f3k.localhost:8787@evil.example',
    'evil.example',
    'localhost:8787',
    '.localhost:8787',
    'nora_7f3k.localhost:8787',
    'nora%2d7f3k.localhost:8787',
    'n\u014fra.localhost:8787',
    'nora\u3002localhost:8787',
    'nora-7f3k\0.localhost:8787',
    ' nora-7f3k.localhost:8787',
    '[::1]:8787',
    '',
  ])('does not serve %j', (host) => {
    expect(at(host).kind).toBe('not_ours');
  });

  it.each(['admin', 'xn--nra-7ka', 'ab', '12345', 'a--b', '8080-x', '-nora', 'constructor', 'hooks'])(
    'knows that %s can never be a tenant',
    (label) => {
      expect(at(`${label}.localhost:8787`).kind).toBe('no_such_tenant');
    },
  );

  it('lets the object judge a name that only looks like a protected one', () => {
    expect(at('anthr0pic.localhost:8787').kind).toBe('tenant');
  });

  it('believes neither a missing Host nor one that differs from the URL', () => {
    expect(parseHost(laptop, null, 'nora-7f3k.localhost:8787').kind).toBe('not_ours');
    expect(parseHost(laptop, 'nora-7f3k.localhost:8787', 'other-7f3k.localhost:8787').kind).toBe('not_ours');
  });

  it('parses to a slug only what is exactly <slug><suffix>', () => {
    const piece = fc.constantFrom(
      'nora-7f3k',
      '.',
      ':',
      '8787',
      'localhost',
      'LOCALHOST',
      '.localhost:8787',
      '%2e',
      '@',
      '/',
      '\\',
      '?',
      '#',
      ' ',
      '\t',
      '\0',
      '\u3002',
      '\uff0e',
      'xn--',
      '-',
      '[',
      ']',
      'evil.example',
      '0',
      'a',
      '',
    );
    const hosts = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.tuple(fc.string({ maxLength: 12 }), piece).map(([text, tail]) => `${text}${tail}.localhost:8787`),
    );
    fc.assert(
      fc.property(hosts, (host) => {
        const verdict = at(host);
        if (verdict.kind !== 'tenant') return;
        expect(host).toBe(`${verdict.slug}.localhost:8787`);
        expect(verdict.slug).toMatch(/^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/);
        // The platform's own parser sees the same host and nothing else in it.
        const url = new URL(`http://${host}/`);
        expect([url.host, url.username, url.pathname]).toEqual([host, '', '/']);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('splitUrl', () => {
  it('cuts without repairing', () => {
    expect(splitUrl('https://a.example/x/../y?z=1#f')).toEqual({
      scheme: 'https',
      authority: 'a.example',
      path: '/x/../y',
      search: '?z=1',
    });
    expect(splitUrl('http://a.example')).toEqual({ scheme: 'http', authority: 'a.example', path: '/', search: '' });
    expect(splitUrl('http://a.example//b?')).toEqual({
      scheme: 'http',
      authority: 'a.example',
      path: '//b',
      search: '',
    });
    expect(splitUrl('/relative')).toBeNull();
  });
});
