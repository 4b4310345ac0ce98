// Bringing an OpenClaw through the API: parts, the conversion as an operation, the switch as a restore.

import { beforeAll, beforeEach, expect, it } from 'vitest';
import { importPartBytes } from '../../../apps/control-plane/src/contract/imports.ts';
import {
  createdTenant,
  createWorld,
  json,
  newPerson,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

let world: World;
let person: Person;
let tenant: { id: string; slug: string };
let path: string;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  person = await newPerson(world);
  tenant = (await createdTenant(person)).tenant;
  world.cell.become(tenant.slug, 'asleep');
  path = `/api/v1/tenants/${tenant.id}/imports`;
});

const withKey = (key: string = crypto.randomUUID()): Record<string, string> => ({ 'idempotency-key': key });
const create = (key?: string) =>
  person.browser.post(path, { fileName: 'openclaw.tar.gz', bytes: importPartBytes + 5 }, withKey(key));

async function put(at: string, content: Uint8Array): Promise<Response> {
  return world.fetch(at, {
    method: 'PUT',
    headers: { cookie: person.browser.cookieHeader, origin: world.ctx.config.platformOrigin },
    body: content,
  });
}

it('begins once per key, takes bytes, converts, and switches to what came of it', async () => {
  const begun = await json<{ id: string }>(create('k'), 201);
  expect((await json<{ id: string }>(create('k'), 201)).id).toBe(begun.id);
  const at = `${path}/${begun.id}`;
  const audited = await rows('SELECT action, outcome FROM audit_entry WHERE tenant_id = ?', tenant.id);
  expect(audited).toContainEqual({ action: 'import.create', outcome: 'done' });

  expect(await json(put(`${at}/parts/0`, new Uint8Array(importPartBytes)))).toMatchObject({ nextPart: 1 });
  expect(await problemOf(await put(`${at}/parts/1`, new Uint8Array(importPartBytes + 1)))).toMatchObject({
    status: 413,
    code: 'body_too_large',
  });
  expect(await json(put(`${at}/parts/1`, new Uint8Array(5)))).toMatchObject({ nextPart: 2 });

  const early = await person.browser.post(`${at}/apply`, {}, withKey());
  expect(await problemOf(early)).toMatchObject({ status: 409, code: 'import_not_ready' });
  const operation = await json<{ id: string }>(person.browser.post(`${at}/start`, {}, withKey('s')), 202);
  expect(operation).toMatchObject({ kind: 'import', finishedAtMs: null });
  expect(await json<{ id: string }>(person.browser.post(`${at}/start`, {}, withKey('s')), 202)).toEqual(operation);
  const list = await json<{ items: unknown[] }>(person.browser.get(path));
  expect(list.items[0]).toMatchObject({ id: begun.id, state: 'ready', operationId: operation.id });

  const applied = await json<{ kind: string }>(person.browser.post(`${at}/apply`, {}, withKey()), 202);
  expect(applied.kind).toBe('restore');
});

it('is not begun where the state forbids it, and one that is not there is not found', async () => {
  const none = `imp_${'0'.repeat(26)}`;
  expect(await problemOf(await person.browser.post(`${path}/${none}/apply`, {}, withKey()))).toMatchObject({
    status: 404,
    code: 'import_unknown',
  });
  expect(await problemOf(await put(`${path}/x/parts/0`, new Uint8Array(1)))).toMatchObject({ status: 404 });
});
