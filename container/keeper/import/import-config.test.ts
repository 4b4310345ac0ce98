import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import type { JsonObject } from '../../openclaw/render-config.ts';
import { compareVersions, importConfig } from './import-config.ts';

test('keys and logins go, wherever they stand, and are named; settings stay', () => {
  const { config, left, channelsOff, openclawVersion } = importConfig({
    meta: { lastTouchedVersion: '2026.8.2' },
    gateway: { auth: { token: 'hunter2' }, remote: { token: 'x' } },
    env: { vars: { ANTHROPIC_API_KEY: 'hunter2' } },
    agents: {
      defaults: {
        model: { primary: 'anthropic/claude-opus-4-6' },
        workspace: '/root/clawd',
        maxTokens: 900,
        sandbox: { mode: 'all' },
      },
    },
    models: {
      providers: { mine: { baseUrl: 'https://m.example', apiKey: 'hunter2', headers: { x: 'hunter2' }, models: [] } },
    },
    channels: {
      telegram: { enabled: true, botToken: 'hunter2', allowFrom: ['1'] },
      slack: { appToken: { source: 'env', id: 'X' } },
      discord: { enabled: false },
      defaults: { groupPolicy: 'open' },
    },
    mcp: { servers: { git: { command: 'git-mcp', env: { TOKEN: 'hunter2' } } } },
    plugins: { entries: { slack: { enabled: true } }, load: { paths: ['/opt/x'] } },
    skills: { entries: { tide: { apiKey: 'hunter2', enabled: true } }, $include: './keys.json' },
  });
  expect(JSON.stringify(config)).not.toContain('hunter2');
  expect(config).toEqual({
    meta: { lastTouchedVersion: '2026.8.2' },
    agents: { defaults: { model: { primary: 'anthropic/claude-opus-4-6' }, maxTokens: 900 } },
    models: { providers: { mine: { baseUrl: 'https://m.example', models: [] } } },
    channels: {
      telegram: { enabled: false, allowFrom: ['1'] },
      slack: { enabled: false },
      discord: { enabled: false },
      defaults: { groupPolicy: 'open' },
    },
    mcp: { servers: { git: { command: 'git-mcp' } } },
    plugins: { entries: { slack: { enabled: true } } },
    skills: { entries: { tide: { enabled: true } } },
  });
  expect(left).toEqual([
    'gateway',
    'env',
    'agents.defaults.workspace',
    'models.providers.mine.apiKey',
    'models.providers.mine.headers',
    'channels.telegram.botToken',
    'channels.slack.appToken',
    'mcp.servers.git.env',
    'skills.entries.tide.apiKey',
    'skills.$include',
    'plugins.load',
    'agents.defaults.sandbox',
  ]);
  expect(channelsOff).toEqual(['telegram', 'slack']);
  expect(openclawVersion).toBe('2026.8.2');
});

test('no value under a secret name comes through, however deep', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean());
  const key = fc.oneof(
    fc.constantFrom('token', 'apiKey', 'clientSecret', 'password', 'env', 'headers', 'a', 'b'),
    fc.string(),
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(key, tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 4 }), (source) => {
      const text = JSON.stringify(importConfig({ x: source as JsonObject }).config);
      expect(text).not.toMatch(/"(?:token|apiKey|clientSecret|password)":["{]/);
      expect(text).not.toMatch(/"(?:env|headers)":\{/);
    }),
  );
});

test.each([
  ['2026.9.6', '2026.9.6', 0],
  ['2026.9.10', '2026.9.6', 4],
  ['2025.12.1', '2026.1.1', -1],
  ['2026.2.26-1', '2026.2.26', 0],
  ['beta', '2026.9.6', null],
])('%s against %s', (a, b, expected) => {
  expect(compareVersions(a, b)).toBe(expected);
});
