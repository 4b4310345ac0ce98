// The models of an assistant: read with their prices, replaced on top of what was read, kept and told to the cell.

import { beforeAll, beforeEach, expect, it } from 'vitest';
import { modelChoice } from './support/cell-stand-in-tenant.ts';
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

const sonnet = 'anthropic/claude-sonnet-4-6';
const haiku = 'anthropic/claude-haiku-4-5';
const plain = { allowed: null, fallbacks: [], keyRefused: 'stop', economy: null, perMinute: [], answerMinutes: null };
const routing = { ...plain, fallbacks: [{ model: sonnet, then: [haiku] }] };

let world: World;
let person: Person;
let tenant: { id: string; slug: string };
let path: string;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.cell.choices = [modelChoice(sonnet), modelChoice(haiku)];
  person = await newPerson(world);
  tenant = (await createdTenant(person)).tenant;
  path = `/api/v1/tenants/${tenant.id}/models`;
});

const read = () => json<{ version: string; routing: unknown }>(person.browser.send('GET', path));

it('are read with every priced model, and nothing takes over until somebody says so', async () => {
  expect(await read()).toMatchObject({
    primary: sonnet,
    utility: haiku,
    routing: plain,
    choices: [{ ref: sonnet }, {}],
  });
});

it('are replaced: saved, sent to the cell, written down in words, and the same again changes nothing', async () => {
  const { version } = await read();
  const body = { version, primary: haiku, utility: haiku, routing };
  const saved = await json<{ version: string }>(person.browser.send('PUT', path, body));
  expect(saved).toMatchObject({ primary: haiku, routing });
  expect(saved.version).not.toBe(version);
  expect(world.cell.tenants.get(tenant.slug)).toMatchObject({
    generation: 2,
    spec: { models: { primary: haiku, utility: haiku, routing } },
  });
  await json(person.browser.send('PUT', path, body));
  expect(world.cell.tenants.get(tenant.slug)?.generation).toBe(2);
  const entries = await rows(
    "SELECT detail FROM audit_entry WHERE tenant_id = ? AND action = 'models.replace'",
    tenant.id,
  );
  expect(entries).toHaveLength(1);
  expect(JSON.parse(String(entries[0]?.['detail']))).toEqual({
    before: { primary: sonnet, fallbacks: '' },
    after: { primary: haiku, fallbacks: `${sonnet} → ${haiku}` },
  });
});

it('are not replaced over a change of somebody else', async () => {
  const { version } = await read();
  await json(person.browser.send('PUT', path, { version, primary: haiku, utility: haiku, routing: plain }));
  const late = person.browser.send('PUT', path, { version, primary: sonnet, utility: sonnet, routing: plain });
  expect((await problemOf(late)).code).toBe('version_stale');
});

it.each([
  ['a model without a price', { primary: 'anthropic/claude-99' }, '/primary'],
  ['a default that is not allowed', { routing: { ...plain, allowed: [sonnet] } }, '/utility'],
  [
    'a fallback without a price',
    { routing: { ...plain, fallbacks: [{ model: sonnet, then: ['openai/gpt-5.5'] }] } },
    '/routing/fallbacks/0/then/0',
  ],
])('are refused with %s, which is named', async (_name, over, pointer) => {
  const { version } = await read();
  const sent = person.browser.send('PUT', path, { version, primary: sonnet, utility: haiku, routing: plain, ...over });
  const answer = await sent;
  expect([answer.status, await answer.json()]).toMatchObject([
    422,
    { code: 'validation_failed', errors: [{ pointer }] },
  ]);
  expect(world.cell.tenants.get(tenant.slug)?.generation).toBe(1);
});

it.each([
  [{ fallbacks: [{ model: sonnet, then: Array(5).fill(haiku) }] }],
  [{ perMinute: [{ model: sonnet, requests: 0 }] }],
  [{ economy: { abovePercent: 100, model: haiku } }],
  [{ keyRefused: 'perhaps' }],
  [{ answerMinutes: 0 }],
  [{ something: 1 }],
])('are refused out of bounds: %j', async (over) => {
  const { version } = await read();
  const body = { version, primary: sonnet, utility: haiku, routing: { ...plain, ...over } };
  expect((await problemOf(person.browser.send('PUT', path, body))).code).toBe('validation_failed');
});

it('cannot be read or changed while the cell is away, and nothing is saved', async () => {
  const { version } = await read();
  world.cell.fault = () => 'before';
  expect((await problemOf(person.browser.send('GET', path))).code).toBe('tenant_unreachable');
  const body = { version, primary: haiku, utility: haiku, routing: plain };
  expect((await problemOf(person.browser.send('PUT', path, body))).code).toBe('tenant_unreachable');
  world.cell.fault = () => 'none';
  expect((await read()).version).toBe(version);
});
