import { expect, test } from 'vitest';
import { parseDevVars, splitDevVars } from './dev-vars.ts';
import { StackError } from './progress.ts';
import { chooseUpstream } from './upstream.ts';

test('reads keys, quotes and comments', () => {
  const text = '# note\nA=1\nexport B="two words"\nC=x # why\nD=\'#kept\'\n\nE=a=b\n';
  expect(parseDevVars(text, '.dev.vars')).toEqual({ A: '1', B: 'two words', C: 'x', D: '#kept', E: 'a=b' });
});

test('a line that is not KEY=value is named', () => {
  expect(() => parseDevVars('A=1\nnonsense here', '.dev.vars')).toThrow(StackError);
  expect(() => parseDevVars('A=1\nnonsense here', '.dev.vars')).toThrow('.dev.vars:2');
});

test("the data plane's credentials never reach the control plane", () => {
  const vars = { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o', AI_GATEWAY_TOKEN: 't', STRIPE_SECRET_KEY: 's' };
  const { controlPlane, tenantWorker } = splitDevVars(vars, {});
  expect(controlPlane).toEqual({ STRIPE_SECRET_KEY: 's' });
  expect(tenantWorker).toEqual({ ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o', AI_GATEWAY_TOKEN: 't' });
});

test("every provider's key is the data plane's, and a sign-in through one of them is not", () => {
  const keys = { GOOGLE_API_KEY: 'g', OPENROUTER_API_KEY: 'r', WORKERS_AI_TOKEN: 'w', WORKERS_AI_ACCOUNT_ID: 'i' };
  expect(splitDevVars({ ...keys, GOOGLE_CLIENT_ID: 'c' }, {})).toEqual({
    controlPlane: { GOOGLE_CLIENT_ID: 'c' },
    tenantWorker: keys,
  });
  expect(splitDevVars({}, keys).tenantWorker).toEqual(keys);
  expect(chooseUpstream(keys)).toEqual({ kind: 'direct', providers: ['google', 'openrouter', 'workers-ai'] });
  expect(chooseUpstream({ WORKERS_AI_TOKEN: 'w' }).kind).toBe('demo');
});

test('the environment fills in provider keys and nothing else; the file wins', () => {
  const environment = { ANTHROPIC_API_KEY: 'env', OPENAI_API_KEY: 'env', HOME: '/root', STRIPE_SECRET_KEY: 'env' };
  const { controlPlane, tenantWorker } = splitDevVars({ OPENAI_API_KEY: 'file' }, environment);
  expect(controlPlane).toEqual({});
  expect(tenantWorker).toEqual({ ANTHROPIC_API_KEY: 'env', OPENAI_API_KEY: 'file' });
});

test('the upstream is AI Gateway, else a direct key, else the demo model', () => {
  const gateway = { AI_GATEWAY_BASE_URL: 'https://gateway.example/v1/a/g', AI_GATEWAY_TOKEN: 't' };
  expect(chooseUpstream({ ...gateway, OPENAI_API_KEY: 'o' }).kind).toBe('gateway');
  expect(chooseUpstream({ AI_GATEWAY_TOKEN: 't', OPENAI_API_KEY: 'o' })).toEqual({
    kind: 'direct',
    providers: ['openai'],
  });
  expect(chooseUpstream({ AI_GATEWAY_TOKEN: 't', OPENAI_API_KEY: '' }).kind).toBe('demo');
});
