/** Card, prepaid balance and invoices. Cards and addresses are the provider's matter: we only lead there. */
import { useQuery } from '@tanstack/react-query';
import type { Billing, Invoice } from '../../../control-plane/src/contract/billing-api.ts';
import { toFailure } from '../api/errors.ts';
import { invoicesQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { formatUsd } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { When } from '../ui/when.tsx';
import type { PayFor } from './use-billing.ts';
import { cents } from './words.ts';

interface MoneyProps {
  readonly billing: Billing;
  readonly reason: string | undefined;
  readonly payingFor: PayFor | null;
  readonly onPay: (what: PayFor) => void;
}

export function Money({ billing, reason, payingFor, onPay }: MoneyProps) {
  const { card } = billing;
  return (
    <div className="grid gap-x-12 gap-y-8 md:grid-cols-2">
      <section aria-labelledby="balance-title" className="flex flex-col gap-3">
        <h2 id="balance-title" className="text-xl font-semibold tracking-tight">
          Prepaid balance
        </h2>
        <p className="figures text-xl font-semibold tracking-tight">{formatUsd(billing.balanceNanoUsd)}</p>
        <p className="text-sm text-soft">Used for what is above the plan, before the invoice is. It does not expire.</p>
        <div className="flex flex-wrap gap-2">
          {billing.topUpsCents.map((amount) => (
            <Button
              key={amount}
              disabledReason={reason}
              busy={payingFor?.kind === 'top_up' && payingFor.cents === amount}
              onClick={() => onPay({ kind: 'top_up', cents: amount, key: crypto.randomUUID() })}
            >
              Add {cents(amount)}
            </Button>
          ))}
        </div>
      </section>
      <section aria-labelledby="card-title" className="flex flex-col gap-3">
        <h2 id="card-title" className="text-xl font-semibold tracking-tight">
          Payment
        </h2>
        <p>
          {card === null ? (
            <span className="text-soft">No card yet. It is asked for when you choose a plan.</span>
          ) : (
            <>
              <span className="capitalize">{card.brand}</span> ending in <span className="figures">{card.last4}</span>
            </>
          )}
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            disabledReason={reason}
            busy={payingFor?.kind === 'portal'}
            onClick={() => onPay({ kind: 'portal', flow: 'home' })}
          >
            Card, address and tax id
          </Button>
        </div>
      </section>
    </div>
  );
}

const statusWords = {
  draft: 'being made',
  open: 'to be paid',
  paid: 'paid',
  uncollectible: 'given up',
  void: 'void',
} as const;

const columns: readonly Column<Invoice>[] = [
  { head: 'Invoice', kind: 'row', cell: (invoice) => <InvoiceNumber invoice={invoice} /> },
  { head: 'When', kind: 'line', cell: ({ at }) => <When at={at} /> },
  { head: 'State', kind: 'line', cell: ({ status }) => statusWords[status] },
  { head: 'Total', kind: 'number', cell: ({ totalCents }) => cents(totalCents) },
];

function InvoiceNumber({ invoice: { number, pageUrl } }: { invoice: Invoice }) {
  const text = number ?? 'Draft';
  return pageUrl === null ? (
    text
  ) : (
    <a href={pageUrl} className="link" rel="noreferrer">
      {text}
    </a>
  );
}

export function Invoices({ orgId }: { orgId: string }) {
  const query = useQuery(invoicesQuery(orgId));
  return (
    <section aria-labelledby="invoices-title" className="flex flex-col gap-3">
      <h2 id="invoices-title" className="text-xl font-semibold tracking-tight">
        Invoices
      </h2>
      {query.isPending ? (
        <>
          <Loading label="Loading the invoices" />
          <Skeleton className="h-24" />
        </>
      ) : null}
      {query.isError && query.data === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.data?.items.length === 0 ? <p className="text-soft">None yet.</p> : null}
      {query.data === undefined || query.data.items.length === 0 ? null : (
        <DataTable label="Invoices" columns={columns} rows={query.data.items} keyOf={({ id }) => id} />
      )}
    </section>
  );
}
