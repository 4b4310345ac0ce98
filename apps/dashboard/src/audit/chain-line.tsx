/** Whether the trail is as it was written, and up to where. */
import { useQuery } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { toFailure } from '../api/errors.ts';
import { formatUtc } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { verificationQuery } from './audit-query.ts';

export function ChainLine({ orgId }: { orgId: string }) {
  const query = useQuery(verificationQuery(orgId));
  if (query.isPending) return <p className="text-sm text-soft">Following the chain of entries…</p>;
  if (query.isError) return <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />;
  const { broken, to, verifiedUpTo, anchors } = query.data;
  if (broken !== null) {
    return (
      <p role="alert" className="flex gap-2 rounded-md border border-coral/40 bg-coral-soft p-4 text-sm">
        <ShieldAlert size={18} aria-hidden className="shrink-0 text-coral" />
        <span>
          The trail was touched at entry {broken.seq}: {broken.detail} Tell support.
        </span>
      </p>
    );
  }
  if (verifiedUpTo === null) return null;
  return (
    <p className="flex items-center gap-2 text-sm text-soft">
      <ShieldCheck size={18} aria-hidden className="shrink-0 text-tide" />
      Chain verified up to entry {to}, {formatUtc(Date.parse(verifiedUpTo))};{' '}
      {anchors === 1 ? '1 daily anchor agrees' : `${anchors} daily anchors agree`}.
    </p>
  );
}
