/**
 * What a person reads in the chat when a budget refuses a request or the fuse has paused them: which limit, how much of
 * it is used, when it begins anew, and what to do.
 */
import type { BudgetUse, SpendPause } from '../../../../control-plane/src/contract/budgets.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import type { AiRefusal } from './ai-error.ts';
import { formatUsd } from './money.ts';

export function budgetReached(use: BudgetUse): AiRefusal {
  const { name } = use;
  const opens = `It begins anew at ${utcMinute(use.opensAtMs)}.`;
  switch (name.kind) {
    case 'month':
      return {
        code: 'ai_cap_reached',
        detail: `This assistant has reached its monthly AI spending cap: ${usedOf(use)}. ${opens}`,
        next: 'Raise the cap in the Tidepool dashboard under Usage; it takes effect at once.',
      };
    case 'day':
      return {
        code: 'ai_day_budget_reached',
        detail: `This assistant has reached its AI budget of the day: ${usedOf(use)}. ${opens}`,
        next: 'Raise the daily budget in the Tidepool dashboard under Usage, which takes effect at once, or go on tomorrow.',
      };
    case 'model':
      return {
        code: 'ai_model_budget_reached',
        detail: `The monthly budget of this assistant for the model ${name.model} is reached: ${usedOf(use)}. ${opens}`,
        next: 'Choose another model, or raise this budget in the Tidepool dashboard under Usage; it takes effect at once.',
      };
    case 'shared':
      return {
        code: 'ai_organisation_limit_reached',
        detail: `The AI limit that all assistants of this organisation share is reached: ${formatUsd(name.organisationNanoUsd)} a month${
          name.by === 'plan' ? ', by its plan and balance' : ', as the organisation has set it'
        }. ${opens}`,
        next:
          name.by === 'plan'
            ? 'Top up or choose a larger plan in the Tidepool dashboard under Billing; it takes effect at once.'
            : "An owner can raise the organisation's budget in the Tidepool dashboard under Billing; it takes effect at once.",
      };
    default:
      return unreachable(name);
  }
}

export function spendPaused(pause: SpendPause): AiRefusal {
  return {
    code: 'ai_spend_paused',
    detail: `Model requests of this assistant are paused since ${utcMinute(pause.atMs)}: ${pauseReason(pause)}.`,
    next: 'An owner can look at it and let them go on in the Tidepool dashboard under Usage; that takes effect at once.',
  };
}

function pauseReason(pause: SpendPause): string {
  switch (pause.why) {
    case 'repeated':
      return `the same request was answered and charged ${pause.times} times within ${Math.round(pause.withinMs / 60_000)} minutes, which looks like a loop`;
    case 'rate':
      return `${formatUsd(pause.hourNanoUsd)} was spent within this hour, when a busy hour of the last week cost ${formatUsd(pause.usualNanoUsd)}`;
    default:
      return unreachable(pause);
  }
}

function usedOf({ spentNanoUsd, heldNanoUsd, capNanoUsd }: BudgetUse): string {
  const held = heldNanoUsd > 0 ? ` (and ${formatUsd(heldNanoUsd)} is reserved for requests under way)` : '';
  return `${formatUsd(spentNanoUsd)} of ${formatUsd(capNanoUsd)} is spent${held}, and this request could cost more than what is left`;
}

/** `2026-12-01 00:00 UTC` */
function utcMinute(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
