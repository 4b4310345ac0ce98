import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearCookie, cookieNames, readCookie, setCookie } from './cookies.ts';
import { parseTenantOrigin } from './host.ts';

const secure = cookieNames(parseTenantOrigin('https://{slug}.tenants.example'));
const local = cookieNames(parseTenantOrigin('http://{slug}.localhost:8787'));
const name = '__Host-tidepool_session';

describe('readCookie', () => {
  it('finds the one cookie of the name', () => {
    expect(readCookie(`a=1; ${name}=abc.d-e_f; b=2`, name)).toBe('abc.d-e_f');
    expect(readCookie(`${name}=abc`, name)).toBe('abc');
  });

  it.each([
    `${name}=a; ${name}=b`,
    `${name}=a; ${name}=a`,
    `${name.toLowerCase()}=a`,
    `\u00a0${name}=a`,
    `${name}\u2003=a`,
    `$Version=1; $${name}=a`,
    `${name}="a"`,
    `${name}=a,b=c`,
    `${name}=`,
    name,
    `x${name}=a`,
    '',
  ])('takes %j as absent', (header) => {
    expect(readCookie(header, name)).toBeNull();
  });

  it('takes an oversized header as absent', () => {
    expect(readCookie(`a=${'x'.repeat(20_000)}; ${name}=abc`, name)).toBeNull();
    expect(readCookie(null, name)).toBeNull();
  });

  it('answers a value only when exactly one pair has exactly the name', () => {
    const cookieName = fc.constantFrom(
      name,
      `${name} `,
      ` ${name}`,
      name.toUpperCase(),
      'a',
      '',
      '$Version',
      `\u00a0${name}`,
    );
    const value = fc.oneof(fc.constantFrom('abc', 'x.y', ''), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(cookieName, value), { maxLength: 5 }), (pairs) => {
        const header = pairs.map(([n, v]) => `${n}=${v}`).join('; ');
        const found = readCookie(header, name);
        if (found === null) return;
        const exact = header.split(';').filter(
          (part) =>
            part
              .replaceAll(/^[ \t]+|[ \t]+$/g, '')
              .split('=')[0]
              ?.replaceAll(/[ \t]+$/g, '') === name,
        );
        expect(exact).toHaveLength(1);
        expect(header).toContain(found);
        expect(found).toMatch(/^[A-Za-z0-9._-]+$/);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('setCookie', () => {
  it('pins the cookie to the host on https', () => {
    expect(setCookie(secure, 'session', 'v', 60.9)).toBe(
      '__Host-tidepool_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    );
    expect(secure.state.startsWith('__Host-')).toBe(true);
  });

  it('is honest on loopback: no prefix, no Secure', () => {
    expect(setCookie(local, 'state', 'v', 60)).toBe('tidepool_state=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax');
    expect(clearCookie(local, 'session')).toBe('tidepool_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
  });
});
