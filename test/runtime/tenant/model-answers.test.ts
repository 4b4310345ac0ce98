// Answers of a model in workerd, where their bytes are the platform's own streams: what the client gets, how far the
// upstream runs ahead of it, and that a client that goes away midway is charged the whole answer, once.

import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ok } from '../../../apps/control-plane/src/contract/result.ts';
import { durableObjectSql } from '../../../apps/tenant-worker/src/adapters/do-sql.ts';
import { GatheringReader } from '../../../apps/tenant-worker/src/adapters/gathering-reader.ts';
import { createAiDispatch } from '../../../apps/tenant-worker/src/ai/dispatch.ts';
import { chooseUpstream } from '../../../apps/tenant-worker/src/ai/upstream.ts';
import { Ledger } from '../../../apps/tenant-worker/src/modules/ledger.ts';
import { bindings, inside, provisioned, refOf } from './support/provisioned.ts';

const ref = refOf('7', 'answers-7f3k');
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const clock = { nowMs: () => Date.now() };

const event = (data: Record<string, unknown>): string =>
  `event: ${String(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`;
const start = event({
  type: 'message_start',
  message: { id: 'msg_1', model: 'claude-sonnet-4-6', usage: { input_tokens: 100, output_tokens: 1 } },
});
const delta = (text: string): string => event({ type: 'content_block_delta', index: 0, delta: { text } });
const end = event({ type: 'message_delta', usage: { output_tokens: 20 } }) + event({ type: 'message_stop' });
const cost = 100 * 3000 + 20 * 15_000;
/** Far more than all that is between the upstream and the client may hold, in events small enough to be gathered. */
const long = [start, ...Array.from({ length: 600 }, (_, n) => delta(`${n} ${'x'.repeat(3_000)}`)), end];

/** What the upstream of the test at hand did. */
let upstream = { written: 0, closed: false };
let settled: string[] = [];
let requests = 0;

/** Writes the parts one after another, each once the client's side has room and `before` lets it. */
type Before = (nth: number) => Promise<void>;
const atOnce: Before = async () => undefined;

/** One turn inside the tenant's object, with an upstream in another object: so the body is the platform's own. */
function answer(parts: readonly string[], before: Before = atOnce, breaksOff = false): Promise<Response> {
  const mine = { written: 0, closed: false };
  upstream = mine;
  const write = async (writable: WritableStream<Uint8Array>): Promise<void> => {
    const writer = writable.getWriter();
    for (const [nth, part] of parts.entries()) {
      await before(nth);
      await writer.write(encoder.encode(part));
      mine.written += part.length;
    }
    await (breaksOff ? writer.abort(new Error('connection lost')) : writer.close());
    mine.closed = true;
  };
  const served = (): Promise<Response> =>
    runInDurableObject(bindings.TENANT.getByName('upstream-7f3k'), (_object, state) => {
      const { readable, writable } = new IdentityTransformStream();
      state.waitUntil(write(writable).catch(() => undefined)); // who reads may be gone
      return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
    });
  return runInDurableObject(bindings.TENANT.getByName(ref.slug), (_object, state) => {
    requests += 1;
    const ai = createAiDispatch({
      ledger: new Ledger(durableObjectSql(state.storage), clock),
      upstream: chooseUpstream({ ANTHROPIC_API_KEY: 'key' }),
      payments: { of: async () => ok({ kind: 'platform' }), refused: () => undefined, taken: () => undefined },
      fetch: served,
      // By a clock that stands still every stream is a fast one, however busy the machine.
      readAnswer: (body) => new GatheringReader(body, { nowMs: () => 0 }),
      clock,
      ids: { ulid: () => `r${String(requests).padStart(3, '0')}` },
      onSettled: ({ requestId, result, costNanoUsd }) => settled.push(`${requestId} ${result} ${costNanoUsd}`),
      keepAlive: (work) => state.waitUntil(work),
      onFault: (name, error) => settled.push(`${name} ${String(error)}`),
    });
    const body = { model: 'claude-sonnet-4-6', max_tokens: 1_000, stream: true, messages: [] };
    const request = new Request('http://ai.tidepool.internal/anthropic/v1/messages', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return ai.handle(request, {
      ...ref,
      incarnation: 1,
      capNanoUsd: 1e12,
      models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
    });
  });
}

const books = () =>
  inside(ref, (sql) => {
    const ledger = new Ledger(sql, clock);
    const { spentNanoUsd, heldNanoUsd } = ledger.periodTotal(ledger.currentPeriod());
    return { spentNanoUsd, heldNanoUsd, receipts: ledger.receipts({ limit: 50, before: null }) };
  });

const readerOf = (response: Response): ReadableStreamDefaultReader<Uint8Array> => {
  if (response.body === null) throw new Error('no body');
  return response.body.getReader();
};

beforeAll(async () => {
  await provisioned(ref);
});

beforeEach(() => {
  settled = [];
});

describe('an answer', () => {
  it('is what the upstream sent, byte for byte, and is charged once before its end is seen', async () => {
    const before = await books();
    expect(await (await answer(long)).text()).toBe(long.join(''));
    expect(settled).toHaveLength(1);
    expect((await books()).spentNanoUsd - before.spentNanoUsd).toBe(cost);
  });

  it.each<[string, number]>([
    ['slow from its beginning', 1],
    ['slow after a fast beginning', 100],
  ])('that is %s comes event by event, each before the next is made', async (_name, fast) => {
    const parts = [start, ...Array.from({ length: fast + 5 }, (_, n) => delta(`${n} and so`)), end];
    let has = '';
    const response = await answer(parts, async (nth) => {
      if (nth < fast) return;
      const before = parts.slice(0, nth).join('');
      await vi.waitFor(() => expect(has).toBe(before), { interval: 1, timeout: 20_000 });
    });
    const reader = readerOf(response);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      has += decoder.decode(value);
    }
    expect(has).toBe(parts.join(''));
  });

  it('that breaks off is there up to the break, and charged what was said until then', async () => {
    const said = event({ type: 'message_delta', usage: { output_tokens: 15 } });
    const parts = [start, ...Array.from({ length: 40 }, (_, n) => delta(`${n} and so`)), said];
    const reader = readerOf(await answer(parts, atOnce, true));
    let has = '';
    const readAll = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        has += decoder.decode(value);
      }
    };
    await expect(readAll()).rejects.toThrow();
    expect(has).toBe(parts.join(''));
    const [receipt] = (await books()).receipts;
    expect(receipt).toMatchObject({ outcome: 'partial', inputTokens: 100, outputTokens: 15 });
  });
});

describe('a client', () => {
  it('that goes away midway is charged the whole answer, once', async () => {
    const before = await books();
    const reader = readerOf(await answer(long));
    await reader.read();
    expect(upstream.closed).toBe(false);
    await reader.cancel();
    await vi.waitFor(() => expect(settled).toHaveLength(1), { timeout: 20_000 });
    expect(settled[0]).toMatch(new RegExp(`charged ${cost}$`));
    const after = await books();
    expect(after.spentNanoUsd - before.spentNanoUsd).toBe(cost);
    expect([after.heldNanoUsd, after.receipts.length - before.receipts.length]).toEqual([0, 1]);
    expect(after.receipts[0]).toMatchObject({ outcome: 'final', outputTokens: 20 });
    expect(upstream.closed).toBe(true);
  });

  it('that does not read on holds the upstream back', async () => {
    const reader = readerOf(await answer(long));
    await reader.read();
    // Each is a turn of this runtime: without a bound the upstream would be through by then.
    for (let n = 0; n < 300; n += 1) await inside(ref, () => undefined);
    expect(upstream.written).toBeGreaterThan(0);
    expect(upstream.written).toBeLessThan(600_000);
    await reader.cancel();
    await vi.waitFor(() => expect(settled).toHaveLength(1), { timeout: 20_000 });
  });
});
