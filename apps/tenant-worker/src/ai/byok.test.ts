import { describe, expect, it } from 'vitest';
import {
  agentTurn,
  anthropicCost,
  anthropicEvents,
  broken,
  chat,
  context,
  events,
  request,
  startMs,
  total,
  turn,
  world as plainWorld,
  type World,
} from '../../../../test/support/ai-dispatch-world.ts';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import type { SecretUse } from '../../../control-plane/src/contract/secrets.ts';
import { CellKeys, toBase64 } from '../adapters/cell-keys.ts';
import { refusesKey, whoPays, type StoredModelKey } from '../core/metering/payer.ts';
import { migrate } from '../modules/migrate.ts';
import { Vault } from '../modules/vault.ts';
import { VAULT_MIGRATIONS } from '../modules/vault-schema.ts';
import { createPayments } from './payment.ts';
import type { UpstreamVars } from './upstream.ts';

const ownKey = 'sk-ant-customers-own-0123456789';
const gateway = { AI_GATEWAY_BASE_URL: 'https://gateway.ai.cloudflare.com/v1/acc/gw', AI_GATEWAY_TOKEN: 'token-g' };
const poor = { ...context, capNanoUsd: 0 };
const anthropic: SecretUse = { kind: 'model_key', provider: 'anthropic' };

async function world(vars: UpstreamVars = { ANTHROPIC_API_KEY: 'key-a', OPENAI_API_KEY: 'key-o' }) {
  const sql = openNodeSql();
  migrate(sql, VAULT_MIGRATIONS, startMs);
  const keys = new CellKeys(JSON.stringify({ current: 'k1', keys: { k1: toBase64(new Uint8Array(32).fill(1)) } }));
  const vault = new Vault(sql, keys, () => 'ten_1');
  const put = (name: string, plain: string, use = anthropic) =>
    vault.put({ name, use, plain }, { byUserId: 'usr1', nowMs: startMs });
  await put('claude', ownKey);
  const payments = createPayments(vault, { nowMs: () => made.clock.ms }, (event) => made.faults.push(event));
  const made: World = plainWorld({ vars, payments });
  return { ...made, vault, put, sql };
}

const ask = (one: World, body: unknown = turn, ctx = context) =>
  one.ai.handle(request('/anthropic/v1/messages', body), ctx);
const sent = (one: World, n = 0) => new Headers(one.upstream.calls[n]?.init.headers);

describe('who pays', () => {
  const key = (name: string, over: Partial<StoredModelKey> = {}): StoredModelKey => ({
    name,
    version: 1,
    provider: 'anthropic',
    changedAtMs: 1,
    refusedAtMs: null,
    ...over,
  });
  it('is the customer where a key of theirs is stored, by the one stored last, also when it was refused', () => {
    expect(whoPays('anthropic', [])).toEqual({ kind: 'platform' });
    expect(whoPays('openai', [key('a')])).toEqual({ kind: 'platform' });
    expect(whoPays('anthropic', [key('b'), key('a'), key('new', { changedAtMs: 2, refusedAtMs: 3 })])).toMatchObject({
      kind: 'customer',
      key: { name: 'new' },
    });
    expect(whoPays('anthropic', [key('b'), key('a')])).toMatchObject({ key: { name: 'a' } });
  });
});

describe("a request with the customer's own key", () => {
  it('costs nothing here, is not held back by the cap, and keeps its usage and what it would have cost', async () => {
    const one = await world();
    expect(await (await ask(one, turn, poor)).text()).toContain('Grüße');
    expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 1 });
    expect(one.settled).toEqual([{ requestId: 'r001', result: 'charged', costNanoUsd: 0 }]);
    expect(one.ledger.receipts({ limit: 1, before: null })).toMatchObject([
      { byok: true, costNanoUsd: 0, listCostNanoUsd: anthropicCost, inputTokens: 100, outputTokens: 20 },
    ]);
    expect(one.vault.list()[0]?.lastUsedAtMs).toBe(startMs);
  });

  it('goes to the provider itself with that key, also where a demo model stands in for the platform', async () => {
    const one = await world({ DEMO_MODEL_BASE_URL: 'http://127.0.0.1:1/v1/local/demo' });
    await (await ask(one)).text();
    expect(one.upstream.calls[0]?.url).toBe('https://api.anthropic.com/v1/messages');
    expect(sent(one).get('x-api-key')).toBe(ownKey);
    expect([...sent(one).keys()].filter((name) => name.startsWith('cf-aig'))).toEqual([]);
  });

  it("goes through AI Gateway in the provider's own header, never the platform's key", async () => {
    const one = await world({ ...gateway, ANTHROPIC_API_KEY: 'key-a' });
    await (await ask(one)).text();
    expect(one.upstream.calls[0]?.url).toBe('https://gateway.ai.cloudflare.com/v1/acc/gw/anthropic/v1/messages');
    expect([sent(one).get('x-api-key'), sent(one).get('cf-aig-authorization')]).toEqual([ownKey, 'Bearer token-g']);
    expect(JSON.stringify([...sent(one)])).not.toContain('key-a');
  });

  it("leaves the other provider to the platform's key and to the cap", async () => {
    const one = await world();
    await (await one.ai.handle(request('/openai/chat/completions', chat), context)).text();
    expect(sent(one).get('authorization')).toBe('Bearer key-o');
    expect((await one.ai.handle(request('/openai/chat/completions', chat), poor)).status).toBe(402);
  });

  it('that breaks off is settled from what was said, and charged nothing', async () => {
    const one = await world();
    one.upstream.answer = () => broken(events(anthropicEvents.slice(0, 2)));
    await expect((await ask(one)).text()).rejects.toThrow();
    expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 1 });
    expect(one.ledger.receipts({ limit: 1, before: null })).toMatchObject([{ outcome: 'partial', byok: true }]);
  });
});

describe('a key that the provider refuses', () => {
  const refusal = () =>
    Response.json(
      { type: 'error', error: { type: 'authentication_error', message: `invalid x-api-key ${ownKey}` } },
      { status: 401 },
    );

  it("is said in the provider's own format, without its text, and shown with the secret until it is taken", async () => {
    const one = await world();
    const accepted = one.upstream.answer;
    one.upstream.answer = refusal;
    const response = await ask(one);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([401, 'ai_key_refused']);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
    expect(body).toMatch(/Your Anthropic key was refused \(401\)\. Replace it .* under Secrets/);
    expect(body).not.toContain(ownKey);
    expect(one.vault.list()[0]?.refused).toEqual({ atMs: startMs, status: 401 });
    expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
    one.upstream.answer = accepted;
    await (await ask(one)).text();
    expect(one.vault.list()[0]?.refused).toBeNull();
  });

  it('is a message in the chat to an agent, never the platform paying instead', async () => {
    const one = await world();
    one.upstream.answer = refusal;
    const response = await ask(one, agentTurn);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/"text_delta","text":"⚠️ Your Anthropic key was refused/);
    expect(one.upstream.calls).toHaveLength(1);
  });

  it('that was replaced meanwhile says nothing of the new one', async () => {
    const one = await world();
    one.upstream.answer = async () => {
      await one.put('claude', 'sk-ant-the-newer-one-0123456789');
      return refusal();
    };
    await ask(one);
    expect(one.vault.list()).toMatchObject([{ version: 2, refused: null }]);
  });

  it.each([
    [401, { error: { message: 'no' } }, true],
    [400, { error: { message: 'no' } }, false],
    [403, { success: false, error: [{ code: 1 }] }, false],
    [429, { error: {} }, false],
  ])('is known by the status %i with %j: %s', (status, body, refused) => {
    expect(refusesKey(status, JSON.stringify(body))).toBe(refused);
  });

  it("is not blamed for AI Gateway's own refusal", async () => {
    const one = await world(gateway);
    one.upstream.answer = () => Response.json({ success: false, error: [{ code: 2009 }] }, { status: 401 });
    const response = await ask(one);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([502, 'ai_upstream_misconfigured']);
    expect(one.vault.list()[0]?.refused).toBeNull();
  });

  it('is in no error that is passed on', async () => {
    const one = await world();
    one.upstream.answer = () => Response.json({ error: { message: `echo ${ownKey}` } }, { status: 400 });
    const response = await ask(one);
    expect(response.status).toBe(400);
    expect(await response.text()).toBe('{"error":{"message":"echo [your key]"}}');
  });
});

it('a key that cannot be opened is refused, not paid for by the platform', async () => {
  const one = await world();
  one.sql.exec("UPDATE vault_secret SET sealed = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'");
  const response = await ask(one);
  expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([401, 'ai_key_refused']);
  expect(one.upstream.calls).toEqual([]);
  expect(one.faults).toEqual(['ai.key_unreadable']);
  expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
});
