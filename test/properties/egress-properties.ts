/** What must hold for the firewall's decision, rule by rule. Each names the situation and says what may come of it. */
import * as fc from 'fast-check';
import { egressMethods } from '../../apps/control-plane/src/contract/egress.ts';
import type { Decision, DecidingPolicy } from '../../apps/tenant-worker/src/core/egress/decide.ts';
import * as given from './egress-inputs.ts';
import type { Cores } from './load-cores.ts';
import { must, property, type Property } from './property.ts';

interface Asked {
  readonly url: string;
  readonly method?: string;
  readonly hostHeader?: string | null;
  readonly isWebSocket?: boolean;
}

function expectDecision(made: Decision, effect: string, reason: string, asked: unknown): void {
  must(
    made.effect === effect && made.reason.startsWith(reason),
    () => `${JSON.stringify(asked)}: ${made.effect} ${made.reason}, not ${effect} ${reason}`,
  );
}

function methodIn(methods: readonly string[], method: string): boolean {
  return methods.length === 0 || methods.some((one) => one === method || (one === 'GET' && method === 'HEAD'));
}

function fits(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*')) return pattern === host;
  return host !== pattern.slice(2) && `.${host}`.endsWith(pattern.slice(1));
}

function under(prefix: string, path: string): boolean {
  return `${path}/`.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

export function egressProperties({ egress }: Cores): readonly Property[] {
  const read = ({ url, method = 'GET', hostHeader = null, isWebSocket = false }: Asked) =>
    egress.readTarget({ url, method, hostHeader, isWebSocket });
  const ask = (policy: DecidingPolicy, asked: Asked, nowMs = given.nowMs): Decision =>
    egress.decide(policy, read(asked), nowMs);
  const listed = egress.balancedHosts.map(({ host }) => host);
  const anyCall = fc.record({ method: given.method, path: given.plainPath, isWebSocket: fc.boolean() });

  return [
    property(
      'an address that is not public never leaves, in any spelling, whatever the owner allows',
      fc.oneof(given.closedIpv4Value.chain(given.ipv4Spelling), given.closedIpv6),
      (host) => {
        const target = read({ url: `http://${host}/` });
        must(target.ok, () => `${host} is not read`);
        if (!target.ok) return;
        expectDecision(
          ask(given.opened(target.target.host.text), { url: `http://${host}/` }),
          'deny',
          'address_',
          host,
        );
      },
    ),
    property(
      'the platform’s own domains never leave, nor anything below them',
      fc.tuple(fc.array(given.label, { maxLength: 2 }), fc.constantFrom(...given.zones)).chain(([labels, zone]) => {
        const host = [...labels, zone].join('.');
        return fc.tuple(fc.constant(host), given.spelled(host));
      }),
      ([host, spelling]) =>
        expectDecision(ask(given.opened(host), { url: `https://${spelling}/` }), 'deny', 'own_zone', spelling),
    ),
    property(
      'a name that is not public never leaves',
      fc.oneof(
        given.label,
        fc
          .tuple(
            fc.array(given.label, { maxLength: 2 }),
            fc.constantFrom('localhost', 'internal', 'local', 'lan', 'home.arpa', 'onion', 'test'),
          )
          .map(([labels, end]) => [...labels, end].join('.')),
      ),
      (host) => expectDecision(ask(given.opened(host), { url: `https://${host}/` }), 'deny', 'special_name', host),
    ),
    property(
      'tunnels and the platform’s accounts never leave',
      fc
        .tuple(
          fc.array(given.label, { maxLength: 2 }),
          fc.constantFrom(...egress.platformDenied.map(({ host }) => host)),
        )
        .map(([labels, end]) => [...labels, end].join('.')),
      (host) => expectDecision(ask(given.opened(host), { url: `https://${host}/` }), 'deny', 'platform_denied', host),
    ),
    property(
      'never wins over every other word about its host',
      fc.record({
        host: given.publicHost,
        call: anyCall,
        answers: fc.shuffledSubarray(['always', 'once', 'never'] as const, { minLength: 1 }),
        isOpen: fc.boolean(),
      }),
      ({ host, call, answers, isOpen }) => {
        const approvals = [...new Set([...answers, 'never' as const])].map((verdict) =>
          given.answer({ host, verdict }),
        );
        const made = ask(
          { ...given.opened(host), approvals, ...(isOpen ? {} : { rules: [] }) },
          { url: `https://${host}${call.path}`, ...call },
        );
        expectDecision(made, 'deny', 'answered_never', host);
      },
    ),
    property(
      'an answer for a while ends at its time, to the millisecond',
      fc.record({ host: given.publicHost, endsIn: fc.integer({ min: -3, max: 3 }) }),
      ({ host, endsIn }) => {
        const approvals = [given.answer({ host, verdict: 'once', expiresAtMs: given.nowMs + endsIn })];
        const made = ask(given.policy({ approvals }), { url: `https://${host}/` });
        expectDecision(made, endsIn > 0 ? 'allow' : 'deny', endsIn > 0 ? 'answered_once' : 'locked', { host, endsIn });
      },
    ),
    property(
      'an answer counts for its own host and method only, and before the rules',
      fc.record({
        host: given.publicHost,
        other: fc.oneof(
          given.publicHost,
          given.publicHost.map((host) => `api.${host}`),
          given.publicHost.map((host) => `x${host}`),
        ),
        about: fc.option(given.method),
        call: anyCall,
        effect: fc.constantFrom('allow' as const, 'deny' as const),
      }),
      ({ host, other, about, call, effect }) => {
        const policy = given.policy({
          approvals: [given.answer({ host: other, method: about })],
          rules: [given.allowing(host, { effect })],
        });
        const counts = other === host && (about === null || methodIn([about], call.method));
        const made = ask(policy, { url: `https://${host}${call.path}`, ...call });
        if (counts) expectDecision(made, 'allow', 'answered_always', { host, other, about, call });
        else expectDecision(made, effect, 'rule_', { host, other, about, call });
      },
    ),
    property(
      'the first rule that names host, method and path decides; a wildcard is subdomains, a prefix is whole segments',
      fc.tuple(given.publicHost, anyCall).chain(([host, call]) => {
        const near = fc.constantFrom(
          host,
          `*.${host}`,
          `*.${host.split('.').slice(1).join('.')}`,
          `*.${host.split('.').slice(-2).join('.')}`,
          `*.${host.slice(1)}`,
          host.slice(1),
        );
        return fc.record({
          host: fc.constant(host),
          call: fc.constant(call),
          rules: fc.array(given.rule(near), { maxLength: 5 }),
        });
      }),
      ({ host, call, rules }) => {
        const made = ask(given.policy({ rules }), { url: `https://${host}${call.path}`, ...call });
        const first = rules.find(
          (rule) => fits(rule.host, host) && methodIn(rule.methods, call.method) && under(rule.pathPrefix, call.path),
        );
        expectDecision(made, first?.effect ?? 'deny', first === undefined ? 'locked' : 'rule_', { host, call, rules });
        must(first === undefined || made.rule === `rule:${first.id}`, () => `${made.rule} decided, not ${first?.id}`);
      },
    ),
    property(
      'a path that can be read in two ways opens no allowed prefix and escapes no denied one',
      fc.record({ host: given.publicHost, path: given.twoWays, prefix: fc.constantFrom('/a', '/repos', '/zzz') }),
      ({ host, path, prefix }) => {
        const url = `https://${host}${path}`;
        const open = ask(given.policy({ rules: [given.allowing(host, { pathPrefix: prefix })] }), { url });
        must(open.effect !== 'allow' && open.effect !== 'inject', () => `${url} is allowed by ${prefix}`);
        const shut = ask(
          {
            ...given.opened(host),
            approvals: [],
            rules: [given.allowing(host, { pathPrefix: prefix, effect: 'deny' })],
          },
          { url },
        );
        must(shut.effect === 'deny', () => `${url} escapes the denied ${prefix}`);
      },
    ),
    property(
      'dots and needless escapes in a path are gone before it is judged',
      fc.record({ host: given.publicHost, up: fc.constantFrom('..', '%2e%2e', '.%2E', '%2E.'), tail: given.plainPath }),
      ({ host, up, tail }) => {
        const shut = [given.allowing(host, { pathPrefix: '/a', effect: 'deny' })];
        const made = ask(given.policy({ preset: 'open', rules: shut }), {
          url: `https://${host}/zzz/${up}/%61${tail}`,
        });
        expectDecision(made, 'deny', 'rule_denies', { up, tail });
      },
    ),
    property(
      'Locked lets out nothing that the owner did not name',
      fc.record({
        host: fc.oneof(given.publicHost, fc.constantFrom(...listed.filter((host) => !host.startsWith('*')))),
        call: anyCall,
      }),
      ({ host, call }) =>
        expectDecision(ask(given.policy(), { url: `https://${host}${call.path}`, ...call }), 'deny', 'locked', host),
    ),
    property(
      'Balanced lets out reading of its list, opens no socket, and asks about the rest',
      fc
        .oneof(
          fc.constantFrom(...listed),
          given.publicHost,
          fc.constantFrom(...listed).map((host) => `${host.replace('*.', '')}.reef.com`),
          fc.constantFrom(...listed).map((host) => `x${host.replace('*.', '')}`),
        )
        .chain((pattern) => fc.record({ host: fc.constant(pattern.replace('*', 'en')), call: anyCall })),
      ({ host, call }) => {
        const may =
          listed.some((pattern) => fits(pattern, host)) && methodIn(['GET'], call.method) && !call.isWebSocket;
        const made = ask(given.policy({ preset: 'balanced' }), { url: `https://${host}${call.path}`, ...call });
        expectDecision(made, may ? 'allow' : 'ask', may ? 'preset_lists' : 'not_listed', { host, call });
      },
    ),
    property(
      'Open lets out public names, and asks about an address without one',
      fc.record({ host: fc.oneof(given.publicHost, given.publicIpv4), call: anyCall }),
      ({ host, call }) => {
        const isAddress = /^[\d.]+$|^\[/.test(host);
        const made = ask(given.policy({ preset: 'open' }), { url: `http://${host}${call.path}`, ...call });
        expectDecision(made, isAddress ? 'ask' : 'allow', isAddress ? 'address_without_name' : 'open', { host, call });
      },
    ),
    property(
      'a secret goes to its host, encrypted, by its methods, under its path, and only where the request was let out anyway',
      fc.tuple(given.publicHost, anyCall).chain(([host, call]) =>
        fc.record({
          host: fc.constant(host),
          call: fc.constant(call),
          path: fc.oneof(fc.constantFrom('/a/b', '/repos/x', '/x.y'), given.plainPath, given.twoWays),
          scheme: fc.constantFrom('https', 'https', 'https', 'http'),
          isLetOut: fc.constantFrom(true, true, true, false),
          injection: fc.record({
            secretName: fc.constant('s'),
            version: fc.constant(1),
            host: fc.constantFrom(host, host, host, host.split('.').slice(1).join('.'), `a.${host}`),
            methods: fc.subarray([...egressMethods]),
            pathPrefix: fc.constantFrom('/', '/a', '/a/b', '/repos', '/x.y'),
          }),
        }),
      ),
      ({ host, call, path, scheme, isLetOut, injection }) => {
        const policy = given.policy({ injections: [injection], rules: isLetOut ? [given.allowing(host)] : [] });
        const made = ask(policy, { url: `${scheme}://${host}${path}`, ...call });
        const isPlain = !/%|;|\/\/|\\/.test(path);
        const wanted =
          isLetOut &&
          scheme === 'https' &&
          injection.host === host &&
          methodIn(injection.methods, call.method) &&
          isPlain &&
          under(injection.pathPrefix, path);
        must(
          (made.effect === 'inject') === wanted,
          () => `${JSON.stringify({ host, call, path, scheme, injection })}: ${made.effect}`,
        );
        must(isLetOut || made.effect === 'deny', () => `${host} was let out by a secret`);
      },
    ),
    property(
      'what can be read in two ways is refused: user names, ports, tunnels, two hosts, other schemes, control characters',
      fc.record({
        host: given.publicHost,
        odd: fc.constantFrom(
          'user',
          'port',
          'method',
          'header',
          'header_port',
          'scheme',
          'control',
          'space',
          'escape',
          'null',
        ),
        method: fc.constantFrom('CONNECT', 'TRACE', 'TRACK', 'get', 'G T', ''),
        other: given.publicHost,
        port: fc.integer({ min: 1, max: 65_535 }).filter((port) => port !== 443),
      }),
      ({ host, odd, method, other, port }) => {
        const forms: Record<typeof odd, Asked> = {
          user: { url: `https://${other}@${host}/` },
          port: { url: `https://${host}:${port}/` },
          method: { url: `https://${host}/`, method },
          header: { url: `https://${host}/`, hostHeader: `x${host}` },
          header_port: { url: `https://${host}/`, hostHeader: `${host}:${port}` },
          scheme: { url: `ftp://${host}/` },
          control: { url: `https://${host}/a\u0001` },
          space: { url: `https://${host}/a b` },
          escape: { url: `https://${host}/%z1` },
          null: { url: `https://${host.slice(0, 2)}\0${host.slice(2)}/` },
        };
        const why: Partial<Record<typeof odd, string>> = { user: 'userinfo', header: 'host_mismatch', null: 'host' };
        expectDecision(ask(given.opened(host), forms[odd]), 'deny', `malformed_${why[odd] ?? ''}`, forms[odd]);
      },
    ),
    property(
      'what leaves is what was decided on: reading it again changes nothing, and the platform sees the same host',
      fc.record({
        scheme: fc.constantFrom('http', 'https', 'HTTPS'),
        host: fc.oneof(given.publicHost.chain(given.spelled), given.publicIpv4),
        path: fc.oneof(
          given.plainPath,
          given.twoWays,
          fc
            .string({ unit: fc.constantFrom(...'aZ.%2e5cF/;~?#-_0'.split('')), maxLength: 20 })
            .map((text) => `/${text}`),
        ),
      }),
      ({ scheme, host, path }) => {
        const first = read({ url: `${scheme}://${host}${path}` });
        if (!first.ok) return;
        const url = egress.targetUrl(first.target);
        const again = read({ url });
        must(JSON.stringify(again) === JSON.stringify(first), () => `${url} is read in another way`);
        must(new URL(url).hostname === first.target.host.text, () => `${url} is another host to the platform`);
      },
    ),
    property(
      'a host that an owner may write is public, and a wildcard is nobody else’s',
      fc.oneof(
        fc.constantFrom(
          '*.co.uk',
          '*.github.io',
          '*.pages.dev',
          '*.workers.dev',
          '*.com',
          '*',
          'localhost',
          '*.1.1.1.1',
        ),
        given.closedIpv4Value.chain(given.ipv4Spelling),
        given.closedIpv6,
        given.label,
      ),
      (text) => must(!egress.readHostPattern(text).ok, () => `${text} may stand in a rule`),
    ),
  ];
}
