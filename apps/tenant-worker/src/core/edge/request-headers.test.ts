import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientIpFrom, rebuildRequestHeaders, scopesFor } from './request-headers.ts';
import type { RebuildFacts } from './request-headers.ts';

const facts: RebuildFacts = {
  host: 'nora-7f3k.tenants.example',
  origin: 'https://nora-7f3k.tenants.example',
  clientIp: '203.0.113.7',
  principal: { userId: 'usr_owner', role: 'owner' },
  isWebSocket: false,
};

const mayPass = new Set(
  'accept accept-encoding accept-language cache-control pragma content-type content-encoding if-match if-none-match if-modified-since if-unmodified-since if-range range user-agent sec-fetch-site sec-fetch-mode sec-fetch-dest dnt x-request-id origin sec-websocket-protocol'.split(
    ' ',
  ),
);
const ours: Record<string, string> = {
  host: facts.host,
  'x-forwarded-host': facts.host,
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.7',
  'x-tidepool-user': 'usr_owner',
  'x-tidepool-proof': '1',
  'x-openclaw-scopes': scopesFor('owner'),
};

function rebuild(incoming: Record<string, string>, over: Partial<RebuildFacts> = {}): Record<string, string> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming)) headers.append(name, value);
  const pairs = rebuildRequestHeaders((name) => headers.get(name), { ...facts, ...over });
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) throw new Error('a header is sent twice');
  return Object.fromEntries(pairs);
}

describe('rebuildRequestHeaders', () => {
  it('sets the identity whatever the client sent', () => {
    const rebuilt = rebuild({
      accept: 'text/html',
      cookie: '__Host-tidepool_session=x',
      authorization: 'Bearer x',
      'x-tidepool-user': 'usr_admin',
      'x-tidepool-proof': 'forged',
      'x-openclaw-scopes': 'operator.admin',
      'x-forwarded-for': '127.0.0.1',
      x_forwarded_for: '127.0.0.1',
      forwarded: 'for=127.0.0.1',
      'x-real-ip': '127.0.0.1',
      'cf-connecting-ip': '127.0.0.1',
      'x-http-method-override': 'DELETE',
      te: 'trailers',
    });
    expect(rebuilt).toEqual({ accept: 'text/html', ...ours });
  });

  it('always narrows the scopes by role', () => {
    const scopes = rebuild({}, { principal: { userId: 'usr_2', role: 'operator' } })['x-openclaw-scopes'];
    expect(scopes).toContain('operator.write');
    expect(scopes).not.toContain('admin');
    expect(scopesFor('owner').split(',')).toContain('operator.admin');
  });

  it('passes an Origin only when it is ours, and a socket its protocol', () => {
    expect(rebuild({ origin: 'https://evil.example' })['origin']).toBeUndefined();
    expect(rebuild({ origin: facts.origin })['origin']).toBe(facts.origin);
    const upgrade = rebuild(
      { upgrade: 'WebSocket', 'sec-websocket-protocol': 'v4', 'sec-websocket-extensions': 'permessage-deflate' },
      { isWebSocket: true },
    );
    expect(upgrade['upgrade']).toBe('websocket');
    expect(upgrade['sec-websocket-protocol']).toBe('v4');
    expect(upgrade['sec-websocket-extensions']).toBeUndefined();
    expect(rebuild({ 'sec-websocket-protocol': 'v4' })['sec-websocket-protocol']).toBeUndefined();
  });

  it('lets nothing through that is neither allowed nor ours', () => {
    const spelled = fc
      .constantFrom(
        ...Object.keys(ours),
        ...mayPass,
        'cookie',
        'authorization',
        'forwarded',
        'connection',
        'keep-alive',
        'te',
        'transfer-encoding',
        'content-length',
        'proxy-authorization',
        'x-sandbox-name',
        'cf-container-target-port',
        'x-openclaw-agent',
        'x-tidepool-internal-session',
        'upgrade',
        'x-original-url',
      )
      .chain((header) =>
        fc.constantFrom(
          header,
          header.toUpperCase(),
          header.replaceAll('-', '_'),
          `${header}-x`,
          `x-${header}`,
          header.replace('x-', ''),
        ),
      );
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
    const value = fc.stringMatching(/^[\x21-\x7e]{0,20}$/);
    const incoming = fc.dictionary(fc.oneof(spelled, token), value, { maxKeys: 8 });
    fc.assert(
      fc.property(incoming, fc.boolean(), (headers, isWebSocket) => {
        const rebuilt = rebuild(headers, { isWebSocket });
        const wrong = Object.entries(rebuilt).filter(([name, sent]) => {
          if (name === 'upgrade') return sent !== 'websocket';
          return name in ours ? sent !== ours[name] : !mayPass.has(name);
        });
        const missing = Object.keys(ours).filter((name) => !(name in rebuilt));
        return wrong.length === 0 && missing.length === 0;
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('clientIpFrom', () => {
  it.each([
    ['198.51.100.4', '198.51.100.4'],
    ['2001:db8::7', '2001:db8::7'],
    ['127.0.0.1', '192.0.2.1'],
    ['127.9.9.9', '192.0.2.1'],
    ['::1', '192.0.2.1'],
    ['0:0:0:0:0:0:0:1', '192.0.2.1'],
    ['::', '192.0.2.1'],
    ['::ffff:127.0.0.1', '192.0.2.1'],
    ['999.1.1.1', '192.0.2.1'],
    ['203.0.113.7, 127.0.0.1', '192.0.2.1'],
    ['', '192.0.2.1'],
    [null, '192.0.2.1'],
  ])('%j becomes %s', (given, sent) => {
    expect(clientIpFrom(given)).toBe(sent);
  });
});
