/**
 * Two real OpenClaw versions: a release that does not start leaves the assistant on its version with the reason; the good
 * one promotes with the conversation kept; a drill proves the restore; a rollback brings back the version and the state
 * from before.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anyFreePort } from '../../local/stack/ports.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

const older = '2026.8.2';
const newer = '2026.9.6';
const folder = mkdtempSync(path.join(os.tmpdir(), 'tidepool-upgrade-'));
const stateDir = path.join(folder, 'state');
let product: Product;
let port = 0;

/** An OpenClaw that takes its config and then ends as soon as it is started. */
function brokenOpenclaw(): string {
  const dir = path.join(folder, 'broken/node_modules/openclaw');
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ name: 'openclaw', version: newer, type: 'module' }));
  writeFileSync(
    path.join(dir, 'openclaw.mjs'),
    `if (process.argv.includes('validate')) { console.log('{"valid":true,"issues":[]}'); process.exit(0); }
console.error('broken on purpose');
process.exit(1);
`,
  );
  return dir;
}

const start = (openclawDirs: Readonly<Record<string, string>> = {}): Promise<Product> =>
  startProduct({ stateDir, port, releases: [older], openclawDirs });

beforeAll(async () => {
  port = await anyFreePort();
  product = await start({ [newer]: brokenOpenclaw() });
});
afterAll(async () => {
  await product?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a bad release stays, a good one promotes, and the way back is there', { timeout: 600_000 }, async () => {
  const stack = () => product.stack;
  const person = await Person.signUp(stack, 'Una');
  const { id, slug } = await person.createAssistant('Una', 'una-upgrade-5k', older);
  const params = { tenantId: id };
  const read = () => person.call('tenantRead', { params });
  const connect = async () => GatewayClient.connectWhenReady(stack, slug, await person.openAssistant(slug));
  const history = async (client: GatewayClient) =>
    JSON.stringify(await client.call('chat.history', { sessionKey: 'main' }));
  const say = async (client: GatewayClient, message: string): Promise<void> => {
    const run = await client.finished(await client.send(message));
    expect(run.state).toBe('final');
  };

  expect((await person.waitFor(id, 'awake')).release).toBe(older);
  const first = await connect();
  await say(first, 'Hello, my name is Una Ebbing');

  // The newer one cannot start: it is tried beside the assistant, which goes on.
  await person.call('tenantUpgrade', { params, body: { release: newer } });
  const stayed = await until('the trial to fail', async () => {
    const now = await read();
    return now.upgradeFailure !== null && now;
  });
  expect(stayed).toMatchObject({ state: 'awake', release: older, upgrade: null, rollback: null });
  expect(stayed.upgradeFailure).toMatchObject({ to: newer, code: 'gateway_exit' });
  await say(first, 'Are you still there?');
  first.close();

  // The same machine with the real one. The assistant sleeps meanwhile.
  await stack().drain();
  await stack().stop();
  product = await start();
  expect((await person.call('releaseList')).items.map(({ version }) => version)).toEqual([newer, older]);

  const drill = await person.call('drillCreate', { params });
  const proven = await until('the drill', async () => (await read()).lastProvenRestore);
  expect(proven.snapshotId).toBe((await read()).lastSnapshot?.id);
  const told = await until('the drill to be told of', async () => {
    const operation = await person.call('operationRead', { params: { operationId: drill.id } });
    return operation.finishedAtMs !== null && operation;
  });
  expect(told.error).toBeNull();
  expect((await read()).state).toBe('asleep');

  // Once more, now that it works: asleep, so nobody notices.
  await person.call('tenantUpgrade', { params, body: { release: newer } });
  const promoted = await until(
    'the upgrade',
    async () => {
      const now = await read();
      if (now.upgradeFailure !== null) throw new Error(`it stayed: ${JSON.stringify(now.upgradeFailure)}`);
      return now.release === newer && now;
    },
    180_000,
  );
  expect(promoted).toMatchObject({ state: 'asleep', rollback: { release: older } });
  await person.call('tenantWake', { params });
  await person.waitFor(id, 'awake');
  const second = await connect();
  expect(await history(second)).toContain('Una Ebbing');
  expect(await history(second)).not.toContain('upgrade trial');
  await say(second, 'This was said on the newer version');
  second.close();

  await person.call('tenantRollback', { params });
  const back = await until(
    'the way back',
    async () => {
      const now = await read();
      return now.release === older && now.state === 'awake' && now;
    },
    180_000,
  );
  expect(back).toMatchObject({ rollback: null, upgradeFailure: null });
  const third = await connect();
  expect(await history(third)).toContain('Una Ebbing');
  expect(await history(third)).not.toContain('said on the newer version');
  await say(third, 'And here we are again');
  third.close();
});
