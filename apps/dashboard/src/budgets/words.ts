/** Budgets and the fuse in words. Pure. */
import type { BudgetUse, SpendPause } from '../../../control-plane/src/contract/budgets.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import { capRatio, formatCap, type FormatOptions, formatUsd, formatUtcDay } from '../ui/format.ts';

/** What a budget is called on the page. */
export function budgetName({ name }: BudgetUse): string {
  switch (name.kind) {
    case 'month':
      return 'This assistant, this month';
    case 'day':
      return 'This assistant, today';
    case 'model':
      return `${name.model}, this month`;
    case 'shared':
      return name.by === 'plan'
        ? 'What the plan leaves it of this month'
        : 'What the organisation’s budget leaves it of this month';
    default:
      return unreachable(name);
  }
}

/** How a budget stands; null while there is nothing to say. */
export function budgetStanding(use: BudgetUse): { tone: 'care' | 'stop'; text: string } | null {
  const ratio = capRatio(use.spentNanoUsd, use.capNanoUsd);
  if (ratio >= 1) return { tone: 'stop', text: 'Reached: further requests are refused.' };
  if (ratio >= 0.8) return { tone: 'care', text: `${Math.floor(ratio * 100)} % is used.` };
  return null;
}

/** When a budget begins anew: a day's with the time where the viewer is. */
export function opensText(use: BudgetUse, options: FormatOptions = {}): string {
  if (use.name.kind === 'day') {
    const { locale, ...zone } = options;
    const time = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', ...zone });
    return `Begins anew at midnight UTC, ${time.format(use.opensAtMs)} where you are.`;
  }
  return `Begins anew on ${formatUtcDay(use.opensAtMs, options)} (UTC).`;
}

export function pauseText(pause: SpendPause, options: FormatOptions = {}): string {
  switch (pause.why) {
    case 'repeated':
      return `The same request was answered and charged ${pause.times} times within ${Math.round(pause.withinMs / 60_000)} minutes. That looks like a loop.`;
    case 'rate':
      return `${formatUsd(pause.hourNanoUsd, options)} was spent within an hour, when a busy hour of the last week cost ${formatUsd(pause.usualNanoUsd, options)}.`;
    default:
      return unreachable(pause);
  }
}

/** What the fuse does, said with its numbers where there are any. */
export function fuseText(tripsAboveNanoUsd: number | null): string {
  const rate =
    tripsAboveNanoUsd === null
      ? '. What an hour usually costs it does not know yet.'
      : `, or when an hour costs more than ${formatCap(tripsAboveNanoUsd)}.`;
  return `It pauses model requests and asks you when the same request is charged more than 20 times within 10 minutes${rate}`;
}
