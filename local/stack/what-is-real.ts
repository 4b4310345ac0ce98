// The table that `npm start` and `npm run doctor` print: which parts are the real thing and which stand in for one.

import { unreachable } from '../../apps/control-plane/src/contract/result.ts';
import type { Isolation } from './isolation.ts';
import { describePayments, type Payments } from './payments.ts';
import { describeUpstream, type Upstream } from './upstream.ts';

export interface RealityRow {
  readonly part: string;
  readonly real: boolean;
  readonly what: string;
}

/** One row per part. `platformOrigin` is where the outbox page is. */
export function whatIsReal(
  stack: {
    readonly isolation: Isolation;
    readonly upstream: Upstream;
    readonly platformOrigin: string;
    readonly humanCheck: boolean;
    readonly payments: Payments;
  },
  openclawVersion: string,
): RealityRow[] {
  return [
    { part: 'assistant', real: true, what: `real OpenClaw ${openclawVersion}` },
    { part: 'Workers', real: true, what: "real workerd, the platform's own runtime" },
    {
      part: 'storage',
      real: false,
      what: 'stand-in: D1, R2, Queues and Durable Objects on this disk (.tidepool/state)',
    },
    { part: 'containers', real: stack.isolation === 'docker', what: describeIsolation(stack.isolation) },
    { part: 'model', real: stack.upstream.kind !== 'demo', what: describeUpstream(stack.upstream) },
    { part: 'mail', real: false, what: `stand-in: kept here, read it at ${stack.platformOrigin}/outbox` },
    {
      part: 'sign-up check',
      real: stack.humanCheck,
      what: stack.humanCheck ? 'Cloudflare Turnstile' : 'off: anybody may sign up (no TURNSTILE_SITE_KEY)',
    },
    { part: 'payments', real: stack.payments === 'live', what: describePayments(stack.payments) },
  ];
}

function describeIsolation(isolation: Isolation): string {
  switch (isolation) {
    case 'docker':
      return 'real image, run by Docker';
    case 'ns':
      return 'stand-in: local engine, each tenant confined by Linux namespaces';
    case 'plain':
      return 'stand-in: local engine, plain processes WITHOUT confinement: run only agents you trust';
    default:
      return unreachable(isolation);
  }
}
