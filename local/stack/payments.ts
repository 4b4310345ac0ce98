// Which payments the local stack has: a real account's when its keys are in .dev.vars, else the stand-in, else, with
// `BILLING=off`, none. Half of a real account's keys is a mistake that is said.

import path from 'node:path';
import { unreachable } from '../../apps/control-plane/src/contract/result.ts';
import { startLocalStripe } from '../stripe/main.ts';
import { StackError } from './progress.ts';

export type Payments = 'off' | 'stand_in' | 'live';

/** Decides from the control plane's variables. */
export function choosePayments(vars: Readonly<Record<string, string>>): Payments {
  const has = (key: string): boolean => (vars[key] ?? '') !== '';
  if (has('STRIPE_SECRET_KEY') !== has('STRIPE_WEBHOOK_SECRET')) {
    throw new StackError('.dev.vars has one of STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: set both or neither.');
  }
  if (has('STRIPE_SECRET_KEY')) return 'live';
  return vars['BILLING'] === 'off' ? 'off' : 'stand_in';
}

export function describePayments(payments: Payments): string {
  switch (payments) {
    case 'live':
      return 'real, with your own Stripe key';
    case 'stand_in':
      return 'stand-in: no money moves (put STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET into .dev.vars for a real account)';
    case 'off':
      return 'off: nothing is charged, every organisation has the operator plan';
    default:
      return unreachable(payments);
  }
}

/** Starts the stand-in where it is wanted. Resolves to the variables of the control plane. */
export async function startPayments(
  payments: Payments,
  options: { readonly stateDir: string; readonly platformOrigin: string; readonly webhookSecret: string },
  onStop: (stop: () => Promise<void>) => void,
): Promise<Record<string, string>> {
  if (payments !== 'stand_in') return {};
  const { stateDir, platformOrigin, webhookSecret } = options;
  const stripe = await startLocalStripe({
    stateFile: path.join(stateDir, 'stripe.json'),
    platformOrigin,
    webhookSecret,
  });
  onStop(() => stripe.close());
  return {
    STRIPE_SECRET_KEY: 'sk_test_standin',
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_API_BASE: stripe.origin,
  };
}
