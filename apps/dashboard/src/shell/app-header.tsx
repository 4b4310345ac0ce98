/** The bar on top: where you are (organisation), where you can go, who you are. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { ChevronDown, CreditCard, LogOut, UserRound, UsersRound } from 'lucide-react';
import { useRef } from 'react';
import type { Me, Organisation } from '../../../control-plane/src/contract/api.ts';
import { rememberOrg } from './active-org.ts';
import { ThemeSwitch } from './theme-switch.tsx';
import { useSignOut } from './use-sign-out.ts';
import { Wordmark } from './wordmark.tsx';

const navLink =
  'inline-flex min-h-10 items-center rounded-md px-3 text-sm font-medium text-soft hover:bg-well hover:text-ink aria-[current=page]:text-ink aria-[current=page]:bg-well';

export function AppHeader({ me, org }: { me: Me; org: Organisation }) {
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-fog/92 backdrop-blur-sm">
      <div className="mx-auto flex h-14 max-w-6xl items-center gap-1 px-4 sm:gap-2 sm:px-6">
        <Link to="/" aria-label="Tidepool, your assistants" className="mr-1 inline-flex rounded-sm sm:mr-2">
          <Wordmark />
        </Link>
        <OrgName me={me} org={org} />
        <nav aria-label="Main" className="ml-auto flex items-center sm:ml-4">
          <Link to="/" activeOptions={{ exact: true }} className={`${navLink} max-sm:hidden`}>
            Assistants
          </Link>
          <Link to="/audit" className={`${navLink} max-sm:hidden`}>
            Audit
          </Link>
          <Link to="/billing" className={`${navLink} max-sm:hidden`}>
            Billing
          </Link>
          <Link to="/members" className={`${navLink} max-sm:hidden`}>
            Members
          </Link>
          <Link to="/account" className={`${navLink} max-sm:hidden`}>
            Account
          </Link>
        </nav>
        <div className="sm:ml-auto">
          <UserMenu me={me} />
        </div>
      </div>
    </header>
  );
}

function OrgName({ me, org }: { me: Me; org: Organisation }) {
  const router = useRouter();
  const queryClient = useQueryClient();
  if (me.organisations.length < 2) {
    return (
      <span className="min-w-0 truncate border-l border-line pl-3 text-sm text-soft max-sm:hidden" title="Organisation">
        {org.name}
      </span>
    );
  }
  return (
    <select
      aria-label="Organisation"
      value={org.id}
      onChange={(event) => {
        rememberOrg(event.target.value);
        void queryClient.invalidateQueries({ queryKey: ['tenants'] });
        void router.invalidate().then(() => router.navigate({ to: '/' }));
      }}
      className="min-h-9 max-w-48 truncate rounded-md border border-edge/60 bg-foam px-2 text-sm"
    >
      {me.organisations.map((option) => (
        <option key={option.id} value={option.id}>
          {option.name}
        </option>
      ))}
    </select>
  );
}

const menuItem =
  'flex min-h-10 w-full items-center gap-2.5 rounded-sm px-2.5 text-left text-sm font-medium hover:bg-well';

function UserMenu({ me }: { me: Me }) {
  const menu = useRef<HTMLDivElement>(null);
  const leave = useSignOut();
  const close = (): void => menu.current?.hidePopover();
  return (
    <>
      <button
        type="button"
        popoverTarget="user-menu"
        aria-label={`Your menu, ${me.user.name}`}
        className="inline-flex min-h-10 items-center gap-1.5 rounded-md px-1.5 hover:bg-well"
      >
        <span
          aria-hidden
          className="inline-flex size-8 items-center justify-center rounded-full bg-shoal text-sm font-bold text-tide-deep"
        >
          {initial(me.user.name, me.user.email)}
        </span>
        <ChevronDown size={15} aria-hidden className="text-soft" />
      </button>
      <div
        id="user-menu"
        ref={menu}
        popover="auto"
        className="panel fixed inset-auto top-15 right-4 w-72 p-2 shadow-float sm:right-[max(1.5rem,calc((100vw-72rem)/2+1.5rem))]"
      >
        <div className="px-2.5 pt-1.5 pb-3">
          <p className="truncate font-semibold">{me.user.name}</p>
          <p className="truncate text-sm text-soft">{me.user.email}</p>
        </div>
        <ThemeSwitch name="menu-theme" />
        <div className="mt-2 flex flex-col border-t border-line pt-2">
          <Link to="/" className={`${menuItem} sm:hidden`} onClick={close}>
            Assistants
          </Link>
          <Link to="/audit" className={`${menuItem} sm:hidden`} onClick={close}>
            Audit
          </Link>
          <Link to="/billing" className={menuItem} onClick={close}>
            <CreditCard size={16} aria-hidden className="text-soft" />
            Billing
          </Link>
          <Link to="/members" className={menuItem} onClick={close}>
            <UsersRound size={16} aria-hidden className="text-soft" />
            Members
          </Link>
          <Link to="/account" className={menuItem} onClick={close}>
            <UserRound size={16} aria-hidden className="text-soft" />
            Account
          </Link>
          <button type="button" className={menuItem} onClick={() => leave.mutate()}>
            <LogOut size={16} aria-hidden className="text-soft" />
            Sign out
          </button>
        </div>
      </div>
    </>
  );
}

function initial(name: string, email: string): string {
  return (Array.from(name.trim())[0] ?? Array.from(email)[0] ?? '?').toUpperCase();
}
