/**
 * Chat requests to hosts of other makers' models, in OpenAI's format: OpenRouter and Workers AI. What must hold: the
 * model that is priced is the one that is called, by one name, on the terms of the table.
 * Field lists: OpenRouter's "API parameters" and "Provider routing" pages; Workers AI's "OpenAI compatible API endpoints".
 */
import { err, ok, type Result } from '../../../../control-plane/src/contract/result.ts';
import type { AiRefusal } from './ai-error.ts';
import { notSupported, type AiDraft } from './ai-draft.ts';
import { asArray, asObject, type JsonObject } from './json.ts';
import { draftChatWith } from './openai-request.ts';
import type { ModelPrice } from './price.ts';

const shared = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'response_format',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning_effort',
  'user',
];
const openRouterFields = new Set([...shared, 'top_a', 'reasoning', 'include_reasoning', 'verbosity']);
const workersAiFields = new Set([...shared, 'chat_template_kwargs']);

/** Pico-USD per token in a dollar per million tokens. */
const PICO_PER_DOLLAR_A_MILLION = 1_000_000;

/** Nested deeper than any real message. */
const DEPTH_MAX = 12;

/**
 * OpenRouter chooses among hosts that ask different prices. `provider.max_price` keeps it to those that ask no more than
 * the table says, without a fee per request or picture; all other wishes about routing are left out.
 */
export function draftOpenRouter(asked: JsonObject, { base }: ModelPrice): Result<AiDraft, AiRefusal> {
  const lifetimes = withoutCacheLifetimes(asked);
  const max_price = {
    prompt: base.input / PICO_PER_DOLLAR_A_MILLION,
    completion: base.output / PICO_PER_DOLLAR_A_MILLION,
    request: 0,
  };
  const drafted = draftChatWith(lifetimes.root, (content) => ({
    fields: openRouterFields,
    bound: 'max_tokens',
    fixed: { provider: { max_price: content.images > 0 ? { ...max_price, image: 0 } : max_price } },
  }));
  if (!drafted.ok) return drafted;
  if (drafted.value.content.unbounded) {
    return err(
      notSupported(
        'Documents are read by a tool of OpenRouter that has a fee.',
        'Send their text, or pictures of them.',
      ),
    );
  }
  const ignored = [...drafted.value.ignored, ...(lifetimes.removed ? ['cache_control.ttl'] : [])];
  return ok({ ...drafted.value, ignored });
}

export function draftWorkersAi(asked: JsonObject): Result<AiDraft, AiRefusal> {
  return draftChatWith(asked, () => ({ fields: workersAiFields, bound: 'max_tokens', fixed: {} }));
}

/** Writes to a cache that last an hour cost more than the table's, and OpenRouter's usage does not tell them apart. */
function withoutCacheLifetimes(asked: JsonObject): { root: JsonObject; removed: boolean } {
  let removed = false;
  const visit = (value: unknown, depth: number): unknown => {
    if (depth > DEPTH_MAX) return null; // no real message is that deep
    const list = asArray(value);
    if (list) return list.map((item) => visit(item, depth + 1));
    const block = asObject(value);
    if (!block) return value;
    const next = 'content' in block ? { ...block, content: visit(block['content'], depth + 1) } : block;
    const control = asObject(block['cache_control']);
    if (!control || !('ttl' in control)) return next;
    removed = true;
    return { ...next, cache_control: { ...control, ttl: undefined } };
  };
  const root: Record<string, unknown> = { ...asked };
  for (const key of ['messages', 'tools']) if (key in root) root[key] = visit(root[key], 0);
  return { root, removed };
}
