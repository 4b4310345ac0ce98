/** The handlers of `fleetMoneyEndpoints`. */
import type { fleetMoneyEndpoints } from '../contract/fleet-money-api.ts';
import { holdList, holdRelease } from '../services/billing/holds.ts';
import { driftList, driftRead } from '../services/drift-read.ts';
import { marginList } from '../services/margin-read.ts';
import type { Handler } from './implement.ts';

type Handlers = { readonly [Name in keyof typeof fleetMoneyEndpoints]: Handler<(typeof fleetMoneyEndpoints)[Name]> };

export const fleetMoneyHandlers: Handlers = {
  driftList: ({ ctx, query }) => driftList(ctx, query),
  driftRead: ({ ctx, params, query }) => driftRead(ctx, params.day, query),
  marginList: ({ ctx, query }) => marginList(ctx, query),
  holdList: ({ ctx }) => holdList(ctx),
  holdRelease: ({ ctx, session, trail, params, body }) =>
    holdRelease(ctx, { id: params.holdId, trail, userId: session.userId, reason: body.reason }),
};
