import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { egressProperties } from './egress-properties.ts';
import { gateProperties } from './gate-properties.ts';
import { loadCores, root } from './load-cores.ts';
import { applyMutation, mutations } from './mutations.ts';

/** `npm run properties` takes a hundred thousand. */
const cases = 400;
const cores = await loadCores();

describe('the egress decision', () => {
  it.each(egressProperties(cores))('$name', ({ check }) => check(cases));
});

describe('the gate', () => {
  it.each(gateProperties(cores))('$name', ({ check }) => check(cases));
});

it('every changed rule of `npm run properties -- --mutate` stands in its file as the table says', () => {
  for (const mutation of mutations) {
    const source = readFileSync(path.join(root, mutation.file), 'utf8');
    expect(applyMutation(mutation, source), mutation.what).not.toBe(source);
  }
});
