/**
 * Twenty turns with the real OpenClaw, five of them stopped midway: the usage page, the ledger's receipts and the
 * upstream's own log agree to the token and the nano-dollar.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { LogEntry } from '../../local/demo-model/request-log.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

let product: Product;

beforeAll(async () => {
  product = await startProduct();
});
afterAll(async () => {
  await product?.close();
});

interface Witness {
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costNanoUsd: number;
}

/** The upstream's log by our request id. It prices by another package in floating dollars; a nano-dollar is rounded up once. */
function upstreamLog(): Map<string, Witness> {
  const lines = readFileSync(product.stack.demoModelLog ?? '', 'utf8')
    .trim()
    .split('\n');
  return new Map(
    lines.map((line): [string, Witness] => {
      const entry = LogEntry.parse(JSON.parse(line));
      const { request } = z.object({ request: z.string() }).parse(JSON.parse(entry.metadata));
      const costNanoUsd = Math.ceil(Number((entry.cost * 1e9).toFixed(4)));
      return [request, { tokensIn: entry.tokens_in, tokensOut: entry.tokens_out, costNanoUsd }];
    }),
  );
}

async function allReceipts(person: Person, tenantId: string): Promise<Receipt[]> {
  const items: Receipt[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: Receipt[]; nextCursor: string | null } = await person.call('receiptList', {
      params: { tenantId },
      query: { limit: '100', ...(cursor === '' ? {} : { cursor }) },
    });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

it('20 turns, 5 cut off: page = ledger = upstream, to the nano-dollar', { timeout: 900_000 }, async () => {
  const person = await Person.signUp(() => product.stack, 'Tess');
  const { id, slug } = await person.createAssistant('Tess', 'tess-turns-9x');
  await person.waitFor(id, 'awake');
  const cookie = await person.openAssistant(slug);
  const client = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
  let cut = 0;
  for (let turn = 1; turn <= 20; turn++) {
    if (turn % 4 !== 0) {
      expect(await client.say(`Turn ${turn}: hello`)).not.toBe('');
      continue;
    }
    const runId = await client.send(`Turn ${turn}: count slowly to 200`);
    await until('the answer to stream', async () => (client.run(runId)?.text.length ?? 0) > 40);
    await client.call('chat.abort', { sessionKey: 'main', runId });
    expect((await client.finished(runId)).text).not.toContain('That was all');
    cut++;
  }
  client.close();
  expect(cut).toBe(5);

  // Every hold is settled: what was cut off is drained to its end, and charged by what the upstream produced.
  const settled = await until(
    'all holds to settle and arrive',
    async () => {
      const { usage } = await person.call('tenantRead', { params: { tenantId: id } });
      const receipts = await allReceipts(person, id);
      return (
        usage.heldNanoUsd === 0 &&
        receipts.length === usage.requests &&
        receipts.length === upstreamLog().size && { usage, receipts }
      );
    },
    180_000,
  );

  const log = upstreamLog();
  expect(settled.receipts.length).toBeGreaterThanOrEqual(20);
  for (const receipt of settled.receipts) {
    expect({
      tokensIn: receipt.inputTokens,
      tokensOut: receipt.outputTokens,
      costNanoUsd: receipt.costNanoUsd,
    }).toEqual(log.get(receipt.requestId));
  }
  const sum = settled.receipts.reduce((total, receipt) => total + receipt.costNanoUsd, 0);
  const upstreamSum = [...log.values()].reduce((total, line) => total + line.costNanoUsd, 0);
  const page = await person.call('usageRead', { params: { tenantId: id } });
  expect(sum).toBe(upstreamSum);
  expect(settled.usage.spentNanoUsd).toBe(sum);
  expect(page.totals.spentNanoUsd).toBe(sum);
  expect(page.byModel.reduce((total, model) => total + model.costNanoUsd, 0)).toBe(sum);
  expect(page.byDay.reduce((total, day) => total + day.costNanoUsd, 0)).toBe(sum);
  console.log(`${settled.receipts.length} requests of 20 turns, 5 cut off: page = ledger = upstream = ${sum} nano-USD`);
});
