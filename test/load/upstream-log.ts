/**
 * The upstream stand-in's own log, append-only, one JSON line per fact: what it was asked and what it made of that. The books
 * of the run are compared with this file and with nothing else.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Tokens } from './prices.ts';

/** A request arrived whole. */
const Began = z.object({ kind: z.literal('began'), request: z.string(), tenant: z.string(), n: z.number() });

export const Ended = z.object({
  kind: z.literal('ended'),
  /** Ours, from `cf-aig-metadata`. */
  request: z.string(),
  tenant: z.string(),
  n: z.number(),
  provider: z.enum(['anthropic', 'openai', 'google', 'openrouter', 'workers-ai']),
  /** Whose key came with it: the provider bills its owner. `foreign`: another tenant's. */
  payer: z.enum(['platform', 'own', 'foreign']),
  model: z.string(),
  streamed: z.boolean(),
  /** `left`: who asked went away before the end. */
  how: z.enum(['whole', 'no_usage', 'cut', 'refused', 'hung_up', 'left']),
  status: z.number(),
  /** The last usage that was sent, or null. */
  reported: Tokens.nullable(),
  /** What the provider bills, or null for nothing. */
  bill: z.object({ tokens: Tokens, nanoUsd: z.number().int().min(0) }).nullable(),
  endedAtMs: z.number(),
  /** From when on the log API shows it. */
  shownAtMs: z.number(),
});
export type Ended = z.infer<typeof Ended>;

const Line = z.discriminatedUnion('kind', [Began, Ended]);
export type LogLine = z.infer<typeof Line>;

/** @throws when a line cannot be read: a log that is not whole proves nothing */
export function readUpstreamLog(file: string): LogLine[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Line.parse(JSON.parse(line)));
}
