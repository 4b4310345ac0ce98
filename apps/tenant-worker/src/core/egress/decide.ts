/**
 * The firewall's one decision: may this request leave, and which rule says so. Pure and total; the test box of the
 * dashboard calls the same function as the traffic. In this order, and the first word counts:
 * what can be read one way only → never (addresses, special names, our own zones, tunnels) → the owner's answers
 * (never before once and always) → the owner's rules, in order → the preset's hosts → the preset's default → a secret to add.
 */
import type { EgressApproval, EgressPreset, EgressRule } from '../../../../control-plane/src/contract/egress.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import type { AddressClass } from './address.ts';
import { balancedHosts, platformDenied, presetDefaults, specialNames } from './presets.ts';
import type { Malformed, Target, TargetRead } from './target.ts';

/** A stored secret that is added to requests of exactly this kind, and to no others. */
export interface Injection {
  readonly secretName: string;
  readonly version: number;
  readonly host: string;
  readonly methods: readonly string[];
  readonly pathPrefix: string;
}

export interface DecidingPolicy {
  readonly preset: EgressPreset;
  readonly rules: readonly EgressRule[];
  readonly approvals: readonly EgressApproval[];
  readonly injections: readonly Injection[];
  /** The platform's and the tenants' domains; denied with all their subdomains. */
  readonly ownZones: readonly string[];
}

type NotPublic = Exclude<AddressClass, 'public'>;

export type DenyReason =
  | `malformed_${Malformed}`
  | `address_${NotPublic}`
  | 'special_name'
  | 'own_zone'
  | 'platform_denied'
  | 'answered_never'
  | 'rule_denies'
  | 'locked';
export type AskReason = 'not_listed' | 'address_without_name' | 'rule_asks' | 'path_ambiguous';
export type AllowReason = 'answered_once' | 'answered_always' | 'rule_allows' | 'preset_lists' | 'open';

export type Decision =
  | { readonly effect: 'allow'; readonly rule: string; readonly reason: AllowReason }
  | { readonly effect: 'inject'; readonly rule: string; readonly reason: AllowReason; readonly injection: Injection }
  | { readonly effect: 'ask'; readonly rule: string; readonly reason: AskReason }
  | { readonly effect: 'deny'; readonly rule: string; readonly reason: DenyReason };

export function decide(policy: DecidingPolicy, read: TargetRead, nowMs: number): Decision {
  if (!read.ok) return deny('platform:malformed', `malformed_${read.why}`);
  const { target } = read;
  const never = neverAllowed(policy, target);
  if (never !== null) return never;
  const decision = ownersWord(policy, target, nowMs) ?? presetsWord(policy.preset, target);
  if (decision.effect !== 'allow') return decision;
  const injection = policy.injections.find((candidate) => injects(candidate, target));
  return injection === undefined ? decision : { ...decision, effect: 'inject', injection };
}

/** Whether the owner can allow what was refused for this reason. */
export function canAllow(reason: string): boolean {
  return ['not_listed', 'address_without_name', 'rule_asks', 'rule_denies', 'locked', 'answered_never'].includes(
    reason,
  );
}

function deny(rule: string, reason: DenyReason): Decision {
  return { effect: 'deny', rule, reason };
}

/** What no preset, rule or answer opens. */
function neverAllowed(policy: DecidingPolicy, { host }: Target): Decision | null {
  switch (host.kind) {
    case 'address':
      return host.address === 'public' ? null : deny(`platform:${host.address}`, `address_${host.address}`);
    case 'name': {
      // A name without a dot is one of the machine's own network.
      const isSpecial = !host.text.includes('.') || specialNames.some((name) => isWithin(host.text, name));
      if (policy.ownZones.some((zone) => isWithin(host.text, zone))) return deny('platform:own_zone', 'own_zone');
      if (isSpecial) return deny('platform:special_name', 'special_name');
      const denied = platformDenied.find((entry) => isWithin(host.text, entry.host));
      return denied === undefined ? null : deny(`platform:${denied.host}`, 'platform_denied');
    }
    default:
      return unreachable(host);
  }
}

function ownersWord(policy: DecidingPolicy, target: Target, nowMs: number): Decision | null {
  const answers = policy.approvals.filter(
    ({ host, method, expiresAtMs }) =>
      host === target.host.text &&
      (method === null || methodIn([method], target.method)) &&
      (expiresAtMs === null || nowMs < expiresAtMs),
  );
  const answer = answers.find(({ verdict }) => verdict === 'never') ?? answers[0];
  if (answer !== undefined) {
    const rule = `approval:${answer.id}`;
    if (answer.verdict === 'never') return deny(rule, 'answered_never');
    return { effect: 'allow', rule, reason: answer.verdict === 'once' ? 'answered_once' : 'answered_always' };
  }
  for (const { id, effect, ...rule } of policy.rules) {
    if (!hostMatches(rule.host, target.host.text) || !methodIn(rule.methods, target.method)) continue;
    const path = pathMatches(rule.pathPrefix, target);
    if (path === 'no') continue;
    switch (effect) {
      case 'deny':
        return deny(`rule:${id}`, 'rule_denies');
      case 'ask':
        return { effect: 'ask', rule: `rule:${id}`, reason: 'rule_asks' };
      case 'allow':
        if (path === 'unclear') return { effect: 'ask', rule: `rule:${id}`, reason: 'path_ambiguous' };
        return { effect: 'allow', rule: `rule:${id}`, reason: 'rule_allows' };
      default:
        return unreachable(effect);
    }
  }
  return null;
}

function presetsWord(preset: EgressPreset, { host, method, isWebSocket }: Target): Decision {
  if (preset === 'balanced') {
    const listed = balancedHosts.find((entry) => hostMatches(entry.host, host.text));
    // A socket talks both ways, whatever the method of its request.
    if (listed !== undefined && methodIn(['GET'], method) && !isWebSocket)
      return { effect: 'allow', rule: `preset:balanced/${listed.host}`, reason: 'preset_lists' };
  }
  const effect = presetDefaults[preset];
  switch (effect) {
    case 'deny':
      return deny(`preset:${preset}`, 'locked');
    case 'ask':
      return { effect, rule: `preset:${preset}`, reason: 'not_listed' };
    case 'allow':
      return host.kind === 'address'
        ? { effect: 'ask', rule: `preset:${preset}`, reason: 'address_without_name' }
        : { effect, rule: `preset:${preset}`, reason: 'open' };
    default:
      return unreachable(effect);
  }
}

/** A secret goes to exactly its host, encrypted, on a path that every server reads the same way. */
function injects(injection: Injection, target: Target): boolean {
  return (
    target.scheme === 'https' &&
    injection.host === target.host.text &&
    methodIn(injection.methods, target.method) &&
    pathMatches(injection.pathPrefix, target) === 'yes' &&
    !target.pathIsAmbiguous
  );
}

function isWithin(host: string, zone: string): boolean {
  return host === zone || host.endsWith(`.${zone}`);
}

export function hostMatches(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** An empty list is every method; GET includes HEAD. */
function methodIn(methods: readonly string[], method: string): boolean {
  return methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}

/** Whole segments. An ambiguous path is under every prefix for a rule that refuses, and under none for one that allows. */
function pathMatches(prefix: string, { path, pathIsAmbiguous }: Target): 'yes' | 'no' | 'unclear' {
  const trimmed = prefix.replace(/\/+$/, '');
  if (trimmed === '') return 'yes';
  if (pathIsAmbiguous) return 'unclear';
  return path === trimmed || path.startsWith(`${trimmed}/`) ? 'yes' : 'no';
}
