/**
 * OpenAI chat, responses and embeddings requests, and the part of chat that other hosts (chat-hosts.ts) share. Field lists: `ChatCompletionCreateParamsBase`,
 * `ResponseCreateParamsBase` and `EmbeddingCreateParams` of openai 7.55.0.
 * Nothing is stored at the provider (`store: false`): the account is shared, and a stored answer outlives the tenant.
 */
import { err, ok, type Result } from '../../../../control-plane/src/contract/result.ts';
import { requestInvalid, type AiRefusal } from './ai-error.ts';
import { ANSWER_TOKENS_MIN, notSupported, parseOutputMax, pickFields, toolType, type AiDraft } from './ai-draft.ts';
import { scanContent, type ContentScan } from './content-scan.ts';
import { asArray, asObject, type JsonObject } from './json.ts';

const shared = [
  'model',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'top_logprobs',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
];
const chatFields = new Set([
  ...shared,
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'presence_penalty',
  'frequency_penalty',
  'stop',
  'seed',
  'n',
  'logprobs',
  'logit_bias',
  'response_format',
  'reasoning_effort',
  'verbosity',
  'prediction',
  'functions',
  'function_call',
]);
const responsesFields = new Set([
  ...shared,
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'text',
  'reasoning',
  'include',
  'truncation',
]);
const embeddingsFields = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user']);

/** Tools that the client itself runs. */
const clientTools = new Set(['function', 'custom', 'local_shell', 'apply_patch', 'namespace']);
const CHOICES_MAX = 8;

/** How a provider's chat differs from OpenAI's own. */
export interface ChatDialect {
  readonly fields: ReadonlySet<string>;
  /** The field that bounds the answer there, or null for the one that the client uses. */
  readonly bound: 'max_tokens' | null;
  /** Said with every request, over whatever the client says. */
  readonly fixed: Readonly<Record<string, unknown>>;
}

const openAiChat: ChatDialect = {
  fields: chatFields,
  bound: null,
  fixed: { service_tier: 'default', store: false },
};

export function draftChat(root: JsonObject): Result<AiDraft, AiRefusal> {
  return draftChatWith(root, () => openAiChat);
}

export function draftChatWith(
  root: JsonObject,
  dialectFor: (content: ContentScan) => ChatDialect,
): Result<AiDraft, AiRefusal> {
  const content = scanContent(root['messages']);
  const { fields, bound, fixed } = dialectFor(content);
  const { body, ignored } = pickFields(root, fields);
  const refusal = refuseTools(root) ?? refuseSpeech(root);
  if (refusal) return err(refusal);
  const choices = root['n'] ?? 1;
  if (typeof choices !== 'number' || !Number.isInteger(choices) || choices < 1 || choices > CHOICES_MAX) {
    return err(requestInvalid(`"n" must be a whole number from 1 to ${CHOICES_MAX}.`));
  }
  const outputTokensMax = parseOutputMax(root['max_completion_tokens'] ?? root['max_tokens']);
  if (!outputTokensMax.ok) return outputTokensMax;
  const streaming = root['stream'] === true;
  const options = asObject(root['stream_options']);
  const theirs = 'max_tokens' in body && !('max_completion_tokens' in body) ? 'max_tokens' : 'max_completion_tokens';
  return ok({
    body,
    streaming,
    outputTokensMax: outputTokensMax.value,
    outputTokensMin: ANSWER_TOKENS_MIN,
    withOutputTokensMax: (tokens) => ({
      ...body,
      [bound ?? theirs]: tokens,
      ...(streaming ? { stream_options: { ...options, include_usage: true } } : {}),
      ...fixed,
    }),
    choices: fields.has('n') ? choices : 1,
    cacheWrites: '5m', // OpenAI writes its cache by itself
    content,
    hideUsageChunk: streaming && options?.['include_usage'] !== true,
    ignored: ignored.filter((name) => bound === null || name !== 'max_completion_tokens'),
  });
}

export function draftResponses(root: JsonObject): Result<AiDraft, AiRefusal> {
  const { body, ignored } = pickFields(root, responsesFields);
  const refusal = refuseTools(root) ?? refuseStored(root);
  if (refusal) return err(refusal);
  const outputTokensMax = parseOutputMax(root['max_output_tokens']);
  if (!outputTokensMax.ok) return outputTokensMax;
  return ok({
    body,
    streaming: root['stream'] === true,
    outputTokensMax: outputTokensMax.value,
    outputTokensMin: ANSWER_TOKENS_MIN,
    withOutputTokensMax: (max_output_tokens) => ({
      ...body,
      max_output_tokens,
      service_tier: 'default',
      store: false,
    }),
    choices: 1,
    cacheWrites: '5m',
    content: scanContent(root['input']),
    hideUsageChunk: false,
    ignored,
  });
}

export function draftEmbeddings(root: JsonObject): Result<AiDraft, AiRefusal> {
  const { body, ignored } = pickFields(root, embeddingsFields);
  return ok({
    body,
    streaming: false,
    outputTokensMax: 0,
    outputTokensMin: 0,
    withOutputTokensMax: () => body,
    choices: 1,
    cacheWrites: 'none',
    content: scanContent(),
    hideUsageChunk: false,
    ignored,
  });
}

function refuseTools(root: JsonObject): AiRefusal | null {
  if (asObject(root['web_search_options'])) return toolHasFee('web_search');
  for (const tool of asArray(root['tools']) ?? []) {
    const type = toolType(tool);
    if (!clientTools.has(type)) return toolHasFee(type);
  }
  return null;
}

function toolHasFee(type: string): AiRefusal {
  return notSupported(
    `The provider's own tool "${type}" has a fee that is not priced here.`,
    "Turn it off; the assistant's own tools work.",
  );
}

function refuseSpeech(root: JsonObject): AiRefusal | null {
  const modalities = asArray(root['modalities']) ?? [];
  if (!modalities.includes('audio') && !asObject(root['audio'])) return null;
  return notSupported('Spoken answers have no price here.', 'Ask for text.');
}

/** OpenClaw sends the whole conversation when it hears that the stored one is not there. */
function refuseStored(root: JsonObject): AiRefusal | null {
  if (typeof root['previous_response_id'] === 'string') {
    return requestInvalid('previous_response_id was not found: answers are not stored here.');
  }
  if (root['background'] === true) {
    return notSupported('Background answers are not open here.', 'Send the request without "background".');
  }
  if (root['conversation'] || root['prompt']) {
    return notSupported('Conversations and prompts stored at the provider are not open here.', 'Send the text itself.');
  }
  return null;
}
