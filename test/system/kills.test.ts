/**
 * The gateway, the keeper and workerd are each killed with SIGKILL while a turn streams. The tenant comes back by itself,
 * the conversation is whole, and what was charged is what the upstream produced.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { LogEntry } from '../../local/demo-model/request-log.ts';
import { descendants, isGateway, isKeeper } from '../support/container-processes.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

let product: Product;
let person: Person;
let tenant: { id: string; slug: string };

beforeAll(async () => {
  product = await startProduct();
  person = await Person.signUp(() => product.stack, 'Kim');
  tenant = await person.createAssistant('Kim', 'kim-kills-4u');
  await person.waitFor(tenant.id, 'awake');
});
afterAll(async () => {
  await product?.close();
});

function killContainerProcess(which: typeof isGateway): void {
  const engine = product.stack.pids.engine();
  const victims = descendants(engine ?? 0).filter(which);
  const victim = victims.at(-1);
  if (victim === undefined) throw new Error('there is nothing to kill');
  process.kill(victim.pid, 'SIGKILL');
}

/** What the upstream produced for this tenant, by request id. */
function upstreamCosts(): Map<string, number> {
  const lines = readFileSync(product.stack.demoModelLog ?? '', 'utf8')
    .trim()
    .split('\n');
  return new Map(
    lines.map((line): [string, number] => {
      const entry = LogEntry.parse(JSON.parse(line));
      const { request } = z.object({ request: z.string() }).parse(JSON.parse(entry.metadata));
      return [request, Math.ceil(Number((entry.cost * 1e9).toFixed(4)))];
    }),
  );
}

async function connect(): Promise<GatewayClient> {
  const cookie = await person.openAssistant(tenant.slug);
  return GatewayClient.connectWhenReady(() => product.stack, tenant.slug, cookie);
}

/** Says something and waits until the kept conversation has an answer after it, in whichever turn it was given. */
async function answered(client: GatewayClient, message: string): Promise<void> {
  await client.send(message);
  await until(
    `an answer to: ${message}`,
    async () => {
      const texts = await client.history();
      const asked = texts.findIndex((text) => text.includes(message));
      return asked >= 0 && texts.slice(asked + 1).some((text) => text.trim() !== '');
    },
    180_000,
  );
}

const kills: Record<string, () => Promise<void>> = {
  gateway: async () => killContainerProcess(isGateway),
  keeper: async () => killContainerProcess(isKeeper),
  workerd: () => product.stack.restartWorkerd(),
};

for (const [victim, kill] of Object.entries(kills)) {
  it(`${victim}: comes back by itself, conversation whole, charge right`, { timeout: 600_000 }, async () => {
    const before = await connect();
    const fact = `The ${victim} test's word is ${victim}-pearl.`;
    await answered(before, `Remember that ${fact}`);
    const runId = await before.send('Please count slowly to 60');
    await until('the answer to stream', async () => (before.run(runId)?.text.length ?? 0) > 40);
    await kill();

    await until('the old socket to end', async () => before.closed !== null, 60_000);
    await person.waitFor(tenant.id, 'awake');
    const after = await connect();
    const history = await until('the conversation', async () => {
      const texts = await after.history();
      return texts.some((text) => text.includes(fact)) && texts.some((text) => text.includes('count slowly')) && texts;
    });
    expect(history.length).toBeGreaterThanOrEqual(3);
    await answered(after, `Hello again after the ${victim}`);
    after.close();

    const { usage } = await until(
      'every request to be settled as the upstream has it',
      async () => {
        const now = await person.call('tenantRead', { params: { tenantId: tenant.id } });
        const produced = [...upstreamCosts().values()].reduce((total, cost) => total + cost, 0);
        return now.usage.heldNanoUsd === 0 && now.usage.spentNanoUsd === produced && now;
      },
      240_000,
    );
    expect(usage.requests).toBe(upstreamCosts().size);
  });
}
