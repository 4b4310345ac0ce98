import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isServerPath, parseNextPath } from './next-path.ts';

describe('where sign-in may lead', () => {
  it.each(['/', '/account', '/a/ten_x/usage?month=2026-10#top', '/open?slug=nora&state=a%2Fb', '/%2F%2Fexample.com'])(
    'keeps %s',
    (path) => {
      expect(parseNextPath(path)).toBe(path);
    },
  );

  it.each([
    '',
    'account',
    'https://example.com/',
    '//example.com',
    '///example.com',
    '/\\example.com',
    '\\\\example.com',
    '/a\\..\\..//example.com',
    '/\t/example.com',
    '/\n/example.com',
    ' /account',
    '/account\u0000',
    'javascript:alert(1)',
    'data:text/html,x',
    '/.//example.com',
    '/a/..//example.com',
    '/api/auth/sign-out',
    '/x/../api/v1/me',
    `/${'a'.repeat(3000)}`,
  ])('refuses %j', (path) => {
    expect(parseNextPath(path)).toBeNull();
  });

  it.each([undefined, null, 7, ['/a'], { path: '/a' }])('refuses %j, which is no text', (value) => {
    expect(parseNextPath(value)).toBeNull();
  });

  it('never leaves the origin, whatever is given', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '..',
      '.',
      'a',
      ':',
      '@',
      '?',
      '#',
      '%2f',
      '\t',
      ' ',
      'example.com',
      'https:',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const next = parseNextPath(pieces.join(''));
        if (next === null) return;
        expect(new URL(next, 'https://app.example').origin).toBe('https://app.example');
        expect(parseNextPath(next)).toBe(next);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('who answers a path', () => {
  it.each(['/open?x=1', '/open', '/outbox', '/outbox/3', '/docs/errors'])('%s is the server’s', (path) => {
    expect(isServerPath(path)).toBe(true);
  });
  it.each(['/', '/opening', '/account', '/a/open', '/outboxes'])('%s is the dashboard’s', (path) => {
    expect(isServerPath(path)).toBe(false);
  });
});
