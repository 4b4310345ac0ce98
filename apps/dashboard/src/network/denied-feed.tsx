/** What was refused lately, with the owner's three answers. */
import type { EgressDenied, EgressVerdict } from '../../../control-plane/src/contract/egress.ts';
import { EgressMethod } from '../../../control-plane/src/contract/egress.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { counted } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';
import { useNetworkChange } from './use-network-change.ts';

interface Answer {
  readonly host: string;
  readonly method: EgressMethod | null;
  readonly verdict: EgressVerdict;
}

const said: Record<EgressVerdict, string> = {
  once: 'allowed for 15 minutes',
  always: 'allowed from now on',
  never: 'closed from now on',
};

export function DeniedFeed({
  tenantId,
  denied,
  reason,
}: {
  tenantId: string;
  denied: readonly EgressDenied[];
  reason: string | undefined;
}) {
  const answer = useNetworkChange(
    tenantId,
    (body: Answer) => call('networkAnswer', { params: { tenantId }, body }),
    ({ host, verdict }) => `${host} is ${said[verdict]}.`,
  );
  return (
    <section aria-labelledby="denied-title" className="flex flex-col gap-3">
      <div>
        <h2 id="denied-title" className="text-xl font-semibold tracking-tight">
          What it was refused
        </h2>
        <p className="text-sm text-soft">
          The last 30 days. Allow only what you expected: a request can be an idea that somebody else gave it.
        </p>
      </div>
      {answer.isError ? <FailureNotice failure={toFailure(answer.error)} /> : null}
      {denied.length === 0 ? <p className="border-y border-line py-6 text-soft">Nothing was refused.</p> : null}
      <ul>
        {denied.map((row) => (
          <li
            key={`${row.host} ${row.method} ${row.pathPrefix}`}
            className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-3"
          >
            <div className="min-w-0 text-sm">
              <p className="font-medium break-all">
                {row.method} {row.host}
                {row.pathPrefix === '/' ? '' : row.pathPrefix}
              </p>
              <p className="text-soft">
                {counted(row.count, 'time')}, last <When at={row.lastAtMs} />
              </p>
            </div>
            <Answers row={row} reason={reason} busy={answer.isPending} onAnswer={answer.mutate} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Answers({
  row,
  reason,
  busy,
  onAnswer,
}: {
  row: EgressDenied;
  reason: string | undefined;
  busy: boolean;
  onAnswer: (answer: Answer) => void;
}) {
  const method = EgressMethod.safeParse(row.method);
  if (!row.canAllow || !method.success) return <p className="text-sm text-soft">Closed to every assistant</p>;
  const { host } = row;
  const about = `${row.method} on ${host}`;
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        busy={busy}
        disabledReason={reason}
        aria-label={`Allow ${about} for 15 minutes`}
        onClick={() => onAnswer({ host, method: method.data, verdict: 'once' })}
      >
        15 minutes
      </Button>
      <Button
        busy={busy}
        disabledReason={reason}
        aria-label={`Always allow ${about}`}
        onClick={() => onAnswer({ host, method: method.data, verdict: 'always' })}
      >
        Always
      </Button>
      <Button
        busy={busy}
        disabledReason={reason}
        aria-label={`Never allow ${host}`}
        onClick={() => onAnswer({ host, method: null, verdict: 'never' })}
      >
        Never
      </Button>
    </div>
  );
}
