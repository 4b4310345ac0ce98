// The way out in workerd: the entrypoint with a tenant behind it, its refusals in the feed, and secrets from the control
// plane's seal to the header of one request.

import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { sealValue } from '../../../apps/control-plane/src/adapters/seal-value.ts';
import { plainRouting } from '../../../apps/control-plane/src/contract/models.ts';
import type { SecretUse } from '../../../apps/control-plane/src/contract/secrets.ts';
import { ok } from '../../../apps/control-plane/src/contract/result.ts';
import { GatheringReader } from '../../../apps/tenant-worker/src/adapters/gathering-reader.ts';
import { aiLimits, createAiDispatch } from '../../../apps/tenant-worker/src/ai/dispatch.ts';
import { chooseUpstream } from '../../../apps/tenant-worker/src/ai/upstream.ts';
import { Ledger } from '../../../apps/tenant-worker/src/modules/ledger.ts';
import type { EgressProps } from '../../../apps/tenant-worker/src/objects/egress.ts';
import { bindings, control, inside, provisioned, recordOf, refOf } from './support/provisioned.ts';

const { Egress: egress } = exports as unknown as { Egress: (options: { props: EgressProps }) => Fetcher };

const ref = refOf('3', 'way-out-7f3k');
const secret = 'ghp_canary_0123456789abcdef';
const byUserId = 'usr_1';
let incarnation = 0;

beforeAll(async () => {
  incarnation = (await provisioned(ref)).incarnation;
});

/** The run as it is now: without containers a start fails and the next one begins. */
async function currentRun(): Promise<Fetcher> {
  const report = await control.report(ref);
  if (report.ok) incarnation = report.value.incarnation;
  return egress({ props: { ...ref, incarnation } });
}

async function put(name: string, use: SecretUse, tenantId: string = ref.tenantId) {
  const key = await control.sealingKey();
  if (!key.ok) throw new Error(key.error.code);
  const value = await sealValue(key.value, { tenantId, name }, secret);
  return control.putSecret({ ...ref, name, use, value, byUserId });
}

describe('the way out', () => {
  it.each([
    ['http://169.254.169.254/latest/meta-data/', 'address_link_local'],
    ['https://unknown.example.com/x', 'not_listed'],
    ['http://someone.localhost/', 'own_zone'],
    ['http://tenant.tidepool.internal/other', 'special_name'],
  ])('%s is refused: %s', async (url, reason) => {
    const answer = await (await currentRun()).fetch(url);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: 'egress_denied', reason });
  });

  it('is closed to a run that was replaced', async () => {
    const stale = egress({ props: { ...ref, incarnation: 9_999 } });
    expect((await stale.fetch('https://en.wikipedia.org/')).status).toBe(409);
  });

  it('answers the test box by the same rules', async () => {
    const asked = await control.testNetwork({ ...ref, method: 'GET', url: 'https://bücher.wikipedia.org/' });
    expect(asked).toMatchObject({ ok: true, value: { effect: 'allow', rule: 'preset:balanced/*.wikipedia.org' } });
    const changed = await control.changeNetwork({
      ...ref,
      byUserId,
      change: { kind: 'answer', host: 'Unknown.Example.com', method: 'GET', verdict: 'always' },
    });
    expect(changed.ok).toBe(true);
    const now = await control.testNetwork({ ...ref, method: 'GET', url: 'https://unknown.example.com/' });
    expect(now).toMatchObject({ ok: true, value: { effect: 'allow', reason: 'answered_always' } });
  });
});

const sse = { 'content-type': 'text/event-stream' };

function spoken(): Response {
  const said = { type: 'message_start', message: { id: 'm', usage: { input_tokens: 3, output_tokens: 1 } } };
  return new Response(`data: ${JSON.stringify(said)}\n\ndata: {"type":"message_stop"}\n\n`, { headers: sse });
}

describe('models', () => {
  const sonnet = 'anthropic/claude-sonnet-4-6';
  const haiku = 'anthropic/claude-haiku-4-5';

  it('are listed with what a million tokens cost and who would pay', async () => {
    const listed = await control.models(ref);
    const choices = listed.ok ? listed.value : [];
    expect(choices.find((choice) => choice.ref === sonnet)).toMatchObject({
      kind: 'chat',
      inputNanoUsd: 3_000_000_000,
      outputNanoUsd: 15_000_000_000,
    });
    expect(choices.every((choice) => choice.paidBy !== 'own_key')).toBe(true);
  });

  it('that are not allowed are refused by what was wanted last, before anything is called', async () => {
    const spec = await inside(ref, (sql) => recordOf(sql).spec);
    const models = { primary: haiku, utility: haiku, routing: { ...plainRouting, allowed: [haiku] } };
    const applied = await control.applySpec({ ...ref, generation: 2, operationId: null, spec: { ...spec, models } });
    expect(applied.ok).toBe(true);
    const answer = await (
      await currentRun()
    ).fetch('http://ai.tidepool.internal/anthropic/v1/messages', {
      method: 'POST',
      body: JSON.stringify({ model: 'claude-sonnet-4-6', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }),
    });
    expect([answer.status, answer.headers.get('x-tidepool-code')]).toEqual([404, 'ai_model_not_allowed']);
    expect(await answer.text()).toContain('under Models');
  });

  it.each<[string, () => Promise<Response>]>([
    ['nothing', () => new Promise(() => undefined)],
    ['yes and nothing more', async () => new Response(new ReadableStream(), { headers: sse })],
  ])('of which one says %s are followed by the next, in this runtime too', async (_name, silent) => {
    const answered = await inside(ref, async (sql) => {
      const clock = { nowMs: () => Date.now() };
      const alive: Promise<unknown>[] = [];
      const ai = createAiDispatch({
        ledger: new Ledger(sql, clock),
        upstream: chooseUpstream({ ANTHROPIC_API_KEY: 'key' }),
        payments: { of: async () => ok({ kind: 'platform' }), refused: () => undefined, taken: () => undefined },
        fetch: (_url, { body }) =>
          typeof body === 'string' && body.includes('sonnet') ? silent() : Promise.resolve(spoken()),
        readAnswer: (body) => new GatheringReader(body, clock),
        clock,
        ids: { ulid: () => crypto.randomUUID() },
        limits: { ...aiLimits, answerBeginsBeforeFallbackMs: 50 },
        onSettled: () => undefined,
        keepAlive: (work) => alive.push(work),
        onFault: () => undefined,
      });
      const request = new Request('http://ai.tidepool.internal/anthropic/v1/messages', {
        method: 'POST',
        body: JSON.stringify({ model: 'claude-sonnet-4-6', max_tokens: 10, stream: true, messages: [] }),
      });
      const models = {
        primary: sonnet,
        utility: haiku,
        routing: { ...plainRouting, fallbacks: [{ model: sonnet, then: [haiku] }] },
      };
      const answer = await ai.handle(request, { ...ref, incarnation, capNanoUsd: 1e9, models });
      const text = await answer.text();
      await Promise.all(alive);
      return [answer.headers.get('x-tidepool-model'), text];
    });
    expect(answered).toEqual([haiku, await spoken().text()]);
  });
});

describe('a secret', () => {
  const binding = {
    host: 'API.Example.com',
    methods: ['GET' as const],
    pathPrefix: '/repos',
    header: 'Authorization',
    template: 'Bearer {secret}',
  };

  it('goes from the seal into one header, and is shown by its last four', async () => {
    const stored = await put('github', { kind: 'egress', binding });
    expect(stored).toMatchObject({ ok: true, value: { name: 'github', version: 1, lastFour: 'cdef' } });
    const listed = await control.secrets(ref);
    expect(listed).toMatchObject({ ok: true, value: [{ use: { binding: { host: 'api.example.com' } } }] });
    expect(JSON.stringify([stored, listed])).not.toContain(secret);
    await currentRun();
    const injection = {
      secretName: 'github',
      version: 1,
      host: 'api.example.com',
      methods: ['GET'],
      pathPrefix: '/repos',
    };
    const tenant = bindings.TENANT.getByName(ref.slug);
    expect(await tenant.egressSecret(incarnation, injection)).toEqual({
      name: 'authorization',
      value: `Bearer ${secret}`,
    });
    expect(await tenant.egressSecret(incarnation, { ...injection, version: 2 })).toBeNull();
    expect(await tenant.egressSecret(9_999, injection)).toBeNull();
  });

  it.each([
    ['a wildcard', { host: '*.example.com' }],
    ['an address', { host: '8.8.8.8' }],
    ['the Host header', { header: 'host' }],
  ])('is not stored for %s', async (_what, change) => {
    const use: SecretUse = { kind: 'egress', binding: { ...binding, ...change } };
    expect(await put('other', use)).toMatchObject({ ok: false, error: { code: 'secret_invalid' } });
  });

  it('that was sealed for another tenant is refused', async () => {
    const foreign = await put('key', { kind: 'model_key', provider: 'openai' }, `ten_${'4'.repeat(26)}`);
    expect(foreign).toMatchObject({ ok: false, error: { code: 'secret_invalid' } });
  });

  it('moves to a new data key', async () => {
    const step = { ...ref, rotationId: 'rot_1', newDataKey: true };
    expect(await control.rotateSecrets(step)).toEqual({ ok: true, value: { left: 0, kid: 'k1', kids: ['k1'] } });
  });

  it('that is in use is deleted only when that is confirmed', async () => {
    const deleteIt = (confirmed: boolean) => control.deleteSecret({ ...ref, name: 'github', byUserId, confirmed });
    await control.changeNetwork({
      ...ref,
      byUserId,
      change: { kind: 'answer', host: 'api.example.com', method: 'GET', verdict: 'always' },
    });
    const listed = await control.secrets(ref);
    expect(listed).toMatchObject({ value: [{ usedBy: [{ kind: 'network', host: 'api.example.com' }] }] });
    expect(await deleteIt(false)).toMatchObject({
      error: { code: 'secret_in_use', detail: 'The secret github is used by requests to api.example.com.' },
    });
    expect(await deleteIt(true)).toMatchObject({ value: { deleted: true } });
    expect(await deleteIt(false)).toMatchObject({ value: { deleted: false } });
  });

  it('is the only model key of its provider, and one without spaces', async () => {
    const openai: SecretUse = { kind: 'model_key', provider: 'openai' };
    expect(await put('first', openai)).toMatchObject({ value: { usedBy: [{ kind: 'models', provider: 'openai' }] } });
    expect(await put('second', openai)).toMatchObject({ error: { code: 'secret_invalid' } });
    expect(await put('first', openai)).toMatchObject({ value: { version: 2 } });
    const key = await control.sealingKey();
    if (!key.ok) throw new Error(key.error.code);
    const value = await sealValue(key.value, { tenantId: ref.tenantId, name: 'first' }, 'sk- broken\nkey');
    const refused = await control.putSecret({ ...ref, name: 'first', use: openai, value, byUserId });
    expect(refused).toMatchObject({ error: { code: 'secret_invalid' } });
    expect(JSON.stringify(refused)).not.toContain('broken');
  });
});
