/** How old the facts on the page are, and whether they come from the assistant itself. */
import { RefreshCw } from 'lucide-react';
import { formatClock, formatUtc } from '../ui/format.ts';

interface FreshnessProps {
  readonly asOf: string;
  /** From the assistant itself; else the copy that was stored last. */
  readonly live: boolean;
  /** The last try to read again failed. */
  readonly failing: boolean;
  readonly busy: boolean;
  readonly onRefresh: () => void;
}

export function Freshness({ asOf, live, failing, busy, onRefresh }: FreshnessProps) {
  const atMs = Date.parse(asOf);
  const stale = failing || !live;
  return (
    <p className={`flex items-center gap-1.5 py-1 text-xs ${stale ? 'font-medium text-sand' : 'text-soft'}`}>
      <span className={`size-2 rounded-full ${stale ? 'border-2 border-sand' : 'bg-tide'}`} aria-hidden />
      {failing ? 'No connection, last known' : live ? 'Live' : 'Last report'}
      <time dateTime={asOf} title={formatUtc(atMs)} className="figures">
        {formatClock(atMs)}
      </time>
      <button
        type="button"
        onClick={onRefresh}
        aria-label="Refresh now"
        title="Refresh now"
        aria-busy={busy}
        className="inline-flex size-8 items-center justify-center rounded-sm text-soft hover:bg-well hover:text-ink pointer-coarse:size-11"
      >
        <RefreshCw size={14} aria-hidden />
      </button>
    </p>
  );
}
