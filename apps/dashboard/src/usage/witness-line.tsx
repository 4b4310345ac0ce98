/** Whether the model gateway's own log says the same as the receipts, in a line. Silent until something was compared. */
import { useQuery } from '@tanstack/react-query';
import { driftQuery } from '../api/queries.ts';
import { witnessText } from './witness-words.ts';

export function WitnessLine({ tenantId }: { tenantId: string }) {
  const { data } = useQuery(driftQuery(tenantId));
  const text = data === undefined ? null : witnessText(data);
  if (text === null) return null;
  return (
    <p className="text-sm text-soft">Each night the requests are compared with the model gateway’s own log. {text}</p>
  );
}
