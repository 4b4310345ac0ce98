/**
 * The usage fields of each provider's answers, translated into `TokenUsage`.
 * Sources: type definitions of @anthropic-ai/sdk 1.11.0 (`Usage`, `MessageDeltaUsage`) and openai 7.55.0
 * (`CompletionUsage`, `ResponseUsage`, `CreateEmbeddingResponse.Usage`).
 * Without a readable input and output count there is no usage; an unreadable detail counts as absent.
 */
import { asObject, type JsonObject } from './json.ts';
import { parseTokens, type TokenUsage } from './usage.ts';

/** Things in a usage report that the price table does not price, as short codes (`service_tier:priority`). */
export type UnpricedExtras = readonly string[];

/** Anthropic's counts so far. Later reports override earlier ones field by field and are never added. */
export interface AnthropicCounts {
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly cacheWrite5m: number | null;
  readonly cacheWrite1h: number | null;
  readonly output: number | null;
  readonly reasoning: number | null;
}

export const noAnthropicCounts: AnthropicCounts = {
  input: null,
  cacheRead: null,
  cacheWrite: null,
  cacheWrite5m: null,
  cacheWrite1h: null,
  output: null,
  reasoning: null,
};

/** Takes the last non-null value of every field: `message_delta` repeats or omits what `message_start` said. */
export function mergeAnthropicCounts(before: AnthropicCounts, usage: JsonObject): AnthropicCounts {
  const creation = asObject(usage['cache_creation']);
  const details = asObject(usage['output_tokens_details']);
  return {
    input: parseTokens(usage['input_tokens']) ?? before.input,
    cacheRead: parseTokens(usage['cache_read_input_tokens']) ?? before.cacheRead,
    cacheWrite: parseTokens(usage['cache_creation_input_tokens']) ?? before.cacheWrite,
    cacheWrite5m: parseTokens(creation?.['ephemeral_5m_input_tokens']) ?? before.cacheWrite5m,
    cacheWrite1h: parseTokens(creation?.['ephemeral_1h_input_tokens']) ?? before.cacheWrite1h,
    output: parseTokens(usage['output_tokens']) ?? before.output,
    reasoning: parseTokens(details?.['thinking_tokens']) ?? before.reasoning,
  };
}

/** `input_tokens` excludes cache tokens. Five-minute writes are all writes minus the one-hour writes. */
export function anthropicUsage(counts: AnthropicCounts): TokenUsage | null {
  if (counts.input === null || counts.output === null) return null;
  const cacheWrite1h = counts.cacheWrite1h ?? 0;
  const cacheWrite5m =
    counts.cacheWrite === null ? (counts.cacheWrite5m ?? 0) : Math.max(0, counts.cacheWrite - cacheWrite1h);
  return {
    input: counts.input,
    cacheRead: counts.cacheRead ?? 0,
    cacheWrite5m,
    cacheWrite1h,
    output: counts.output,
    reasoning: Math.min(counts.reasoning ?? 0, counts.output),
  };
}

export function anthropicExtras(usage: JsonObject): UnpricedExtras {
  const extras: string[] = [];
  const tier = usage['service_tier'];
  if (typeof tier === 'string' && tier !== 'standard') extras.push(`service_tier:${tier}`);
  const speed = usage['speed'];
  if (typeof speed === 'string' && speed !== 'standard') extras.push(`speed:${speed}`);
  const geo = usage['inference_geo'];
  if (typeof geo === 'string' && geo !== 'global' && geo !== 'not_available') extras.push(`inference_geo:${geo}`);
  return [...extras, ...serverTools(usage)];
}

/** Tools that the provider ran, by name: Anthropic's and OpenRouter's own. */
function serverTools(usage: JsonObject): UnpricedExtras {
  return Object.entries(asObject(usage['server_tool_use']) ?? {}).flatMap(([tool, count]) =>
    typeof count === 'number' && count > 0 ? [`server_tool:${tool.slice(0, 64)}`] : [],
  );
}

/** Chat completions: `prompt_tokens` includes cached tokens; `completion_tokens` includes reasoning. */
export function openAiChatUsage(usage: JsonObject): TokenUsage | null {
  return openAiUsage({
    input: usage['prompt_tokens'],
    output: usage['completion_tokens'],
    inputDetails: asObject(usage['prompt_tokens_details']),
    outputDetails: asObject(usage['completion_tokens_details']),
  });
}

/** Responses: `input_tokens` includes cached tokens; `output_tokens` includes reasoning. */
export function openAiResponsesUsage(usage: JsonObject): TokenUsage | null {
  return openAiUsage({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    inputDetails: asObject(usage['input_tokens_details']),
    outputDetails: asObject(usage['output_tokens_details']),
  });
}

/** Embeddings: input only. */
export function openAiEmbeddingsUsage(usage: JsonObject): TokenUsage | null {
  return openAiUsage({ input: usage['prompt_tokens'], output: 0, inputDetails: null, outputDetails: null });
}

function has(details: JsonObject | null, field: string): boolean {
  return (parseTokens(details?.[field]) ?? 0) > 0;
}

const standardTiers = new Set(['default', 'auto', 'standard']);

export function openAiExtras(root: JsonObject, usage: JsonObject): UnpricedExtras {
  const extras: string[] = [];
  const tier = root['service_tier'];
  if (typeof tier === 'string' && !standardTiers.has(tier)) extras.push(`service_tier:${tier.slice(0, 64)}`);
  const input = asObject(usage['prompt_tokens_details']) ?? asObject(usage['input_tokens_details']);
  const output = asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details']);
  if (has(input, 'audio_tokens') || has(output, 'audio_tokens')) extras.push('audio_tokens');
  if (has(input, 'video_tokens')) extras.push('video_tokens');
  if (has(output, 'image_tokens')) extras.push('image_output_tokens');
  if (has(asObject(input?.['cache_write_tokens_details']), 'ttl_12h_tokens')) extras.push('cache_write:12h');
  return [...extras, ...serverTools(usage)];
}

interface OpenAiFields {
  readonly input: unknown;
  readonly output: unknown;
  readonly inputDetails: JsonObject | null;
  readonly outputDetails: JsonObject | null;
}

function openAiUsage(fields: OpenAiFields): TokenUsage | null {
  const all = parseTokens(fields.input);
  const output = parseTokens(fields.output);
  if (all === null || output === null) return null;
  const cacheRead = Math.min(parseTokens(fields.inputDetails?.['cached_tokens']) ?? 0, all);
  const cacheWrite = Math.min(parseTokens(fields.inputDetails?.['cache_write_tokens']) ?? 0, all - cacheRead);
  return {
    input: all - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite5m: cacheWrite,
    cacheWrite1h: 0,
    output,
    reasoning: Math.min(parseTokens(fields.outputDetails?.['reasoning_tokens']) ?? 0, output),
  };
}
