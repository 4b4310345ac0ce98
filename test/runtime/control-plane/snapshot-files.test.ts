// Single files of a snapshot over the API: what the browser is told, what is written down, what a repeat does.

import { beforeAll, beforeEach, expect, it } from 'vitest';
import { exportedBytes } from './support/cell-stand-in-tenant.ts';
import { createdTenant, createWorld, newPerson, problemOf, rows, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
let tenant: { id: string; slug: string };
let base: string;
const snapshotId = '1'.repeat(26);
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.cell.filesPut = [];
  person = await newPerson(world);
  tenant = (await createdTenant(person)).tenant;
  base = `/api/v1/tenants/${tenant.id}/snapshots/${snapshotId}`;
});

const trail = () => rows('SELECT actor_id, action, outcome FROM audit_entry WHERE tenant_id = ?', tenant.id);
const take = (path: string) => person.browser.get(`${base}/file?path=${encodeURIComponent(path)}`);
const put = (path: string, key: string) =>
  person.browser.send('POST', `${base}/file`, { path }, { 'idempotency-key': key });

it('are listed as asked for', async () => {
  const list = async (query: string): Promise<unknown> => (await person.browser.get(`${base}/files${query}`)).json();
  expect(await list('')).toMatchObject({ total: 1, items: [{ path: 'workspace/MEMORY.md', standing: 'same' }] });
  expect(await list('?search=nothing')).toMatchObject({ total: 0 });
  expect(await list('?show=differing')).toMatchObject({ total: 0 });
  expect(await problemOf(await person.browser.get(`${base}/files?limit=9000`))).toMatchObject({ status: 422 });
});

it('are taken as something to save, under their own name, never shown as a page, and written down', async () => {
  const answer = await take('workspace/notes/Ärger "1".html');
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-length': String(exportedBytes.length),
    'content-disposition': `attachment; filename="_rger _1_.html"; filename*=UTF-8''%C3%84rger%20_1_.html`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(exportedBytes);
  expect(await trail()).toContainEqual({ actor_id: person.userId, action: 'snapshot.file_take', outcome: 'done' });
});

it('that are not there are a problem, not a file', async () => {
  expect(await problemOf(await take('absent'))).toMatchObject({ status: 404, code: 'snapshot_file_unknown' });
  expect((await trail()).map(({ action }) => action)).not.toContain('snapshot.file_take');
  world.cell.fault = () => 'before';
  expect(await problemOf(await take('x'))).toMatchObject({ status: 502, code: 'tenant_unreachable' });
});

it('are put back once per key, written down, listed, and undone', async () => {
  const first = await put('workspace/MEMORY.md', 'one');
  expect(first.status).toBe(200);
  const made: { id: string } = await first.json();
  expect(made).toMatchObject({ path: 'workspace/MEMORY.md', snapshotId, stage: 'done', replaced: true });
  expect(await (await put('workspace/MEMORY.md', 'one')).json()).toEqual(made);
  expect(await problemOf(await put('workspace/other.md', 'one'))).toMatchObject({ code: 'idempotency_key_reused' });
  const list = `/api/v1/tenants/${tenant.id}/put-files`;
  expect(await (await person.browser.get(list)).json()).toEqual({ items: [made] });
  const undone = await person.browser.send('POST', `${list}/${made.id}/undo`);
  expect(await undone.json()).toMatchObject({ id: made.id, stage: 'undone' });
  const told = (await trail()).map(({ action, outcome }) => `${String(action)} ${String(outcome)}`);
  const puts = ['intended', 'done', 'intended', 'done', 'intended', 'refused'].map(
    (each) => `snapshot.file_put ${each}`,
  );
  expect(told.filter((each) => each.startsWith('snapshot.'))).toEqual([
    ...puts,
    'snapshot.file_undo intended',
    'snapshot.file_undo done',
  ]);
});
