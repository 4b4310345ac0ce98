/** The three presets, each said as what the assistant can do. */
import type { EgressPolicy, EgressPreset } from '../../../control-plane/src/contract/egress.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { useNetworkChange } from './use-network-change.ts';

const presets: readonly { readonly preset: EgressPreset; readonly name: string; readonly text: string }[] = [
  {
    preset: 'locked',
    name: 'Locked',
    text: 'It reaches nothing on the internet but what you list below. It can still think and talk: models do not depend on this.',
  },
  {
    preset: 'balanced',
    name: 'Balanced',
    text: 'It can read well-known places such as encyclopedias, documentation and package registries. Anything else it asks you for.',
  },
  {
    preset: 'open',
    name: 'Open',
    text: 'It reaches every public site. Somebody who tricks it with a message or a web page could have it send out what it knows.',
  },
];

export function PresetChoice({
  tenantId,
  policy,
  reason,
}: {
  tenantId: string;
  policy: EgressPolicy;
  reason: string | undefined;
}) {
  const change = useNetworkChange(
    tenantId,
    (preset: EgressPreset) =>
      call('networkReplace', {
        params: { tenantId },
        body: {
          version: policy.version,
          preset,
          rules: policy.rules.map(({ id: _id, ...rule }) => rule),
        },
      }),
    (preset) => `The network is ${preset} now.`,
  );
  const shown = change.isPending ? change.variables : policy.preset;
  return (
    <section aria-labelledby="preset-title" className="flex flex-col gap-4">
      <h2 id="preset-title" className="text-xl font-semibold tracking-tight">
        What it may reach
      </h2>
      <fieldset
        className="grid gap-3 md:grid-cols-3"
        aria-describedby={reason === undefined ? undefined : 'preset-reason'}
      >
        <legend className="sr-only">Network preset</legend>
        {presets.map(({ preset, name, text }) => (
          <label
            key={preset}
            className={`flex cursor-pointer flex-col gap-1 rounded-md border bg-foam p-4 text-sm has-focus-visible:outline-2 has-focus-visible:outline-tide ${shown === preset ? 'border-tide' : 'border-edge'}`}
          >
            <span className="flex items-center gap-2 text-base font-semibold">
              <input
                type="radio"
                name="preset"
                value={preset}
                checked={shown === preset}
                disabled={reason !== undefined || change.isPending}
                onChange={() => change.mutate(preset)}
                className="accent-tide"
              />
              {name}
            </span>
            <span className="text-soft">{text}</span>
          </label>
        ))}
      </fieldset>
      {reason === undefined ? null : (
        <p id="preset-reason" className="text-sm text-soft">
          {reason}
        </p>
      )}
      {change.isError ? <FailureNotice failure={toFailure(change.error)} /> : null}
      <p className="text-sm text-soft">
        Private networks, this machine’s neighbours and this platform’s own addresses stay closed whatever you choose. A
        change counts within ten seconds.
      </p>
    </section>
  );
}
