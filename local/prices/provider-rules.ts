/**
 * What is particular to a provider when its prices are imported: its name at the source, which of its models are served
 * through our open paths, how their names are matched, and the bound on an answer that names none.
 */
import type { MatchLogic, ModelInfo } from '@pydantic/genai-prices';

export interface ProviderRules {
  /** The provider's id in @pydantic/genai-prices. */
  readonly source: string;
  /** Why a model has no place in the table, by what it is; null when it may have one. */
  readonly leaveOut: (info: ModelInfo) => string | null;
  /** The names that count as this model, or null when none of the source's does. */
  readonly names: (match: MatchLogic) => MatchLogic | null;
  /** Price keys that cannot matter, since what they price is refused. */
  readonly refusedKeys: ReadonlySet<string>;
  /** Tokens; null when the provider itself demands a bound. */
  readonly defaultOutputTokens: (info: ModelInfo) => number | null;
}

/** Names that mean another product than text in, text out; the source prices them per modality or per call. */
const otherProducts: readonly (readonly [RegExp, string])[] = [
  [/audio|realtime|transcribe|tts|whisper/, 'audio has its own prices, which the meter does not split'],
  [/image/, 'images have their own prices, which the meter does not split'],
  [/search-preview|deep-research/, 'each call has a search fee beside the tokens'],
  [/computer-use/, 'served through a tool API that is not open here'],
  [/^ft:|\.ft-/, 'a fine-tuned model belongs to one account'],
  [/^gpt-oss/, 'not served by this provider itself'],
  [/^gpt-4o:extended$/, 'not served by this provider itself'],
];

const byName = (id: string, more: typeof otherProducts = []): string | null =>
  [...otherProducts, ...more].find(([pattern]) => pattern.test(id))?.[1] ?? null;

const none: ReadonlySet<string> = new Set();

/** Bounds to set when a request names none. OpenAI's documented output limits for older models, else a wide one. */
const openAiOutput: readonly (readonly [RegExp, number])[] = [
  [/^(?:gpt-3\.5|gpt-4$|gpt-4-|gpt-4o-2024-05-13|chatgpt-4o|gpt-4\.5)/, 4096],
  [/^gpt-4o/, 16_384],
  [/./, 32_768],
];

export const providerRules = {
  anthropic: {
    source: 'anthropic',
    leaveOut: ({ id }) => byName(id),
    names: withoutOtherProducts,
    refusedKeys: none,
    defaultOutputTokens: () => null,
  },
  openai: {
    source: 'openai',
    leaveOut: ({ id }) => byName(id),
    names: withoutOtherProducts,
    refusedKeys: none,
    defaultOutputTokens: ({ id }) => openAiOutput.find(([pattern]) => pattern.test(id))?.[1] ?? 4096,
  },
  google: {
    source: 'google',
    leaveOut: ({ id }) =>
      byName(id, [
        [/^(?!gemini-)/, 'not served by the Gemini API, or free there'],
        [/embedding/, 'embeddings have no open path at this provider'],
        [/live|omni/, 'sound and video have their own prices'],
      ]),
    names: withWholeNames,
    // Sound and video are refused on the open paths.
    refusedKeys: new Set(['input_audio_mtok', 'cache_audio_read_mtok']),
    // Older models end at 8,192; newer ones think within the bound and go to 65,536.
    defaultOutputTokens: ({ id }) => (/^gemini-(?:1\.|2\.0|pro|flash)/.test(id) ? 8_192 : 32_768),
  },
  openrouter: {
    source: 'openrouter',
    leaveOut: (info) =>
      byName(info.id, [
        [/^openrouter\//, 'a router: which model it calls is not known before'],
        [/sonar/, 'each call has a search fee beside the tokens'],
      ]) ?? (info.context_window === undefined ? 'the source does not say how much it can read' : null),
    names: exactNames,
    refusedKeys: none,
    defaultOutputTokens: (info) => atMostHalfOf(info, 8_192),
  },
  'workers-ai': {
    source: 'cloudflare',
    leaveOut: ({ id }) =>
      byName(id, [
        [/\/(?:bge-|plamo-embedding|qwen3-embedding)/, 'embeddings have no open path at this provider'],
        [/indictrans|m2m100|distilbert|llama-guard/, 'not a chat model'],
      ]),
    names: exactNames,
    refusedKeys: none,
    defaultOutputTokens: (info) => atMostHalfOf(info, 4_096),
  },
} as const satisfies Record<string, ProviderRules>;

/** A model's aliases may name another product (`gpt-4o-mini-search-preview`): those names stay unpriced. */
function withoutOtherProducts(match: MatchLogic): MatchLogic {
  if (!('or' in match)) return match;
  return { or: match.or.filter((one) => byName(Object.values(one).join()) === null) };
}

/** `contains` and `ends_with` would take in models of tomorrow: such a name counts as a beginning, with a date after it. */
function withWholeNames(match: MatchLogic): MatchLogic | null {
  if ('or' in match) return anyOf(match.or.map(withWholeNames));
  if ('and' in match) return match;
  if ('contains' in match) return { starts_with: match.contains };
  return 'ends_with' in match ? { starts_with: match.ends_with } : match;
}

/** The one name by which the API knows a model: with its author, without a variant (`:free`, `:online`, `:nitro` …). */
function exactNames(match: MatchLogic): MatchLogic | null {
  if ('or' in match) return anyOf(match.or.map(exactNames));
  if (!('equals' in match) || byName(match.equals) !== null) return null;
  return match.equals.includes('/') && !match.equals.includes(':') ? match : null;
}

function anyOf(matches: readonly (MatchLogic | null)[]): MatchLogic | null {
  const kept = matches.filter((one) => one !== null);
  const [only] = kept;
  return kept.length > 1 ? { or: kept } : (only ?? null);
}

function atMostHalfOf({ context_window }: ModelInfo, tokens: number): number {
  return context_window === undefined ? tokens : Math.min(tokens, Math.floor(context_window / 2));
}
