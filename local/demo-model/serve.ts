/** HTTP of the demo model: which wire format a path speaks, streaming with pauses, and the log of what was served. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { calcPrice } from '@pydantic/genai-prices';
import { z } from 'zod';
import { anthropicWire } from './anthropic-wire.ts';
import { answer } from './brain.ts';
import { chatWire, openAiError } from './chat-wire.ts';
import type { DemoRequest } from './conversation.ts';
import { embed } from './embeddings.ts';
import { geminiWire } from './gemini-wire.ts';
import type { RequestLog, Served } from './request-log.ts';
import { responsesWire } from './responses-wire.ts';
import type { PromptCache } from './tokens.ts';
import { priceSources, produce, type DemoProvider, type Wire, type WireContext, type WireEvent } from './wire.ts';

export interface DemoState {
  readonly log: RequestLog;
  readonly cache: PromptCache;
  readonly pieceDelayMs: number;
  readonly slowPieceDelayMs: number;
}

export const DEMO_BASE_PATH = '/v1/local/demo';
const BODY_BYTES_MAX = 32 * 1024 * 1024;
const PER_PAGE_MAX = 50;

const wires: Readonly<Record<string, Wire>> = {
  '/anthropic/v1/messages': anthropicWire,
  '/openai/chat/completions': chatWire('openai'),
  '/openai/responses': responsesWire,
  '/openrouter/v1/chat/completions': chatWire('openrouter'),
  '/workers-ai/v1/chat/completions': chatWire('workers-ai'),
};
const geminiPath = /^\/google-ai-studio\/v1beta\/models\/([\w.-]+):(generateContent|streamGenerateContent)$/;

/** The format that a path speaks. */
function wireOf(path: string): Wire | undefined {
  const [, model, method] = geminiPath.exec(path) ?? [];
  if (model !== undefined) return geminiWire({ model, streaming: method === 'streamGenerateContent' });
  return Object.hasOwn(wires, path) ? wires[path] : undefined;
}

export async function handleDemoRequest(
  state: DemoState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '', 'http://127.0.0.1');
  const path = url?.pathname.startsWith(DEMO_BASE_PATH) ? url.pathname.slice(DEMO_BASE_PATH.length) : null;
  if (url && path === '/logs' && request.method === 'GET') {
    sendJson(response, 200, listLogs(state.log, url.searchParams));
    return;
  }
  const wire = path === null ? undefined : wireOf(path);
  if (path === null || request.method !== 'POST' || (!wire && path !== '/openai/embeddings')) {
    sendJson(response, 404, openAiError(404, `The demo model has no ${request.method ?? ''} ${path ?? ''}.`));
    return;
  }
  const body = await readJson(request);
  if (wire) await serveModel(state, { request, response, path, wire, body });
  else serveEmbeddings(state, { request, response, path, body });
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly body: unknown;
}

async function serveModel(state: DemoState, call: Call & { readonly wire: Wire }): Promise<void> {
  const { wire, response, body } = call;
  const parsed = wire.parse(body);
  if (typeof parsed === 'string') {
    sendJson(response, 400, wire.error(400, parsed));
    return;
  }
  if (!isKnown(wire.provider, parsed.model)) {
    sendJson(response, 404, wire.error(404, `The demo model does not play "${parsed.model}".`));
    return;
  }
  const nowMs = Date.now();
  const context: WireContext = {
    id: `demo_${randomBytes(12).toString('hex')}`,
    model: parsed.model,
    nowMs,
    input: countInput(state.cache, wire, parsed, nowMs),
    includeUsage: asksForUsage(body),
  };
  const reply = answer(parsed, nowMs);
  const produced = produce(reply, parsed.maxTokens, `toolu_${randomBytes(9).toString('hex')}`);
  const served = {
    id: context.id,
    atMs: nowMs,
    provider: wire.provider,
    model: parsed.model,
    path: call.path,
    metadata: metadataOf(call.request),
    input: context.input,
  };
  const finish = (tokensOut: number, aborted: boolean): void => {
    state.log.add({ ...served, endedAtMs: Date.now(), tokensOut, aborted });
  };
  response.setHeader('cf-aig-log-id', context.id);
  response.setHeader('cf-aig-cache-status', 'MISS');
  if (!parsed.streaming) {
    finish(produced.tokens, false);
    sendJson(response, 200, wire.whole(context, produced));
    return;
  }
  const delayMs = reply.kind === 'text' && reply.slow ? state.slowPieceDelayMs : state.pieceDelayMs;
  await streamEvents(response, wire.stream(context, produced), delayMs, finish);
}

/** Sends event by event; a client that goes away stops the model, and what it made until then counts. */
async function streamEvents(
  response: ServerResponse,
  events: readonly WireEvent[],
  delayMs: number,
  finish: (tokensOut: number, aborted: boolean) => void,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  let made = 0;
  for (const [index, event] of events.entries()) {
    if (gone.signal.aborted) break;
    made = event.tokens;
    // The entry is written before the last bytes leave, so that whoever has read the end finds it.
    if (index === events.length - 1) {
      finish(made, false);
      response.end(event.bytes);
      return;
    }
    if (!response.write(event.bytes)) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
    if (delayMs > 0) await pause(delayMs, undefined, { signal: gone.signal }).catch(() => undefined);
  }
  finish(made, true);
}

function serveEmbeddings(state: DemoState, { request, response, path, body }: Call): void {
  const embedded = embed(body);
  if (typeof embedded === 'string') {
    sendJson(response, 400, openAiError(400, embedded));
    return;
  }
  const nowMs = Date.now();
  const served: Served = {
    id: `demo_${randomBytes(12).toString('hex')}`,
    atMs: nowMs,
    endedAtMs: nowMs,
    provider: 'openai',
    model: embedded.model,
    path,
    metadata: metadataOf(request),
    input: { plain: embedded.tokens, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 },
    tokensOut: 0,
    aborted: false,
  };
  response.setHeader('cf-aig-log-id', served.id);
  state.log.add(served);
  sendJson(response, 200, embedded.body);
}

function countInput(cache: PromptCache, wire: Wire, request: DemoRequest, nowMs: number): WireContext['input'] {
  return wire.provider === 'anthropic'
    ? cache.marked(request.model, request.segments, nowMs)
    : cache.automatic(request.model, request.segments, nowMs);
}

/** Only names that the provider has, so that a wrong model is found out here and not with the first real key. */
function isKnown(provider: DemoProvider, model: string): boolean {
  return calcPrice({ input_tokens: 1, output_tokens: 1 }, model, { providerId: priceSources[provider] }) !== null;
}

function asksForUsage(body: unknown): boolean {
  const parsed = z.looseObject({ stream_options: z.looseObject({ include_usage: z.boolean() }) }).safeParse(body);
  return parsed.success && parsed.data.stream_options.include_usage;
}

function metadataOf(request: IncomingMessage): string {
  const header = request.headers['cf-aig-metadata'];
  return typeof header === 'string' ? header.slice(0, 2_000) : '{}';
}

const Filters = z.array(z.object({ key: z.string(), operator: z.string(), value: z.array(z.string()) }));

/** AI Gateway's list: `page`, `per_page`, the order by time, and the filters used here: a value of the metadata, the time. */
function listLogs(log: RequestLog, query: URLSearchParams): Record<string, unknown> {
  const page = Math.max(1, Number(query.get('page') ?? 1) || 1);
  const perPage = Math.min(PER_PAGE_MAX, Math.max(1, Number(query.get('per_page') ?? 20) || 20));
  const filters = Filters.safeParse(parseJson(query.get('filters') ?? '[]'));
  const value = (key: string, operator: string): string | null =>
    (filters.success ? filters.data : []).find((each) => each.key === key && each.operator === operator)?.value[0] ??
    null;
  const { total, entries } = log.list({
    page,
    perPage,
    mention: value('metadata.value', 'eq'),
    after: value('created_at', 'gt'),
    before: value('created_at', 'lt'),
    oldestFirst: query.get('order_by_direction') === 'asc',
  });
  const info = { page, per_page: perPage, count: entries.length, total_count: total };
  return { success: true, errors: [], messages: [], result: entries, result_info: info };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('a request body is too large');
    parts.push(part);
  }
  return parseJson(Buffer.concat(parts).toString('utf8'));
}

/** Null for what is not JSON: the format's own parser refuses it in words. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function sendJson(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
