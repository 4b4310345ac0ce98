/**
 * What would miss a secret if it were gone, as things stand now. Asked of the very decisions that use it: the firewall's
 * for requests, who pays for models. Channels do not read their tokens yet, so none names one.
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import type { SecretFacts, SecretUser } from '../../../../control-plane/src/contract/secrets.ts';
import { decide, hostMatches } from '../egress/decide.ts';
import type { DecidingPolicy } from '../egress/decide.ts';
import { readTarget } from '../egress/target.ts';
import { whoPays } from '../metering/payer.ts';
import type { StoredModelKey } from '../metering/payer.ts';

export interface SecretsAround {
  readonly modelKeys: readonly StoredModelKey[];
  readonly policy: DecidingPolicy;
  readonly nowMs: number;
}

/** Paths tried for one secret: its own, and those of the rules below it. */
const pathsMax = 20;

export function usedBy({ name, version, use }: SecretFacts, around: SecretsAround): SecretUser[] {
  switch (use.kind) {
    case 'model_key': {
      const payer = whoPays(use.provider, around.modelKeys);
      return payer.kind === 'customer' && payer.key.name === name ? [{ kind: 'models', provider: use.provider }] : [];
    }
    case 'channel_token':
      return [];
    case 'egress': {
      const { host, methods, pathPrefix } = use.binding;
      const paths = pathsOf(around.policy, { host, pathPrefix });
      const rules = paths.flatMap((path) =>
        methods.flatMap((method) => {
          const read = readTarget({ method, url: `https://${host}${path}`, hostHeader: null, isWebSocket: false });
          const decision = decide(around.policy, read, around.nowMs);
          const isThis =
            decision.effect === 'inject' &&
            decision.injection.secretName === name &&
            decision.injection.version === version;
          return isThis ? [decision.rule] : [];
        }),
      );
      return [...new Set(rules)].map((rule) => ({ kind: 'network', host, rule }));
    }
    default:
      return unreachable(use);
  }
}

/** A rule may open only a part of what the secret is for. */
function pathsOf(policy: DecidingPolicy, { host, pathPrefix }: { host: string; pathPrefix: string }): string[] {
  const below = policy.rules
    .filter((rule) => rule.effect === 'allow' && hostMatches(rule.host, host))
    .map((rule) => rule.pathPrefix)
    .filter((path) => path.startsWith(pathPrefix));
  return [...new Set([pathPrefix, ...below])].slice(0, pathsMax);
}
