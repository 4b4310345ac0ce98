/**
 * The models of an assistant as one form: what it uses, what takes over, what it may use, rules. Saved as a whole, on top
 * of the version that was read; somebody else's change meanwhile is said, and nothing of theirs is overwritten.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import type { endpoints } from '../../../control-plane/src/contract/api.ts';
import { modelProblems, modelsVersion, type ModelRouting } from '../../../control-plane/src/contract/models.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { keys } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { showToast } from '../ui/toast.tsx';
import { AllowedModels } from './allowed-models.tsx';
import { FallbackList } from './fallback-list.tsx';
import { ModelRules } from './model-rules.tsx';
import { ModelSelect } from './model-select.tsx';

type Models = z.output<(typeof endpoints)['modelsRead']['response']>;

interface Draft {
  readonly primary: string;
  readonly utility: string;
  readonly routing: ModelRouting;
}

function isUsed({ primary, utility, routing }: Draft, ref: string): boolean {
  const listed = [primary, utility, routing.economy?.model, ...(routing.allowed ?? [])];
  return listed.includes(ref) || routing.fallbacks.some(({ model, then }) => model === ref || then.includes(ref));
}

const draftOf = ({ primary, utility, routing }: Models): Draft => ({ primary, utility, routing });

export function ModelForm({
  tenantId,
  models,
  reason,
}: {
  tenantId: string;
  models: Models;
  reason: string | undefined;
}) {
  const [base, setBase] = useState(models);
  const [draft, setDraft] = useState(() => draftOf(models));
  const same = modelsVersion(draft) === base.version;
  const isOvertaken = base.version !== models.version;
  const startFrom = (next: Models): void => {
    setBase(next);
    setDraft(draftOf(next));
  };
  // Nothing of this page's own is lost: what others saved is shown at once.
  if (isOvertaken && same) startFrom(models);
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: () => call('modelsReplace', { params: { tenantId }, body: { version: base.version, ...draft } }),
    onSuccess: (saved) => {
      queryClient.setQueryData(keys.models(tenantId), saved);
      startFrom(saved);
      showToast({ tone: 'done', text: 'The models are saved.' });
    },
    // Also after a refusal: somebody else may have changed them.
    onError: () => queryClient.invalidateQueries({ queryKey: keys.models(tenantId) }),
  });
  // What nobody here has access to is shown only where it was chosen already.
  const choices = models.choices.filter(({ ref, paidBy }) => paidBy !== 'none' || isUsed(draft, ref));
  const chats = choices.filter(({ kind }) => kind === 'chat');
  const { routing } = draft;
  const route = (change: Partial<ModelRouting>): void => setDraft({ ...draft, routing: { ...routing, ...change } });
  const problems = modelProblems(draft, models.choices);
  // The two that are used, and whatever else has a list already.
  const sources = [...new Set([draft.primary, draft.utility, ...routing.fallbacks.map(({ model }) => model)])];
  const needed = [
    draft.primary,
    draft.utility,
    ...routing.fallbacks.flatMap(({ then }) => then),
    ...(routing.economy === null ? [] : [routing.economy.model]),
  ];
  const blocked =
    reason ??
    (same ? 'Nothing is changed yet.' : problems.length > 0 ? 'Correct what is named above first.' : undefined);
  return (
    <form
      className="flex flex-col gap-10"
      onSubmit={(event) => {
        event.preventDefault();
        if (blocked === undefined && !save.isPending) save.mutate();
      }}
    >
      <section aria-labelledby="used-title" className="flex flex-col gap-5">
        <div>
          <h2 id="used-title" className="text-xl font-semibold tracking-tight">
            What it uses
          </h2>
          <p className="text-sm text-soft">
            Prices are for a million tokens. A new choice counts from the assistant’s next start, unless it was told
            another model in its own settings.
          </p>
        </div>
        <div className="grid gap-6 md:grid-cols-2">
          <ModelSelect
            label="Default model"
            choices={chats}
            value={draft.primary}
            disabled={reason !== undefined}
            onChange={(primary) => setDraft({ ...draft, primary })}
          />
          <ModelSelect
            label="Utility model"
            hint="For titles and other small tasks."
            choices={chats}
            value={draft.utility}
            disabled={reason !== undefined}
            onChange={(utility) => setDraft({ ...draft, utility })}
          />
        </div>
      </section>
      <section aria-labelledby="fallbacks-title" className="flex flex-col gap-5">
        <div>
          <h2 id="fallbacks-title" className="text-xl font-semibold tracking-tight">
            When a model fails
          </h2>
          <p className="text-sm text-soft">
            When a provider refuses, is overloaded or says nothing, the next model answers. Never after an answer has
            begun. What failed costs nothing, and is listed on the usage page.
          </p>
        </div>
        <div className="grid gap-8 md:grid-cols-2">
          {sources.map((model) => (
            <FallbackList
              key={model}
              model={model}
              isDefault={model === draft.primary}
              then={routing.fallbacks.find((one) => one.model === model)?.then ?? []}
              choices={choices}
              reason={reason}
              onChange={(then) =>
                route({
                  fallbacks: [
                    ...routing.fallbacks.filter((one) => one.model !== model),
                    ...(then.length === 0 ? [] : [{ model, then: [...then] }]),
                  ],
                })
              }
            />
          ))}
        </div>
      </section>
      <AllowedModels
        choices={choices}
        allowed={routing.allowed}
        needed={needed}
        reason={reason}
        onChange={(allowed) => route({ allowed: allowed === null ? null : [...allowed] })}
      />
      <section aria-labelledby="rules-title" className="flex flex-col gap-5">
        <h2 id="rules-title" className="text-xl font-semibold tracking-tight">
          Rules
        </h2>
        <ModelRules routing={routing} choices={choices} reason={reason} onChange={route} />
      </section>
      <div className="flex flex-col gap-3">
        {problems.length === 0 || same ? null : (
          <ul className="text-sm font-medium text-coral" aria-live="polite">
            {problems.slice(0, 5).map(({ pointer, detail }) => (
              <li key={pointer + detail}>{detail}</li>
            ))}
          </ul>
        )}
        {isOvertaken && !same ? (
          <p className="text-sm font-medium text-sand" aria-live="polite">
            Somebody else changed the models meanwhile. Discard your changes to see theirs, and make yours again.
          </p>
        ) : null}
        {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
        <div className="flex flex-wrap gap-3">
          <Button type="submit" kind="primary" busy={save.isPending} disabledReason={blocked}>
            Save the models
          </Button>
          {same ? null : <Button onClick={() => startFrom(models)}>Discard the changes</Button>}
        </div>
      </div>
    </form>
  );
}
