/** What an anchor's object holds: an organisation's head on one day. */
import { z } from 'zod';
import type { Anchor, ChainPosition } from './audit-chain.ts';

const Stored = z.object({
  v: z.literal(1),
  orgId: z.string(),
  seq: z.number().int().min(1),
  hash: z.string().min(1).max(100),
  atMs: z.number().int(),
});

export function anchorText(of: {
  readonly orgId: string;
  readonly head: ChainPosition;
  readonly atMs: number;
}): string {
  return JSON.stringify({ v: 1, orgId: of.orgId, seq: of.head.seq, hash: of.head.hash, atMs: of.atMs });
}

/** Null when it isn't an anchor of this organisation. */
export function parseAnchor(key: string, orgId: string, text: string): Anchor | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // Not JSON: the caller names the object.
  }
  const parsed = Stored.safeParse(value);
  if (!parsed.success || parsed.data.orgId !== orgId) return null;
  return { key, seq: parsed.data.seq, hash: parsed.data.hash };
}
