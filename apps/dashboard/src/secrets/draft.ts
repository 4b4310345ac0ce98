/** What a person fills in for a new secret, and the secret that it makes. Pure. */
import type { EgressMethod } from '../../../control-plane/src/contract/egress.ts';
import type { ModelProvider, SecretChannel, SecretUse } from '../../../control-plane/src/contract/secrets.ts';
import { SecretName } from '../../../control-plane/src/contract/secrets.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';

export interface SecretDraft {
  readonly kind: SecretUse['kind'];
  readonly name: string;
  readonly provider: ModelProvider;
  readonly channel: SecretChannel;
  readonly host: string;
  readonly methods: readonly EgressMethod[];
  readonly pathPrefix: string;
  readonly header: string;
  readonly template: string;
}

export const emptyDraft: SecretDraft = {
  kind: 'model_key',
  name: '',
  provider: 'anthropic',
  channel: 'telegram',
  host: '',
  methods: ['GET', 'POST'],
  pathPrefix: '',
  header: 'Authorization',
  template: 'Bearer {secret}',
};

/** Where nobody chose a name, it is what the secret is for. */
export function nameOf({ kind, name, provider, channel }: SecretDraft): string {
  const chosen = name.trim();
  if (chosen !== '') return chosen;
  return kind === 'model_key' ? provider : kind === 'channel_token' ? channel : '';
}

export function purposeOf(draft: SecretDraft): SecretUse {
  switch (draft.kind) {
    case 'model_key':
      return { kind: 'model_key', provider: draft.provider };
    case 'channel_token':
      return { kind: 'channel_token', channel: draft.channel };
    case 'egress': {
      const { host, methods, pathPrefix, header, template } = draft;
      const path = pathPrefix.trim() || '/';
      const binding = { host: host.trim(), methods: [...methods], pathPrefix: path, header: header.trim(), template };
      return { kind: 'egress', binding };
    }
    default:
      return unreachable(draft.kind);
  }
}

/** The first thing that is missing, as the reason of the disabled button. */
export function missingOf(draft: SecretDraft, value: string): string | undefined {
  const name = nameOf(draft);
  if (draft.kind === 'egress') {
    if (draft.host.trim() === '') return 'Write the host first.';
    if (draft.methods.length === 0) return 'Choose a method first.';
    if (draft.pathPrefix.trim() !== '' && !draft.pathPrefix.trim().startsWith('/'))
      return 'A path begins with a slash.';
    if (draft.template.split('{secret}').length !== 2) return 'The header’s value has {secret} in it, once.';
    if (name === '') return 'Give it a name first.';
  }
  if (!SecretName.safeParse(name).success)
    return 'A name has small letters, digits and dashes, at most 40, and begins with a letter.';
  return value.trim() === '' ? 'Paste the secret first.' : undefined;
}
