/**
 * What the formats' own request readers share: the draft they make, and how they read fields.
 */
import { err, ok, type Result } from '../../../../control-plane/src/contract/result.ts';
import { requestInvalid, type AiRefusal } from './ai-error.ts';
import type { ContentScan } from './content-scan.ts';
import { asObject, asString, type JsonObject } from './json.ts';
import { TOKENS_MAX } from './usage.ts';

/** What a format's own part finds out; the rest is the same for all. */
export interface AiDraft {
  readonly body: Record<string, unknown>;
  readonly streaming: boolean;
  /** What the client asks for, or null when it names no bound. */
  readonly outputTokensMax: number | null;
  /** Below this the answer makes no sense: a thinking budget has to fit. */
  readonly outputTokensMin: number;
  readonly withOutputTokensMax: (tokens: number) => Record<string, unknown>;
  readonly choices: number;
  readonly cacheWrites: 'none' | '5m' | '1h';
  readonly content: ContentScan;
  readonly hideUsageChunk: boolean;
  readonly ignored: readonly string[];
}

export function notSupported(detail: string, next: string): AiRefusal {
  return { code: 'ai_not_supported', detail, next };
}

/** The fields of `root` that are in `known`, and the names of those that are not. */
export function pickFields(
  root: JsonObject,
  known: ReadonlySet<string>,
): { body: Record<string, unknown>; ignored: string[] } {
  const body: Record<string, unknown> = {};
  const ignored: string[] = [];
  for (const [key, value] of Object.entries(root)) {
    if (known.has(key)) body[key] = value;
    else ignored.push(key.slice(0, 64));
  }
  return { body, ignored: ignored.slice(0, 20) };
}

/** A bound on output tokens as a client writes it: absent or null = none. */
export function parseOutputMax(value: unknown): Result<number | null, AiRefusal> {
  if (value === undefined || value === null) return ok(null);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= TOKENS_MAX) return ok(value);
  return err(requestInvalid('The bound on output tokens is not a positive whole number.'));
}

/** An answer shorter than this is not worth beginning. */
export const ANSWER_TOKENS_MIN = 1_024;

/** The `type` of a tool, for lists of what is and is not open. */
export function toolType(tool: unknown): string {
  return asString(asObject(tool)?.['type'], 64) ?? '';
}
