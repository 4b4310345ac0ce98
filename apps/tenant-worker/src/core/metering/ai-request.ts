/**
 * Understands one model request: is it open, is it priced, what is the most it can cost, and what body goes upstream.
 * The body is forwarded as parsed, never as received, so that what we read is what the provider reads.
 *
 * Rule for what we do not pass on:
 * - a field that only changes price, speed or place (`service_tier`, `speed`, `inference_geo`) or that we do not know
 *   is left out, and listed in `ignored`: the answer comes, at the price in the table;
 * - a thing that the answer needs but that we cannot price or keep apart between tenants (server tools, stored files,
 *   stored conversations, audio) is refused in words: the model never silently lacks what it was asked to use.
 */
import { err, ok, unreachable, type Result } from '../../../../control-plane/src/contract/result.ts';
import { notSupported, type AiDraft } from './ai-draft.ts';
import { modelUnpriced, requestInvalid, type AiRefusal } from './ai-error.ts';
import { affordableOutputTokens, holdNanoUsd, type HoldInput } from './ai-hold.ts';
import type { AiRoute } from './ai-route.ts';
import { draftAnthropic } from './anthropic-request.ts';
import { draftOpenRouter, draftWorkersAi } from './chat-hosts.ts';
import type { ContentScan } from './content-scan.ts';
import { draftGemini } from './gemini-request.ts';
import { asArray, asString, parseObject, type JsonObject } from './json.ts';
import { draftChat, draftEmbeddings, draftResponses } from './openai-request.ts';
import type { ModelPrice } from './price.ts';
import { findPrice, priceTableAt, priceTables, type PriceTable } from './price-table.ts';

export interface AiRequest extends AiRoute {
  readonly model: string;
  /** What the price table calls the model, whatever release date or alias was asked for. */
  readonly modelId: string;
  readonly price: ModelPrice;
  readonly priceVersion: string;
  readonly streaming: boolean;
  /** As the client wants it: the answer may be as long as it says. */
  readonly asked: BoundedRequest;
  /** The same with a shorter answer that costs at most this much, or null when that would be too short. */
  readonly within: (availableNanoUsd: number) => BoundedRequest | null;
  /** We asked for the usage chunk, the client did not: it must not see it. */
  readonly hideUsageChunk: boolean;
  /** Fields of the request that were left out. */
  readonly ignored: readonly string[];
}

/** What is sent and the most that it can cost, which hang together through the bound on the answer. */
export interface BoundedRequest {
  readonly holdNanoUsd: number;
  /** JSON text to send upstream. */
  readonly body: string;
}

export interface AiRequestInput {
  readonly route: AiRoute;
  readonly bodyText: string;
  readonly bodyBytes: number;
  readonly nowMs: number;
  readonly tables?: readonly PriceTable[];
}

const MODEL_CHARS_MAX = 120;

export function parseAiRequest(input: AiRequestInput): Result<AiRequest, AiRefusal> {
  const { route, bodyText, bodyBytes, nowMs, tables = priceTables } = input;
  const root = parseObject(bodyText);
  if (!root) return err(requestInvalid('The request body is not a JSON object.'));
  const model = route.named?.model ?? asString(root['model'], MODEL_CHARS_MAX);
  if (model === null) return err(requestInvalid('The request names no model.'));
  const priced = findPrice(priceTableAt(tables, nowMs), route.provider, model, nowMs);
  if (!priced) return err(modelUnpriced(route.provider, model));

  const drafted = draft(route, root, bodyText, priced.price);
  if (!drafted.ok) return drafted;
  const { content, choices, cacheWrites, streaming, hideUsageChunk, ignored } = drafted.value;
  const refusal = refuseContent(content);
  if (refusal) return err(refusal);

  const outputTokensMax = drafted.value.outputTokensMax ?? priced.defaultOutputTokens;
  if (outputTokensMax === null) return err(requestInvalid('The request does not say how long the answer may be.'));
  const { outputTokensMin, withOutputTokensMax } = drafted.value;
  const hold: HoldInput = {
    provider: route.provider,
    priced,
    bodyBytes,
    content,
    outputTokensMax,
    choices,
    cacheWrites,
  };
  const bounded = (tokens: number): BoundedRequest => ({
    holdNanoUsd: holdNanoUsd({ ...hold, outputTokensMax: tokens }),
    body: JSON.stringify(withOutputTokensMax(tokens)),
  });
  return ok({
    ...route,
    model,
    modelId: priced.modelId,
    price: priced.price,
    priceVersion: priced.priceVersion,
    streaming,
    asked: bounded(outputTokensMax),
    within(availableNanoUsd) {
      const tokens = affordableOutputTokens(hold, availableNanoUsd);
      return tokens >= outputTokensMin && tokens < outputTokensMax ? bounded(tokens) : null;
    },
    hideUsageChunk,
    ignored,
  });
}

/** What a refusal needs to know of a request that was not accepted. */
export interface RequestShape {
  readonly model: string;
  readonly streaming: boolean;
  /** An agent's turn: a person waits for it and reads what comes. */
  readonly offersTools: boolean;
}

export function describeRequest({ named }: AiRoute, bodyText: string): RequestShape {
  const root = parseObject(bodyText) ?? {};
  return {
    model: named?.model ?? asString(root['model'], MODEL_CHARS_MAX) ?? 'unknown',
    streaming: named?.streaming ?? root['stream'] === true,
    offersTools: (asArray(root['tools'])?.length ?? 0) > 0,
  };
}

function draft(route: AiRoute, root: JsonObject, bodyText: string, price: ModelPrice): Result<AiDraft, AiRefusal> {
  switch (route.format) {
    case 'anthropic-messages':
      return draftAnthropic(root, bodyText);
    case 'openai-chat':
      if (route.provider === 'openrouter') return draftOpenRouter(root, price);
      return route.provider === 'workers-ai' ? draftWorkersAi(root) : draftChat(root);
    case 'openai-responses':
      return draftResponses(root);
    case 'openai-embeddings':
      return draftEmbeddings(root);
    case 'google-gemini':
      return draftGemini(root, route.named?.streaming ?? false);
    default:
      return unreachable(route.format);
  }
}

function refuseContent(content: ContentScan): AiRefusal | null {
  if (content.storedFile) {
    return notSupported('Files stored at the provider are not open here.', 'Send the file inside the request.');
  }
  if (content.storedItem) {
    return notSupported('Answers stored at the provider are not open here.', 'Send the whole conversation.');
  }
  if (content.audio) return notSupported('Sound and video have no price here.', 'Send text or images.');
  return null;
}
