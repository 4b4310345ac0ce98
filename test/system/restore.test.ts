/**
 * Back to a point, and back again, with the real OpenClaw: two conversations, a snapshot between them, the question what a
 * restore would change, the restore, and its undo. Before that, one file alone: out of a snapshot, back into the running
 * assistant, and out again.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

/** The conversation before the snapshot is the main one; the one after it has a key of its own. */
const later = 'agent:main:later';

let product: Product;
let person: Person;
let tenant: { id: string; slug: string };
let cookie: string;

beforeAll(async () => {
  product = await startProduct();
  person = await Person.signUp(() => product.stack, 'Rea');
  tenant = await person.createAssistant('Rea', 'rea-returns-5m');
  await person.waitFor(tenant.id, 'awake');
  cookie = await person.openAssistant(tenant.slug);
});
afterAll(async () => {
  await product?.close();
});

async function withClient<T>(work: (client: GatewayClient) => Promise<T>): Promise<T> {
  const client = await GatewayClient.connectWhenReady(() => product.stack, tenant.slug, cookie);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

const say = (client: GatewayClient, message: string, sessionKey: string) =>
  client.send(message, sessionKey).then((run) => client.finished(run));

async function ended(operationId: string): Promise<void> {
  await until('the operation to end', async () => {
    const operation = await person.call('operationRead', { params: { operationId } });
    if (operation.error !== null) throw new Error(`${operation.error.code}: ${operation.error.detail}`);
    return operation.finishedAtMs !== null;
  });
}

/** @returns the id of the snapshot that was taken */
async function snapshot(note: string): Promise<string> {
  const params = { tenantId: tenant.id };
  await ended((await person.call('snapshotTake', { params, body: { note } })).id);
  const { items } = await person.call('snapshotList', { params });
  const made = items.find((item) => item.note === note);
  if (made === undefined) throw new Error(`no snapshot is noted ${note}`);
  return made.id;
}

const conversations = () =>
  withClient(async (client) => ({
    first: (await client.history()).join('\n'),
    later: (await client.history(later).catch(() => [])).join('\n'),
  }));

/** A file of the workspace, as the Control UI writes and reads it. */
const aboutMe = { agentId: 'main', name: 'USER.md' };
const write = (content: string) => withClient((client) => client.call('agents.files.set', { ...aboutMe, content }));
const read = async (): Promise<string> => {
  const answer = await withClient((client) => client.call('agents.files.get', aboutMe));
  return z.object({ file: z.object({ content: z.string() }) }).parse(answer).file.content;
};

it('takes one file out of a snapshot, puts it back beside the running OpenClaw, and undoes that', async () => {
  await write('Rea dives for white pearls.');
  const snapshotId = await snapshot('white');
  await write('Rea dives for black pearls.');
  const params = { tenantId: tenant.id, snapshotId };
  const { items } = await person.call('snapshotFileList', { params, query: { search: 'user.md' } });
  expect(items).toMatchObject([{ path: 'workspace/USER.md', bytes: 27, refusal: null }]);
  const file = `/api/v1/tenants/${tenant.id}/snapshots/${snapshotId}/file?path=workspace/USER.md`;
  expect(await (await person.request('localhost', file)).text()).toBe('Rea dives for white pearls.');

  const put = await person.call('snapshotFilePut', { params, body: { path: 'workspace/USER.md' } });
  expect(put).toMatchObject({ stage: 'done', replaced: true });
  expect(await read()).toBe('Rea dives for white pearls.');
  const undone = await person.call('putFileUndo', { params: { tenantId: tenant.id, putId: put.id } });
  expect(undone.stage).toBe('undone');
  expect(await read()).toBe('Rea dives for black pearls.');

  const database = { params, body: { path: 'state/openclaw.sqlite' } };
  await expect(person.call('snapshotFilePut', database)).rejects.toThrow('snapshot_file_refused');
});

it('goes back to a snapshot, and back again', { timeout: 180_000 }, async () => {
  const params = { tenantId: tenant.id };
  await withClient((client) => say(client, 'The first pearl is white.', 'main'));
  const chosen = await snapshot('before');
  await withClient((client) => say(client, 'The second pearl is black.', later));
  await snapshot('after');
  const both = await conversations();
  expect(both.first).toContain('The first pearl is white.');
  expect(both.later).toContain('The second pearl is black.');

  const { changes } = await person.call('snapshotChanges', { params: { ...params, snapshotId: chosen } });
  expect(changes.sessions.removed.count).toBe(1);
  expect(changes.sessions.added.count).toBe(0);
  expect(changes.totals.sessions.now).toBe((changes.totals.sessions.then ?? 0) + 1);

  await ended((await person.call('snapshotRestore', { params: { ...params, snapshotId: chosen } })).id);
  const back = await conversations();
  expect(back.first).toContain('The first pearl is white.');
  expect(back.later).not.toContain('The second pearl is black.');

  await ended((await person.call('snapshotUndo', { params })).id);
  expect(await conversations()).toEqual(both);
});
