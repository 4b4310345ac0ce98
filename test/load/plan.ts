/**
 * What the tenants do, by seed: whose keys they have and what takes over from what, each turn's request and format, what the
 * upstream makes of it, and whether anybody waits for the answer. Counts of tokens stay within what the product must assume
 * of a request, as providers do: input of at most a token per byte, cache writes only where the request marks them or the
 * provider writes by itself.
 */
import { plainRouting, type ModelRouting } from '../../apps/control-plane/src/contract/models.ts';
import type { ModelProvider } from '../../apps/control-plane/src/contract/secrets.ts';
import { randomFrom, type Random } from '../sim/random.ts';
import { bodyOf, type Mark } from './bodies.ts';
import type { Tokens } from './prices.ts';
import { wordsFor, type Ending } from './script.ts';

/** How whoever asks behaves; a turn that fails is sent again, at most `attemptsMax` times in all. */
export type Reading =
  | { readonly kind: 'whole' }
  /** Goes away this long after asking, if nothing came until then. */
  | { readonly kind: 'leaves_early'; readonly afterMs: number }
  /** Goes away with this many bytes of the answer read. */
  | { readonly kind: 'leaves_midway'; readonly afterBytes: number };

export interface Turn {
  readonly n: number;
  /** `provider/model` that it asks for. */
  readonly asks: string;
  readonly path: string;
  readonly body: string;
  readonly reading: Reading;
}

export interface LoadTenant {
  readonly slug: string;
  readonly tenantId: string;
  readonly capNanoUsd: number;
  /** Providers for which the customer stored a key of their own. */
  readonly ownKeys: readonly ModelProvider[];
  readonly routing: ModelRouting;
  readonly turns: readonly Turn[];
}

export const attemptsMax = 3;
/** Every tenth tenant meets its cap: a few dozen turns cost more. */
const smallCapNanoUsd = 250_000_000;
const largeCapNanoUsd = 1_000_000_000_000_000;
/** Above this a request of the long-context model costs more per token. */
const longInput = 280_000;

export function planTenants(options: { seed: number; tenants: number; turns: number }): LoadTenant[] {
  return Array.from({ length: options.tenants }, (_, index) => {
    const random = randomFrom(options.seed, `tenant-${index}`);
    const name = String(index).padStart(4, '0');
    const routing = planRouting(random);
    return {
      slug: `load-${name}`,
      tenantId: `ten_${'0'.repeat(22)}${name}`,
      capNanoUsd: index % 10 === 9 ? smallCapNanoUsd : largeCapNanoUsd,
      ownKeys: random.chance(0.4) ? keyProviders.filter(() => random.chance(0.5)) : [],
      routing,
      turns: Array.from({ length: options.turns }, (_, nth) => planTurn(index * options.turns + nth, routing, random)),
    };
  });
}

const keyProviders: readonly ModelProvider[] = ['anthropic', 'openai', 'google', 'openrouter'];
const llama = 'workers-ai/@cf/meta/llama-3.3-70b-instruct-fp8-fast';
const hostedClaude = 'openrouter/anthropic/claude-sonnet-4.6';

/** What takes over from what, where somebody chose it: always a model whose provider speaks the same format. */
const fallbacks: ModelRouting['fallbacks'] = [
  { model: 'anthropic/claude-opus-4-8', then: ['anthropic/claude-sonnet-4-6', 'anthropic/claude-haiku-4-5'] },
  { model: 'anthropic/claude-sonnet-4-6', then: ['anthropic/claude-haiku-4-5'] },
  { model: 'openai/gpt-4o', then: [hostedClaude, llama] },
  { model: 'openai/gpt-5-mini', then: [llama] },
  { model: 'openai/gpt-5.5', then: ['openai/gpt-5-mini'] },
  { model: 'google/gemini-3-flash-preview', then: ['google/gemini-2.5-flash-lite'] },
  { model: hostedClaude, then: ['openai/gpt-4o', 'openrouter/openai/gpt-5-mini'] },
  { model: llama, then: ['openrouter/openai/gpt-5-mini'] },
];

function planRouting(random: Random): ModelRouting {
  if (random.chance(0.4)) return plainRouting;
  return { ...plainRouting, fallbacks, keyRefused: random.pick(['stop', 'fall_back']) };
}

const shapes = [
  {
    provider: 'anthropic',
    path: '/v1/messages',
    weight: 34,
    models: ['claude-sonnet-4-6', 'claude-haiku-4-5', 'claude-opus-4-8'],
  },
  { provider: 'openai', path: '/v1/chat/completions', weight: 16, models: ['gpt-4o', 'gpt-5-mini'] },
  { provider: 'openai', path: '/v1/responses', weight: 14, models: ['gpt-5.5', 'gpt-5-mini'] },
  { provider: 'openai', path: '/v1/embeddings', weight: 5, models: ['text-embedding-3-small'] },
  {
    provider: 'google',
    path: '/v1beta/models',
    weight: 14,
    models: ['gemini-3-flash-preview', 'gemini-2.5-flash-lite', 'gemini-2.5-pro'],
  },
  {
    provider: 'openrouter',
    path: '/v1/chat/completions',
    weight: 10,
    models: ['anthropic/claude-sonnet-4.6', 'openai/gpt-5-mini'],
  },
  {
    provider: 'workers-ai',
    path: '/v1/chat/completions',
    weight: 7,
    models: ['@cf/meta/llama-3.3-70b-instruct-fp8-fast'],
  },
] as const;
/** Models whose price rises with the input. */
const longModels: readonly string[] = ['gpt-5.5', 'gemini-2.5-pro'];

function planTurn(n: number, routing: ModelRouting, random: Random): Turn {
  const shape = shapes[random.weighted(shapes.map(({ weight }) => weight))] ?? shapes[0];
  const { provider, path, models } = shape;
  const model = models[random.between(0, models.length - 1)] ?? models[0];
  const asks = `${provider}/${model}`;
  const long = longModels.includes(model) && random.chance(0.02);
  const filler = 'The tide comes in. '.repeat(long ? longInput / 15 : random.between(5, 300));
  const mark = planMark(provider, random);
  // An embedding has no answer in words, and nothing of its input is cached.
  const embeds = path === '/v1/embeddings';
  const output = embeds ? 0 : random.between(20, 1_500);
  const input = { min: long ? longInput : 100, max: filler.length, cached: !embeds && random.chance(0.5), mark };
  const slow = random.chance(0.02);
  const words = wordsFor({
    n,
    endings: planEndings(
      random,
      routing.fallbacks.some((one) => one.model === asks),
    ),
    tokens: { ...planInput(random, input), output },
    firstMs: slow ? random.between(2_000, 6_000) : random.between(5, 250),
    pieces: random.between(2, 14),
    pieceMs: random.between(2, 90),
    recordLateMs: random.chance(0.1) ? random.between(1_000, 12_000) : 0,
  });
  const stream = random.chance(0.75);
  const body = bodyOf(`${provider}${path}`, {
    model,
    text: `${words} ${filler}`,
    mark,
    stream,
    outputMax: output + random.between(0, 1_500),
    withTools: random.chance(0.2),
  });
  const ofModel = provider === 'google' ? `/${model}:${stream ? 'streamGenerateContent' : 'generateContent'}` : '';
  const reading = planReading(random);
  return { n, asks, path: `/${provider}${path}${ofModel}`, body: JSON.stringify(body), reading };
}

/** Anthropic's cache is written where the request says so; OpenRouter's hosts write by themselves. */
function planMark(provider: string, random: Random): Mark {
  if (provider === 'anthropic') return random.pick<Mark>(['none', '5m', '1h']);
  return provider === 'openrouter' ? random.pick<Mark>(['none', '5m']) : 'none';
}

/** Splits some input among the kinds that the request allows. */
function planInput(
  random: Random,
  { min, max, cached, mark }: { min: number; max: number; cached: boolean; mark: Mark },
): Omit<Tokens, 'output'> {
  const all = random.between(Math.min(min, max), max);
  const cacheRead = cached ? random.between(0, all) : 0;
  const written = mark === 'none' ? 0 : random.between(0, all - cacheRead);
  const forAnHour = mark === '1h' ? random.between(0, written) : 0;
  return { plain: all - cacheRead - written, cacheRead, cacheWrite5m: written - forAnHour, cacheWrite1h: forAnHour };
}

function planEndings(random: Random, hasFallback: boolean): Ending[] {
  const first = planEnding(random, hasFallback);
  return first.kind === 'whole'
    ? [first]
    : [first, random.chance(0.7) ? { kind: 'whole' } : planEnding(random, hasFallback), { kind: 'whole' }];
}

/** Where another model may take over there is more to take over from. */
function planEnding(random: Random, hasFallback: boolean): Ending {
  switch (random.weighted(hasFallback ? [45, 8, 11, 26, 7, 3] : [62, 8, 11, 11, 5, 3])) {
    case 1:
      return { kind: 'cut_before_usage', billed: random.chance(0.6) };
    case 2:
      return { kind: 'cut_after_usage', billed: random.pick(['reported', 'made', 'nothing']) };
    case 3:
      return { kind: 'refused', status: random.pick([429, 500, 529, 503, 429, 500, 529, 503, 401, 402, 404, 400]) };
    case 4:
      return { kind: 'hangs_up' };
    case 5:
      return { kind: 'no_usage' };
    default:
      return { kind: 'whole' };
  }
}

function planReading(random: Random): Reading {
  switch (random.weighted([78, 8, 14])) {
    case 1:
      return { kind: 'leaves_early', afterMs: random.between(0, 200) };
    case 2:
      return { kind: 'leaves_midway', afterBytes: random.between(1, 600) };
    default:
      return { kind: 'whole' };
  }
}
