/**
 * Storing and using a tenant's secrets. A value is opened from its seal here, checked, and sealed again under the
 * tenant's own data key; the only way out is `headerFor`, into a request that the firewall has allowed.
 */
import {
  modelProviderNames,
  SecretName,
  secretUserText,
  SecretUse,
  secretCharsMax,
} from '../../../control-plane/src/contract/secrets.ts';
import type { SealedValue, SecretFacts, SecretView } from '../../../control-plane/src/contract/secrets.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import type { CellKeys } from '../adapters/cell-keys.ts';
import type { Injection } from '../core/egress/decide.ts';
import { readHostPattern } from '../core/egress/pattern.ts';
import { usedBy } from '../core/secrets/used-by.ts';
import type { AddedHeader } from '../egress/headers.ts';
import type { Vault } from '../modules/vault.ts';
import { secretsMax } from '../modules/vault.ts';
import { rulesForEgress } from './tenant-network.ts';
import type { NetworkParts } from './tenant-network.ts';

/** Headers that belong to the connection or say who asks: no secret goes there. */
const reservedHeaders =
  /^(host|connection|content-length|content-type|transfer-encoding|upgrade|te|trailer|expect|proxy-.*|cf-.*|x-forwarded-.*|x-tidepool-.*|sec-.*)$/i;

export interface SecretsDeps {
  readonly vault: Vault;
  readonly keys: CellKeys;
  readonly tenantId: string;
}

/** What is needed to say what uses a secret. */
export interface SecretsWithin {
  readonly vault: Vault;
  readonly network: NetworkParts;
  readonly ownZones: readonly string[];
  readonly nowMs: number;
}

export interface SecretDraft {
  readonly name: string;
  readonly use: SecretUse;
  readonly value: SealedValue;
}

export async function storeSecret(
  { vault, keys, tenantId }: SecretsDeps,
  draft: SecretDraft,
  by: { byUserId: string; nowMs: number },
): Promise<Result<SecretFacts>> {
  const name = SecretName.safeParse(draft.name);
  const parsed = SecretUse.safeParse(draft.use);
  if (!name.success || !parsed.success) return err(invalid('Its name or use is not one.'));
  const use = canonical(parsed.data);
  if (!use.ok) return use;
  let plain: string;
  try {
    plain = await keys.openSealed(draft.value, { tenantId, name: name.data });
  } catch {
    return err(invalid('It was not sealed for this assistant and name.'));
  }
  const why = problemOf(plain, use.value) ?? takenBy(vault, name.data, use.value);
  if (why !== null) return err(invalid(why));
  const stored = await vault.put({ name: name.data, use: use.value, plain }, by);
  if (stored !== null) return ok(stored);
  return err({
    code: 'quota_reached',
    detail: `There are ${secretsMax} secrets already.`,
    next: 'Delete one that is not used any more.',
  });
}

/** With what uses each of them now. */
export function viewSecrets({ vault, network, ownZones, nowMs }: SecretsWithin): SecretView[] {
  const policy = { ...rulesForEgress(network, nowMs), injections: injectionsOf(vault), ownZones };
  const around = { modelKeys: vault.modelKeys(), policy, nowMs };
  return vault.list().map((facts) => ({ ...facts, usedBy: usedBy(facts, around).slice(0, 100) }));
}

/** Deleting what is not there changes nothing; what is in use stays unless that was confirmed. */
export function deleteSecret(
  within: SecretsWithin,
  { name, confirmed }: { name: string; confirmed: boolean },
): Result<{ deleted: boolean }> {
  const users = confirmed ? [] : (viewSecrets(within).find((secret) => secret.name === name)?.usedBy ?? []);
  if (users.length === 0) return ok({ deleted: within.vault.remove(name) });
  return err({
    code: 'secret_in_use',
    detail: `The secret ${name} is used by ${users.slice(0, 5).map(secretUserText).join(', ')}.`,
    next: 'Look at what uses it, then confirm.',
  });
}

/** What the firewall adds where. Values stay here. */
export function injectionsOf(vault: Vault): Injection[] {
  return vault.list().flatMap(({ name, version, use }) =>
    use.kind === 'egress'
      ? [
          {
            secretName: name,
            version,
            host: use.binding.host,
            methods: use.binding.methods,
            pathPrefix: use.binding.pathPrefix,
          },
        ]
      : [],
  );
}

/** The header for one request; null when the secret is not this version any more. */
export async function headerFor(vault: Vault, injection: Injection, nowMs: number): Promise<AddedHeader | null> {
  const view = vault.list().find(({ name, version }) => name === injection.secretName && version === injection.version);
  if (view?.use.kind !== 'egress') return null;
  const plain = await vault.open(view.name, view.version, nowMs);
  if (plain === null) return null;
  // A function, since `$` in a secret means nothing.
  return { name: view.use.binding.header, value: view.use.binding.template.replace('{secret}', () => plain) };
}

function canonical(use: SecretUse): Result<SecretUse> {
  if (use.kind !== 'egress') return ok(use);
  const host = readHostPattern(use.binding.host);
  if (!host.ok) return err(invalid(host.error));
  if (!/[a-z]/.test(host.value) || host.value.startsWith('*.') || host.value.startsWith('['))
    return err(invalid('A secret goes to one host with a name.'));
  const header = use.binding.header.toLowerCase();
  if (reservedHeaders.test(header)) return err(invalid(`The header ${header} cannot carry a secret.`));
  return ok({ ...use, binding: { ...use.binding, host: host.value, header } });
}

function problemOf(plain: string, use: SecretUse): string | null {
  if (plain.length === 0) return 'It is empty.';
  if (plain.length > secretCharsMax) return `It is longer than ${secretCharsMax} characters.`;
  if (use.kind === 'egress' && !/^[\x20-\x7e]+$/.test(plain)) return 'A header takes visible ASCII characters only.';
  if (use.kind !== 'egress' && !/^[\x21-\x7e]+$/.test(plain))
    return 'It has a space, a line break or an accented letter in it.';
  return null;
}

/** Two keys for one provider: nobody could say which one pays. */
function takenBy(vault: Vault, name: string, use: SecretUse): string | null {
  if (use.kind !== 'model_key') return null;
  const other = vault.modelKeys().find((key) => key.provider === use.provider && key.name !== name);
  if (other === undefined) return null;
  return `There is a key for ${modelProviderNames[use.provider]} already, ${other.name}: replace that one.`;
}

function invalid(detail: string): Refusal {
  return {
    code: 'secret_invalid',
    detail: `The secret was not stored. ${detail}`,
    next: 'Correct it and send it again.',
  };
}
