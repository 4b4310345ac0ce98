/** The assistants of the organisation. */
import { useSuspenseInfiniteQuery } from '@tanstack/react-query';
import { createFileRoute, Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { roleMay, tenantsQuery } from '../../api/queries.ts';
import { Pool } from '../../tenants/state.tsx';
import { TenantCard } from '../../tenants/tenant-card.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/notice.tsx';
import { MoreRows } from '../../ui/paged-rows.tsx';
import { PageTitle } from '../../ui/page-title.tsx';

export const Route = createFileRoute('/_app/')({
  loader: ({ context }) => context.queryClient.ensureInfiniteQueryData(tenantsQuery(context.org.id)),
  component: Assistants,
});

function Assistants() {
  const { org } = Route.useRouteContext();
  const query = useSuspenseInfiniteQuery(tenantsQuery(org.id));
  const tenants = query.data.pages.flatMap((page) => page.items);
  const may = roleMay(org.role, 'tenant:create');
  const create = may.allowed ? (
    <Link to="/new" className={buttonClass('primary')}>
      <Plus size={17} aria-hidden />
      New assistant
    </Link>
  ) : (
    <Button kind="primary" disabledReason={may.reason} icon={<Plus size={17} aria-hidden />}>
      New assistant
    </Button>
  );
  if (tenants.length === 0) {
    return (
      <>
        <PageTitle tab="Assistants">Assistants</PageTitle>
        <EmptyState title="No assistant yet" action={create} figure={<Pool state="absent" size={72} />}>
          An assistant is your own OpenClaw at an address of its own. It sleeps when nobody needs it and costs nothing
          then.
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <PageTitle tab="Assistants" aside={create}>
        Assistants
      </PageTitle>
      <ul className="mt-8 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {tenants.map((tenant) => (
          <TenantCard key={tenant.id} tenant={tenant} />
        ))}
      </ul>
      <div className="mt-6 flex flex-col items-center gap-4 empty:hidden">
        <MoreRows query={query} label="Show more" />
      </div>
    </>
  );
}
