/** Over every page of the organisation while a payment needs somebody: what happened, what comes, where to go. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Organisation } from '../../../control-plane/src/contract/api.ts';
import { billingQuery, roleMay } from '../api/queries.ts';
import { Strip } from '../ui/notice.tsx';
import { stateWords } from './words.ts';

export function BillingBanner({ org }: { org: Organisation }) {
  const may = roleMay(org.role, 'billing:read').allowed;
  const { data: billing } = useQuery({ ...billingQuery(org.id), enabled: may });
  const words = billing === undefined ? null : stateWords(billing);
  if (words === null || words.tone === 'calm') return null;
  return (
    <div role="status">
      <Strip
        tone="sand"
        action={
          <Link to="/billing" className="link inline-flex min-h-8 items-center text-sm font-semibold">
            Open billing
          </Link>
        }
      >
        {words.title}. {words.text}
      </Strip>
    </div>
  );
}
