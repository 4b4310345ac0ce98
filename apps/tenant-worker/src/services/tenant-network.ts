/**
 * What the control plane may read and change of a tenant's network policy. Hosts are brought into one spelling here,
 * before they are stored; the test box asks the very function that decides on traffic.
 */
import type { EgressPolicy, EgressRuleDraft, EgressRuling } from '../../../control-plane/src/contract/egress.ts';
import { err, ok, unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import type { NetworkChange, NetworkView } from '../../../control-plane/src/contract/network-rpc.ts';
import { decide } from '../core/egress/decide.ts';
import type { Injection } from '../core/egress/decide.ts';
import { reasonTexts } from '../core/egress/explain.ts';
import { readHostPattern } from '../core/egress/pattern.ts';
import { readTarget } from '../core/egress/target.ts';
import type { EgressRules } from '../egress/policy-cache.ts';
import type { EgressJournal } from '../modules/egress-journal.ts';
import type { EgressPolicies } from '../modules/egress-policy.ts';

export interface NetworkParts {
  readonly policies: EgressPolicies;
  readonly journal: EgressJournal;
}

export function viewNetwork({ policies, journal }: NetworkParts, nowMs: number): NetworkView {
  return { policy: policies.read(nowMs), denied: journal.denied(), traffic: journal.traffic() };
}

/** The policy as `Egress` decides by it. */
export function rulesForEgress({ policies }: NetworkParts, nowMs: number): Omit<EgressRules, 'injections'> {
  const { version, preset, rules, approvals } = policies.read(nowMs);
  return { version, preset, rules, approvals };
}

export function changeNetwork(
  { policies, journal }: NetworkParts,
  change: NetworkChange,
  by: { byUserId: string; nowMs: number },
): Result<EgressPolicy> {
  switch (change.kind) {
    case 'replace': {
      const rules: EgressRuleDraft[] = [];
      for (const rule of change.rules) {
        const host = canonicalHost(rule.host);
        if (!host.ok) return host;
        rules.push({ ...rule, host: host.value });
      }
      return policies.replace({ ...change, rules }, by);
    }
    case 'add_rule': {
      const host = canonicalHost(change.rule.host);
      return host.ok ? policies.addRule(change.version, { ...change.rule, host: host.value }, by) : host;
    }
    case 'remove_rule':
      return ok(policies.removeRule(change.ruleId, by));
    case 'answer': {
      const host = canonicalHost(change.host);
      if (!host.ok) return host;
      if (host.value.startsWith('*.')) return err(invalidHost(change.host, 'An answer is about one host.'));
      const { verdict, method } = change;
      const done = policies.answer({ host: host.value, method, verdict }, by);
      if (done.ok) journal.settle(host.value, method);
      return done;
    }
    case 'remove_answer':
      return ok(policies.removeAnswer(change.answerId, by));
    default:
      return unreachable(change);
  }
}

/** Which rule decides on this address now. Sends nothing. */
export function testAddress(
  parts: NetworkParts,
  asked: { method: string; url: string },
  context: { ownZones: readonly string[]; injections: readonly Injection[]; nowMs: number },
): EgressRuling & { host: string } {
  const url = URL.parse(asked.url);
  const isSocket = url !== null && /^wss?:$/.test(url.protocol);
  const read =
    url === null
      ? ({ ok: false, why: 'host', host: '' } as const)
      : readTarget({
          method: asked.method,
          url: isSocket ? url.href.replace(/^ws/, 'http') : url.href,
          hostHeader: null,
          isWebSocket: isSocket,
        });
  const rules = rulesForEgress(parts, context.nowMs);
  const { effect, rule, reason } = decide({ ...rules, ...context }, read, context.nowMs);
  return { effect, rule, reason, detail: reasonTexts[reason], host: read.ok ? read.target.host.text : read.host };
}

function canonicalHost(text: string): Result<string> {
  const wildcard = text.startsWith('*.') ? '*.' : '';
  const rest = text.slice(wildcard.length);
  // Names in other scripts become what they are on the wire.
  const ascii = /[^\x20-\x7e]/.test(rest) ? (URL.parse(`http://${rest}/`)?.hostname ?? rest) : rest;
  const found = readHostPattern(wildcard + ascii);
  return found.ok ? found : err(invalidHost(text, found.error));
}

function invalidHost(text: string, why: string): Refusal {
  return {
    code: 'egress_host_invalid',
    detail: `“${text.slice(0, 80)}” cannot stand in a rule. ${why}`,
    next: 'Correct the host and send it again.',
  };
}
