// A chain that is followed piece by piece, to its end or its first break.

import type { AuditVerification } from '../../apps/control-plane/src/contract/audit-api.ts';

export interface Chain {
  readonly orgId: string;
  follow(after: number): Promise<AuditVerification>;
}

/** The last piece's answer, with the anchors of all. */
export async function followWhole(chain: Chain): Promise<Pick<AuditVerification, 'to' | 'anchors' | 'broken'>> {
  let anchors = 0;
  for (let after = 0; ;) {
    const piece = await chain.follow(after);
    anchors += piece.anchors;
    if (piece.next === null) return { to: piece.to, anchors, broken: piece.broken };
    if (piece.next <= after) throw new Error(`the chain of ${chain.orgId} does not go on after ${after}`);
    after = piece.next;
  }
}
