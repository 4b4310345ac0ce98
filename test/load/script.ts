/**
 * What the upstream stand-in is to do with one turn. It travels inside the turn's own text, through the whole product, so the
 * stand-in needs no memory of a plan and a retry says the same thing again.
 */
import { z } from 'zod';
import { Tokens } from './prices.ts';

/** How one call ends at the upstream. */
const Ending = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('whole') }),
  /** Ends well and names no usage; the provider bills it all the same. */
  z.object({ kind: z.literal('no_usage') }),
  /** The connection breaks before any usage was sent. */
  z.object({ kind: z.literal('cut_before_usage'), billed: z.boolean() }),
  /** … after some was sent. The provider bills what it said, what it made, or nothing. */
  z.object({ kind: z.literal('cut_after_usage'), billed: z.enum(['reported', 'made', 'nothing']) }),
  z.object({ kind: z.literal('refused'), status: z.number().int().min(400).max(599) }),
  /** The connection ends before the answer begins. */
  z.object({ kind: z.literal('hangs_up') }),
]);
export type Ending = z.infer<typeof Ending>;

export const Script = z.object({
  /** Of the turn, once in a run; its retries have the same. */
  n: z.number().int().min(0),
  /** Of the first call, the second …; the last one holds for all after it. */
  endings: z.array(Ending).min(1).max(8),
  tokens: Tokens,
  firstMs: z.number().int().min(0).max(60_000),
  pieces: z.number().int().min(1).max(20_000),
  pieceMs: z.number().int().min(0).max(10_000),
  /** The upstream's log shows the call this much later. */
  recordLateMs: z.number().int().min(0).max(120_000),
});
export type Script = z.infer<typeof Script>;

/** The words of a turn that carries `script`. */
export function wordsFor(script: Script): string {
  return `load-script:${Buffer.from(JSON.stringify(script)).toString('base64url')};`;
}

/** The script in a request body, or null when there is none that can be read. */
export function scriptIn(bodyText: string): Script | null {
  const found = /load-script:([\w-]+);/.exec(bodyText);
  if (found === null) return null;
  try {
    const read = Script.safeParse(JSON.parse(Buffer.from(found[1] ?? '', 'base64url').toString('utf8')));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
