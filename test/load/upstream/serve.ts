/**
 * The upstream stand-in's HTTP: does what the script in the request says, at the pace it says, and writes down what it did.
 * A cut comes after the bytes before it: the connection is half closed, so that who reads gets all of them and then the break.
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { gatewayToken, ownKeyOf } from '../gateway.ts';
import { isListed, listCost, type Tokens } from '../prices.ts';
import { scriptIn, type Ending, type Script } from '../script.ts';
import type { Ended } from '../upstream-log.ts';
import type { CallLog } from './call-log.ts';
import { gemini, readGeminiPath } from './wire-gemini.ts';
import { formats, type Format, type Part } from './wire.ts';

export interface UpstreamState {
  readonly log: CallLog;
  /** Calls so far by turn: a retry is a further one. */
  readonly calls: Map<number, number>;
}

const bodyBytesMax = 32 * 1024 * 1024;
const Metadata = z.looseObject({ tenant: z.string(), request: z.string() });
const Body = z.looseObject({ model: z.string().optional(), stream: z.boolean().nullish() });
const Filters = z.array(z.looseObject({ key: z.string(), value: z.array(z.string()) }));

export async function handleUpstream(
  state: UpstreamState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '', 'http://127.0.0.1');
  if (url?.pathname === '/logs') return sendLogs(state.log, url.searchParams, response);
  const named = readGeminiPath(url?.pathname ?? '');
  const format = named === null ? formats[url?.pathname ?? ''] : gemini;
  if (format === undefined || request.method !== 'POST') return sendError(response, 404);
  const text = await readText(request);
  const script = scriptIn(text);
  const body = Body.safeParse(parsed(text));
  const who = Metadata.safeParse(parsed(String(request.headers['cf-aig-metadata'] ?? '')));
  const model = named?.model ?? body.data?.model ?? '';
  if (script === null || !body.success || !who.success || !isListed(model)) return sendError(response, 400);
  const { tenant, request: id } = who.data;
  const nth = state.calls.get(script.n) ?? 0;
  state.calls.set(script.n, nth + 1);
  state.log.add({ kind: 'began', request: id, tenant, n: script.n });
  const ending: Ending = script.endings[Math.min(nth, script.endings.length - 1)] ?? { kind: 'whole' };
  await new Call({
    state,
    response,
    format,
    script,
    ending,
    base: {
      request: id,
      tenant,
      n: script.n,
      provider: format.provider,
      payer: payerOf(request.headers, tenant, format.provider),
      model,
      streamed: named?.streamed ?? body.data.stream === true,
    },
    // A provider keeps to the bound that it was given.
    tokens: { ...script.tokens, output: Math.min(script.tokens.output, format.outputMax(body.data)) },
  }).answer();
}

/** By the key that the provider gets: AI Gateway puts the platform's in where none comes, or has its own token there. */
function payerOf(headers: IncomingHttpHeaders, tenant: string, provider: Ended['provider']): Ended['payer'] {
  const bearer = headers.authorization?.replace(/^Bearer /, '');
  const key = headers['x-api-key'] ?? headers['x-goog-api-key'] ?? bearer ?? gatewayToken;
  if (key === gatewayToken) return 'platform';
  return key === ownKeyOf(tenant, provider) ? 'own' : 'foreign';
}

interface CallInput {
  readonly state: UpstreamState;
  readonly response: ServerResponse;
  readonly format: Format;
  readonly script: Script;
  readonly ending: Ending;
  readonly base: Pick<Ended, 'request' | 'tenant' | 'n' | 'provider' | 'payer' | 'model' | 'streamed'>;
  readonly tokens: Tokens;
}

/** One call, from the first byte to its line in the log. */
class Call {
  readonly #in: CallInput;
  readonly #gone = new AbortController();
  #written = false;

  constructor(input: CallInput) {
    this.#in = input;
    input.response.once('close', () => this.#gone.abort());
  }

  async answer(): Promise<void> {
    const { response, script, ending } = this.#in;
    await this.#wait(script.firstMs);
    if (this.#gone.signal.aborted) return this.#end('left', { reported: null, billed: null });
    switch (ending.kind) {
      case 'refused':
        this.#end('refused', { reported: null, billed: null, status: ending.status });
        return sendError(response, ending.status);
      case 'hangs_up':
        this.#end('hung_up', { reported: null, billed: null });
        response.socket?.destroy();
        return undefined;
      case 'whole':
      case 'no_usage':
      case 'cut_before_usage':
      case 'cut_after_usage':
        return this.#send(ending);
    }
  }

  async #send(ending: Exclude<Ending, { kind: 'refused' | 'hangs_up' }>): Promise<void> {
    const { response, format, base, script, tokens } = this.#in;
    const wanted = {
      id: `up_${base.request}`,
      model: base.model,
      tokens,
      pieces: script.pieces,
      withUsage: ending.kind !== 'no_usage',
    };
    const parts = base.streamed ? format.stream(wanted) : format.whole(wanted);
    const cut = ending.kind === 'cut_before_usage' || ending.kind === 'cut_after_usage';
    const sent = cut ? cutOff(parts, ending.kind === 'cut_after_usage') : parts;
    response.writeHead(200, {
      'content-type': base.streamed ? 'text/event-stream; charset=utf-8' : 'application/json',
      'cf-aig-log-id': `log_${base.request}`,
      'cf-aig-cache-status': 'MISS',
    });
    response.flushHeaders();
    let last: Part | null = null;
    for (const [index, part] of sent.entries()) {
      if (index > 0) await this.#wait(script.pieceMs);
      if (this.#gone.signal.aborted) return this.#left(last);
      last = part;
      if (index === sent.length - 1) break;
      if (!response.write(part.bytes))
        await once(response, 'drain', { signal: this.#gone.signal }).catch(() => undefined);
    }
    const reported = last?.reported ?? null;
    if (!cut) {
      this.#end(ending.kind === 'no_usage' ? 'no_usage' : 'whole', { reported, billed: tokens });
      response.end(last?.bytes ?? '');
      return;
    }
    this.#end('cut', { reported, billed: billOf(ending, tokens, last) });
    if (last !== null) response.write(last.bytes);
    // Without the end of the chunks: whoever reads knows that something is missing.
    response.socket?.end();
  }

  /** Who asked is gone: what was made until then counts, as at the providers. */
  #left(last: Part | null): void {
    const made = last === null || last.made === 0 ? null : { ...this.#in.tokens, output: last.made };
    this.#end('left', { reported: last?.reported ?? null, billed: made });
  }

  #end(how: Ended['how'], told: { reported: Tokens | null; billed: Tokens | null; status?: number }): void {
    if (this.#written) return;
    this.#written = true;
    const { state, base, script } = this.#in;
    const nowMs = Date.now();
    const { billed } = told;
    state.log.add({
      kind: 'ended',
      ...base,
      how,
      status: told.status ?? 200,
      reported: told.reported,
      bill: billed === null ? null : { tokens: billed, nanoUsd: listCost(base.model, billed) },
      endedAtMs: nowMs,
      shownAtMs: nowMs + script.recordLateMs,
    });
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#gone.signal }).catch(() => undefined);
  }
}

/** The parts that go out before a cut. A single body is cut in the middle, or just before its end is said. */
function cutOff(parts: readonly Part[], afterUsage: boolean): readonly Part[] {
  const [only] = parts;
  const first = parts.findIndex((part) => part.reported !== null);
  if (parts.length === 1 && only !== undefined) {
    if (afterUsage) return parts;
    return [{ ...only, bytes: only.bytes.slice(0, only.bytes.length / 2), reported: null }];
  }
  const half = Math.floor(parts.length / 2);
  if (!afterUsage) return parts.slice(0, Math.min(half, first < 0 ? half : first));
  const until = Math.max(half, first + 1);
  return parts.slice(0, first === parts.length - 1 ? parts.length : Math.min(until, parts.length - 1));
}

function billOf(
  ending: Extract<Ending, { kind: 'cut_before_usage' | 'cut_after_usage' }>,
  tokens: Tokens,
  last: Part | null,
): Tokens | null {
  const made = last === null ? null : { ...tokens, output: last.made };
  if (ending.kind === 'cut_before_usage') return ending.billed ? made : null;
  if (ending.billed === 'nothing') return null;
  return ending.billed === 'made' ? made : (last?.reported ?? null);
}

function sendLogs(log: CallLog, query: URLSearchParams, response: ServerResponse): void {
  const filters = Filters.safeParse(parsed(query.get('filters') ?? '[]'));
  const wanted = filters.success ? filters.data.find(({ key }) => key === 'metadata.value')?.value[0] : undefined;
  const result = wanted === undefined ? [] : log.shown(wanted, Date.now());
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ success: true, result }));
}

function sendError(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  const type = status === 529 ? 'overloaded_error' : 'api_error';
  response.end(JSON.stringify({ type: 'error', error: { type, message: `the stand-in says ${status}` } }));
}

/** @throws when the request breaks off: it never arrived */
async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error('a request body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
