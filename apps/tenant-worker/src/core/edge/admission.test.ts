import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeRequest } from './admission.ts';
import type { EdgeVerdict } from './admission.ts';
import { parseTenantOrigin } from './host.ts';

const tenantOrigin = parseTenantOrigin('https://{slug}.tenants.example');
const host = 'nora-7f3k.tenants.example';
const origin = `https://${host}`;

function judge(path: string, given: { method?: string; headers?: Record<string, string> } = {}): EdgeVerdict {
  const headers: Record<string, string> = { host, ...given.headers };
  return judgeRequest(
    { method: given.method ?? 'GET', url: `${origin}${path}`, header: (name) => headers[name] ?? null },
    tenantOrigin,
  );
}

/** The code of a refusal, or the kind of any other verdict. */
function outcome(verdict: EdgeVerdict): string {
  return verdict.kind === 'refuse' ? verdict.refusal.code : verdict.kind;
}

const navigates = (headers: Record<string, string>, method = 'GET'): boolean => {
  const verdict = judge('/', { headers, method });
  return verdict.kind === 'go' && verdict.request.isNavigation;
};

const acts = (headers: Record<string, string>, method = 'GET'): boolean => {
  const verdict = judge('/', { headers, method });
  return verdict.kind === 'go' && verdict.request.isAct;
};

const upgrade = { upgrade: 'websocket', origin, 'sec-websocket-version': '13' };

describe('judgeRequest', () => {
  it.each([
    ['TRACE', 'method_not_allowed'],
    ['OPTIONS', 'method_not_allowed'],
    ['CONNECT', 'method_not_allowed'],
    ['get', 'method_not_allowed'],
    ['HEAD', 'go'],
  ])('%s: %s', (method, expected) => {
    expect(outcome(judge('/', { method }))).toBe(expected);
  });

  it.each([
    ['a foreign host', { host: 'evil.example' }, 'host_unknown'],
    ['a label that is never given', {}, 'go'],
    ['a body over the limit', { 'content-length': '104857601' }, 'body_too_large'],
    ['a body at the limit', { 'content-length': '104857600' }, 'go'],
  ])('%s', (_what, headers, expected) => {
    expect(outcome(judge('/', { headers }))).toBe(expected);
  });

  it('refuses plain http where https is served, and a long address', () => {
    const header = (name: string): string | null => (name === 'host' ? host : null);
    expect(outcome(judgeRequest({ method: 'GET', url: `http://${host}/`, header }, tenantOrigin))).toBe('host_unknown');
    expect(outcome(judge(`/${'a'.repeat(8_200)}`))).toBe('bad_request');
  });

  it.each([
    ['POST', {}, 'origin_forbidden'],
    ['POST', { origin: 'https://evil.example' }, 'origin_forbidden'],
    ['POST', { origin: 'https://mallory-1a2b.tenants.example' }, 'origin_forbidden'],
    ['POST', { origin: 'null' }, 'origin_forbidden'],
    ['POST', { origin: `${origin}.evil.example` }, 'origin_forbidden'],
    ['POST', { origin }, 'go'],
    ['DELETE', { origin }, 'go'],
    ['GET', { origin: 'https://evil.example' }, 'origin_forbidden'],
    [
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      'origin_forbidden',
    ],
    ['GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'origin_forbidden'],
    [
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      'origin_forbidden',
    ],
    ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'go'],
    ['GET', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'go'],
    ['GET', { 'sec-fetch-site': 'none' }, 'go'],
  ])('%s with %j: %s', (method, headers, expected) => {
    expect(outcome(judge('/x', { method, headers }))).toBe(expected);
  });

  it.each([
    [upgrade, 'GET', 'go'],
    [{ ...upgrade, upgrade: 'WebSocket' }, 'GET', 'go'],
    [{ ...upgrade, origin: 'https://evil.example' }, 'GET', 'origin_forbidden'],
    [{ upgrade: 'websocket', 'sec-websocket-version': '13' }, 'GET', 'origin_forbidden'],
    [{ ...upgrade, 'sec-websocket-version': '8' }, 'GET', 'websocket_required'],
    [{ ...upgrade, upgrade: 'h2c' }, 'GET', 'bad_request'],
    [upgrade, 'POST', 'method_not_allowed'],
  ])('upgrade %j by %s: %s', (headers, method, expected) => {
    expect(outcome(judge('/', { method, headers }))).toBe(expected);
  });

  it('knows a person opening a page from everything else', () => {
    const person = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };
    expect(navigates(person)).toBe(true);
    expect(navigates({ accept: 'text/html,*/*' })).toBe(true);
    expect(navigates({ ...person, 'sec-purpose': 'prefetch;prerender' })).toBe(false);
    expect(navigates({ accept: 'text/html', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).toBe(false);
    expect(navigates({ accept: '*/*' })).toBe(false);
    expect(navigates({ accept: 'text/html' }, 'HEAD')).toBe(false);
  });

  const opens = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  it.each([
    ['a typed address', { ...opens, 'sec-fetch-site': 'none', 'sec-fetch-user': '?1' }, 'GET', true],
    ['a link of another site', { ...opens, 'sec-fetch-site': 'cross-site' }, 'GET', true],
    ['a link on the page', { ...opens, 'sec-fetch-site': 'same-origin', 'sec-fetch-user': '?1' }, 'GET', true],
    ['a browser that says nothing', { accept: 'text/html' }, 'GET', true],
    ['a change', { origin }, 'POST', true],
    ['a page that opens itself again', { ...opens, 'sec-fetch-site': 'same-origin' }, 'GET', false],
    ['a prefetch', { ...opens, 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch' }, 'GET', false],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 'GET', false],
    ['a file', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'GET', false],
    ['a script that reads', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'GET', false],
    ['a script that looks', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'HEAD', false],
    ['a socket', upgrade, 'GET', false],
  ])("%s is somebody's act: %#", (_what, headers, method, expected) => {
    expect(acts(headers, method)).toBe(expected);
  });

  it('serves its own pages with their method, and never as a socket', () => {
    expect(judge('/__tidepool/status')).toMatchObject({ kind: 'go', request: { own: 'status' } });
    expect(outcome(judge('/__tidepool/status', { method: 'POST', headers: { origin } }))).toBe('method_not_allowed');
    expect(outcome(judge('/__tidepool/wake'))).toBe('method_not_allowed');
    expect(outcome(judge('/__tidepool/nothing'))).toBe('path_blocked');
    expect(outcome(judge('/__tidepool/status', { headers: upgrade }))).toBe('path_blocked');
  });

  it('takes credentials out of an address', () => {
    const page = { accept: 'text/html' };
    expect(judge('/chat?token=x&a=1', { headers: page })).toMatchObject({ kind: 'clean_url', location: '/chat?a=1' });
    expect(judge('/ws?token=x', { headers: upgrade })).toMatchObject({ kind: 'go', request: { search: '' } });
    expect(judge('/__tidepool/callback?code=a.b.c&token=1', { headers: page })).toMatchObject({
      kind: 'go',
      request: { search: '?code=a.b.c&token=1' },
    });
  });

  it('has a verdict for everything, and only lets our own hosts go', () => {
    const header = fc.constantFrom(
      'host',
      'origin',
      'upgrade',
      'sec-fetch-site',
      'sec-fetch-mode',
      'sec-fetch-dest',
      'content-length',
      'accept',
    );
    const value = fc.oneof(
      fc.constantFrom(host, origin, 'websocket', 'navigate', 'document', 'cross-site', '13', 'text/html'),
      fc.string(),
    );
    const url = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.string().map((tail) => `${origin}/${tail}`),
    );
    const method = fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD'), fc.string());
    fc.assert(
      fc.property(method, url, fc.dictionary(header, value), (method, url, headers) => {
        const verdict = judgeRequest({ method, url, header: (name) => headers[name] ?? null }, tenantOrigin);
        if (verdict.kind === 'refuse') return;
        expect(verdict.request.host).toBe(headers['host']);
        expect(url.startsWith(`https://${verdict.request.host}`)).toBe(true);
        if (verdict.request.isWebSocket || !['GET', 'HEAD'].includes(method))
          expect(headers['origin']).toBe(verdict.request.origin);
      }),
      { numRuns: 20_000 },
    );
  });
});
