/**
 * The control plane and its database are away: who is signed in to an assistant goes on talking, a page opened with a
 * session wakes one that sleeps, and what was charged and done meanwhile is known when they are back. The real parts; a
 * quarter of an hour of it on a moved clock is `test/sim/outage.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(async () => {
  await product?.close();
});

const modelRequests = (): number =>
  readFileSync(product.stack.demoModelLog ?? '', 'utf8')
    .trim()
    .split('\n').length;

it('without the control plane: chats, a wake, and nothing lost', { timeout: 900_000 }, async () => {
  const person = await Person.signUp(() => product.stack, 'Iris');
  const awake = await person.createAssistant('Awake', 'iris-awake-2m');
  await person.waitFor(awake.id, 'awake');
  const asleep = await person.createAssistant('Asleep', 'iris-asleep-5t');
  await person.waitFor(asleep.id, 'awake');
  const cookies = { awake: await person.openAssistant(awake.slug), asleep: await person.openAssistant(asleep.slug) };
  const say = async (slug: string, cookie: string, message: string): Promise<string> => {
    const client = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
    const answer = await client.say(message);
    client.close();
    return answer;
  };
  await say(awake.slug, cookies.awake, 'Hello, my name is Iris Marsh');
  await say(asleep.slug, cookies.asleep, 'Hello, my name is Iris Marsh');
  await person.call('tenantSleep', { params: { tenantId: asleep.id } });
  await person.waitFor(asleep.id, 'asleep');

  await product.stack.controlPlane('away');
  expect((await product.stack.fetch('localhost', '/api/v1/me')).status).toBe(503);
  expect(await say(awake.slug, cookies.awake, 'What is my name?')).toContain('Iris Marsh');
  const opened = await product.stack.fetch(`${asleep.slug}.localhost`, '/', {
    headers: {
      cookie: cookies.asleep,
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'none',
    },
  });
  expect(opened.status).toBe(200);
  expect(await say(asleep.slug, cookies.asleep, 'What is my name?')).toContain('Iris Marsh');
  // A stranger is still sent to sign in, which is what does not work now.
  const stranger = await product.stack.fetch(`${asleep.slug}.localhost`, '/', { headers: { accept: 'text/html' } });
  expect(stranger.status).toBe(302);

  await product.stack.controlPlane('there');
  await person.waitFor(asleep.id, 'awake');
  const known = async (): Promise<number> => {
    const counts = await Promise.all(
      [awake, asleep].map(async ({ id }) => {
        const { items } = await person.call('receiptList', { params: { tenantId: id }, query: { limit: '100' } });
        return items.length;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  };
  await until('every receipt to arrive', async () => (await known()) === modelRequests(), 240_000);
  expect(await say(asleep.slug, cookies.asleep, 'And what is my name now?')).toContain('Iris Marsh');
});
