// The download of an assistant: what the browser is told, what is written down, what a failure leaves.

import { beforeAll, beforeEach, expect, it } from 'vitest';
import { exportedBytes } from './support/cell-stand-in-tenant.ts';
import { createdTenant, createWorld, newPerson, problemOf, rows, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
let tenant: { id: string; slug: string };
let path: string;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.database.heal();
  person = await newPerson(world);
  tenant = (await createdTenant(person)).tenant;
  path = `/api/v1/tenants/${tenant.id}/export`;
});

const trail = () => rows('SELECT actor_id, action FROM audit_entry WHERE tenant_id = ?', tenant.id);

it('is a file to save, of known length, kept by nobody, and written down', async () => {
  const answer = await person.browser.get(path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/zstd');
  expect(answer.headers.get('content-length')).toBe(String(exportedBytes.length));
  expect(answer.headers.get('content-disposition')).toBe(
    `attachment; filename="${tenant.slug}-2026-11-21-1200.tar.zst"`,
  );
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(exportedBytes);
  expect(await trail()).toContainEqual({ actor_id: person.userId, action: 'tenant.export' });
});

it('needs no database once it has begun', async () => {
  const answer = await person.browser.get(path);
  world.database.sent.length = 0;
  await answer.arrayBuffer();
  expect(world.database.sent).toEqual([]);
});

it('of a named snapshot asks for that one; a name that cannot be is refused', async () => {
  const answer = await person.browser.get(`${path}?snapshot=${'1'.repeat(26)}`);
  expect(answer.status).toBe(200);
  await answer.body?.cancel();
  expect(await problemOf(await person.browser.get(`${path}?snapshot=../x`))).toMatchObject({
    status: 422,
    code: 'validation_failed',
  });
});

it('does not begin when the cell is away, and leaves no trace', async () => {
  world.cell.fault = () => 'before';
  expect(await problemOf(await person.browser.get(path))).toMatchObject({ status: 502, code: 'tenant_unreachable' });
  expect(await trail()).not.toContainEqual({ actor_id: person.userId, action: 'tenant.export' });
});

it('looks the session up: one that has ended takes nothing away, whatever its cookie says', async () => {
  await rows('DELETE FROM session WHERE user_id = ?', person.userId);
  expect(await problemOf(await person.browser.get(path))).toMatchObject({ status: 401 });
});
