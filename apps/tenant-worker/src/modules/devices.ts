/**
 * The last list of devices and senders that the gateway told, for looking at while the tenant sleeps. Owns `device_list`.
 * It decides nothing: who is in is the gateway's own record, which travels with the tenant's state.
 */
import type { z } from 'zod';
import { DeviceList } from '../../../control-plane/src/contract/device-api.ts';
import type { Migration, Sql } from '../ports.ts';
import { text } from './row.ts';

export const DEVICE_MIGRATIONS: readonly Migration[] = [
  {
    id: 'device/1',
    sql: [
      `CREATE TABLE device_list (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        told_at_ms INTEGER NOT NULL,
        body TEXT NOT NULL
      )`,
    ],
  },
];

const Body = DeviceList.pick({ requests: true, devices: true, channelRequests: true });
export type ToldDevices = z.infer<typeof Body>;

export class DeviceMemory {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** What was told last. One that cannot be read counts as none: the gateway tells it again. */
  read(): DeviceList {
    const row = this.#sql.exec('SELECT told_at_ms, body FROM device_list WHERE id = 1')[0];
    const body = row === undefined ? null : Body.safeParse(JSON.parse(text(row, 'body')));
    if (row === undefined || body?.success !== true) {
      return { asOfMs: null, live: false, requests: [], devices: [], channelRequests: [] };
    }
    return { asOfMs: Number(row['told_at_ms']), live: false, ...body.data };
  }

  keep(told: ToldDevices, nowMs: number): void {
    const body = JSON.stringify(Body.parse(told));
    this.#sql.exec(
      `INSERT INTO device_list (id, told_at_ms, body) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET told_at_ms = excluded.told_at_ms, body = excluded.body`,
      nowMs,
      body,
    );
  }
}
