/** The frame when there is no shell around the page: before it is known who is there, or when that failed. */
import type { ReactNode } from 'react';
import { Wordmark } from './wordmark.tsx';

export function BareFrame({ children }: { children: ReactNode }) {
  return (
    <div className="mx-auto flex min-h-dvh max-w-6xl flex-col gap-14 px-4 py-4 sm:px-6">
      <Wordmark />
      <main>{children}</main>
    </div>
  );
}
