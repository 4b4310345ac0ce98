import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { egressMethods, egressPresets } from '../../../../control-plane/src/contract/egress.ts';
import type { EgressApproval, EgressRule } from '../../../../control-plane/src/contract/egress.ts';
import { decide, type DecidingPolicy } from './decide.ts';
import { readHostPattern } from './pattern.ts';
import { balancedHosts } from './presets.ts';
import { readTarget } from './target.ts';

const nowMs = 1_000_000;
const zones = ['tidepool.test-platform.com', 'tenants.net', 'hooks.tenants.net'];

const policy = (more: Partial<DecidingPolicy> = {}): DecidingPolicy => ({
  preset: 'balanced',
  rules: [],
  approvals: [],
  injections: [],
  ownZones: zones,
  ...more,
});

const rule = (more: Partial<EgressRule>): EgressRule => ({
  id: 'r1',
  host: 'api.example.com',
  methods: [],
  pathPrefix: '/',
  effect: 'allow',
  note: '',
  ...more,
});

const answer = (more: Partial<EgressApproval>): EgressApproval => ({
  id: 'a1',
  host: 'api.example.com',
  method: 'GET',
  verdict: 'once',
  byUserId: 'u1',
  atMs: 0,
  expiresAtMs: nowMs + 1,
  ...more,
});

function ask(given: Partial<DecidingPolicy>, url: string, method = 'GET', isWebSocket = false) {
  return decide(policy(given), readTarget({ method, url, hostHeader: null, isWebSocket }), nowMs);
}

describe('what nothing opens', () => {
  const everything = (host: string): Partial<DecidingPolicy> => ({
    preset: 'open',
    rules: [rule({ host }), rule({ id: 'r2', host: `*.${host}` })],
    approvals: [answer({ host, method: null, verdict: 'always', expiresAtMs: null })],
    injections: [{ secretName: 's', version: 1, host, methods: [], pathPrefix: '/' }],
  });

  it.each([
    ['http://127.0.0.1/', 'address_loopback'],
    ['http://2130706433/', 'address_loopback'],
    ['http://169.254.169.254/latest/meta-data/', 'address_link_local'],
    ['https://[::ffff:169.254.169.254]/', 'address_link_local'],
    ['https://[fd00:ec2::254]/', 'address_private'],
    ['http://10.0.0.1/', 'address_private'],
    ['http://localhost/', 'special_name'],
    ['http://a.localhost./', 'special_name'],
    ['http://metadata.google.internal/', 'special_name'],
    ['http://metadata/', 'special_name'],
    ['http://r2.internal/', 'special_name'],
    ['http://other.tidepool.internal/', 'special_name'],
    ['http://printer.local/', 'special_name'],
    ['https://x.onion/', 'special_name'],
    ['https://tenants.net/', 'own_zone'],
    ['https://Someone-Else.tenants.net./', 'own_zone'],
    ['https://hooks.tenants.net/slack/x', 'own_zone'],
    ['https://tidepool.test-platform.com/api/v1/me', 'own_zone'],
    ['https://a.trycloudflare.com/', 'platform_denied'],
    ['https://bucket.r2.cloudflarestorage.com/', 'platform_denied'],
    ['https://api.cloudflare.com/client/v4/accounts', 'platform_denied'],
  ])('%s: %s', (url, reason) => {
    const host = readTarget({ method: 'GET', url, hostHeader: null, isWebSocket: false });
    const text = host.ok ? host.target.host.text : '';
    expect(ask(everything(text), url)).toMatchObject({ effect: 'deny', reason });
  });

  it('is never opened by any policy, for any address that is not public', () => {
    const inner = fc.constantFrom('10.2.3.4', '127.0.0.9', '192.168.0.5', '169.254.169.254', '100.127.0.1', '0.1.2.3');
    const spell = fc.constantFrom<(address: string) => string>(
      (a) => a,
      (a) => `${a}.`,
      (a) => `[::ffff:${a}]`,
      (a) => `[::${a}]`,
      (a) => `[64:ff9b::${a}]`,
      (a) => String(a.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)),
      (a) =>
        `0x${a
          .split('.')
          .reduce((sum, part) => sum * 256 + Number(part), 0)
          .toString(16)}`,
      (a) =>
        a
          .split('.')
          .map((part) => `0${Number(part).toString(8)}`)
          .join('.'),
    );
    fc.assert(
      fc.property(inner, spell, fc.constantFrom(...egressPresets), fc.boolean(), (address, write, preset, isWs) => {
        const url = `https://${write(address)}/x`;
        const text = new URL(url).hostname;
        const made = ask({ ...everything(text), preset }, url, 'GET', isWs);
        expect(made.effect).toBe('deny');
      }),
    );
  });
});

describe('presets', () => {
  it.each([
    ['locked', 'https://en.wikipedia.org/', 'GET', 'deny'],
    ['balanced', 'https://en.wikipedia.org/', 'GET', 'allow'],
    ['balanced', 'https://en.wikipedia.org/', 'HEAD', 'allow'],
    ['balanced', 'https://en.wikipedia.org/', 'POST', 'ask'],
    ['balanced', 'https://wikipedia.org.evil.net/', 'GET', 'ask'],
    ['balanced', 'https://evilwikipedia.org/', 'GET', 'ask'],
    ['balanced', 'https://example.org/', 'GET', 'ask'],
    ['open', 'https://example.org/', 'POST', 'allow'],
    ['open', 'https://8.8.8.8/', 'GET', 'ask'],
  ] as const)('%s: %s %s is %s', (preset, url, method, effect) => {
    expect(ask({ preset }, url, method).effect).toBe(effect);
  });

  it('a socket is not reading', () => {
    expect(ask({}, 'https://en.wikipedia.org/', 'GET', true).effect).toBe('ask');
    expect(ask({ preset: 'open' }, 'https://example.org/', 'GET', true).effect).toBe('allow');
  });

  it('every listed host is one that an owner could write', () => {
    for (const { host } of balancedHosts) expect(readHostPattern(host)).toEqual({ ok: true, value: host });
  });
});

describe("the owner's rules", () => {
  it('the first that matches decides', () => {
    const rules = [rule({ id: 'no', effect: 'deny', pathPrefix: '/admin' }), rule({ id: 'yes' })];
    expect(ask({ rules }, 'https://api.example.com/admin/x')).toMatchObject({ effect: 'deny', rule: 'rule:no' });
    expect(ask({ rules }, 'https://api.example.com/administer')).toMatchObject({ effect: 'allow', rule: 'rule:yes' });
  });

  it('a wildcard is subdomains only', () => {
    const rules = [rule({ host: '*.example.com' })];
    expect(ask({ rules }, 'https://a.b.example.com/').effect).toBe('allow');
    expect(ask({ rules }, 'https://example.com/').effect).toBe('ask');
    expect(ask({ rules }, 'https://badexample.com/').effect).toBe('ask');
  });

  it('an ambiguous path opens no allowed prefix and escapes no denied one', () => {
    const open = [rule({ pathPrefix: '/public' })];
    expect(ask({ rules: open, preset: 'locked' }, 'https://api.example.com/public%2f..%2fadmin').effect).toBe('ask');
    expect(ask({ rules: open, preset: 'locked' }, 'https://api.example.com/public/../admin').effect).toBe('deny');
    const shut = [rule({ effect: 'deny', pathPrefix: '/admin' })];
    expect(ask({ rules: shut, preset: 'open' }, 'https://api.example.com/x%2f..%2fadmin').effect).toBe('deny');
  });
});

describe("the owner's answers", () => {
  const url = 'https://api.example.com/';
  it('once ends at its time', () => {
    expect(ask({ approvals: [answer({})] }, url)).toMatchObject({ effect: 'allow', reason: 'answered_once' });
    expect(ask({ approvals: [answer({ expiresAtMs: nowMs })] }, url).effect).toBe('ask');
  });
  it('counts for its method, and comes before the rules', () => {
    const approvals = [answer({ verdict: 'always', expiresAtMs: null })];
    expect(ask({ approvals, rules: [rule({ effect: 'deny' })] }, url).effect).toBe('allow');
    expect(ask({ approvals }, url, 'POST').effect).toBe('ask');
  });
  it('never wins over once and always', () => {
    const approvals = [
      answer({ verdict: 'always', expiresAtMs: null }),
      answer({ id: 'a2', method: null, verdict: 'never', expiresAtMs: null }),
    ];
    expect(ask({ approvals, preset: 'open' }, url)).toMatchObject({ effect: 'deny', rule: 'approval:a2' });
  });
});

describe('a secret', () => {
  const injections = [
    { secretName: 'github', version: 2, host: 'api.example.com', methods: ['GET', 'POST'], pathPrefix: '/repos' },
  ];
  const given = { rules: [rule({ host: '*.example.com' }), rule({ host: 'api.example.com' })], injections };
  it.each([
    ['https://api.example.com/repos/x', 'GET', 'inject'],
    ['https://api.example.com/repos', 'HEAD', 'inject'],
    ['https://api.example.com/repos/x', 'DELETE', 'allow'],
    ['https://api.example.com/reposx', 'GET', 'allow'],
    ['https://api.example.com/repos/../user/keys', 'GET', 'allow'],
    ['https://api.example.com/repos%2f..%2fuser', 'GET', 'allow'],
    ['http://api.example.com/repos/x', 'GET', 'allow'],
    ['https://a.api.example.com/repos/x', 'GET', 'allow'],
    ['https://api.example.com.evil.net/repos/x', 'GET', 'ask'],
  ] as const)('%s %s: %s', (url, method, effect) => {
    expect(ask(given, url, method).effect).toBe(effect);
  });
  it('is added only to what the firewall allows', () => {
    expect(ask({ injections }, 'https://api.example.com/repos').effect).toBe('ask');
    expect(ask({ injections, preset: 'locked' }, 'https://api.example.com/repos').effect).toBe('deny');
  });
});

it('an allowed request was allowed by somebody: a preset, a rule or an answer that names its host', () => {
  const label = fc.constantFrom('a', 'api', 'example', 'com', 'net', 'tenants', 'localhost', 'org', 'wikipedia', 'en');
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.tuple(fc.boolean(), host).map(([wild, name]) => (wild ? `*.${name}` : name));
  const anyRule = fc.record({
    id: fc.constantFrom('1', '2'),
    host: pattern,
    methods: fc.subarray([...egressMethods]),
    pathPrefix: fc.constantFrom('/', '/a', '/a/b'),
    effect: fc.constantFrom('allow' as const, 'deny' as const, 'ask' as const),
    note: fc.constant(''),
  });
  const method = fc.constantFrom(...egressMethods);
  fc.assert(
    fc.property(
      fc.constantFrom('locked' as const, 'balanced' as const),
      fc.array(anyRule, { maxLength: 4 }),
      host,
      method,
      fc.constantFrom('/', '/a', '/a/b/c', '/ab', '/a%2fb'),
      (preset, rules, name, verb, path) => {
        const made = ask({ preset, rules }, `https://${name}${path}`, verb);
        if (made.effect !== 'allow') return;
        expect(zones.some((zone) => name === zone || name.endsWith(`.${zone}`))).toBe(false);
        expect(name).toMatch(/\./);
        if (made.reason === 'preset_lists') {
          expect(preset).toBe('balanced');
          expect(['GET', 'HEAD']).toContain(verb);
          return;
        }
        const first = rules.find(
          (r) =>
            (r.host === name || (r.host.startsWith('*.') && name.endsWith(r.host.slice(1)))) &&
            (r.methods.length === 0 || r.methods.includes(verb) || (verb === 'HEAD' && r.methods.includes('GET'))) &&
            (r.pathPrefix === '/' ||
              path.includes('%') ||
              path === r.pathPrefix ||
              path.startsWith(`${r.pathPrefix}/`)),
        );
        expect(first?.effect).toBe('allow');
      },
    ),
    { numRuns: 3_000 },
  );
});

describe('a host as an owner writes it', () => {
  it.each([
    ['API.Example.com.', 'api.example.com'],
    ['*.example.com', '*.example.com'],
    ['8.8.8.8', '8.8.8.8'],
    ['*', null],
    ['*.com', null],
    ['*.co.uk', null],
    ['*.github.io', null],
    ['me.github.io', 'me.github.io'],
    ['a.*.com', null],
    ['https://example.com', null],
    ['example.com/x', null],
    ['example.com:443', null],
    ['localhost', null],
    ['10.0.0.1', null],
    ['2130706433', null],
    ['10.0.0.0/8', null],
    ['*.8.8.8.8', null],
  ])('%s: %s', (text, canonical) => {
    const found = readHostPattern(text);
    expect(found.ok ? found.value : null).toBe(canonical);
  });
});
