/** The models of the fixture assistant: two providers, one of them paid for with an own key, one not configured. */
import type { Page } from 'playwright-core';
import { endpoints } from '../../../apps/control-plane/src/contract/api.ts';
import { modelsVersion, plainRouting, type TenantModels } from '../../../apps/control-plane/src/contract/models.ts';

function choice(ref: string, inputUsd: number, outputUsd: number, over: Record<string, unknown> = {}) {
  const [provider = '', model = ''] = ref.split('/');
  return {
    ref,
    provider,
    model,
    kind: 'chat',
    formats: provider === 'anthropic' ? ['anthropic-messages'] : ['openai-chat', 'openai-responses'],
    contextTokens: 200_000,
    inputNanoUsd: inputUsd * 1e9,
    cacheReadNanoUsd: inputUsd * 1e8,
    outputNanoUsd: outputUsd * 1e9,
    dearerAboveTokens: null,
    paidBy: 'platform',
    ...over,
  };
}

const choices = [
  choice('anthropic/claude-haiku-4-5', 1, 5),
  choice('anthropic/claude-opus-4-6', 5, 25),
  choice('anthropic/claude-sonnet-4-6', 3, 15),
  choice('openai/gpt-5.5', 5, 30, { paidBy: 'own_key', dearerAboveTokens: 272_000 }),
  choice('openai/text-embedding-3-small', 0.02, 0, { kind: 'embedding', formats: ['openai-embeddings'] }),
  choice('google/gemini-3', 2, 12, { paidBy: 'none', formats: ['google-gemini'] }),
];

const first: TenantModels = {
  primary: 'anthropic/claude-sonnet-4-6',
  utility: 'anthropic/claude-haiku-4-5',
  routing: plainRouting,
};

/** What the server answers of these models. */
export function modelsAnswer(models: TenantModels = first): unknown {
  return endpoints.modelsRead.response.parse({ version: modelsVersion(models), ...models, choices });
}

/** Answers as the server would; what was sent is what is read next. */
export async function serveModels(page: Page): Promise<{ readonly sent: unknown[] }> {
  let models = first;
  const sent: unknown[] = [];
  await page.route('**/api/v1/tenants/*/models', async (route) => {
    if (route.request().method() === 'PUT') {
      const body = endpoints.modelsReplace.body.parse(route.request().postDataJSON());
      sent.push(body);
      const { version: _version, ...replaced } = body;
      models = replaced;
    }
    await route.fulfill({ json: modelsAnswer(models) });
  });
  return { sent };
}
