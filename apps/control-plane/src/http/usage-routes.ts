/** The handlers of `usageEndpoints`. */
import type { usageEndpoints } from '../contract/usage-api.ts';
import { tenantDrift } from '../services/drift-read.ts';
import { requireTenant } from '../services/tenant-read.ts';
import { receiptExport } from '../services/usage-csv.ts';
import { receiptList, usageRead } from '../services/usage.ts';
import type { Handled, Handler } from './implement.ts';

type Handlers = { readonly [Name in keyof typeof usageEndpoints]: Handler<(typeof usageEndpoints)[Name]> };

export const usageHandlers: Handlers = {
  usageRead: async (request) => usageRead(request.ctx, await read(request), request.query.period),
  receiptList: async (request) => receiptList(request.ctx, await read(request), request.query),
  usageDrift: async (request) => tenantDrift(request.ctx, await read(request)),
  receiptExport: async (request) => receiptExport(request.ctx, await read(request), request.query.period),
};

async function read({
  ctx,
  session,
  params,
}: Pick<Handled<(typeof usageEndpoints)['usageRead']>, 'ctx' | 'session' | 'params'>) {
  const { row } = await requireTenant(ctx, session.userId, { id: params.tenantId }, 'usage:read');
  return row;
}
