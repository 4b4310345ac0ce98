/**
 * OpenClaw 2026.9.6 lets one gateway at a time own a state folder: a row in `state_leases` that names a process and a
 * host. A snapshot of a live state carries the row of a process that is not here, and a gateway on another host waits
 * until it runs out (five minutes). A folder that was just unpacked has no owner, by construction: the row is removed
 * before the folder is switched in, and nowhere else.
 */
import { DatabaseSync } from 'node:sqlite';

/** Removes the lease from an unpacked state database. A database without the table is left alone. */
export function dropGatewayLease(file: string): void {
  const database = new DatabaseSync(file);
  try {
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'state_leases'").get();
    if (table !== undefined) database.exec("DELETE FROM state_leases WHERE scope = 'gateway-owner'");
  } finally {
    database.close();
  }
}
