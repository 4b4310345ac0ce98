/**
 * The meter against another reader: `extractUsage` of @pydantic/genai-prices gets the answer as one body, the meter gets
 * the same answer as it comes over the wire, cut anywhere. They must agree on every count.
 */
import { extractUsage, findProvider } from '@pydantic/genai-prices';
import { inputTokensTotal, type TokenUsage } from '../../apps/tenant-worker/src/core/metering/usage.ts';
import type { Cores } from './load-cores.ts';
import { must, property, type Property } from './property.ts';
import { answers, sent, type Answer, type Sent } from './stream-formats.ts';
import type { Json } from './stream-inputs.ts';

/** The counts that both readers have a word for. */
interface Counts {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
}

/** A place where the package and the meter differ, and what the package would say if it did not. */
interface Exception {
  readonly what: string;
  readonly why: string;
  readonly applies: (answer: Answer) => boolean;
  readonly corrected: (theirs: Counts, body: Json) => Counts;
}

export const exceptions: readonly Exception[] = [
  {
    what: 'anthropic messages: writes to the cache by lifetime without their sum',
    why: 'the package reads cache_creation_input_tokens only and would give the writes away; the meter adds the parts up',
    applies: ({ format, body }) =>
      format === 'anthropic-messages' && usageOf(body)['cache_creation_input_tokens'] === null && partsOf(body) > 0,
    corrected: (theirs, body) => ({
      ...theirs,
      input: theirs.input + partsOf(body),
      cacheWrite: theirs.cacheWrite + partsOf(body),
    }),
  },
];

function usageOf(body: Json): Json {
  return (body['usage'] ?? {}) as Json;
}

function partsOf(body: Json): number {
  const parts = (usageOf(body)['cache_creation'] ?? {}) as Readonly<Record<string, number>>;
  return (parts['ephemeral_5m_input_tokens'] ?? 0) + (parts['ephemeral_1h_input_tokens'] ?? 0);
}

/** What the package reads, with the exceptions' corrections; `excepted` names the one that was needed. */
export function readByPackage(answer: Answer): { counts: Counts; excepted: string | null } {
  const { source, body } = answer;
  const provider = findProvider({ providerId: source.provider });
  if (!provider) throw new Error(`@pydantic/genai-prices has no provider ${source.provider}`);
  const { usage } = extractUsage(provider, body, source.flavor);
  const counts: Counts = {
    input: usage['input_tokens'] ?? 0,
    cacheRead: usage['cache_read_tokens'] ?? 0,
    cacheWrite: usage['cache_write_tokens'] ?? 0,
    cacheWrite1h: usage['cache_write_1h_tokens'] ?? 0,
    output: usage['output_tokens'] ?? 0,
    reasoning: usage['output_reasoning_tokens'] ?? 0,
  };
  const exception = exceptions.find((one) => one.applies(answer));
  return exception
    ? { counts: exception.corrected(counts, body), excepted: exception.what }
    : { counts, excepted: null };
}

export function countsOf(usage: TokenUsage): Counts {
  return {
    input: inputTokensTotal(usage),
    cacheRead: usage.cacheRead,
    cacheWrite: usage.cacheWrite5m + usage.cacheWrite1h,
    cacheWrite1h: usage.cacheWrite1h,
    output: usage.output,
    reasoning: usage.reasoning,
  };
}

/** What the meter reads of `text`, cut at `cuts`. */
export function readByMeter(
  { metering }: Pick<Cores, 'metering'>,
  { answer, streaming, text, cuts }: Omit<Sent, 'open'>,
): ReturnType<ReturnType<Cores['metering']['createUsageMeter']>['finish']> {
  const bytes = new TextEncoder().encode(text);
  const meter = metering.createUsageMeter(answer.format, streaming);
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)) {
    meter.push(bytes.subarray(from, to));
    from = to;
  }
  return meter.finish();
}

/** How many answers were compared, by format and by exception. */
export type Tally = Map<string, number>;

const noteIn = (tally: Tally | null, what: string): void => {
  tally?.set(what, (tally.get(what) ?? 0) + 1);
};

/** Throws when the two readers differ. */
function compare(cores: Pick<Cores, 'metering'>, one: Sent, tally: Tally | null = null): void {
  const { answer } = one;
  const { counts, excepted } = readByPackage(answer);
  const read = readByMeter(cores, one);
  const ours = read.usage && countsOf(read.usage);
  must(
    JSON.stringify(ours) === JSON.stringify(counts),
    () => `read ${JSON.stringify(ours)}, not ${JSON.stringify(counts)}`,
  );
  must(read.complete, () => 'the answer is whole and was not taken for it');
  must(read.unpriced.length === 0, () => `something without a price: ${read.unpriced.join()}`);
  must(read.responseId === answer.id && read.model === answer.model, () => `of ${read.responseId} by ${read.model}`);
  const open = one.open === null ? null : readByMeter(cores, { ...one, text: one.open });
  must(open?.complete !== true, () => 'an answer that broke off is taken for whole');
  noteIn(tally, one.streaming ? 'streams' : 'bodies');
  if (excepted !== null) noteIn(tally, `exception: ${excepted}`);
}

export function streamProperties(cores: Pick<Cores, 'metering'>, tally: Tally | null = null): readonly Property[] {
  return Object.entries(answers).map(([name, of]) =>
    property(`${name}: the same usage as an independent reader, cut anywhere`, sent(of), (one) =>
      compare(cores, one, tally),
    ),
  );
}
