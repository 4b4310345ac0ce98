// Test cards by number, as Stripe's documentation names them: what happens when they are charged.

export type CardOutcome =
  | { readonly kind: 'paid'; readonly disputed: boolean; readonly suspected: boolean }
  | { readonly kind: 'declined'; readonly code: string };

const declines: Readonly<Record<string, string>> = {
  '4000000000000002': 'generic_decline',
  '4000000000009995': 'insufficient_funds',
  '4000000000000069': 'expired_card',
  '4000000000000127': 'incorrect_cvc',
};

/** Takes a payment when it is given, and refuses every one after that: "attaching succeeds, charging fails". */
export const PAYS_ONCE = '4000000000000341';
const DISPUTED = '4000000000000259';
const SUSPECTED = '4000000000005423';

export const GOOD_CARD = '4242424242424242';

/** @param charges how many times the card was charged before */
export function chargeCard(number: string, charges: number): CardOutcome {
  const code = declines[number] ?? (number === PAYS_ONCE && charges > 0 ? 'generic_decline' : null);
  if (code !== null) return { kind: 'declined', code };
  return { kind: 'paid', disputed: number === DISPUTED, suspected: number === SUSPECTED };
}

/** The digits of what somebody typed, or null when they are no card's. */
export function cardNumber(typed: string): string | null {
  const digits = typed.replaceAll(/[\s-]/g, '');
  return /^\d{15,16}$/.test(digits) ? digits : null;
}
