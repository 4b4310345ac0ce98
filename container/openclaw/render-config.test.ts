import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { gatewayConfigInputSchema, type GatewayConfigInput } from './config-input.ts';
import { driftedPaths, renderConfig, serialiseConfig, type JsonObject, type RunFacts } from './render-config.ts';

const input: GatewayConfigInput = {
  publicOrigin: 'https://acme.example.net',
  users: [
    { id: 'usr_owner', role: 'owner' },
    { id: 'usr_op', role: 'operator' },
  ],
  models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
  ai: { baseUrl: 'http://ai.tidepool.internal' },
  assistantName: 'Coral',
  timezone: 'Europe/Berlin',
};
const facts: RunFacts = { openclawVersion: '2026.9.6', gatewayPort: 18789, peers: ['10.1.0.0'], logFile: '/tmp/o.log' };

function render(existing: JsonObject = {}, changes: Partial<GatewayConfigInput> = {}, followed = {}) {
  return renderConfig({ input: { ...input, ...changes }, facts, existing, followed });
}

function at(config: JsonObject, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);
}

test('identity comes from the Worker alone, and only the owner administers', () => {
  const { config } = render();
  expect(at(config, 'gateway.auth')).toEqual({
    mode: 'trusted-proxy',
    allowTailscale: false,
    identityScopes: {
      usr_owner: ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.questions'],
      usr_op: ['operator.read', 'operator.write', 'operator.approvals', 'operator.questions'],
    },
    rateLimit: { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 },
    trustedProxy: {
      userHeader: 'x-tidepool-user',
      requiredHeaders: ['x-tidepool-proof', 'x-forwarded-proto'],
      allowUsers: ['usr_owner', 'usr_op'],
      allowLoopback: false,
      deviceAutoApprove: {
        enabled: true,
        scopes: ['operator.read', 'operator.write', 'operator.approvals', 'operator.questions'],
      },
    },
  });
  expect(at(config, 'gateway.trustedProxies')).toEqual(['10.1.0.0']);
});

test('a relay on loopback is trusted only when one was seen', () => {
  const { config } = renderConfig({ input, facts: { ...facts, peers: ['127.0.0.1'] }, existing: {}, followed: {} });
  expect(at(config, 'gateway.auth.trustedProxy.allowLoopback')).toBe(true);
});

test('providers go to the meter with a sentinel key', () => {
  const { config } = render({
    models: { providers: { anthropic: { apiKey: 'sk-own', headers: { a: 'b' }, models: [{ id: 'm', name: 'm' }] } } },
  });
  expect(at(config, 'models.providers.anthropic')).toEqual({
    api: 'anthropic-messages',
    baseUrl: 'http://ai.tidepool.internal/anthropic',
    apiKey: 'tidepool-managed',
    request: { allowPrivateNetwork: true },
    models: [{ id: 'm', name: 'm' }],
  });
  expect(at(config, 'models.providers.openai.baseUrl')).toBe('http://ai.tidepool.internal/openai');
});

test('what the tenant set stays, what the platform owns does not', () => {
  const { config, dropped } = render({
    $include: './more.json',
    meta: { lastTouchedVersion: '2026.8.2', note: 1 },
    gateway: {
      bind: 'loopback',
      auth: { mode: 'none' },
      remote: { url: 'ws://x' },
      controlUi: { root: '/etc' },
      nodes: 7,
    },
    tools: { deny: ['browser'], allow: ['exec'] },
    agents: { defaults: { heartbeat: { every: '1h' } } },
    channels: { telegram: { enabled: true } },
  });
  expect(dropped).toEqual(['$include']);
  expect(at(config, '$include')).toBeUndefined();
  expect(at(config, 'meta')).toEqual({ lastTouchedVersion: '2026.8.2', note: 1 });
  expect(at(config, 'gateway.bind')).toBe('lan');
  expect(at(config, 'gateway.auth.mode')).toBe('trusted-proxy');
  expect(at(config, 'gateway.remote')).toBeUndefined();
  expect(at(config, 'gateway.controlUi.root')).toBeUndefined();
  expect(at(config, 'gateway.nodes')).toBe(7);
  expect(at(config, 'tools')).toEqual({ deny: ['browser', 'portal'], allow: ['exec'], elevated: { enabled: false } });
  expect(at(config, 'agents.defaults.heartbeat.every')).toBe('1h');
  expect(at(config, 'channels.telegram.enabled')).toBe(true);
});

test("the model follows the platform until the tenant chooses, in OpenClaw's short form too", () => {
  const first = render();
  expect(at(first.config, 'agents.defaults.model.primary')).toBe('anthropic/claude-sonnet-4-6');
  const changed = { models: { primary: 'anthropic/claude-opus-4-6', utility: input.models.utility } };
  const second = render(first.config, changed, first.followed);
  expect(at(second.config, 'agents.defaults.model.primary')).toBe('anthropic/claude-opus-4-6');

  const chosen = render({ agents: { defaults: { model: 'openai/gpt-5.5' } } }, changed, first.followed);
  expect(at(chosen.config, 'agents.defaults.model')).toEqual({ primary: 'openai/gpt-5.5' });
  expect(at(render(chosen.config, {}, chosen.followed).config, 'agents.defaults.model.primary')).toBe('openai/gpt-5.5');
});

test('fallbacks follow the platform as the model does, and none are none', () => {
  const models = { ...input.models, fallbacks: ['openai/gpt-5.5', 'openai/gpt-5.4'] };
  expect(at(render().config, 'agents.defaults.model')).toEqual({ primary: 'anthropic/claude-sonnet-4-6' });
  const first = render({}, { models });
  expect(at(first.config, 'agents.defaults.model.fallbacks')).toEqual(['openai/gpt-5.5', 'openai/gpt-5.4']);
  const gone = render(first.config, {}, first.followed);
  expect(at(gone.config, 'agents.defaults.model')).toEqual({ primary: 'anthropic/claude-sonnet-4-6' });

  const own = { agents: { defaults: { model: { fallbacks: ['openai/gpt-4o'] } } } };
  const kept = render(own, { models }, first.followed);
  expect(at(kept.config, 'agents.defaults.model.fallbacks')).toEqual(['openai/gpt-4o']);
});

test('background work is off unless the tenant wants it', () => {
  const { config } = render();
  expect(at(config, 'agents.defaults.heartbeat.every')).toBe('0m');
  expect(at(config, 'skills.workshop.autonomous.mode')).toBe('off');
  expect(at(config, 'plugins.entries.memory-core.config.dreaming.enabled')).toBe(false);
});

test.each([
  ['a terminal with the gateway’s rights', 'gateway.terminal.enabled', false],
  ['commands outside the agent’s own limits', 'tools.elevated', { enabled: false }],
  ['listeners of its own, and plugins installed by the agent', 'tools.deny', ['plugins', 'portal']],
  ['a browser it controls', 'browser', { enabled: false }],
  ['announcing itself in a network', 'discovery', { mdns: { mode: 'off' } }],
  ['updating itself', 'update', { checkOnStart: false, auto: { enabled: false } }],
  ['reporting about its owner', 'telemetry', { enabled: false }],
  ['webhooks', 'hooks', undefined],
  ['tools and models over plain HTTP', 'gateway.http', undefined],
  ['dangerous tools over HTTP', 'gateway.tools', undefined],
  ['devices that run commands for it', 'gateway.nodes', undefined],
  ['another gateway, a tunnel, a listener with keys of its own', 'gateway.remote', undefined],
  ['fetching from private networks', 'tools.web', undefined],
  ['commands without any limit', 'tools.exec', undefined],
  ['channels', 'channels', undefined],
])('a fresh assistant has %s off', (_what, path, value) => {
  expect(at(render().config, path)).toEqual(value);
});

test('what an owner turned on stays on, but for what the platform depends on', () => {
  const chosen = { tools: { deny: [], web: { fetch: { enabled: true } } }, hooks: { enabled: true } };
  const { config } = render({ ...chosen, security: { audit: { suppressions: [{ checkId: 'x' }], other: 1 } } });
  expect(at(config, 'tools')).toEqual({
    deny: ['portal'],
    web: { fetch: { enabled: true } },
    elevated: { enabled: false },
  });
  expect(at(config, 'hooks')).toEqual({ enabled: true });
  // It would hide what the audit finds.
  expect(at(config, 'security')).toEqual({ audit: { other: 1 } });
});

test('a plain http origin is left out where OpenClaw accepts only https, also when an older one was https', () => {
  const { config } = render(render().config, { publicOrigin: 'http://acme.localhost:8787' });
  expect(at(config, 'gateway.publicOrigin')).toBeUndefined();
  expect(at(config, 'gateway.controlUi.allowedOrigins')).toEqual(['http://acme.localhost:8787']);
});

test('rendering again changes nothing, whatever the tenant had', () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.boolean()] }), (existing) => {
      const once = render(existing as JsonObject);
      const twice = render(once.config, {}, once.followed);
      expect(serialiseConfig(twice.config)).toBe(serialiseConfig(once.config));
      expect(driftedPaths(once.config, twice.config)).toEqual([]);
    }),
  );
});

test('drift is seen on the keys that guard the gateway', () => {
  const { config } = render();
  const opened = { ...config, gateway: { ...(config['gateway'] as JsonObject), auth: { mode: 'none' } } };
  expect(driftedPaths(config, opened)).toEqual(['gateway.auth']);
  expect(driftedPaths(config, {})).toContain('models.providers.anthropic.baseUrl');
});

test.each([
  ['an origin with a path', { publicOrigin: 'https://a.example/x' }],
  ['no owner', { users: [{ id: 'u', role: 'operator' }] }],
  [
    'a user twice',
    {
      users: [
        { id: 'u', role: 'owner' },
        { id: 'u', role: 'operator' },
      ],
    },
  ],
  ['a user id that breaks a header', { users: [{ id: 'u\r\nx', role: 'owner' }] }],
  ['a model without provider', { models: { primary: 'gpt', utility: 'a/b' } }],
  ['a base with a trailing slash', { ai: { baseUrl: 'http://ai.tidepool.internal/' } }],
])('the input is refused with %s', (_what, change) => {
  expect(gatewayConfigInputSchema.safeParse(input).success).toBe(true);
  expect(gatewayConfigInputSchema.safeParse({ ...input, ...change }).success).toBe(false);
});

test('a release is not told what it does not know', () => {
  const old = renderConfig({ input, facts: { ...facts, openclawVersion: '2026.8.2' }, existing: {}, followed: {} });
  expect(at(render().config, 'gateway.controlUi.communityInvite')).toBe(false);
  expect(at(old.config, 'gateway.controlUi.communityInvite')).toBeUndefined();
  expect(at(old.config, 'gateway.controlUi.enabled')).toBe(true);
});

describe('a provider that nobody has to choose', () => {
  const of = (primary: string): ReturnType<typeof render> => render({}, { models: { ...input.models, primary } });

  test.each([
    ['google/gemini-3.1-pro-preview', 'google', 'google-generative-ai', '/google/v1beta'],
    ['openrouter/anthropic/claude-sonnet-4.6', 'openrouter', 'openai-completions', '/openrouter/v1'],
    ['workers-ai/@cf/openai/gpt-oss-120b', 'workers-ai', 'openai-completions', '/workers-ai/v1'],
  ])('%s brings %s behind the meter', (primary, name, api, path) => {
    expect(at(render().config, `models.providers.${name}`)).toBeUndefined();
    const { config, followed } = of(primary);
    expect(at(config, `models.providers.${name}`)).toMatchObject({
      api,
      baseUrl: `http://ai.tidepool.internal${path}`,
      apiKey: 'tidepool-managed',
    });
    expect(driftedPaths(config, {})).toContain(`models.providers.${name}.baseUrl`);
    // It stays when another model is chosen: a conversation may still use it.
    expect(at(render(config, {}, followed).config, `models.providers.${name}.baseUrl`)).toContain(path);
  });

  test('is there for a fallback too', () => {
    const models = { ...input.models, fallbacks: ['google/gemini-2.5-pro'] };
    expect(at(render({}, { models }).config, 'models.providers.google.apiKey')).toBe('tidepool-managed');
  });

  test('is told the models that it has no list of', () => {
    const [model] = at(
      of('workers-ai/@cf/openai/gpt-oss-120b').config,
      'models.providers.workers-ai.models',
    ) as unknown[];
    expect(model).toMatchObject({ id: '@cf/openai/gpt-oss-120b', input: ['text'] });
    expect(at(of('google/gemini-3.1-pro-preview').config, 'models.providers.google.models')).toEqual([]);
  });

  test("is the tenant's own until the platform's choice names it", () => {
    const google = { apiKey: 'own', baseUrl: 'https://generativelanguage.googleapis.com/v1beta', models: [] };
    const { config } = render({ models: { providers: { google } } });
    expect(at(config, 'models.providers.google')).toEqual(google);
    expect(driftedPaths(config, {})).not.toContain('models.providers.google.baseUrl');
  });
});
