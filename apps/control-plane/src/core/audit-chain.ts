/**
 * The chain of one organisation's audit entries. An entry's hash is over its own canonical text, which holds its number
 * and the hash before it; so an entry that was edited, removed or moved breaks the chain there, and a whole chain that was
 * written anew breaks against the anchors, which are kept elsewhere.
 */

/** An entry as it is stored. All of it but `hash` is what the hash is over. */
export interface AuditEntry {
  readonly orgId: string;
  /** From 1, without gaps. */
  readonly seq: number;
  readonly id: string;
  readonly atMs: number;
  readonly actorKind: string;
  readonly actorId: string;
  readonly action: string;
  readonly outcome: string;
  readonly tenantId: string | null;
  /** The intended entry that this one tells the outcome of. */
  readonly intentId: string | null;
  readonly code: string | null;
  readonly reason: string | null;
  /** JSON of `{ before, after }`. */
  readonly detail: string;
  readonly requestId: string | null;
  readonly prevHash: string;
  readonly hash: string;
}

/** Before the first entry. */
export const chainStart = { seq: 0, hash: '' } as const;

export interface ChainPosition {
  readonly seq: number;
  readonly hash: string;
}

/** A head as it was kept outside the database. */
export interface Anchor extends ChainPosition {
  readonly key: string;
}

export type BreakKind = 'edited' | 'removed' | 'reordered' | 'relinked' | 'rewritten' | 'truncated';

export interface ChainBreak {
  readonly kind: BreakKind;
  /** The first number that isn't as it was. */
  readonly seq: number;
  readonly detail: string;
}

export type HashText = (text: string) => Promise<string>;

/** What is hashed: the format's version, then every field by name in alphabetical order. */
export function canonicalEntry(entry: Omit<AuditEntry, 'hash'>): string {
  const fields: Record<string, string | number | null> = {
    action: entry.action,
    actorId: entry.actorId,
    actorKind: entry.actorKind,
    atMs: entry.atMs,
    code: entry.code,
    detail: entry.detail,
    id: entry.id,
    intentId: entry.intentId,
    orgId: entry.orgId,
    outcome: entry.outcome,
    prevHash: entry.prevHash,
    reason: entry.reason,
    requestId: entry.requestId,
    seq: entry.seq,
    tenantId: entry.tenantId,
  };
  return `tidepool-audit/1\n${JSON.stringify(fields)}`;
}

/** How far an entry may have been moved to be recognised as moved and not as edited. */
const movedMax = 200;

/**
 * Follows the chain over the next entries, which come in the order of their numbers.
 * @returns the position after them, or the first break
 */
export async function followChain(
  from: ChainPosition,
  entries: readonly AuditEntry[],
  anchors: readonly Anchor[],
  hashText: HashText,
): Promise<{ readonly position: ChainPosition; readonly broken: ChainBreak | null }> {
  let position = from;
  for (const entry of entries) {
    const broken = await breakAt(position, entry, anchors, hashText);
    if (broken !== null) return { position, broken };
    position = { seq: entry.seq, hash: entry.hash };
  }
  return { position, broken: null };
}

async function breakAt(
  before: ChainPosition,
  entry: AuditEntry,
  anchors: readonly Anchor[],
  hashText: HashText,
): Promise<ChainBreak | null> {
  const seq = before.seq + 1;
  if (entry.seq !== seq) {
    const last = entry.seq - 1;
    const which = last === seq ? `Entry ${seq} is` : `Entries ${seq} to ${last} are`;
    return { kind: 'removed', seq, detail: `${which} missing; entry ${entry.seq} follows entry ${before.seq}.` };
  }
  if ((await hashText(canonicalEntry(entry))) !== entry.hash) return movedOrEdited(entry, hashText);
  if (entry.prevHash !== before.hash) {
    const detail = `Entry ${seq} is whole, but names another entry before it than entry ${before.seq}, which is there.`;
    return { kind: 'relinked', seq, detail };
  }
  const wrong = anchors.find((anchor) => anchor.seq === seq && anchor.hash !== entry.hash);
  if (wrong === undefined) return null;
  const since = Math.max(0, ...anchors.filter((anchor) => anchor.seq < seq).map((anchor) => anchor.seq)) + 1;
  const detail = `Entry ${seq} is not the one that ${wrong.key} kept: between entry ${since} and entry ${seq} the chain was written anew.`;
  return { kind: 'rewritten', seq: since, detail };
}

/** An entry whose hash fits under another number was moved from there. */
async function movedOrEdited(entry: AuditEntry, hashText: HashText): Promise<ChainBreak> {
  const { seq } = entry;
  for (let by = 1; by <= movedMax; by++) {
    for (const other of [seq - by, seq + by]) {
      if (other < 1 || (await hashText(canonicalEntry({ ...entry, seq: other }))) !== entry.hash) continue;
      return { kind: 'reordered', seq, detail: `In the place of entry ${seq} stands what was entry ${other}.` };
    }
  }
  return { kind: 'edited', seq, detail: `Entry ${seq} (${entry.id}) is not as it was written.` };
}

/** At the end of the entries: an anchor beyond it tells that entries are missing. */
export function endOfChain(end: ChainPosition, anchors: readonly Anchor[]): ChainBreak | null {
  const beyond = anchors.filter((anchor) => anchor.seq > end.seq).sort((a, b) => a.seq - b.seq)[0];
  if (beyond === undefined) return null;
  const detail = `The entries end at ${end.seq}, but ${beyond.key} kept entry ${beyond.seq}: what followed was removed.`;
  return { kind: 'truncated', seq: end.seq + 1, detail };
}
