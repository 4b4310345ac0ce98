/**
 * Every secret that the stack holds is searched for in a running tenant's container: environments of all its processes,
 * its configuration and state files, its log. Provider keys are canaries given to the launcher as an operator would.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { descendants, environmentOf, isGateway } from '../support/container-processes.ts';
import { Person } from '../support/person.ts';
import { startProduct } from '../support/product.ts';
import type { Product } from '../support/product.ts';

const canaries = { ANTHROPIC_API_KEY: 'sk-ant-canary-0f3b9c1d7e', OPENAI_API_KEY: 'sk-canary-7d1a2b3c4d' };
const fileBytesMax = 64 * 1024 * 1024;

let product: Product;
let person: Person;
let tenant: { id: string; slug: string };

beforeAll(async () => {
  Object.assign(process.env, canaries);
  product = await startProduct({ model: 'configured' });
  person = await Person.signUp(() => product.stack, 'Cass');
  tenant = await person.createAssistant('Cass', 'cass-canary-8w');
  await person.waitFor(tenant.id, 'awake');
  await person.openAssistant(tenant.slug);
});
afterAll(async () => {
  for (const name of Object.keys(canaries)) Reflect.deleteProperty(process.env, name);
  await product?.close();
});

/** Every secret in each form in which it could be copied. */
function secretForms(): Map<string, string> {
  const Secrets = z.object({
    betterAuthSecret: z.string(),
    cellKeys: z.object({ keys: z.record(z.string(), z.string()) }),
  });
  const stored = Secrets.parse(JSON.parse(readFileSync(path.join(product.stateDir, 'secrets.json'), 'utf8')));
  const named: Record<string, string> = {
    ...canaries,
    'sign-in secret': stored.betterAuthSecret,
    ...Object.fromEntries(Object.entries(stored.cellKeys.keys).map(([kid, key]) => [`cell key ${kid}`, key])),
    'platform session': person.cookiesFor('localhost').split('session_token=')[1]?.split(';')[0] ?? '',
    'tenant session': person.cookiesFor(`${tenant.slug}.localhost`).split('=')[1] ?? '',
  };
  const forms = new Map<string, string>();
  for (const [name, secret] of Object.entries(named)) {
    if (secret.length < 12) throw new Error(`the test does not know the ${name}`);
    forms.set(`${name}, as it is`, secret);
    forms.set(`${name}, base64`, Buffer.from(secret).toString('base64').replace(/=+$/, ''));
    forms.set(`${name}, hex`, Buffer.from(secret).toString('hex'));
    forms.set(`${name}, decoded`, decodeURIComponent(secret));
  }
  return forms;
}

function* filesBelow(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    else if (entry.isFile() && statSync(file).size <= fileBytesMax) yield file;
  }
}

it('no secret is in the container', { timeout: 600_000 }, () => {
  const forms = secretForms();
  const places = new Map<string, string>();
  const engine = product.stack.pids.engine() ?? 0;
  const processes = descendants(engine);
  expect(processes.some(isGateway)).toBe(true);
  for (const info of processes)
    places.set(
      `environment and command of ${info.command.slice(0, 60)} (${info.pid})`,
      `${environmentOf(info.pid)}\n${info.command}`,
    );
  const engineDir = path.join(product.stateDir, 'engine');
  let files = 0;
  for (const file of filesBelow(engineDir)) {
    places.set(path.relative(product.stateDir, file), readFileSync(file, 'latin1'));
    files++;
  }
  expect([...places.keys()].some((name) => name.endsWith('openclaw.json'))).toBe(true);
  const found: string[] = [];
  for (const [place, content] of places) {
    for (const [name, form] of forms) if (content.includes(form)) found.push(`${name} in ${place}`);
  }
  console.log(`${forms.size} forms of secrets searched in ${processes.length} processes and ${files} files`);
  expect(found).toEqual([]);
});

it('the search finds what is there', () => {
  const planted = `x=${canaries.OPENAI_API_KEY}`;
  expect([...secretForms().values()].some((form) => planted.includes(form))).toBe(true);
});
