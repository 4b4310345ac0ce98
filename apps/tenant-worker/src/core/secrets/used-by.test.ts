import { describe, expect, it } from 'vitest';
import type { SecretFacts, SecretUse } from '../../../../control-plane/src/contract/secrets.ts';
import type { DecidingPolicy } from '../egress/decide.ts';
import type { StoredModelKey } from '../metering/payer.ts';
import { usedBy } from './used-by.ts';

const binding = {
  host: 'api.example.com',
  methods: ['GET' as const, 'POST' as const],
  pathPrefix: '/repos',
  header: 'authorization',
  template: 'Bearer {secret}',
};
const github = (over: Partial<typeof binding> = {}): SecretUse => ({
  kind: 'egress',
  binding: { ...binding, ...over },
});

function secret(use: SecretUse, name = 'it'): SecretFacts {
  const times = { createdAtMs: 0, changedAtMs: 0, lastUsedAtMs: null };
  return { name, version: 1, use, lastFour: '', changedBy: 'usr1', refused: null, ...times };
}

const rule = (pathPrefix: string, effect: 'allow' | 'deny' = 'allow') => ({
  id: `r${pathPrefix}`,
  host: '*.example.com',
  methods: [],
  pathPrefix,
  effect,
  note: '',
});

/** The policy with the secret in it, as the firewall has it. */
function users(use: SecretUse, over: Partial<DecidingPolicy> = {}, modelKeys: StoredModelKey[] = []) {
  const injections = use.kind === 'egress' ? [{ secretName: 'it', version: 1, ...use.binding }] : [];
  const policy: DecidingPolicy = { preset: 'locked', rules: [], approvals: [], injections, ownZones: [], ...over };
  return usedBy(secret(use), { policy, modelKeys, nowMs: 1 });
}

describe('what uses a secret for requests', () => {
  it('is the rule that lets them out, nothing where none does', () => {
    expect(users(github())).toEqual([]);
    expect(users(github(), { rules: [rule('/')] })).toEqual([
      { kind: 'network', host: 'api.example.com', rule: 'rule:r/' },
    ]);
    expect(users(github(), { rules: [rule('/', 'deny')], preset: 'open' })).toEqual([]);
    expect(users(github(), { preset: 'open' })).toMatchObject([{ rule: 'preset:open' }]);
  });

  it('is also a rule for a part of it, and one of each', () => {
    expect(users(github(), { rules: [rule('/repos/mine'), rule('/elsewhere')] })).toMatchObject([
      { rule: 'rule:r/repos/mine' },
    ]);
  });

  it('is not counted when another secret comes first', () => {
    const first = { secretName: 'first', version: 1, ...binding };
    const injections = [first, { ...first, secretName: 'it' }];
    expect(users(github(), { preset: 'open', injections })).toEqual([]);
  });
});

describe('what uses a model key', () => {
  const key: StoredModelKey = { name: 'it', version: 1, provider: 'openai', changedAtMs: 1, refusedAtMs: null };
  const use: SecretUse = { kind: 'model_key', provider: 'openai' };
  it('is its provider, unless another key pays', () => {
    expect(users(use, {}, [key])).toEqual([{ kind: 'models', provider: 'openai' }]);
    expect(users(use, {}, [key, { ...key, name: 'newer', changedAtMs: 2 }])).toEqual([]);
  });
});

it('a channel token is used by nothing yet', () => {
  expect(users({ kind: 'channel_token', channel: 'telegram' })).toEqual([]);
});
