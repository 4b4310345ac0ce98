import { expect, test } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { DEVICE_MIGRATIONS, DeviceMemory } from '../modules/devices.ts';
import type { ToldDevices } from '../modules/devices.ts';
import { migrate } from '../modules/migrate.ts';
import { changeDevices, listDevices } from './tenant-devices.ts';

const told: ToldDevices = {
  requests: [
    {
      requestId: 'r1',
      deviceId: 'd1',
      name: 'Phone',
      platform: null,
      role: 'node',
      scopes: [],
      ip: null,
      askedAtMs: 1_000,
    },
  ],
  devices: [],
  channelRequests: [
    {
      requestId: 's1',
      channel: 'telegram',
      accountId: 'default',
      channelName: 'Telegram',
      sender: 'ida',
      askedAtMs: 1_000,
      expiresAtMs: 3_601_000,
    },
  ],
};

function world() {
  const sql = openNodeSql();
  migrate(sql, DEVICE_MIGRATIONS, 0);
  return { devices: new DeviceMemory(sql) };
}

const change = { kind: 'approve_device', requestId: 'r1' } as const;

test('an awake assistant is asked; a sleeping one shows what it told last, without who has given up', async () => {
  const parts = world();
  const none = await listDevices(parts, null, 1_000);
  expect(none).toMatchObject({ ok: true, value: { asOfMs: null, live: false, requests: [] } });
  const live = await listDevices(parts, async () => told, 2_000);
  expect(live).toEqual({ ok: true, value: { asOfMs: 2_000, live: true, ...told } });
  expect(await listDevices(parts, null, 3_000)).toEqual({ ok: true, value: { asOfMs: 2_000, live: false, ...told } });
  const later = await listDevices(parts, null, 400_000);
  expect(later).toMatchObject({
    ok: true,
    value: { asOfMs: 2_000, requests: [], channelRequests: [{ requestId: 's1' }] },
  });
  const over = await listDevices(parts, () => Promise.reject(new Error('away')), 4_000_000);
  expect(over).toMatchObject({ ok: true, value: { live: false, channelRequests: [] } });
});

test('answering needs it awake, and says what is not known', async () => {
  const parts = world();
  const at = { change, nowMs: 5_000 };
  expect(await changeDevices(parts, null, at)).toMatchObject({ ok: false, error: { code: 'tenant_asleep' } });
  const away = await changeDevices(parts, () => Promise.reject(new Error('late')), at);
  expect(away).toMatchObject({ ok: false, error: { code: 'tenant_unreachable' } });
  const gone = await changeDevices(parts, async () => null, at);
  expect(gone).toMatchObject({ ok: false, error: { code: 'pairing_gone' } });
  const asked: unknown[] = [];
  const done = await changeDevices(
    parts,
    async (what) => {
      asked.push(what);
      return { ...told, requests: [] };
    },
    at,
  );
  expect(done).toMatchObject({ ok: true, value: { live: true, requests: [] } });
  expect(asked).toEqual([change]);
});
