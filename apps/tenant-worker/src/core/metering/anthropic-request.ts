/**
 * Anthropic Messages requests. Field list: `MessageCreateParamsBase` of @anthropic-ai/sdk 1.11.0.
 */
import { err, ok, type Result } from '../../../../control-plane/src/contract/result.ts';
import type { AiRefusal } from './ai-error.ts';
import { ANSWER_TOKENS_MIN, notSupported, parseOutputMax, pickFields, toolType, type AiDraft } from './ai-draft.ts';
import { scanContent } from './content-scan.ts';
import { asArray, asObject, type JsonObject } from './json.ts';
import { parseTokens } from './usage.ts';

const knownFields = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'thinking',
  'tools',
  'tool_choice',
  'output_config',
  'output_format',
  'cache_control',
  'context_management',
]);

/** Tools that the client itself runs: they cost tokens and nothing else. */
const clientTools = /^(?:custom$|bash_|text_editor_|memory_|computer_)/;

export function draftAnthropic(root: JsonObject, bodyText: string): Result<AiDraft, AiRefusal> {
  const { body, ignored } = pickFields(root, knownFields);
  for (const tool of asArray(root['tools']) ?? []) {
    const type = toolType(tool);
    if (type !== '' && !clientTools.test(type)) {
      return err(
        notSupported(
          `The provider's own tool "${type}" has a fee that is not priced here.`,
          "Turn it off; the assistant's own tools work.",
        ),
      );
    }
  }
  const outputTokensMax = parseOutputMax(root['max_tokens']);
  if (!outputTokensMax.ok) return outputTokensMax;
  const edits = withoutCompaction(body['context_management']);
  if (edits.removed) ignored.push('context_management.compact');
  if (body['context_management'] !== undefined) body['context_management'] = edits.value;
  return ok({
    body,
    streaming: root['stream'] === true,
    outputTokensMax: outputTokensMax.value,
    outputTokensMin: ANSWER_TOKENS_MIN + (parseTokens(asObject(root['thinking'])?.['budget_tokens']) ?? 0),
    // `standard_only`: an account with bought priority capacity must not serve a request at another price.
    withOutputTokensMax: (max_tokens) => ({ ...body, max_tokens, service_tier: 'standard_only' }),
    choices: 1,
    cacheWrites: cacheWrites(bodyText),
    content: scanContent(root['messages'], root['system']),
    hideUsageChunk: false,
    ignored,
  });
}

function cacheWrites(bodyText: string): AiDraft['cacheWrites'] {
  if (!bodyText.includes('cache_control')) return 'none';
  return /"ttl"\s*:\s*"1h"/.test(bodyText) ? '1h' : '5m';
}

/** Compaction on the server is a second model call whose tokens are not in the usage we read. */
function withoutCompaction(value: unknown): { value: unknown; removed: boolean } {
  const management = asObject(value);
  const edits = asArray(management?.['edits']);
  if (!management || !edits) return { value, removed: false };
  const kept = edits.filter((edit) => !toolType(edit).startsWith('compact'));
  return { value: { ...management, edits: kept }, removed: kept.length < edits.length };
}

/** Betas that change neither the price nor what a server does for us; any other is left out of the header. */
const openBetas =
  /^(?:interleaved-thinking|fine-grained-tool-streaming|extended-cache-ttl|prompt-caching|token-efficient-tools|output-128k|structured-outputs|effort|context-management|computer-use|pdfs)-[\d-]+$/;

/** The `anthropic-beta` header to send, or null for none. */
export function filterAnthropicBeta(header: string | null): string | null {
  const open = (header ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => openBetas.test(beta));
  return open.length > 0 ? open.slice(0, 16).join(',') : null;
}
