/**
 * One model's prices, from the source's dollars per million tokens to our integer pico-USD per token.
 * Everything the meter cannot tell apart (audio, images, per-call fees that are the product itself) is a reason to
 * leave the model out rather than to price it wrongly.
 */
import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice, TieredPrices } from '@pydantic/genai-prices';
import type { ProviderRules } from './provider-rules.ts';

export interface TableRates {
  input: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
  output: number;
}

export interface TableModel {
  id: string;
  match: MatchLogic;
  contextTokens: number | null;
  defaultOutputTokens: number | null;
  prices: {
    effectiveFrom: string | null;
    base: TableRates;
    longContext: ({ aboveInputTokens: number } & TableRates)[];
  }[];
}

/** Keys that do not change what our open paths cost: fees of server tools, which are refused there. */
const toolFees = new Set(['web_searches_kcount', 'storage_searches_kcount']);
const tokenKeys = new Set(['input_mtok', 'output_mtok', 'cache_read_mtok', 'cache_write_mtok', 'cache_write_1h_mtok']);

/** The model for the table, or why it is left out. */
export function toModel(rules: ProviderRules, info: ModelInfo): { model: TableModel } | { why: string } {
  const why = rules.leaveOut(info);
  if (why !== null) return { why };
  const match = rules.names(info.match);
  if (match === null) return { why: 'no exact name is known' };
  const conditional: ConditionalPrice[] = Array.isArray(info.prices) ? info.prices : [{ prices: info.prices }];
  const prices: TableModel['prices'] = [];
  for (const { constraint, prices: source } of conditional) {
    if (constraint && constraint.type !== 'start_date') return { why: 'the price depends on the time of day' };
    const dated = toRates(source, rules.refusedKeys);
    if ('why' in dated) return dated;
    prices.push({ effectiveFrom: constraint?.start_date ?? null, ...dated });
  }
  return {
    model: {
      id: info.id,
      match,
      contextTokens: info.context_window ?? null,
      defaultOutputTokens: rules.defaultOutputTokens(info),
      prices,
    },
  };
}

type Rates = { base: TableRates; longContext: ({ aboveInputTokens: number } & TableRates)[] };

function toRates(source: ModelPrice, refusedKeys: ReadonlySet<string>): Rates | { why: string } {
  for (const key of Object.keys(source)) {
    if (!tokenKeys.has(key) && !toolFees.has(key) && !refusedKeys.has(key))
      return { why: `priced by "${key}", which the meter does not count` };
  }
  if (source['input_mtok'] === undefined) return { why: 'there is no input price' };
  const starts = new Set<number>();
  for (const key of tokenKeys) {
    const price = source[key];
    if (isTiered(price)) for (const tier of price.tiers) starts.add(tier.start);
  }
  const base = ratesAt(source, null);
  if (!base) return { why: 'a price is not a whole number of pico-USD per token' };
  const longContext: Rates['longContext'] = [];
  for (const aboveInputTokens of [...starts].toSorted((a, b) => a - b)) {
    const rates = ratesAt(source, aboveInputTokens);
    if (!rates) return { why: 'a price is not a whole number of pico-USD per token' };
    longContext.push({ aboveInputTokens, ...rates });
  }
  return { base, longContext };
}

/**
 * All five rates above `start` tokens of input (null = base). Tokens without a price of their own cost what their
 * parent costs, as in the source: cache reads and writes are input, one-hour writes are writes.
 */
function ratesAt(source: ModelPrice, start: number | null): TableRates | null {
  const at = (key: string): number | null | undefined => {
    const price = source[key];
    return price === undefined ? undefined : toPico(dollarsAt(price, start));
  };
  const orElse = (key: string, parent: number | null): number | null => {
    const own = at(key);
    return own === undefined ? parent : own;
  };
  const input = orElse('input_mtok', null);
  const output = orElse('output_mtok', 0);
  const cacheRead = orElse('cache_read_mtok', input);
  const cacheWrite5m = orElse('cache_write_mtok', input);
  const cacheWrite1h = orElse('cache_write_1h_mtok', cacheWrite5m);
  const rates = { input, cacheRead, cacheWrite5m, cacheWrite1h, output };
  return isWhole(rates) ? rates : null;
}

function isWhole(rates: Record<keyof TableRates, number | null>): rates is TableRates {
  return Object.values(rates).every((rate) => rate !== null);
}

function dollarsAt(price: number | TieredPrices, start: number | null): number {
  if (typeof price === 'number') return price;
  if (start === null) return price.base;
  const reached = price.tiers.filter((tier) => tier.start <= start).toSorted((a, b) => a.start - b.start);
  return reached.at(-1)?.price ?? price.base;
}

/** Dollars per million tokens are micro-USD per token; times a million that is pico-USD. Null when not exact. */
export function toPico(dollarsPerMillion: number): number | null {
  const [whole = '', fraction = ''] = dollarsPerMillion.toFixed(12).split('.');
  if (!/^0{6}$/.test(fraction.slice(6)) || Number(dollarsPerMillion.toFixed(6)) !== dollarsPerMillion) return null;
  const pico = Number(`${whole}${fraction.slice(0, 6)}`);
  return Number.isSafeInteger(pico) && pico >= 0 ? pico : null;
}

function isTiered(price: number | TieredPrices | undefined): price is TieredPrices {
  return typeof price === 'object';
}
