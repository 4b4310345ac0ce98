/** What was done with this account lately: for a person to notice what they didn't do themselves. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { keys } from '../api/queries.ts';
import { actionText } from '../audit/words.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { When } from '../ui/when.tsx';

const shownFirst = 5;
const limit = 100;

export function AccountEvents() {
  const [all, setAll] = useState(false);
  const query = useQuery({
    queryKey: keys.accountEvents,
    queryFn: ({ signal }) => call('accountEventList', { query: { limit }, signal }),
  });
  if (query.isPending) {
    return (
      <div className="flex flex-col gap-3">
        <Loading label="Loading what was done lately" />
        <Skeleton className="h-14" />
      </div>
    );
  }
  if (query.isError) return <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />;
  const { items } = query.data;
  if (items.length === 0) return <p className="text-soft">Nothing yet. The next sign-in stands here.</p>;
  return (
    <div className="flex flex-col items-start gap-4">
      <ul className="w-full">
        {items.slice(0, all ? limit : shownFirst).map(({ id, at, action, by, country, device }) => (
          <li key={id} className="border-b border-line py-3">
            <p className="font-medium">{actionText({ action })}</p>
            <p className="text-sm break-words text-soft">
              <When at={at} />
              {by === null ? `, ${device}` : `, by ${by}`}
              {country === null ? '' : `, from ${countryName(country)}`}
            </p>
          </li>
        ))}
      </ul>
      {all || items.length <= shownFirst ? null : <Button onClick={() => setAll(true)}>Show all {items.length}</Button>}
    </div>
  );
}

function countryName(code: string): string {
  return new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' }).of(code) ?? code;
}
