/**
 * Following a chain from one number to the next against its anchors, wherever the entries come from. It reads only, and a
 * bounded piece in each call: whoever asks goes on where the last piece ended.
 */
import type { AuditVerification } from '../contract/audit-api.ts';
import { chainStart, endOfChain, followChain } from './audit-chain.ts';
import type { Anchor, AuditEntry, HashText } from './audit-chain.ts';

/** Where one organisation's chain is read from. */
export interface ChainSource {
  /** The entry with that number, if it is there. */
  entryAt(seq: number): Promise<AuditEntry | null>;
  /** Those that follow, in the order of their numbers. */
  entriesAfter(seq: number, limit: number): Promise<readonly AuditEntry[]>;
  /** Anchors, the newest among them, and the keys of objects that are there and can't be read as one. */
  anchors(): Promise<{ readonly anchors: readonly Anchor[]; readonly unreadable: readonly string[] }>;
}

const pageSize = 500;
/** A piece: some hundred milliseconds of reading and hashing. */
export const pieceMax = 5_000;

/** @param after the number up to which the chain was followed before; its entry is taken as it stands, unless it was anchored */
export async function walkChain(source: ChainSource, after: number, hashText: HashText): Promise<AuditVerification> {
  const { anchors, unreadable } = await source.anchors();
  const last = after === 0 ? chainStart : await source.entryAt(after);
  // Nothing there: what follows names what is missing.
  let position = last ?? { seq: after, hash: '' };
  let atMs: number | null = null;
  const answer = (next: number | null, broken: AuditVerification['broken']): AuditVerification => ({
    from: after + 1,
    to: position.seq,
    verifiedUpTo: atMs === null ? null : new Date(atMs).toISOString(),
    next,
    anchors: anchors.filter(({ seq }) => seq > after && seq <= position.seq).length,
    broken,
  });
  const bad = unreadable[0];
  if (bad !== undefined) {
    const detail = `The anchor ${bad} is there but cannot be read.`;
    return answer(null, { kind: 'anchor_unreadable', seq: position.seq, detail });
  }
  const other = anchors.find(({ seq, hash }) => seq === after && hash !== last?.hash);
  if (other !== undefined) {
    const kind = last === null ? 'removed' : 'rewritten';
    return answer(null, { kind, seq: after, detail: `Entry ${after} is not the one that ${other.key} kept.` });
  }
  while (position.seq - after < pieceMax) {
    const entries = await source.entriesAfter(position.seq, pageSize);
    const followed = await followChain(position, entries, anchors, hashText);
    position = followed.position;
    atMs = entries.find(({ seq }) => seq === position.seq)?.atMs ?? atMs;
    if (followed.broken !== null) return answer(null, followed.broken);
    if (entries.length < pageSize) return answer(null, endOfChain(position, anchors));
  }
  return answer(position.seq, null);
}
