/**
 * What the tenants do, by seed: each turn's request and format, what the upstream makes of it, and whether anybody waits for the
 * answer. Counts of tokens stay within what the product must assume of a request, as providers do: input of at most a token
 * per byte, cache writes only where the request marks them.
 */
import { unreachable } from '../../apps/control-plane/src/contract/result.ts';
import { randomFrom, type Random } from '../sim/random.ts';
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
  readonly path: string;
  readonly body: string;
  readonly reading: Reading;
}

export interface LoadTenant {
  readonly slug: string;
  readonly tenantId: string;
  readonly capNanoUsd: number;
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
    return {
      slug: `load-${name}`,
      tenantId: `ten_${'0'.repeat(22)}${name}`,
      capNanoUsd: index % 10 === 9 ? smallCapNanoUsd : largeCapNanoUsd,
      turns: Array.from({ length: options.turns }, (_, nth) => planTurn(index * options.turns + nth, random)),
    };
  });
}

const shapes = [
  { path: '/anthropic/v1/messages', weight: 50, models: ['claude-sonnet-4-6', 'claude-haiku-4-5', 'claude-opus-4-8'] },
  { path: '/openai/v1/chat/completions', weight: 22, models: ['gpt-4o', 'gpt-5-mini'] },
  { path: '/openai/v1/responses', weight: 22, models: ['gpt-5.5', 'gpt-5-mini'] },
  { path: '/openai/v1/embeddings', weight: 6, models: ['text-embedding-3-small'] },
] as const;
type Shape = (typeof shapes)[number];
/** What a request asks the provider to keep in its cache, and for how long. */
type Mark = 'none' | '5m' | '1h';

function planTurn(n: number, random: Random): Turn {
  const shape = shapes[random.weighted(shapes.map(({ weight }) => weight))] ?? shapes[0];
  const models: readonly string[] = shape.models;
  const model = models[random.between(0, models.length - 1)] ?? shape.models[0];
  const long = model === 'gpt-5.5' && random.chance(0.02);
  const filler = 'The tide comes in. '.repeat(long ? longInput / 15 : random.between(5, 300));
  const mark = shape.path === '/anthropic/v1/messages' ? random.pick<Mark>(['none', '5m', '1h']) : 'none';
  // An embedding has no answer in words, and nothing of its input is cached.
  const embeds = shape.path === '/openai/v1/embeddings';
  const output = embeds ? 0 : random.between(20, 1_500);
  const input = { min: long ? longInput : 100, max: filler.length, cached: !embeds && random.chance(0.5), mark };
  const slow = random.chance(0.02);
  const words = wordsFor({
    n,
    endings: planEndings(random),
    tokens: { ...planInput(random, input), output },
    firstMs: slow ? random.between(2_000, 6_000) : random.between(5, 250),
    pieces: random.between(2, 14),
    pieceMs: random.between(2, 90),
    recordLateMs: random.chance(0.1) ? random.between(1_000, 12_000) : 0,
  });
  const body = bodyOf(shape, {
    model,
    text: `${words} ${filler}`,
    mark,
    stream: random.chance(0.75),
    outputMax: output + random.between(0, 1_500),
    withTools: random.chance(0.2),
  });
  return { n, path: shape.path, body: JSON.stringify(body), reading: planReading(random) };
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

function planEndings(random: Random): Ending[] {
  const first = planEnding(random);
  return first.kind === 'whole'
    ? [first]
    : [first, random.chance(0.7) ? { kind: 'whole' } : planEnding(random), { kind: 'whole' }];
}

function planEnding(random: Random): Ending {
  switch (random.weighted([62, 8, 11, 11, 5, 3])) {
    case 1:
      return { kind: 'cut_before_usage', billed: random.chance(0.6) };
    case 2:
      return { kind: 'cut_after_usage', billed: random.pick(['reported', 'made', 'nothing']) };
    case 3:
      return { kind: 'refused', status: random.pick([429, 500, 529, 503]) };
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

interface Wanted {
  readonly model: string;
  readonly text: string;
  readonly mark: Mark;
  readonly stream: boolean;
  readonly outputMax: number;
  readonly withTools: boolean;
}

function bodyOf({ path }: Shape, wanted: Wanted): Record<string, unknown> {
  const { model, text, stream, outputMax: max, withTools } = wanted;
  const parameters = { type: 'object', properties: { path: { type: 'string' } } };
  switch (path) {
    case '/anthropic/v1/messages': {
      const control = wanted.mark === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' };
      const marked = wanted.mark === 'none' ? {} : { cache_control: control };
      return {
        model,
        stream,
        max_tokens: max,
        system: [{ type: 'text', text: 'You are an assistant.', ...marked }],
        messages: [{ role: 'user', content: text }],
        ...(withTools ? { tools: [{ name: 'read', input_schema: parameters }] } : {}),
      };
    }
    case '/openai/v1/chat/completions':
      return {
        model,
        stream,
        max_completion_tokens: max,
        messages: [{ role: 'user', content: text }],
        ...(withTools ? { tools: [{ type: 'function', function: { name: 'read', parameters } }] } : {}),
      };
    case '/openai/v1/responses':
      return {
        model,
        stream,
        max_output_tokens: max,
        input: text,
        ...(withTools ? { tools: [{ type: 'function', name: 'read', parameters }] } : {}),
      };
    case '/openai/v1/embeddings':
      return { model, input: text };
    default:
      return unreachable(path);
  }
}
