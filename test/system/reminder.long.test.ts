/**
 * "Remind me in two minutes", and to sleep at once: the assistant wakes by its own schedule, with nobody there, and the
 * reminder is in the conversation on time. The real OpenClaw, its real scheduler, the whole stack.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

/** What docs/sleep.md promises: never early, and answered within a minute of its time. */
const lateMaxMs = 60_000;

const History = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string().optional(), timestamp: z.number().optional() })),
});

let product: Product;

beforeAll(async () => {
  product = await startProduct();
});
afterAll(async () => {
  await product?.close();
});

async function messages(client: GatewayClient): Promise<{ text: string; atMs: number }[]> {
  const history = History.parse(await client.call('chat.history', { sessionKey: 'main', limit: 200 }));
  return history.messages.map((message) => ({ text: JSON.stringify(message), atMs: message.timestamp ?? 0 }));
}

it('sleeps through nothing: a reminder wakes it and is answered on time', { timeout: 300_000 }, async () => {
  const person = await Person.signUp(() => product.stack, 'Remy');
  const { id, slug } = await person.createAssistant('Remy', 'remy-reminds-4u');
  await person.waitFor(id, 'awake');
  const cookie = await person.openAssistant(slug);
  const client = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
  await client.say('Remind me in two minutes to feed the crabs.');
  const planned = await until(
    'the job to be made',
    async () => {
      const said = (await messages(client)).map(({ text }) => text);
      const at = said.map((text) => /I will remind you at ([\d:.TZ-]+Z)\./.exec(text)?.[1]).find(Boolean);
      if (at === undefined) throw new Error(said.join('\n').slice(0, 4_000));
      return at;
    },
    30_000,
  );
  const dueAtMs = Date.parse(planned);
  client.close();

  await person.call('tenantSleep', { params: { tenantId: id } });
  const asleep = await person.waitFor(id, 'asleep', 60_000);
  expect(Date.parse(asleep.nextRunAt ?? '')).toBe(dueAtMs);

  // Nobody is there: only the dashboard looks, and looking wakes nothing.
  await person.waitFor(id, 'awake');
  // How early is a matter of the machine; that it is answered in time is not.
  const beforeMs = dueAtMs - Date.now();
  console.log(`awake ${Math.abs(beforeMs)} ms ${beforeMs < 0 ? 'after' : 'before'} it was due`);
  const again = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
  const reminded = await until('the reminder', async () =>
    (await messages(again)).find(({ text }) => text.includes('Reminder: feed the crabs.')),
  );
  again.close();
  const lateMs = reminded.atMs - dueAtMs;
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(lateMaxMs);
  console.log(`reminded ${lateMs} ms after it was due`);
});
