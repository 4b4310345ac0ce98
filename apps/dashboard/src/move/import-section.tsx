/** Arriving: an OpenClaw of one's own is sent, converted beside the assistant, reported, and only then switched to. */
import { useQuery } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { toFailure } from '../api/errors.ts';
import { importsQuery } from '../api/queries.ts';
import { formatBytes } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { When } from '../ui/when.tsx';
import { FileChoice } from './file-choice.tsx';
import { ImportCard, SendingCard } from './import-card.tsx';
import { endWords } from './import-words.ts';
import { inFront, useImportAction, useUpload } from './use-import.ts';

export function ImportSection({ tenant, clockOffsetMs }: { tenant: Tenant; clockOffsetMs: number }) {
  const imports = useQuery(importsQuery(tenant.id));
  const { sending, choose, retry, stop } = useUpload(tenant.id);
  const act = useImportAction(tenant);
  if (imports.isPending) {
    return (
      <>
        <Loading label="Loading uploads" />
        <Skeleton className="h-24 max-w-2xl" />
      </>
    );
  }
  if (imports.isError && imports.data === undefined) {
    return <FailureNotice failure={toFailure(imports.error)} onRetry={() => void imports.refetch()} />;
  }
  const { front, earlier } = inFront(imports.data.items);
  const cancel = (): void => {
    stop();
    const importId = sending?.importId ?? null;
    if (importId !== null) act.mutate({ kind: 'discard', importId });
  };
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      {sending === null ? <FileChoice onFile={choose} /> : null}
      {sending === null ? null : <SendingCard sending={sending} onRetry={retry} onCancel={cancel} />}
      {front
        .filter(({ id }) => id !== sending?.importId)
        .map((view) => (
          <ImportCard key={view.id} tenant={tenant} view={view} clockOffsetMs={clockOffsetMs} />
        ))}
      {earlier.length === 0 ? null : (
        <details className="text-sm">
          <summary className="cursor-pointer py-1">Earlier uploads ({earlier.length})</summary>
          <ul className="list-disc pl-5">
            {earlier.map((view) => (
              <li key={view.id} className="break-words">
                {view.fileName}, {formatBytes(view.bytes)}, {endWords(view)}, <When at={view.createdAtMs} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
