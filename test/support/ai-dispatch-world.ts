/** A tenant's ledger, a scripted upstream and the requests that the dispatch tests send. */
import { openNodeSql } from './node-sql.ts';
import { Ledger, LEDGER_MIGRATIONS } from '../../apps/tenant-worker/src/modules/ledger.ts';
import { migrate } from '../../apps/tenant-worker/src/modules/migrate.ts';
import type { Clock } from '../../apps/tenant-worker/src/ports.ts';
import {
  aiLimits,
  createAiDispatch,
  type AiContext,
  type AiDispatch,
  type AiLimits,
} from '../../apps/tenant-worker/src/ai/dispatch.ts';
import type { AiSettled } from '../../apps/tenant-worker/src/ai/attempt.ts';
import type { Payments } from '../../apps/tenant-worker/src/ai/payment.ts';
import { ok } from '../../apps/control-plane/src/contract/result.ts';
import { chooseUpstream, type UpstreamVars } from '../../apps/tenant-worker/src/ai/upstream.ts';

export const encoder = new TextEncoder();
export const startMs = Date.parse('2026-11-21T12:00:00Z');
export const models = { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' };
export const context: AiContext = {
  tenantId: 'ten_1',
  slug: 'ada',
  incarnation: 1,
  capNanoUsd: 5_000_000_000,
  models,
};

export interface Upstream {
  readonly calls: { readonly url: string; readonly init: RequestInit }[];
  answer: (init: RequestInit) => Response | Promise<Response>;
}

export interface World {
  readonly ai: AiDispatch;
  readonly ledger: Ledger;
  readonly upstream: Upstream;
  readonly settled: AiSettled[];
  readonly faults: string[];
  readonly alive: Promise<unknown>[];
  readonly clock: Clock & { ms: number };
}

/** No key of a customer's is stored. */
export const platformPays: Payments = {
  of: async () => ok({ kind: 'platform' }),
  refused: () => undefined,
  taken: () => undefined,
};

export function world(over: { limits?: Partial<AiLimits>; vars?: UpstreamVars; payments?: Payments } = {}): World {
  const clock = { ms: startMs, nowMs: (): number => clock.ms };
  const sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, startMs);
  const ledger = new Ledger(sql, clock);
  const upstream: Upstream = { calls: [], answer: () => streamed(events(anthropicEvents)) };
  const settled: AiSettled[] = [];
  const faults: string[] = [];
  const alive: Promise<unknown>[] = [];
  let ids = 0;
  const ai = createAiDispatch({
    ledger,
    upstream: chooseUpstream(over.vars ?? { ANTHROPIC_API_KEY: 'key-a', OPENAI_API_KEY: 'key-o' }),
    payments: over.payments ?? platformPays,
    fetch: async (url, init) => {
      upstream.calls.push({ url, init });
      return upstream.answer(init);
    },
    clock,
    ids: { ulid: () => `r${String((ids += 1)).padStart(3, '0')}` },
    limits: { ...aiLimits, ...over.limits },
    onSettled: (one) => settled.push(one),
    keepAlive: (work) => alive.push(work),
    onFault: (event) => faults.push(event),
  });
  return { ai, ledger, upstream, settled, faults, alive, clock };
}

export const anthropicEvents = [
  {
    type: 'message_start',
    message: { id: 'msg_1', model: 'claude-sonnet-4-6', usage: { input_tokens: 100, output_tokens: 1 } },
  },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
  { type: 'message_stop' },
];
export const anthropicCost = 100 * 3000 + 20 * 15_000;

export function events(list: readonly Record<string, unknown>[]): string[] {
  return list.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`);
}

export function streamed(chunks: readonly string[], headers: Record<string, string> = {}): Response {
  return new Response(ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk))), {
    headers: { 'content-type': 'text/event-stream', ...headers },
  });
}

/** An answer that breaks off after these chunks. */
export function broken(chunks: readonly string[]): Response {
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.error(new Error('connection lost'));
      else controller.enqueue(encoder.encode(chunk));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

export const turn = {
  model: 'claude-sonnet-4-6',
  max_tokens: 1000,
  stream: true,
  messages: [{ role: 'user', content: 'Hello' }],
};
export const agentTurn = { ...turn, tools: [{ name: 'exec', input_schema: { type: 'object' } }] };
export const chat = { model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Hello' }] };

export function request(path: string, body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(`http://ai.tidepool.internal${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export function total(ledger: Ledger): { spent: number; held: number; requests: number } {
  const { spentNanoUsd, heldNanoUsd, requests } = ledger.periodTotal('2026-11');
  return { spent: spentNanoUsd, held: heldNanoUsd, requests };
}

/** What a container may send along, of itself or by itself. */
const inbound = {
  authorization: 'Bearer sentinel',
  'x-api-key': 'sentinel',
  cookie: 'a=b',
  'cf-aig-custom-cost': '{"total_cost":0}',
  'cf-aig-metadata': '{"tenant":"ten_other"}',
  'x-tidepool-internal-incarnation': '7',
  'x-forwarded-for': '10.0.0.1',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'fast-mode-2026-02-01,interleaved-thinking-2025-05-14',
  'user-agent': 'Anthropic/JS 0.125.0',
  accept: 'application/json',
  'x-stainless-os': 'Linux',
};

/** Where a request with all of that goes, and with which headers. */
export async function sentWith(
  vars: UpstreamVars,
  path: string,
  body: unknown,
): Promise<{ url: string; headers: Record<string, string> }> {
  const { ai, upstream } = world({ vars });
  await (await ai.handle(request(path, body, inbound), context)).text();
  const [call] = upstream.calls;
  if (call === undefined) throw new Error('nothing was sent');
  if (call.init.method !== 'POST' || call.init.redirect !== 'manual') throw new Error('sent otherwise than it must be');
  return { url: call.url, headers: Object.fromEntries(new Headers(call.init.headers)) };
}
