/**
 * What an organisation may do: one pure, total function of plan, service state, use, balance and flags. The API refuses
 * by it, the specs that go to the cells are limited by it, and the dashboard shows it; nobody else decides.
 */
import { unreachable } from '../../contract/result.ts';
import { awakeMinuteNanoUsd } from './plans.ts';
import type { Plan } from './plans.ts';
import { nextStage } from './service.ts';
import type { ServiceState } from './service.ts';

export interface EntitlementFacts {
  readonly plan: Plan;
  /** Null without billing: the operator's plan holds. */
  readonly service: ServiceState | null;
  /** Of the present month; for a trial since it began. */
  readonly used: { readonly aiNanoUsd: number; readonly awakeMs: number };
  /** Prepaid and not spent by other months; may be below zero after a refund. */
  readonly balanceNanoUsd: number;
  /** What may be run up on the invoice; null = the plan's default. */
  readonly overageNanoUsd: number | null;
  readonly assistants: number;
}

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** What a person should do next. */
export type NextStep = 'none' | 'choose_plan' | 'fix_payment' | 'contact_us';

export interface Entitlement {
  readonly mayCreate: Verdict;
  readonly mayWake: Verdict;
  /** What assistants are told to be; data is kept and can be taken out in each but `deleted`. */
  readonly desired: 'active' | 'suspended' | 'deleted';
  /** The organisation's AI spending of the month (a trial's: in all) ends here, across its assistants. */
  readonly aiLimitNanoUsd: number;
  /** And its awake time; null = no end, above the plan it is billed. */
  readonly awakeLimitMs: number | null;
  readonly keepAwake: boolean;
  readonly assistantsMax: number;
  /** What comes next by itself. */
  readonly next: { readonly kind: 'restricted' | 'suspended' | 'deleted'; readonly atMs: number } | null;
  readonly step: NextStep;
}

const allowed: Verdict = { allowed: true };
const refused = (reason: string): Verdict => ({ allowed: false, reason });

export function entitlementOf(facts: EntitlementFacts): Entitlement {
  const { service } = facts;
  // Nothing is charged, so nothing runs out but the number of assistants.
  if (service === null) return running(facts, { overage: 0, step: 'none', keepAwake: true, awakeEnds: false });
  switch (service.kind) {
    case 'trial':
      return running(facts, { overage: 0, step: 'choose_plan', keepAwake: facts.plan.keepAwake });
    case 'active': {
      const overage = facts.plan.payAsYouGo ? (facts.overageNanoUsd ?? facts.plan.defaultOverageNanoUsd) : 0;
      return running(facts, { overage, step: 'none', keepAwake: facts.plan.keepAwake });
    }
    case 'grace':
      return running(facts, { overage: 0, step: 'fix_payment', keepAwake: facts.plan.keepAwake, awakeEnds: false });
    case 'restricted': {
      const some = running(facts, { overage: 0, step: 'fix_payment', keepAwake: false, awakeEnds: false });
      return { ...some, mayCreate: refused('A payment is overdue. Pay it, then create another assistant.') };
    }
    case 'suspended': {
      const step = service.why === 'unpaid' ? 'fix_payment' : 'choose_plan';
      return stopped(facts, { desired: 'suspended', step, reason: suspendedReason[service.why] });
    }
    case 'frozen':
      return stopped(facts, {
        desired: 'suspended',
        step: 'contact_us',
        reason: 'A payment is disputed. Nothing is deleted meanwhile; write to us.',
      });
    case 'deleted':
      return stopped(facts, { desired: 'deleted', step: 'choose_plan', reason: 'The data was deleted after notice.' });
    default:
      return unreachable(service);
  }
}

const suspendedReason = {
  trial_ended: 'The trial is over. Choose a plan and everything goes on where it stopped.',
  unpaid: 'A payment is long overdue. Pay it and everything goes on where it stopped.',
  cancelled: 'The plan was cancelled. Choose one again and everything goes on where it stopped.',
} as const;

interface Terms {
  readonly overage: number;
  readonly step: NextStep;
  readonly keepAwake: boolean;
  /** While a payment is late, hours that are run up already stop nobody: the stages do, each with its notice. */
  readonly awakeEnds?: false;
}

function running(facts: EntitlementFacts, terms: Terms): Entitlement {
  const { plan, used, assistants } = facts;
  const balance = Math.max(0, facts.balanceNanoUsd);
  const room = balance + terms.overage;
  // Minutes above the plan draw on the same room as AI; each limit is what the other has left of it.
  const minutesAbove = Math.ceil(Math.max(0, used.awakeMs - plan.includedAwakeMs) / 60_000);
  const awakeCost = minutesAbove * awakeMinuteNanoUsd;
  const aiAbove = Math.max(0, used.aiNanoUsd - plan.includedAiNanoUsd);
  const aiLimitNanoUsd = plan.includedAiNanoUsd + Math.max(0, room - awakeCost);
  const ends = terms.awakeEnds !== false && (plan.payAsYouGo || plan.id === 'trial');
  const awakeLimitMs = ends ? plan.includedAwakeMs + wholeMinutes(room - aiAbove) : null;
  const exhausted = awakeLimitMs !== null && used.awakeMs >= awakeLimitMs;
  const full = assistants >= plan.assistantsMax;
  return {
    mayCreate: exhausted
      ? refused(awakeUsedUp(plan))
      : full
        ? refused(`${plan.name} has room for ${plan.assistantsMax} ${assistantWord(plan.assistantsMax)}.`)
        : allowed,
    mayWake: exhausted ? refused(awakeUsedUp(plan)) : allowed,
    desired: exhausted ? 'suspended' : 'active',
    aiLimitNanoUsd,
    awakeLimitMs,
    keepAwake: terms.keepAwake,
    assistantsMax: plan.assistantsMax,
    next: facts.service === null ? null : nextStage(facts.service),
    step: exhausted && terms.step === 'none' ? 'choose_plan' : terms.step,
  };
}

const wholeMinutes = (nanoUsd: number): number => Math.max(0, Math.floor(nanoUsd / awakeMinuteNanoUsd)) * 60_000;
const assistantWord = (n: number): string => (n === 1 ? 'assistant' : 'assistants');
const awakeUsedUp = ({ id, name }: Plan): string =>
  id === 'trial'
    ? "The trial's awake hours are used up. Choose a plan to go on."
    : `The awake hours of ${name} and what may be spent above it are used up. Top up or choose a larger plan.`;

function stopped(
  facts: EntitlementFacts,
  terms: { readonly desired: 'suspended' | 'deleted'; readonly step: NextStep; readonly reason: string },
): Entitlement {
  return {
    mayCreate: refused(terms.reason),
    mayWake: refused(terms.reason),
    desired: terms.desired,
    aiLimitNanoUsd: 0,
    awakeLimitMs: 0,
    keepAwake: false,
    assistantsMax: facts.plan.assistantsMax,
    next: facts.service === null ? null : nextStage(facts.service),
    step: terms.step,
  };
}
