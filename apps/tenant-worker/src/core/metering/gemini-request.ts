/**
 * Gemini requests (`generateContent`, `streamGenerateContent`). Field lists: `GenerateContentConfig`, `GenerationConfig`,
 * `Tool` and `Part` of @google/genai 2.22.0 and 3.1.0. Google reads every name in camelCase and in snake_case: names are
 * brought to the first, so that what is looked at here is what counts there.
 */
import { err, ok, type Result } from '../../../../control-plane/src/contract/result.ts';
import { requestInvalid, type AiRefusal } from './ai-error.ts';
import { ANSWER_TOKENS_MIN, notSupported, parseOutputMax, pickFields, type AiDraft } from './ai-draft.ts';
import { camelCase, scanGemini } from './gemini-content.ts';
import { asArray, asObject, type JsonObject } from './json.ts';
import { parseTokens } from './usage.ts';

const knownFields = new Set([
  'contents',
  'systemInstruction',
  'generationConfig',
  'tools',
  'toolConfig',
  'safetySettings',
  'cachedContent',
]);
const knownConfig = new Set([
  'temperature',
  'topP',
  'topK',
  'candidateCount',
  'maxOutputTokens',
  'stopSequences',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'responseModalities',
  'presencePenalty',
  'frequencyPenalty',
  'seed',
  'responseLogprobs',
  'logprobs',
  'thinkingConfig',
  'mediaResolution',
  'speechConfig',
]);
const CANDIDATES_MAX = 8;

export function draftGemini(asked: JsonObject, streaming: boolean): Result<AiDraft, AiRefusal> {
  const root = camelKeys(asked);
  const given = root && camelKeys(asObject(root['generationConfig']) ?? {});
  if (!root || !given) return err(requestInvalid('A field is given twice, in camelCase and in snake_case.'));
  const { body, ignored } = pickFields(root, knownFields);
  const { body: config, ignored: ignoredConfig } = pickFields(given, knownConfig);
  const refusal = refuseTools(root) ?? refuseStored(root) ?? refuseOtherThanText(config);
  if (refusal) return err(refusal);
  const choices = config['candidateCount'] ?? 1;
  if (typeof choices !== 'number' || !Number.isInteger(choices) || choices < 1 || choices > CANDIDATES_MAX) {
    return err(requestInvalid(`"candidateCount" must be a whole number from 1 to ${CANDIDATES_MAX}.`));
  }
  const outputTokensMax = parseOutputMax(config['maxOutputTokens']);
  if (!outputTokensMax.ok) return outputTokensMax;
  const thinking = camelKeys(asObject(config['thinkingConfig']) ?? {});
  return ok({
    body,
    streaming,
    outputTokensMax: outputTokensMax.value,
    // Thoughts count towards the bound on the answer.
    outputTokensMin: ANSWER_TOKENS_MIN + (parseTokens(thinking?.['thinkingBudget']) ?? 0),
    withOutputTokensMax: (maxOutputTokens) => ({ ...body, generationConfig: { ...config, maxOutputTokens } }),
    choices,
    cacheWrites: 'none', // Google caches by itself and charges nothing for it
    content: scanGemini(body['contents'], body['systemInstruction']),
    hideUsageChunk: false,
    ignored: [...ignored, ...ignoredConfig.map((name) => `generationConfig.${name}`)],
  });
}

/** Null when two names are one in camelCase. */
function camelKeys(object: JsonObject): JsonObject | null {
  const entries = Object.entries(object).map(([key, value]) => [camelCase(key), value] as const);
  const camel = Object.fromEntries(entries);
  return Object.keys(camel).length === entries.length ? camel : null;
}

/** Everything but functions of the client's own is run by Google, at a fee or against somebody else's data. */
function refuseTools(root: JsonObject): AiRefusal | null {
  for (const tool of asArray(root['tools']) ?? []) {
    for (const [key, value] of Object.entries(asObject(tool) ?? {})) {
      if (camelCase(key) === 'functionDeclarations' || value === null) continue;
      return notSupported(
        `The provider's own tool "${key.slice(0, 64)}" has a fee that is not priced here.`,
        "Turn it off; the assistant's own tools work.",
      );
    }
  }
  return null;
}

function refuseStored(root: JsonObject): AiRefusal | null {
  if (root['cachedContent'] === undefined || root['cachedContent'] === null) return null;
  return notSupported('Caches stored at the provider are not open here.', 'Send the whole conversation.');
}

function refuseOtherThanText(config: JsonObject): AiRefusal | null {
  const modalities = asArray(config['responseModalities']) ?? [];
  const isText = modalities.every((modality) => typeof modality === 'string' && modality.toUpperCase() === 'TEXT');
  if (isText && (config['speechConfig'] ?? null) === null) return null;
  return notSupported('Spoken and painted answers have no price here.', 'Ask for text.');
}
