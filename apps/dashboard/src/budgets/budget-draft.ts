/** The budgets as they stand in their form: what the texts mean, what is wrong with each, which models may be added. Pure. */
import type { WantedBudgets } from '../../../control-plane/src/contract/budgets.ts';
import type { ModelsView } from '../../../control-plane/src/contract/model-api.ts';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { providerName } from '../models/model-words.ts';
import { parseUsd, parseUsdOrNone, usdFieldText } from '../ui/usd-text.ts';

export interface BudgetLine {
  readonly model: string;
  readonly amount: string;
}

export interface BudgetDraft {
  readonly day: string;
  readonly lines: readonly BudgetLine[];
  readonly fuse: boolean;
}

export function draftOf({ dayNanoUsd, models, fuse }: WantedBudgets): BudgetDraft {
  const lines = models.map(({ model, monthNanoUsd }) => ({ model, amount: usdFieldText(monthNanoUsd) }));
  return { day: usdFieldText(dayNanoUsd), lines, fuse };
}

interface ReadDraft {
  /** Null while something cannot be read. */
  readonly wanted: WantedBudgets | null;
  readonly dayError: string | null;
  /** One for each line, in their order. */
  readonly lineErrors: readonly (string | null)[];
}

export function readDraft({ day, lines, fuse }: BudgetDraft): ReadDraft {
  const dayAmount = parseUsdOrNone(day);
  const models: WantedBudgets['models'] = [];
  const lineErrors = lines.map(({ model, amount }) => {
    const parsed = parseUsd(amount);
    if (!parsed.ok) return parsed.reason;
    models.push({ model, monthNanoUsd: parsed.nanoUsd });
    return null;
  });
  if (!dayAmount.ok) return { wanted: null, dayError: dayAmount.reason, lineErrors };
  const isWhole = models.length === lines.length;
  return { wanted: isWhole ? { dayNanoUsd: dayAmount.nanoUsd, models, fuse } : null, dayError: null, lineErrors };
}

/** Whether both say the same; false while one cannot be read. */
export function sameBudgets(one: WantedBudgets | null, other: WantedBudgets): boolean {
  return one !== null && JSON.stringify(one) === JSON.stringify(other);
}

type Models = Pick<ModelsView, 'choices' | 'routing'>;

const mayUse = ({ routing: { allowed } }: Models, { ref, paidBy }: ModelChoice): boolean =>
  paidBy !== 'none' && (allowed === null || allowed.includes(ref));

/** The models that the assistant may use and that have no budget yet. */
export function modelsToAdd(models: Models, lines: readonly BudgetLine[]): readonly ModelChoice[] {
  return models.choices.filter((choice) => mayUse(models, choice) && lines.every(({ model }) => model !== choice.ref));
}

/** What somebody should know of a budget that may never count; null for an ordinary one. */
export function modelNote(model: string, models: Models): string | null {
  const choice = models.choices.find(({ ref }) => ref === model);
  if (choice === undefined) return 'Not in the list of models. It counts for the one that this name is priced as.';
  if (!mayUse(models, choice)) return 'The assistant may not use it as the models are set.';
  return choice.paidBy === 'own_key'
    ? `Your own ${providerName(choice.provider)} key pays for it, and that counts against no budget.`
    : null;
}
