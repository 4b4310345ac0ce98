/** The owner's rules in the order in which they are asked, and a form for one more. */
import { useState } from 'react';
import type { EgressPolicy, EgressRule } from '../../../control-plane/src/contract/egress.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { useNetworkChange } from './use-network-change.ts';

const effects: Record<EgressRule['effect'], string> = { allow: 'Allow', deny: 'Deny', ask: 'Ask me' };

export function RuleList({
  tenantId,
  policy,
  reason,
}: {
  tenantId: string;
  policy: EgressPolicy;
  reason: string | undefined;
}) {
  const remove = useNetworkChange(
    tenantId,
    (ruleId: string) => call('networkRuleRemove', { params: { tenantId, ruleId } }),
    () => 'The rule is gone.',
  );
  return (
    <section aria-labelledby="rules-title" className="flex flex-col gap-3">
      <div>
        <h2 id="rules-title" className="text-xl font-semibold tracking-tight">
          Your rules
        </h2>
        <p className="text-sm text-soft">The first that fits decides. A new one comes first.</p>
      </div>
      {policy.rules.length === 0 ? (
        <p className="border-y border-line py-6 text-soft">No rules: the preset decides.</p>
      ) : null}
      {remove.isError ? <FailureNotice failure={toFailure(remove.error)} /> : null}
      <ol>
        {policy.rules.map((rule) => (
          <li
            key={rule.id}
            className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-3 text-sm"
          >
            <p className="min-w-0 font-medium break-all">
              {effects[rule.effect]} {rule.methods.length === 0 ? 'everything' : rule.methods.join(', ')} on {rule.host}
              {rule.pathPrefix === '/' ? '' : rule.pathPrefix}
            </p>
            <Button
              busy={remove.isPending && remove.variables === rule.id}
              disabledReason={reason}
              aria-label={`Remove the rule for ${rule.host}`}
              onClick={() => remove.mutate(rule.id)}
            >
              Remove
            </Button>
          </li>
        ))}
      </ol>
      <RuleForm tenantId={tenantId} version={policy.version} reason={reason} />
    </section>
  );
}

function RuleForm({ tenantId, version, reason }: { tenantId: string; version: number; reason: string | undefined }) {
  const [host, setHost] = useState('');
  const [pathPrefix, setPathPrefix] = useState('');
  const [effect, setEffect] = useState<EgressRule['effect']>('allow');
  const add = useNetworkChange(
    tenantId,
    (rule: { host: string; pathPrefix: string; effect: EgressRule['effect'] }) =>
      call('networkRuleAdd', { params: { tenantId }, body: { version, rule } }),
    ({ host: named }) => `There is a rule for ${named} now.`,
  );
  const trimmed = host.trim();
  return (
    <form
      className="flex max-w-3xl flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (trimmed === '' || add.isPending || reason !== undefined) return;
        add.mutate({ host: trimmed, pathPrefix: pathPrefix.trim() || '/', effect }, { onSuccess: () => setHost('') });
      }}
    >
      <div className="grid gap-4 sm:grid-cols-[auto_1fr_1fr] sm:items-start">
        <SelectField
          label="Effect"
          value={effect}
          options={[
            ['allow', effects.allow],
            ['deny', effects.deny],
            ['ask', effects.ask],
          ]}
          onChoose={setEffect}
        />
        <Field
          label="Host"
          value={host}
          onChange={({ target }) => setHost(target.value)}
          placeholder="api.example.com"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={255}
          hint="Or *.example.com for its subdomains."
        />
        <Field
          label="Path, optional"
          value={pathPrefix}
          onChange={({ target }) => setPathPrefix(target.value)}
          placeholder="/repos"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={500}
        />
      </div>
      {add.isError ? <FailureNotice failure={toFailure(add.error)} /> : null}
      <div>
        <Button
          type="submit"
          busy={add.isPending}
          disabledReason={reason ?? (trimmed === '' ? 'Write a host first.' : undefined)}
        >
          Add the rule
        </Button>
      </div>
    </form>
  );
}
