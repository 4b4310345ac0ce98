/** The ledgers as they lie on disk after the run, read with the product's own modules, one tenant's object per file. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { Ledger } from '../../apps/tenant-worker/src/modules/ledger.ts';
import { TenantStore } from '../../apps/tenant-worker/src/modules/tenant-store.ts';
import { openNodeSql } from '../support/node-sql.ts';

export type OpenHold = ReturnType<Ledger['pending']>[number];

export interface Book {
  readonly tenantId: string;
  /** Also of attempts that came to nothing. */
  readonly receipts: readonly Receipt[];
  /** Reservations whose end is not known. */
  readonly open: readonly OpenHold[];
  readonly totals: readonly ReturnType<Ledger['periodTotal']>[];
}

const page = 200;

/** @throws when a file cannot be read. The runtime must have ended. */
export function readBooks(persistDir: string): Book[] {
  return readdirSync(persistDir, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sqlite') && file.includes('Tenant'))
    .map((file) => readBook(path.join(persistDir, file)))
    .filter((book) => book !== null);
}

function readBook(file: string): Book | null {
  const sql = openNodeSql(file);
  try {
    const isTenant =
      sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'ledger_request'").length > 0;
    const record = isTenant ? new TenantStore(sql).read() : null;
    if (record === null) return null;
    const ledger = new Ledger(sql, { nowMs: () => Date.now() });
    const receipts: Receipt[] = [];
    for (let before: string | null = null; ;) {
      const next = ledger.receipts({ limit: page, before, failed: true });
      receipts.push(...next.map((receipt) => Receipt.parse(receipt)));
      before = next.at(-1)?.requestId ?? null;
      if (next.length < page) break;
    }
    const open = ledger.pending();
    const periods = new Set([...receipts, ...open].map(({ period }) => period));
    return { tenantId: record.tenantId, receipts, open, totals: [...periods].map((key) => ledger.periodTotal(key)) };
  } finally {
    sql.close();
  }
}
