// `npm run stripe`: what the Stripe account of STRIPE_SECRET_KEY has and lacks for this product. `-- --apply` makes what is
// missing; with a live key only together with `--live`.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { createStripe } from '../../apps/control-plane/src/adapters/stripe/client.ts';
import { readDevVars } from '../stack/dev-vars.ts';
import { setUpStripe } from './set-up.ts';

const { values } = parseArgs({ options: { apply: { type: 'boolean' }, live: { type: 'boolean' } }, strict: false });
const vars = readDevVars(path.resolve(import.meta.dirname, '../../.dev.vars'), process.env).controlPlane;
const secretKey = process.env['STRIPE_SECRET_KEY'] ?? vars['STRIPE_SECRET_KEY'] ?? '';
const live = /^(sk|rk)_live_/.test(secretKey);

if (secretKey === '') {
  console.error('There is no STRIPE_SECRET_KEY in the environment or .dev.vars: put one there.');
  process.exitCode = 1;
} else if (live && values.apply === true && values.live !== true) {
  console.error('This is a live key: say --live as well to make prices that real people pay.');
  process.exitCode = 1;
} else {
  const lines = await setUpStripe(createStripe({ secretKey, apiBase: null }), { apply: values.apply === true });
  for (const { what, state } of lines) console.log(`  ${state.padEnd(8)} ${what}`);
  if (lines.some(({ state }) => state === 'missing'))
    console.log('\n  npm run stripe -- --apply makes what is missing.');
  if (lines.some(({ state }) => state === 'differs')) {
    console.log('\n  A price that differs is left: people pay it. Add an edition in core/billing/plans.ts instead.');
    process.exitCode = 1;
  }
}
