/** What must hold for the headers of a tenant host: those that go into the container, and those that come out. */
import * as fc from 'fast-check';
import type { Cores } from './load-cores.ts';
import { must, property, type Property } from './property.ts';

export const suffix = '.tenants-of-ours.net';
export const host = `nora-7f3k${suffix}`;
export const origin = `https://${host}`;

export function headerProperties({ gate }: Pick<Cores, 'gate'>): readonly Property[] {
  return [
    property(
      'the container sees our identity, once, and nothing of the browser’s credentials',
      fc.record({
        extra: fc.dictionary(
          fc.constantFrom(
            'cookie',
            'authorization',
            'x-tidepool-user',
            'x-tidepool-proof',
            'x-openclaw-scopes',
            'x-forwarded-for',
            'x-forwarded-host',
            'x-forwarded-proto',
            'forwarded',
            'x-real-ip',
            'cf-connecting-ip',
            'proxy-authorization',
            'host',
            'x-middleware-subrequest',
            'sec-websocket-extensions',
            'accept',
            'origin',
            'transfer-encoding',
            'connection',
            'cf-container-target-port',
          ),
          fc.constantFrom('usr_evil', 'operator.admin', '127.0.0.1', 'evil.com', 'x'.repeat(5_000)),
        ),
        role: fc.constantFrom('owner' as const, 'operator' as const),
        isWebSocket: fc.boolean(),
      }),
      ({ extra, role, isWebSocket }) => {
        const facts = {
          host,
          origin,
          clientIp: '203.0.113.9',
          principal: { userId: 'usr_me', role },
          isWebSocket,
        };
        const sent = gate.rebuildRequestHeaders((name) => extra[name] ?? null, facts);
        const of = (name: string): string[] => sent.filter(([key]) => key === name).map(([, value]) => value);
        const ours = {
          'x-tidepool-user': 'usr_me',
          'x-tidepool-proof': '1',
          host,
          'x-forwarded-host': host,
          'x-forwarded-for': '203.0.113.9',
          'x-forwarded-proto': 'https',
          'x-openclaw-scopes': gate.scopesFor(role),
        };
        for (const [name, value] of Object.entries(ours))
          must(of(name).join('|') === value, () => `${name} is ${of(name).join('|')}`);
        must(
          gate.scopesFor(role).split(',').includes('operator.admin') === (role === 'owner'),
          () => `${role} has ${gate.scopesFor(role)}`,
        );
        for (const name of [
          'cookie',
          'authorization',
          'proxy-authorization',
          'x-real-ip',
          'forwarded',
          'cf-connecting-ip',
          'cf-container-target-port',
          'transfer-encoding',
          'connection',
          'sec-websocket-extensions',
          'x-middleware-subrequest',
        ])
          must(of(name).length === 0, () => `${name} goes to the container`);
        must(
          of('origin').every((value) => value === origin),
          () => 'a foreign origin goes on',
        );
        must(
          sent.every(([, value]) => value.length <= 4_096),
          () => 'a header is too long',
        );
      },
    ),
    property(
      'a client on this machine is never told to be one',
      fc.oneof(
        fc.constantFrom(
          null,
          '127.0.0.1',
          '127.255.0.3',
          '::1',
          '0:0:0:0:0:0:0:1',
          '::',
          '0.0.0.0',
          '999.1.1.1',
          'evil',
          '1.2.3.4, 127.0.0.1',
        ),
        fc.ipV4(),
        fc.ipV6(),
      ),
      (ip) => {
        const told = gate.clientIpFrom(ip);
        must(!/^(127|0)\.|^[0:]*:0*1?$|,/.test(told) && /^[0-9a-f.:]+$/i.test(told), () => `${ip} becomes ${told}`);
      },
    ),
    property(
      'an answer of the container sets no cookie, loosens no policy and leads nowhere else',
      fc.record({
        theirs: fc.dictionary(
          fc.constantFrom(
            'set-cookie',
            'clear-site-data',
            'access-control-allow-origin',
            'service-worker-allowed',
            'x-tidepool-internal-refusal',
            'link',
            'refresh',
            'alt-svc',
            'strict-transport-security',
            'cache-control',
            'content-security-policy',
            'x-frame-options',
            'server',
            'content-type',
          ),
          fc.constantFrom('*', '/', 'default-src *', 'public, max-age=9, immutable', 'a=b'),
        ),
        location: fc.constantFrom(
          null,
          '/x',
          'x?y',
          `${origin}/z`,
          'https://evil.com/',
          '//evil.com',
          `${origin}.evil.com/`,
          'javascript:1',
          `${origin}//evil.com`,
          '/\\evil.com',
          'data:x',
          `${origin}@evil.com`,
        ),
        path: fc.constantFrom('/', '/assets/a-BySX9BPD.js', '/chat'),
      }),
      ({ theirs, location, path }) => {
        const answer = gate.filterResponseHeaders((name) => (name === 'location' ? location : (theirs[name] ?? null)), {
          origin,
          path,
          status: 200,
        });
        const isInside = location === null || new URL(location, `${origin}/base`).origin === origin;
        must(
          (answer.kind === 'pass') === (isInside && location !== '/\\evil.com' && location !== `${origin}//evil.com`),
          () => `${location}: ${answer.kind}`,
        );
        if (answer.kind !== 'pass') return;
        const of = (name: string): string[] => answer.headers.filter(([key]) => key === name).map(([, value]) => value);
        for (const name of [
          'set-cookie',
          'clear-site-data',
          'access-control-allow-origin',
          'service-worker-allowed',
          'x-tidepool-internal-refusal',
          'link',
          'refresh',
          'alt-svc',
          'server',
        ])
          must(of(name).length === 0, () => `${name} comes out`);
        must(
          of('content-security-policy').some(
            (value) =>
              value.includes("frame-ancestors 'none'") &&
              value.includes("base-uri 'none'") &&
              value.includes(`connect-src 'self' wss://${host}`),
          ),
          () => 'our policy is missing',
        );
        must(
          of('cache-control').every((value) => value.startsWith('private')) &&
            of('x-frame-options').join() === 'DENY' &&
            of('cross-origin-opener-policy').join() === 'same-origin',
          () => 'our headers are missing',
        );
        must(
          of('location').every((value) => !value.includes('evil')),
          () => `leads to ${of('location').join()}`,
        );
      },
    ),
    property(
      'a cookie counts by its exact name, once, and with our own characters',
      fc.array(
        fc.tuple(
          fc.constantFrom('s', ' s', 's ', 'S', 'xs', 's\u00a0', '\u2003s', '__Host-s'),
          fc.constantFrom('a.b', 'a.b', 'x y', '"q"', '', 'é'),
        ),
        { maxLength: 4 },
      ),
      (pairs) => {
        const value = gate.readCookie(pairs.map(([name, text]) => `${name}=${text}`).join(';'), 's');
        const exact = pairs
          .filter(([name]) => /^[ \t]*s[ \t]*$/.test(name))
          .map(([, text]) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
        const wanted = exact.length === 1 && /^[A-Za-z0-9._-]+$/.test(exact[0] ?? '') ? exact[0] : null;
        must(value === wanted, () => `${JSON.stringify(pairs)}: ${value}, not ${wanted}`);
      },
    ),
  ];
}
