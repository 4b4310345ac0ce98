/**
 * The price table: versioned data, made by local/prices/import.ts and reviewed as a diff, never edited by hand.
 * A charge stores the version it was priced with. A model that is not in the table has no price and is not served.
 */
import type { ModelPrice, TokenRates } from './price.ts';
import table20261121 from './prices/2026-11-21.json' with { type: 'json' };

/** How a model name is recognised, as @pydantic/genai-prices writes it. Names are compared in lower case. */
export type ModelMatch =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly contains: string }
  | { readonly ends_with: string }
  | { readonly regex: string }
  | { readonly or: readonly ModelMatch[] }
  | { readonly and: readonly ModelMatch[] };

export interface DatedPrice extends ModelPrice {
  /** First UTC day of this price; null = since ever. */
  readonly effectiveFrom: string | null;
}

export interface PricedModel {
  readonly id: string;
  readonly match: ModelMatch;
  /** All tokens the model can see, or null when the source does not say. */
  readonly contextTokens: number | null;
  /** The bound we set on the answer when the request names none; null = the provider itself demands one. */
  readonly defaultOutputTokens: number | null;
  /** Oldest first. */
  readonly prices: readonly DatedPrice[];
}

export interface PriceTable {
  readonly version: string;
  /** First UTC day on which this table is used. */
  readonly effectiveFrom: string;
  readonly source: string;
  readonly providers: Readonly<Record<string, { readonly models: readonly PricedModel[] }>>;
}

export interface Priced {
  readonly modelId: string;
  readonly price: ModelPrice;
  readonly priceVersion: string;
  readonly contextTokens: number | null;
  readonly defaultOutputTokens: number | null;
}

/** Every released table, oldest first. */
export const priceTables: readonly PriceTable[] = [table20261121];

/** The table in force at `atMs`: the newest that has begun, else the oldest. */
export function priceTableAt(tables: readonly PriceTable[], atMs: number): PriceTable {
  const begun = tables.filter((table) => startMs(table.effectiveFrom) <= atMs);
  const table = begun.at(-1) ?? tables[0];
  if (!table) throw new Error('there is no price table');
  return table;
}

/** The price of a model at a moment, or null: unpriced, to be refused before the upstream is called. */
export function findPrice(table: PriceTable, provider: string, model: string, atMs: number): Priced | null {
  const models = Object.hasOwn(table.providers, provider) ? table.providers[provider]?.models : undefined;
  if (!models) return null;
  const name = model.trim().toLowerCase();
  const dashed = withDashedDate(name);
  const found =
    models.find((entry) => matches(entry.match, name)) ?? models.find((entry) => matches(entry.match, dashed));
  if (!found) return null;
  const price = found.prices.findLast((dated) => dated.effectiveFrom === null || startMs(dated.effectiveFrom) <= atMs);
  if (!price) return null;
  const { id, contextTokens, defaultOutputTokens } = found;
  return { modelId: id, price, priceVersion: table.version, contextTokens, defaultOutputTokens };
}

function startMs(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function matches(match: ModelMatch, name: string): boolean {
  if ('equals' in match) return name === match.equals.toLowerCase();
  if ('starts_with' in match) return isReleaseOf(match.starts_with.toLowerCase(), name);
  if ('contains' in match) return name.includes(match.contains.toLowerCase());
  if ('ends_with' in match) return name.endsWith(match.ends_with.toLowerCase());
  if ('regex' in match) return new RegExp(match.regex).test(name);
  if ('or' in match) return match.or.some((one) => matches(one, name));
  return match.and.every((one) => matches(one, name));
}

/**
 * Stricter than the source: after the prefix only a date or `-latest` may follow. `claude-sonnet-5` must not price
 * a `claude-sonnet-5-5` that comes out tomorrow at another price.
 */
function isReleaseOf(prefix: string, name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const rest = name.slice(prefix.length);
  if (rest === '' || rest === '-latest') return true;
  if (/^[-@](?:20\d{6}|20\d{2}-\d{2}-\d{2})$/.test(rest)) return true;
  if (/-20\d{2}$/.test(prefix)) return /^\d{4}$/.test(rest);
  return prefix.endsWith('@') && /^20\d{6}$/.test(rest);
}

/** `-20260305` as `-2026-03-05`: providers and gateways write the same release date both ways. */
function withDashedDate(name: string): string {
  return name.replace(/-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, '-$1-$2-$3');
}

/** The dearest input rate that a request may be charged at: what a reservation must assume. */
export function dearestInputRate(rates: TokenRates, writes: 'none' | '5m' | '1h'): number {
  if (writes === 'none') return Math.max(rates.input, rates.cacheRead);
  const withShort = Math.max(rates.input, rates.cacheRead, rates.cacheWrite5m);
  return writes === '5m' ? withShort : Math.max(withShort, rates.cacheWrite1h);
}
