/**
 * Takes what the tenants tell the control plane: every receipt and the newest totals. A receipt that is told again must be the
 * same, word for word.
 */
import { createServer } from 'node:http';
import { TenantEvent, type Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { UsageTotals } from '../../apps/control-plane/src/contract/usage-totals.ts';

export interface Collector {
  readonly url: string;
  /** By request id. */
  readonly receipts: ReadonlyMap<string, Receipt>;
  /** The newest by tenant and month. */
  readonly totals: ReadonlyMap<string, UsageTotals>;
  readonly problems: readonly string[];
  close(): Promise<void>;
}

export const totalsKey = (tenantId: string, period: string): string => `${tenantId} ${period}`;

export async function startCollector(): Promise<Collector> {
  const receipts = new Map<string, Receipt>();
  const totals = new Map<string, UsageTotals>();
  const problems: string[] = [];
  const take = (body: unknown): void => {
    for (const event of TenantEvent.array().parse(body)) {
      if (event.kind === 'receipt') {
        const { receipt } = event;
        const before = receipts.get(receipt.requestId);
        if (before !== undefined && JSON.stringify(before) !== JSON.stringify(receipt))
          problems.push(`${receipt.requestId}: its receipt was told again and says something else`);
        receipts.set(receipt.requestId, receipt);
      }
      if (event.kind === 'report') {
        const { usage } = event.report;
        const key = totalsKey(event.tenantId, usage.period);
        if (usage.version >= (totals.get(key)?.version ?? 0)) totals.set(key, usage);
      }
    }
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.once('end', () => {
      try {
        take(JSON.parse(Buffer.concat(parts).toString('utf8')));
        response.writeHead(204).end();
      } catch (error) {
        problems.push(`an event cannot be read: ${String(error).slice(0, 300)}`);
        response.writeHead(400).end();
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/events`,
    receipts,
    totals,
    problems,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
