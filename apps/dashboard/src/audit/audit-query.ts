/** What the audit page reads: entries by filter, and the chain followed to its end. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { AuditVerification } from '../../../control-plane/src/contract/audit-api.ts';
import type { AuditAction } from '../../../control-plane/src/contract/audit.ts';
import { call } from '../api/client.ts';

export interface AuditFilter {
  readonly tenant?: string;
  readonly actor?: string;
  readonly action?: AuditAction;
}

export function auditQuery(orgId: string, filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ['audit', orgId, filter] as const,
    queryFn: ({ signal, pageParam }) =>
      call('auditList', {
        params: { orgId },
        query: { limit: 50, ...filter, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });
}

/** Pieces followed for one look: 100,000 entries. A longer trail is verified by the command. */
const piecesMax = 20;

export function verificationQuery(orgId: string) {
  return queryOptions({
    queryKey: ['audit', orgId, 'verification'] as const,
    queryFn: async ({ signal }): Promise<AuditVerification> => {
      let piece = await call('auditVerify', { params: { orgId }, query: {}, signal });
      let anchors = piece.anchors;
      for (let i = 1; i < piecesMax && piece.next !== null; i++) {
        piece = await call('auditVerify', { params: { orgId }, query: { after: piece.next }, signal });
        anchors += piece.anchors;
      }
      return { ...piece, anchors };
    },
    staleTime: 300_000,
  });
}
