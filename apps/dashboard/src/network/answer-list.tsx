/** The owner's answers that count now, each of which can be taken back. */
import type { EgressApproval } from '../../../control-plane/src/contract/egress.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { formatClock } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';
import { useNetworkChange } from './use-network-change.ts';

export function AnswerList({
  tenantId,
  answers,
  reason,
}: {
  tenantId: string;
  answers: readonly EgressApproval[];
  reason: string | undefined;
}) {
  const remove = useNetworkChange(
    tenantId,
    (answerId: string) => call('networkAnswerRemove', { params: { tenantId, answerId } }),
    () => 'Taken back.',
  );
  if (answers.length === 0) return null;
  return (
    <section aria-labelledby="answers-title" className="flex flex-col gap-3">
      <h2 id="answers-title" className="text-xl font-semibold tracking-tight">
        Your answers
      </h2>
      {remove.isError ? <FailureNotice failure={toFailure(remove.error)} /> : null}
      <ul>
        {answers.map((answer) => (
          <li
            key={answer.id}
            className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-3 text-sm"
          >
            <div className="min-w-0">
              <p className="font-medium break-all">
                {answer.method ?? 'Everything'} on {answer.host}: {wordOf(answer)}
              </p>
              <p className="text-soft">
                <When at={answer.atMs} />
              </p>
            </div>
            <Button
              busy={remove.isPending && remove.variables === answer.id}
              disabledReason={reason}
              aria-label={`Take back the answer about ${answer.host}`}
              onClick={() => remove.mutate(answer.id)}
            >
              Take back
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function wordOf({ verdict, expiresAtMs }: EgressApproval): string {
  return expiresAtMs === null ? verdict : `until ${formatClock(expiresAtMs)}`;
}
