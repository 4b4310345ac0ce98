/**
 * Every secret that the stack holds is searched for after a full run: in the running container (environments, commands,
 * files, logs), then in everything that lies on the disk (D1, the objects' SQLite, R2, queues, logs) and in every answer
 * that the API and the tenant host gave, errors among them. Provider keys and the stored secret are canaries. That the search finds what is there is
 * `test/secret-search.test.ts`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { CellKeys } from '../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { descendants, environmentOf, isGateway } from '../support/container-processes.ts';
import { Person } from '../support/person.ts';
import { startProduct } from '../support/product.ts';
import type { Product } from '../support/product.ts';
import { SecretSearch } from '../support/secret-search.ts';

const canaries = { ANTHROPIC_API_KEY: 'sk-ant-canary-0f3b9c1d7e', OPENAI_API_KEY: 'sk-canary-7d1a2b3c4d' };
const injected = 'ghp_canary"5e2d/9a8b+7c6d';
/** What `Person` signs up with. */
const password = 'low tide at noon';

let product: Product;
let person: Person;
let tenant: { id: string; slug: string };
let gatewayPassword = '';
/** Every answer that anybody got. */
const answers: [place: string, text: string][] = [];

beforeAll(async () => {
  Object.assign(process.env, canaries);
  product = await startProduct({ model: 'configured' });
  person = await Person.signUp(() => product.stack, 'Cass');
  const request = person.request.bind(person);
  person.request = async (host, where, init) => {
    const answer = await request(host, where, init);
    // A session's own cookie is for its own browser; what a body or another header says of it is not.
    const headers = [...answer.headers].filter(([name]) => name !== 'set-cookie' && name !== 'location');
    answers.push([
      `${init?.method ?? 'GET'} ${host}${where}`,
      `${JSON.stringify(headers)}\n${await answer.clone().text()}`,
    ]);
    return answer;
  };
  tenant = await person.createAssistant('Cass', 'cass-canary-8w');
  await person.waitFor(tenant.id, 'awake');
  await person.openAssistant(tenant.slug);
  await useEverything();
});
afterAll(async () => {
  for (const name of Object.keys(canaries)) Reflect.deleteProperty(process.env, name);
  await product?.close();
});

/** Secrets through every door, right and wrong, so that answers and errors about them exist. */
async function useEverything(): Promise<void> {
  const params = { tenantId: tenant.id };
  const binding = { host: 'api.example.com', methods: ['GET'], template: 'Bearer {secret}' };
  const use = { kind: 'egress', binding };
  const at = `/api/v1/tenants/${tenant.id}`;
  const put = await person.request('localhost', `${at}/secrets/github`, {
    method: 'PUT',
    json: { use, value: injected },
  });
  expect([put.status, await put.json()]).toMatchObject([200, { name: 'github' }]);
  await person.request('localhost', `${at}/secrets/github`, { method: 'PUT', json: { value: injected, use: 'odd' } });
  await person.request('localhost', `${at}/secrets/NOT%20a%20name`, { method: 'PUT', json: { use, value: injected } });
  await person.request('localhost', '/api/auth/sign-in/email', {
    method: 'POST',
    json: { email: { password }, password },
  });
  await person.call('secretList', { params });
  for (const page of [
    '',
    '/network',
    '/network/log',
    '/usage',
    '/timeline',
    '/snapshots',
    '/usage/requests',
    '/nothing',
  ])
    await person.request('localhost', at + page);
  for (const page of ['/', '/healthz', '/__tidepool/status', '/v1/models', '/nothing'])
    await person.request(`${tenant.slug}.localhost`, page, { headers: { accept: 'text/html' } });
}

/** Everything that must be nowhere but where it belongs. */
async function secrets(): Promise<Record<string, string>> {
  const Secrets = z.object({
    betterAuthSecret: z.string(),
    cellKeys: z.object({ keys: z.record(z.string(), z.string()) }),
  });
  const text = readFileSync(path.join(product.stateDir, 'secrets.json'), 'utf8');
  const { betterAuthSecret, cellKeys } = Secrets.parse(JSON.parse(text));
  const ring = JSON.stringify(z.object({ cellKeys: z.unknown() }).parse(JSON.parse(text)).cellKeys);
  return {
    ...canaries,
    'secret for requests': injected,
    'sign-in secret': betterAuthSecret,
    ...Object.fromEntries(Object.entries(cellKeys.keys).map(([kid, key]) => [`cell key ${kid}`, key])),
    'keeper token': await new CellKeys(ring).keeperToken(tenant.id, 1),
    'platform session': person.cookiesFor('localhost').split('session_token=')[1]?.split(';')[0] ?? '',
    'tenant session': person.cookiesFor(`${tenant.slug}.localhost`).split('=')[1] ?? '',
  };
}

it('no secret is in the container', { timeout: 600_000 }, async () => {
  const search = new SecretSearch(await secrets());
  const processes = descendants(product.stack.pids.engine() ?? 0);
  const gateway = processes.find(isGateway);
  expect(gateway).toBeDefined();
  gatewayPassword = /OPENCLAW_GATEWAY_PASSWORD=([^\n]+)/.exec(environmentOf(gateway?.pid ?? 0))?.[1] ?? '';
  for (const { pid, command } of processes)
    search.text(`environment and command of ${command.slice(0, 60)} (${pid})`, `${environmentOf(pid)}\n${command}`);
  search.folder(path.join(product.stateDir, 'engine'));
  console.log(`container: ${processes.length} processes, ${search.result.places} places, ${search.result.bytes} bytes`);
  expect(search.result.found).toEqual([]);
});

it('no secret is on the disk or in an answer', { timeout: 600_000 }, async () => {
  const known = { ...(await secrets()), 'gateway password': gatewayPassword, 'a person’s password': password };
  // Asleep it is saved, so that R2 holds its state.
  await person.call('tenantSleep', { params: { tenantId: tenant.id } });
  await person.waitFor(tenant.id, 'asleep');
  const search = new SecretSearch(known);
  // The one file that they belong in: the launcher's own.
  search.folder(product.stateDir, ['secrets.json']);
  for (const [place, text] of answers) search.text(place, text);
  const { places, bytes, found } = search.result;
  console.log(
    `disk and answers: ${answers.length} answers, ${places} places, ${bytes} bytes, ${Object.keys(known).length} secrets`,
  );
  expect(answers.length).toBeGreaterThan(20);
  expect(found).toEqual([]);
});
