/**
 * The demo model's own record of what it served, one JSON line per request, never rewritten: the second witness that
 * the tenant's ledger is compared with. Same fields as AI Gateway's log API; `cost` is worked out with
 * @pydantic/genai-prices and with nothing of the tenant worker.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { calcPrice } from '@pydantic/genai-prices';
import { z } from 'zod';
import { allInput, priceSources, type DemoProvider } from './wire.ts';
import type { InputTokens } from './tokens.ts';

export const LogEntry = z.object({
  id: z.string(),
  created_at: z.string(),
  provider: z.string(),
  model: z.string(),
  path: z.string(),
  status_code: z.number(),
  success: z.boolean(),
  cached: z.boolean(),
  /** All input, cached or not. */
  tokens_in: z.number(),
  tokens_out: z.number(),
  /** US dollars. */
  cost: z.number(),
  duration: z.number(),
  /** The client's `cf-aig-metadata` header, as text. */
  metadata: z.string(),
  step: z.number(),
  /** Beyond AI Gateway's fields: the parts of tokens_in, and whether the client went away before the end. */
  cache_read_tokens: z.number(),
  cache_write_tokens: z.number(),
  aborted: z.boolean(),
});
export type LogEntry = z.infer<typeof LogEntry>;

export interface Served {
  readonly id: string;
  readonly atMs: number;
  readonly endedAtMs: number;
  readonly provider: DemoProvider;
  readonly model: string;
  readonly path: string;
  readonly metadata: string;
  readonly input: InputTokens;
  readonly tokensOut: number;
  readonly aborted: boolean;
}

export interface LogQuery {
  readonly page: number;
  readonly perPage: number;
  readonly mention: string | null;
  readonly after: string | null;
  readonly before: string | null;
  readonly oldestFirst: boolean;
}

/** How many entries are kept in memory for the log API; the file has them all. */
const ENTRIES_MAX = 20_000;

export class RequestLog {
  readonly #file: string | null;
  readonly #entries: LogEntry[] = [];

  /** Continues `file`, or keeps the log in memory only. A last line that a crash cut is skipped. */
  constructor(file: string | null) {
    this.#file = file;
    if (file === null) return;
    mkdirSync(path.dirname(file), { recursive: true });
    if (!existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const entry = parseLine(line);
      if (entry) this.#remember(entry);
    }
  }

  add(served: Served): LogEntry {
    const { input } = served;
    const entry: LogEntry = {
      id: served.id,
      created_at: new Date(served.atMs).toISOString(),
      provider: served.provider,
      model: served.model,
      path: served.path,
      status_code: 200,
      success: true,
      cached: false,
      tokens_in: allInput(input),
      tokens_out: served.tokensOut,
      cost: costUsd(served),
      duration: served.endedAtMs - served.atMs,
      metadata: served.metadata,
      step: 0,
      cache_read_tokens: input.cacheRead,
      cache_write_tokens: input.cacheWrite5m + input.cacheWrite1h,
      aborted: served.aborted,
    };
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#remember(entry);
    return entry;
  }

  /**
   * Newest first unless asked otherwise, as AI Gateway lists them; `mention` keeps entries whose metadata has this value,
   * `after` and `before` those of a time (ISO 8601, neither included).
   */
  list(wanted: LogQuery): { total: number; entries: LogEntry[] } {
    const { mention, after, before } = wanted;
    const all = this.#entries.filter(
      (entry) =>
        (mention === null || mentions(entry, mention)) &&
        (after === null || entry.created_at > after) &&
        (before === null || entry.created_at < before),
    );
    // Requests end in another order than they begin.
    all.sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0));
    const from = (wanted.page - 1) * wanted.perPage;
    const ordered = wanted.oldestFirst ? all : all.toReversed();
    return { total: all.length, entries: ordered.slice(from, from + wanted.perPage) };
  }

  #remember(entry: LogEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift();
  }
}

function mentions(entry: LogEntry, value: string): boolean {
  try {
    return Object.values(z.record(z.string(), z.unknown()).parse(JSON.parse(entry.metadata))).includes(value);
  } catch {
    return false; // the client sent no metadata, or not JSON
  }
}

function parseLine(line: string): LogEntry | null {
  if (line === '') return null;
  try {
    return LogEntry.parse(JSON.parse(line));
  } catch {
    return null; // cut by a crash: the request it was about is answered by nobody
  }
}

/** US dollars. */
export function costUsd({
  provider,
  model,
  input,
  tokensOut,
  atMs,
}: Pick<Served, 'provider' | 'model' | 'input' | 'tokensOut' | 'atMs'>): number {
  const written = input.cacheWrite5m + input.cacheWrite1h;
  const usage = {
    input_tokens: allInput(input),
    output_tokens: tokensOut,
    ...(input.cacheRead > 0 ? { cache_read_tokens: input.cacheRead } : {}),
    ...(written > 0 ? { cache_write_tokens: written } : {}),
    ...(input.cacheWrite1h > 0 ? { cache_write_1h_tokens: input.cacheWrite1h } : {}),
  };
  return calcPrice(usage, model, { providerId: priceSources[provider], timestamp: new Date(atMs) })?.total_price ?? 0;
}
