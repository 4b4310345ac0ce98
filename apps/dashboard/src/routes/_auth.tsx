/** The frame of the pages before sign-in: the form above the waterline. */
import { createFileRoute, Outlet } from '@tanstack/react-router';
import { parseNextPath } from '../ui/next-path.ts';
import { ThemeSwitch } from '../shell/theme-switch.tsx';
import { Waterline } from '../shell/waterline.tsx';
import { Wordmark } from '../shell/wordmark.tsx';

export const Route = createFileRoute('/_auth')({
  // A key with undefined, not an absent one: only that hides the raw value.
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({
    next: parseNextPath(search['next']) ?? undefined,
  }),
  component: AuthFrame,
});

function AuthFrame() {
  return (
    <div className="relative isolate flex min-h-dvh flex-col overflow-x-clip">
      <Waterline />
      <header className="mx-auto flex w-full max-w-6xl items-center justify-between px-4 py-5 sm:px-6">
        <Wordmark />
        <div className="w-56 max-sm:hidden">
          <ThemeSwitch name="auth-theme" />
        </div>
      </header>
      <main className="mx-auto flex w-full max-w-6xl flex-1 flex-col px-4 pt-6 pb-40 sm:px-6 sm:pt-14">
        <div className="w-full max-w-sm">
          <Outlet />
        </div>
      </main>
    </div>
  );
}
