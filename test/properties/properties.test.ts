import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { egressProperties } from './egress-properties.ts';
import { gateProperties } from './gate-properties.ts';
import { loadCores, root } from './load-cores.ts';
import * as fc from 'fast-check';
import { applyMutation } from './mutation.ts';
import { mutations } from './mutations.ts';
import { answers, sent } from './stream-formats.ts';
import { countsOf, exceptions, readByMeter, readByPackage, streamProperties, type Tally } from './stream-properties.ts';

/** `npm run properties` takes a hundred thousand. */
const cases = 400;
const cores = await loadCores();

describe('the egress decision', () => {
  it.each(egressProperties(cores))('$name', ({ check }) => check(cases));
});

describe('the gate', () => {
  it.each(gateProperties(cores))('$name', ({ check }) => check(cases));
});

describe('the meter of model answers', () => {
  const tally: Tally = new Map();

  it.each(streamProperties(cores, tally))('$name', ({ check }) => check(cases));

  it.each(Object.entries(answers))('of %s reads the same, cut at every byte and in single bytes', (_name, of) => {
    for (const one of fc.sample(sent(of), { numRuns: 2, seed: 20_261_121 })) {
      const { counts } = readByPackage(one.answer);
      const { length } = new TextEncoder().encode(one.text);
      const everywhere = Array.from({ length }, (_, n) => n);
      for (const cuts of [...everywhere.map((cut) => [cut]), everywhere]) {
        const { usage, complete } = readByMeter(cores, { ...one, cuts });
        expect(JSON.stringify([usage && countsOf(usage), complete])).toBe(JSON.stringify([counts, true]));
      }
    }
  });

  it('needs every exception from what the package reads', () => {
    const needed = [...tally.keys()].filter((what) => what.startsWith('exception: '));
    expect(needed).toEqual(exceptions.map(({ what }) => `exception: ${what}`));
  });
});

it('every changed rule of `npm run properties -- --mutate` stands in its file as the table says', () => {
  for (const mutation of mutations) {
    const source = readFileSync(path.join(root, mutation.file), 'utf8');
    expect(applyMutation(mutation, source), mutation.what).not.toBe(source);
  }
});
