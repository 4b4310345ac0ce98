/** Blocks of words: a failure with its code, a page-wide notice, an empty place. */
import { CircleAlert, Info, RefreshCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { diagnosticsText, type Failure } from '../api/errors.ts';
import { Button } from './button.tsx';
import { CopyButton } from './copy-button.tsx';

interface FailureNoticeProps {
  readonly failure: Failure;
  readonly onRetry?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** What happened, what to do, the code and the request id. Announced at once. */
export function FailureNotice({ failure, onRetry, children }: FailureNoticeProps) {
  return (
    <div role="alert" className="rounded-md border border-coral/40 bg-coral-soft p-4 text-sm">
      <div className="flex gap-3">
        <CircleAlert size={18} aria-hidden className="mt-0.5 shrink-0 text-coral" />
        <div className="flex min-w-0 flex-1 flex-col gap-1">
          <p className="font-semibold">{failure.title}</p>
          <p>
            {failure.detail} {failure.next}
          </p>
          {failure.fields.length === 0 ? null : (
            <ul className="list-disc pl-5">
              {failure.fields.map((field) => (
                <li key={`${field.pointer}${field.detail}`}>{field.detail}</li>
              ))}
            </ul>
          )}
          <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2">
            {onRetry && failure.retryable ? (
              <Button icon={<RefreshCw size={16} aria-hidden />} onClick={onRetry}>
                Try again
              </Button>
            ) : null}
            {children}
            <FailureFacts failure={failure} />
          </div>
        </div>
      </div>
    </div>
  );
}

function FailureFacts({ failure }: { failure: Failure }) {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs">
      <span>
        Code <code className="font-mono">{failure.code}</code>
      </span>
      {failure.requestId === null ? null : (
        <span>
          Request <code className="font-mono break-all">{failure.requestId}</code>
        </span>
      )}
      <CopyButton
        label="Copy details"
        text={() => diagnosticsText(failure, window.location.pathname, new Date().toISOString())}
      />
    </p>
  );
}

/** A strip across the page. `tone` "sand" asks for attention, "shoal" only tells. */
export function Strip({ tone, children, action }: { tone: 'sand' | 'shoal'; children: ReactNode; action?: ReactNode }) {
  const look = tone === 'sand' ? 'bg-sand-soft border-sand/35' : 'bg-foam border-line';
  return (
    <div className={`border-b ${look}`}>
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 text-sm sm:px-6">
        <Info size={16} aria-hidden className={tone === 'sand' ? 'text-sand' : 'text-tide'} />
        <div className="min-w-0 flex-1 basis-56">{children}</div>
        {action}
      </div>
    </div>
  );
}

/** A place with nothing in it yet: what, why, one action. */
export function EmptyState({
  title,
  children,
  action,
  figure,
}: {
  title: string;
  children: ReactNode;
  action?: ReactNode;
  figure?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-start gap-4 py-10 sm:py-14">
      {figure}
      <div className="max-w-md">
        <h2 className="text-lg font-semibold">{title}</h2>
        <div className="mt-1 text-soft">{children}</div>
      </div>
      {action}
    </div>
  );
}
