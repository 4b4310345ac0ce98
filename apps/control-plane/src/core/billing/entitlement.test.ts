// What an organisation may do, as one table: plan and state by what was used. Change it only on purpose.

import { expect, test } from 'vitest';
import { entitlementOf } from './entitlement.ts';
import type { EntitlementFacts } from './entitlement.ts';
import { planAt } from './plans.ts';
import type { ServiceState } from './service.ts';

const t0 = Date.UTC(2026, 10, 21);
const usd = 1_000_000_000;
const hourMs = 3_600_000;
const states: Record<string, ServiceState | null> = {
  operator: null,
  trial: { kind: 'trial', sinceMs: t0, endsAtMs: t0 + 14 * 24 * hourMs },
  active: { kind: 'active', sinceMs: t0, again: false },
  grace: { kind: 'grace', sinceMs: t0 },
  restricted: { kind: 'restricted', sinceMs: t0 },
  suspended: { kind: 'suspended', sinceMs: t0, why: 'unpaid', warnedAtMs: null },
  frozen: { kind: 'frozen', sinceMs: t0 },
  deleted: { kind: 'deleted', sinceMs: t0 },
};

function facts(name: string, over: Partial<EntitlementFacts> = {}): EntitlementFacts {
  const plan = planAt(name === 'operator' ? 'operator' : name === 'trial' ? 'trial' : 'pool', t0);
  return {
    plan,
    service: states[name] ?? null,
    used: { aiNanoUsd: 0, awakeMs: 0 },
    balanceNanoUsd: 0,
    overageNanoUsd: null,
    assistants: 0,
    ...over,
  };
}

const line = (name: string, over: Partial<EntitlementFacts> = {}): string => {
  const e = entitlementOf(facts(name, over));
  const hours = e.awakeLimitMs === null ? 'no end' : `${(e.awakeLimitMs / hourMs).toFixed(2)} h`;
  return [
    name,
    e.desired,
    e.mayCreate.allowed ? 'creates' : '-',
    e.mayWake.allowed ? 'wakes' : '-',
    `$${(e.aiLimitNanoUsd / usd).toFixed(2)}`,
    hours,
    e.keepAwake ? 'keeps awake' : '-',
    String(e.assistantsMax),
    e.next?.kind ?? '-',
    e.step,
  ].join(' | ');
};

test('nothing used', () => {
  expect(Object.keys(states).map((name) => line(name))).toMatchInlineSnapshot(`
    [
      "operator | active | creates | wakes | $1000000.00 | no end | keeps awake | 5 | - | none",
      "trial | active | creates | wakes | $1.00 | 40.00 h | - | 1 | suspended | choose_plan",
      "active | active | creates | wakes | $25.00 | 413.33 h | keeps awake | 3 | - | none",
      "grace | active | creates | wakes | $5.00 | no end | keeps awake | 3 | restricted | fix_payment",
      "restricted | active | - | wakes | $5.00 | no end | - | 3 | suspended | fix_payment",
      "suspended | suspended | - | - | $0.00 | 0.00 h | - | 3 | deleted | fix_payment",
      "frozen | suspended | - | - | $0.00 | 0.00 h | - | 3 | - | contact_us",
      "deleted | deleted | - | - | $0.00 | 0.00 h | - | 3 | - | choose_plan",
    ]
  `);
});

test('used, prepaid, limited', () => {
  expect([
    line('trial', { used: { aiNanoUsd: usd, awakeMs: 40 * hourMs } }),
    line('trial', { used: { aiNanoUsd: usd, awakeMs: 40 * hourMs }, balanceNanoUsd: 6 * usd }),
    line('trial', { assistants: 1 }),
    line('active', { assistants: 3, balanceNanoUsd: 10 * usd }),
    line('active', { overageNanoUsd: 0, used: { aiNanoUsd: 0, awakeMs: 80 * hourMs } }),
    line('active', { used: { aiNanoUsd: 25 * usd, awakeMs: 0 } }),
    line('active', { used: { aiNanoUsd: 0, awakeMs: 180 * hourMs } }),
    line('grace', { used: { aiNanoUsd: 7 * usd, awakeMs: 0 }, balanceNanoUsd: -3 * usd }),
  ]).toMatchInlineSnapshot(`
    [
      "trial | suspended | - | - | $1.00 | 40.00 h | - | 1 | suspended | choose_plan",
      "trial | active | creates | wakes | $7.00 | 140.00 h | - | 1 | suspended | choose_plan",
      "trial | active | - | wakes | $1.00 | 40.00 h | - | 1 | suspended | choose_plan",
      "active | active | - | wakes | $35.00 | 580.00 h | keeps awake | 3 | - | none",
      "active | suspended | - | - | $5.00 | 80.00 h | keeps awake | 3 | - | choose_plan",
      "active | active | creates | wakes | $25.00 | 80.00 h | keeps awake | 3 | - | none",
      "active | active | creates | wakes | $19.00 | 413.33 h | keeps awake | 3 | - | none",
      "grace | active | creates | wakes | $5.00 | no end | keeps awake | 3 | restricted | fix_payment",
    ]
  `);
});
