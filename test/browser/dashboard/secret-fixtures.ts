// Secrets in the states that their page shows, and the answers to what is done with them, parsed with the contract.

import type { Page } from 'playwright-core';
import { endpoints } from '../../../apps/control-plane/src/contract/api.ts';
import type { SecretView } from '../../../apps/control-plane/src/contract/secrets.ts';
import { TENANT_ID } from './fixtures.ts';

const hourMs = 3_600_000;

function secret(over: Partial<SecretView> & Pick<SecretView, 'name' | 'use'>): SecretView {
  const changedAtMs = Date.now() - 50 * hourMs;
  const facts = { version: 1, lastFour: '6789', createdAtMs: changedAtMs, changedAtMs, changedBy: 'usr1' };
  return { ...facts, lastUsedAtMs: null, refused: null, usedBy: [], ...over };
}

export function secrets(): SecretView[] {
  const binding = { methods: ['GET' as const, 'POST' as const], header: 'authorization', template: 'Bearer {secret}' };
  const github = { ...binding, host: 'api.github.com', pathPrefix: '/repos' };
  return endpoints.secretList.response.parse({
    items: [
      secret({
        name: 'anthropic',
        use: { kind: 'model_key', provider: 'anthropic' },
        lastUsedAtMs: Date.now() - 2 * hourMs,
        refused: { atMs: Date.now() - hourMs, status: 401 },
        usedBy: [{ kind: 'models', provider: 'anthropic' }],
      }),
      secret({
        name: 'github',
        version: 2,
        changedAtMs: Date.now() - hourMs,
        use: { kind: 'egress', binding: github },
        usedBy: [{ kind: 'network', host: 'api.github.com', rule: 'rule:r1' }],
      }),
      secret({ name: 'tracker', use: { kind: 'egress', binding: { ...github, host: 'tracker.example.com' } } }),
      secret({ name: 'bot', use: { kind: 'channel_token', channel: 'telegram' }, lastFour: '' }),
    ],
  }).items;
}

export interface SecretRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** Stands in for the server's secrets on one page. Returns what was asked of it, as it comes. */
export async function serveSecrets(page: Page, items: SecretView[] = secrets()): Promise<SecretRequest[]> {
  const asked: SecretRequest[] = [];
  await page.route(`**/api/v1/tenants/${TENANT_ID}/secrets**`, async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    const name = url.pathname.split('/').at(-1) ?? '';
    if (request.method() === 'GET') return route.fulfill({ json: { items } });
    const body: unknown = request.postData() === null ? null : request.postDataJSON();
    asked.push({ method: request.method(), path: `${name}${url.search}`, body });
    if (request.method() === 'DELETE') {
      items.splice(0, items.length, ...items.filter((item) => item.name !== name));
      return route.fulfill({ json: { deleted: true } });
    }
    const { use } = endpoints.secretPut.body.parse(body);
    const old = items.find((item) => item.name === name);
    const stored = secret({ name, use, version: (old?.version ?? 0) + 1, lastFour: '4321' });
    items.splice(0, items.length, ...items.filter((item) => item.name !== name), stored);
    return route.fulfill({ json: stored });
  });
  return asked;
}
