/** The part of the endpoint table about a person's own account. `api.ts` takes it in. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';

export const AccountEvent = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  /** One of `accountActions` (contract/audit.ts); newer ones are shown as they are. */
  action: z.string(),
  /** Whoever did it for this person, such as an admin who signed them out; null = themselves. */
  by: z.string().nullable(),
  /** Of the network address, as the hosting platform knows it. */
  country: z.string().length(2).nullable(),
  /** Browser and system as the browser names them. */
  device: z.string(),
});
export type AccountEvent = z.infer<typeof AccountEvent>;

export const accountEndpoints = {
  accountEventList: {
    method: 'get',
    path: '/api/v1/me/events',
    summary: 'Sign-ins, sign-outs and changes of the password of the signed-in person, newest first',
    permission: 'signed-in',
    query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) }),
    status: 200,
    response: z.object({ items: z.array(AccountEvent) }),
  },
} as const satisfies Record<string, Endpoint>;
