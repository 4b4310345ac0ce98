/** What must hold for the gate of a tenant host: which requests go on, with which headers, and what may come back. */
import * as fc from 'fast-check';
import type { EdgeVerdict } from '../../apps/tenant-worker/src/core/edge/admission.ts';
import { headerProperties, host, origin, suffix } from './header-properties.ts';
import type { Cores } from './load-cores.ts';
import { must, property, type Property } from './property.ts';

const upgrade = { upgrade: 'websocket', 'sec-websocket-version': '13' };
const reads = ['GET', 'HEAD'];
const changes = ['POST', 'PUT', 'PATCH', 'DELETE'];

const foreignOrigin = fc.constantFrom(
  null,
  'null',
  'https://evil.com',
  `https://mallory-1a2b${suffix}`,
  `${origin}.evil.com`,
  `http://${host}`,
  `${origin}:444`,
  origin.toUpperCase(),
  `${origin}/`,
);

/** Spellings of a path that some server would read as the same one: escapes, letters, slashes, parameters, blanks. */
const disguised = (path: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('none', 'escape', 'twice', 'upper'), { minLength: path.length, maxLength: path.length })
    .chain((ways) => {
      const chars = path.split('').map((char, i) => {
        const hex = char.charCodeAt(0).toString(16).padStart(2, '0');
        if (i === 0 || ways[i] === 'none') return char;
        if (ways[i] === 'escape') return `%${hex}`;
        return ways[i] === 'twice' ? `%25${hex}` : char.toUpperCase();
      });
      const tails = ['', '/', '/x', ';p=1', '%20', '%3fq', '%23f', '\\x', '%2fx', '//x'];
      return fc
        .tuple(fc.constantFrom('', '/', '\\'), fc.constantFrom(...tails))
        .map(([before, tail]) => `/${before}${chars.slice(1).join('')}${tail}`);
    });

function refuses(verdict: EdgeVerdict, asked: unknown, ...codes: string[]): void {
  must(
    verdict.kind === 'refuse' && (codes.length === 0 || codes.includes(verdict.refusal.code)),
    () => `${JSON.stringify(asked)}: ${verdict.kind === 'refuse' ? verdict.refusal.code : verdict.kind}`,
  );
}

function goes(verdict: EdgeVerdict, asked: unknown): void {
  must(verdict.kind !== 'refuse', () => `${JSON.stringify(asked)} is refused`);
}

const ownPages = new Map([
  ['callback', 'GET'],
  ['status', 'GET'],
  ['tab.js', 'GET'],
  ['wake', 'POST'],
  ['sign-out', 'POST'],
]);

export function gateProperties({ gate }: Pick<Cores, 'gate'>): readonly Property[] {
  const tenantOrigin = gate.parseTenantOrigin(`https://{slug}${suffix}`);
  const judge = (method: string, url: string, headers: Readonly<Record<string, string | null>>): EdgeVerdict =>
    gate.judgeRequest({ method, url, header: (name) => ({ host, ...headers })[name] ?? null }, tenantOrigin);
  return [
    property(
      'only the methods of the table go on',
      fc.oneof(
        fc.constantFrom(...reads, ...changes, 'OPTIONS', 'TRACE', 'CONNECT', 'TRACK', 'get', 'PURGE'),
        fc.string({ maxLength: 8 }),
      ),
      (method) => {
        const verdict = judge(method, `${origin}/chat`, { origin });
        if ([...reads, ...changes].includes(method)) goes(verdict, method);
        else refuses(verdict, method, 'method_not_allowed');
      },
    ),
    property(
      'one spelling of one host is served, and Host and address say the same',
      fc
        .constantFrom(
          host.toUpperCase(),
          `${host}.`,
          `${host}:443`,
          `u@${host}`,
          `x.${host}`,
          `${host}.evil.com`,
          `evil.com`,
          `evil${suffix.slice(1)}`,
          suffix.slice(1),
          suffix,
          `-${host}`,
          `nora_7f3k${suffix}`,
          `admin${suffix}`,
          `www${suffix}`,
          `NORA-7f3k${suffix}`,
          `nora-7f3k${suffix}:8443`,
          `xn--nora${suffix}`,
          `${'n'.repeat(80)}${suffix}`,
        )
        .chain((other) => fc.constantFrom<[string, string][]>([other, other], [host, other], [other, host])),
      ([header, authority]) => {
        const asked = { header, authority };
        refuses(
          judge('GET', `https://${authority}/`, { host: header }),
          asked,
          'host_unknown',
          'tenant_unknown',
          'bad_request',
        );
      },
    ),
    property(
      'where https is served nothing comes over http',
      fc.constantFrom('http', 'HTTP', 'ws', 'ftp', 'HTTPS'),
      (scheme) => refuses(judge('GET', `${scheme}://${host}/`, {}), scheme, 'host_unknown', 'bad_request'),
    ),
    property(
      'a change needs our own exact origin',
      fc.record({
        method: fc.constantFrom(...changes),
        from: foreignOrigin,
        site: fc.constantFrom(null, 'same-origin', 'none'),
      }),
      ({ method, from, site }) => {
        refuses(
          judge(method, `${origin}/x`, { origin: from, 'sec-fetch-site': site }),
          { method, from },
          'origin_forbidden',
        );
        goes(judge(method, `${origin}/x`, { origin }), method);
      },
    ),
    property(
      'a socket needs our own exact origin, its version and GET, and opens no page of ours',
      fc.record({
        from: foreignOrigin,
        version: fc.constantFrom(null, '8', '12', '14'),
        method: fc.constantFrom('HEAD', ...changes),
        protocol: fc.constantFrom('h2c', 'TLS/1.0', 'websocket, h2c', ''),
      }),
      ({ from, version, method, protocol }) => {
        refuses(judge('GET', `${origin}/ws`, { ...upgrade, origin: from }), from, 'origin_forbidden');
        refuses(
          judge('GET', `${origin}/ws`, { ...upgrade, origin, 'sec-websocket-version': version }),
          version,
          'websocket_required',
        );
        refuses(judge(method, `${origin}/ws`, { ...upgrade, origin }), method, 'method_not_allowed');
        refuses(judge('GET', `${origin}/ws`, { ...upgrade, origin, upgrade: protocol }), protocol, 'bad_request');
        refuses(judge('GET', `${origin}/__tidepool/status`, { ...upgrade, origin }), 'own page', 'path_blocked');
        goes(judge('GET', `${origin}/ws`, { ...upgrade, origin }), 'a socket');
      },
    ),
    property(
      'a read for another site’s page is refused unless somebody follows a link',
      fc.record({
        method: fc.constantFrom(...reads),
        site: fc.constantFrom('cross-site', 'same-site', 'odd'),
        mode: fc.constantFrom('navigate', 'cors', 'no-cors', 'websocket', null),
        dest: fc.constantFrom('document', 'iframe', 'frame', 'embed', 'object', 'image', 'script', 'empty', null),
        from: fc.constantFrom(null, origin, 'https://evil.com', 'null'),
      }),
      ({ method, site, mode, dest, from }) => {
        const verdict = judge(method, `${origin}/x`, {
          'sec-fetch-site': site,
          'sec-fetch-mode': mode,
          'sec-fetch-dest': dest,
          origin: from,
        });
        const asked = { method, site, mode, dest, from };
        if ((from === null || from === origin) && mode === 'navigate' && dest === 'document') goes(verdict, asked);
        else refuses(verdict, asked, 'origin_forbidden');
      },
    ),
    property(
      'a closed path goes on in no spelling',
      fc
        .constantFrom(
          '/share',
          '/j',
          '/hooks',
          '/v1',
          '/api/v1/admin',
          '/tools/invoke',
          '/__openclaw__/worker',
          '/slack',
          '/telegram-webhook',
          '/proxy',
          '/__tidepool',
        )
        .chain(disguised),
      (path) => {
        const verdict = judge('GET', `${origin}${path}`, {});
        must(
          verdict.kind === 'refuse' || (verdict.kind === 'go' && verdict.request.own !== null),
          () => `${path} goes on`,
        );
      },
    ),
    property(
      'dots, control characters and broken escapes in a path are refused, however often they are wrapped',
      fc.record({
        odd: fc.constantFrom('.', '..', '.;x', '..;x', '%00', '%0d', '%7f', '%zz', '%', '%2', '. '),
        wraps: fc.integer({ min: 0, max: 5 }),
        before: fc.constantFrom('/', '/a/', '/chat/', '/a\\'),
        after: fc.constantFrom('', '/', '/x'),
      }),
      ({ odd, wraps, before, after }) => {
        let piece = odd.replaceAll('.', '%2e').replaceAll(' ', '%20');
        const isEscape = /^%(?:2e|00|0d|7f)/.test(piece);
        if (isEscape) for (let i = 0; i < wraps; i++) piece = piece.replaceAll('%', '%25');
        refuses(
          judge(
            'GET',
            `${origin}${before}${wraps === 0 && odd.startsWith('.') ? odd.replaceAll(' ', '%20') : piece}${after}`,
            {},
          ),
          { before, piece },
        );
      },
    ),
    property(
      'a path never becomes a host',
      fc.record({
        start: fc.constantFrom('//', '/\\', '///'),
        tail: fc.constantFrom('evil.com', 'evil.com/x', 'a@evil.com'),
      }),
      ({ start, tail }) => {
        refuses(judge('GET', `${origin}${start}${tail}`, {}), start + tail, 'path_blocked');
        must(!gate.isPagePath(`${start}${tail}`), () => `${start}${tail} may be returned to`);
      },
    ),
    property(
      'a page to return to is within our own origin',
      fc
        .array(
          fc.constantFrom('/', '\\', ':', '@', '.', 'a', '%2f', '%5c', '?', '\t', '\n', '#', 'é', 'share', 'evil.com'),
          { maxLength: 8 },
        )
        .map((parts) => parts.join('')),
      (tail) => {
        if (!gate.isPagePath(`/${tail}`)) return;
        must(
          new URL(`/${tail}`, origin).origin === origin && !/^share(?:[/?]|$)/.test(tail),
          () => `/${tail} may be returned to`,
        );
      },
    ),
    property(
      'no credential in an address reaches the container',
      fc.array(
        fc.tuple(
          fc.constantFrom(
            'token',
            'TOKEN',
            '%74oken',
            'gatewayUrl',
            'pass%77ord',
            'bootstrapToken',
            'deviceToken',
            '+token',
            'session',
            'a',
            '',
          ),
          fc.constantFrom('', '=1', '=a%26b', '=%3d'),
        ),
        { maxLength: 6 },
      ),
      (pairs) => {
        const url = `${origin}/chat?${pairs.map(([name, value]) => name + value).join('&')}`;
        const verdict = judge('GET', url, { accept: 'text/html' });
        if (verdict.kind === 'refuse') throw new Error(`${url} is refused`);
        const bad = /^(gatewayurl|token|password|bootstraptoken|devicetoken)$/;
        const left = [...new URLSearchParams(verdict.request.search).keys()].filter((name) =>
          bad.test(name.trim().toLowerCase()),
        );
        must(left.length === 0, () => `${url} keeps ${left.join()}`);
        const had = [...new URL(url).searchParams.keys()].some((name) => bad.test(name.trim().toLowerCase()));
        must(!had || verdict.kind === 'clean_url', () => `${url} stays in the address bar`);
      },
    ),
    property(
      'our own pages take their own method, and there are no others',
      fc.record({
        name: fc.constantFrom('callback', 'status', 'tab.js', 'wake', 'sign-out', 'x', '', 'status/x'),
        method: fc.constantFrom('GET', 'POST', 'DELETE'),
      }),
      ({ name, method }) => {
        const wanted = ownPages.get(name);
        const verdict = judge(method, `${origin}/__tidepool/${name}`, { origin });
        if (wanted === method) goes(verdict, { name, method });
        else refuses(verdict, { name, method }, wanted === undefined ? 'path_blocked' : 'method_not_allowed');
      },
    ),
    property(
      'a body over the limit and an address over its length are refused',
      fc.record({ over: fc.integer({ min: -3, max: 3 }), length: fc.integer({ min: 8_150, max: 8_250 }) }),
      ({ over, length }) => {
        const body = judge('POST', `${origin}/x`, { origin, 'content-length': String(100 * 1024 * 1024 + over) });
        if (over > 0) refuses(body, over, 'body_too_large');
        else goes(body, over);
        const url = `${origin}/`.padEnd(length, 'a');
        if (length > 8_192) refuses(judge('GET', url, {}), length, 'bad_request');
        else goes(judge('GET', url, {}), length);
      },
    ),
    property(
      'only what a person did counts as an act, so nothing else wakes or keeps awake',
      fc.record({
        mode: fc.constantFrom('navigate', 'cors', 'no-cors', null),
        dest: fc.constantFrom('document', 'iframe', 'empty', null),
        site: fc.constantFrom('none', 'same-origin', null),
        purpose: fc.constantFrom(null, 'prefetch', 'prefetch;prerender'),
        user: fc.constantFrom(null, '?1', '?0'),
        method: fc.constantFrom(...reads),
      }),
      ({ mode, dest, site, purpose, user, method }) => {
        const headers = {
          'sec-fetch-mode': mode,
          'sec-fetch-dest': dest,
          'sec-fetch-site': site,
          'sec-purpose': purpose,
          'sec-fetch-user': user,
        };
        const verdict = judge(method, `${origin}/`, headers);
        if (verdict.kind === 'refuse') return;
        const opens = method === 'GET' && mode === 'navigate' && dest === 'document' && purpose === null;
        const wanted = opens && (site !== 'same-origin' || user === '?1');
        must(
          verdict.request.isAct === wanted,
          () => `${JSON.stringify({ ...headers, method })} is an act: ${verdict.request.isAct}`,
        );
      },
    ),
    ...headerProperties({ gate }),
  ];
}
