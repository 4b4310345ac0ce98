/**
 * The usage fields of Gemini's answers. Source: `GenerateContentResponseUsageMetadata` of @google/genai 2.22.0 and
 * 3.1.0. Every chunk of a stream repeats them and the last one counts. Google leaves zeros out, so an absent count is
 * zero; a count that is there and unreadable means that there is no usage.
 */
import { asArray, asObject, asString, type JsonObject } from './json.ts';
import { parseTokens, type TokenUsage } from './usage.ts';

const countFields = [
  'promptTokenCount',
  'cachedContentTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'toolUsePromptTokenCount',
] as const;
type Counts = Record<(typeof countFields)[number], number>;

/** The prompt includes what was read from a cache; results of tools and thoughts come on top. */
export function geminiUsage(usage: JsonObject): TokenUsage | null {
  const counts = readCounts(usage);
  if (!counts) return null;
  const cacheRead = Math.min(counts.cachedContentTokenCount, counts.promptTokenCount);
  return {
    input: counts.promptTokenCount - cacheRead + counts.toolUsePromptTokenCount,
    cacheRead,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: counts.candidatesTokenCount + counts.thoughtsTokenCount,
    reasoning: counts.thoughtsTokenCount,
  };
}

/** What the table does not price: other tiers, sound and video, pictures as output, tokens that no field accounts for. */
export function geminiExtras(usage: JsonObject): readonly string[] {
  const extras: string[] = [];
  const traffic = asString(usage['trafficType'], 64);
  if (traffic !== null && traffic !== 'ON_DEMAND' && traffic !== 'TRAFFIC_TYPE_UNSPECIFIED') {
    extras.push(`traffic_type:${traffic}`);
  }
  const tier = asString(usage['serviceTier'], 64);
  if (tier !== null && tier !== 'standard' && tier !== 'unspecified') extras.push(`service_tier:${tier}`);
  const given = [...details(usage, 'promptTokensDetails'), ...details(usage, 'toolUsePromptTokensDetails')];
  const made = details(usage, 'candidatesTokensDetails');
  for (const modality of ['AUDIO', 'VIDEO']) {
    if ([...given, ...made].includes(modality)) extras.push(`${modality.toLowerCase()}_tokens`);
  }
  if (made.includes('IMAGE')) extras.push('image_output_tokens');
  const counts = readCounts(usage);
  const total = parseTokens(usage['totalTokenCount']);
  if (counts && total !== null && total > sumOf(counts)) extras.push('tokens_beyond_parts');
  return extras;
}

function sumOf(counts: Counts): number {
  const { promptTokenCount, toolUsePromptTokenCount, candidatesTokenCount, thoughtsTokenCount } = counts;
  return promptTokenCount + toolUsePromptTokenCount + candidatesTokenCount + thoughtsTokenCount;
}

/** Modalities with at least one token. */
function details(usage: JsonObject, field: string): readonly string[] {
  return (asArray(usage[field]) ?? []).flatMap((entry) => {
    const modality = asObject(entry)?.['modality'];
    const tokens = parseTokens(asObject(entry)?.['tokenCount']) ?? 0;
    return typeof modality === 'string' && tokens > 0 ? [modality] : [];
  });
}

function readCounts(usage: JsonObject): Counts | null {
  const counts: Counts = {
    promptTokenCount: 0,
    cachedContentTokenCount: 0,
    candidatesTokenCount: 0,
    thoughtsTokenCount: 0,
    toolUsePromptTokenCount: 0,
  };
  let some = false;
  for (const field of countFields) {
    const value = usage[field];
    if (value === undefined || value === null) continue;
    const tokens = parseTokens(value);
    if (tokens === null) return null;
    counts[field] = tokens;
    some = true;
  }
  return some ? counts : null;
}
