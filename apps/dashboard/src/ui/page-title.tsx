/** A page's heading, which is also its document title and where focus goes after a navigation. */
import type { ReactNode } from 'react';

export function PageTitle({ children, tab, aside }: { children: ReactNode; tab: string; aside?: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
      <title>{`${tab} · Tidepool`}</title>
      <h1 tabIndex={-1} className="min-w-0 text-2xl font-semibold tracking-[-0.022em]">
        {children}
      </h1>
      {aside}
    </div>
  );
}
