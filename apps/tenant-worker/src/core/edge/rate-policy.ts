/**
 * How much of what a tenant host takes, from whom. What must hold: a request that no session stands behind reaches no
 * object whatever these say; they keep it cheap. Nobody can use up what lets a member in: opening a page has a budget of
 * its own, and codes count only after their MAC proved that this cell made them.
 */
import type { RateCheck, RateRule } from '../../../../control-plane/src/contract/rate-limit.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';

export const rateRules = {
  /** A person opening pages without a session: somebody who reloads angrily, or an office behind one address. */
  openingClient: { binding: 'LIMIT_OPENING_CLIENT', limit: 120, periodSeconds: 60 },
  openingHost: { binding: 'LIMIT_OPENING_HOST', limit: 6_000, periodSeconds: 60 },
  /** Everything else without a session: sockets, scripts, junk cookies and codes, paths that are closed. */
  strangerClient: { binding: 'LIMIT_STRANGER_CLIENT', limit: 300, periodSeconds: 60 },
  strangerHost: { binding: 'LIMIT_STRANGER_HOST', limit: 6_000, periodSeconds: 60 },
  /** Sign-in codes that this cell made. Each try asks the tenant's object. */
  redeemClient: { binding: 'LIMIT_REDEEM_CLIENT', limit: 30, periodSeconds: 60 },
  redeemHost: { binding: 'LIMIT_REDEEM_HOST', limit: 120, periodSeconds: 60 },
  /** Questions to the tenant's object with one session: a tab asks a few in a minute, a revoked cookie may ask no more. */
  session: { binding: 'LIMIT_SESSION', limit: 600, periodSeconds: 60 },
} as const satisfies Record<string, RateRule>;

export type RateBinding = (typeof rateRules)[keyof typeof rateRules]['binding'];

/** What a request is, as far as its rate is concerned. */
export type RateClass =
  | { readonly kind: 'opening'; readonly client: string; readonly host: string }
  /** Host null: none of ours was named. */
  | { readonly kind: 'stranger'; readonly client: string; readonly host: string | null }
  | { readonly kind: 'redeem'; readonly client: string; readonly host: string }
  | { readonly kind: 'session'; readonly sessionHash: string };

/** The counts that a request adds to, the client's own first. */
export function rateChecks(request: RateClass): readonly RateCheck[] {
  switch (request.kind) {
    case 'opening':
      return [
        { rule: rateRules.openingClient, key: request.client },
        { rule: rateRules.openingHost, key: request.host },
      ];
    case 'stranger':
      return [
        { rule: rateRules.strangerClient, key: request.client },
        ...(request.host === null ? [] : [{ rule: rateRules.strangerHost, key: request.host }]),
      ];
    case 'redeem':
      return [
        { rule: rateRules.redeemClient, key: request.client },
        { rule: rateRules.redeemHost, key: request.host },
      ];
    case 'session':
      return [{ rule: rateRules.session, key: request.sessionHash }];
    default:
      return unreachable(request);
  }
}
