/** What the egress properties are fed with: hosts, spellings of addresses, policies. */
import * as fc from 'fast-check';
import { egressMethods } from '../../apps/control-plane/src/contract/egress.ts';
import type { EgressApproval, EgressRule } from '../../apps/control-plane/src/contract/egress.ts';
import type { DecidingPolicy } from '../../apps/tenant-worker/src/core/egress/decide.ts';

export const nowMs = 1_000_000;
export const zones = ['platform-of-ours.com', 'tenants-of-ours.net'];

export const method = fc.constantFrom(...egressMethods);
export const label = fc.constantFrom('a', 'api', 'b2', 'cdn', 'x-y', 'en', 'wikipedia', 'docs');
/** Registered names that nobody decides on but the owner. */
export const publicHost = fc
  .tuple(fc.array(label, { maxLength: 2 }), fc.constantFrom('reef.com', 'kelp.net', 'sub.shell.org', 'reef.com.net'))
  .map(([labels, domain]) => [...labels, domain].join('.'));
/** As somebody may write a name: any case, with or without the dot at the end. */
export const spelled = (host: string): fc.Arbitrary<string> =>
  fc.constantFrom(host, host.toUpperCase(), `${host}.`, `${host.slice(0, 1).toUpperCase()}${host.slice(1)}`);
export const plainPath = fc
  .array(fc.constantFrom('a', 'ab', 'b', 'repos', 'x.y'), { maxLength: 3 })
  .map((segments) => `/${segments.join('/')}`);
export const prefix = fc.constantFrom('/', '/a', '/a/', '/a/b', '/repos', '/x.y');

export const rule = (host: fc.Arbitrary<string>): fc.Arbitrary<EgressRule> =>
  fc.record({
    id: fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5'),
    host,
    methods: fc.subarray([...egressMethods]),
    pathPrefix: prefix,
    effect: fc.constantFrom('allow' as const, 'deny' as const, 'ask' as const),
    note: fc.constant(''),
  });

export function answer(more: Partial<EgressApproval> & { host: string }): EgressApproval {
  return { id: 'an', method: null, verdict: 'always', byUserId: 'usr_o', atMs: 0, expiresAtMs: null, ...more };
}

export function policy(more: Partial<DecidingPolicy> = {}): DecidingPolicy {
  return { preset: 'locked', rules: [], approvals: [], injections: [], ownZones: zones, ...more };
}

export const allowing = (host: string, more: Partial<EgressRule> = {}): EgressRule => ({
  id: 'ok',
  host,
  methods: [],
  pathPrefix: '/',
  effect: 'allow',
  note: '',
  ...more,
});

/** Everything that an owner could do to open a host. */
export const opened = (host: string): DecidingPolicy =>
  policy({
    preset: 'open',
    rules: [allowing(host), allowing(`*.${host}`)],
    approvals: [answer({ host })],
    injections: [{ secretName: 's', version: 1, host, methods: [], pathPrefix: '/' }],
  });

/** First address and number of addresses, of what is not the public internet. Written out, not derived from the core. */
const closedIpv4: readonly (readonly [first: number, size: number])[] = [
  [0x7f_00_00_00, 2 ** 24],
  [0x0a_00_00_00, 2 ** 24],
  [0xac_10_00_00, 2 ** 20],
  [0xc0_a8_00_00, 2 ** 16],
  [0xa9_fe_00_00, 2 ** 16],
  [0x64_40_00_00, 2 ** 22],
  [0xe0_00_00_00, 2 ** 28],
  [0x00_00_00_00, 2 ** 24],
  [0xc0_00_02_00, 2 ** 8],
  [0xc6_12_00_00, 2 ** 17],
  [0xf0_00_00_00, 2 ** 28],
];
export const closedIpv4Value = fc
  .constantFrom(...closedIpv4)
  .chain(([first, size]) => fc.integer({ min: 0, max: size - 1 }).map((offset) => first + offset));

const byte = (value: number, shift: number): number => Math.floor(value / 2 ** shift) % 256;
const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => byte(value, shift)).join('.');
const groups = (value: number): string => `${Math.floor(value / 65_536).toString(16)}:${(value % 65_536).toString(16)}`;

/** Every way in which a client may spell one IPv4 address, inside an IPv6 address too. */
export const ipv4Spelling = (value: number): fc.Arbitrary<string> =>
  fc.constantFrom(
    dotted(value),
    `${dotted(value)}.`,
    String(value),
    `0x${value.toString(16)}`,
    `0X${value.toString(16).toUpperCase()}`,
    `0${value.toString(8)}`,
    `${byte(value, 24)}.${value % 2 ** 24}`,
    `${byte(value, 24)}.${byte(value, 16)}.${value % 65_536}`,
    [24, 16, 8, 0].map((shift) => `0${byte(value, shift).toString(8)}`).join('.'),
    [24, 16, 8, 0].map((shift) => `0x${byte(value, shift).toString(16)}`).join('.'),
    `[::ffff:${dotted(value)}]`,
    `[::ffff:${groups(value)}]`,
    `[::${groups(value)}]`,
    `[0:0:0:0:ffff:0:${groups(value)}]`,
    `[64:ff9b::${groups(value)}]`,
    `[2002:${groups(value)}::1]`,
    `[2001:0:${groups(value)}::1]`,
    `[2606:4700::5efe:${groups(value)}]`,
  );

const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
/** Two groups, of each range that is no part of the public internet. */
const closedHeads = [
  'fc00:0',
  'fd12:3',
  'fdff:0',
  'fe80:0',
  'febf:0',
  'ff02:0',
  'ff0e:1',
  '2001:db8',
  '3fff:0',
  '100:0',
  '4000:0',
];
export const closedIpv6 = fc
  .tuple(fc.constantFrom(...closedHeads), fc.array(group, { minLength: 5, maxLength: 5 }))
  .map(([head, rest]) => `[${head}:${rest.join(':')}:1]`);
export const publicIpv4 = fc.constantFrom('1.1.1.1', '8.8.8.8', '93.184.216.34', '[2606:4700:4700::1111]');

/** A path that two servers may read in two ways. */
export const twoWays = fc
  .tuple(plainPath, fc.constantFrom('%2f', '%2F', '%5c', '%5C', '%25', '%252e', ';x', '//', '%00', '\\'), plainPath)
  .map(([before, odd, after]) => `${before}${odd}${after.slice(1)}`);
