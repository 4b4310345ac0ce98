/** An instant as people read it, with the exact time in the title. */
import { useNow } from './use-now.ts';
import { formatUtc, formatWhen } from './format.ts';

export function When({ at }: { at: string | number }) {
  const nowMs = useNow(30_000);
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatUtc(atMs)} className="figures">
      {formatWhen(atMs, nowMs)}
    </time>
  );
}
