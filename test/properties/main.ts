/**
 * `npm run properties -- --cases 100000` checks every property of the cores with that many cases each; `--only streams`
 * (or `egress`, `gate`) takes one of them.
 * `npm run properties -- --mutate [--cases 3000]` changes one rule at a time in a copy of the cores and says which property
 * noticed; `--match text` takes the changes that are named so. Ends with 1 when a property fails, or when a change is noticed by none.
 */
import { parseArgs } from 'node:util';
import { egressProperties } from './egress-properties.ts';
import { gateProperties } from './gate-properties.ts';
import { loadCores } from './load-cores.ts';
import { mutations } from './mutations.ts';
import { caughtBy } from './mutate.ts';
import { streamProperties, type Tally } from './stream-properties.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    mutate: { type: 'boolean', default: false },
    match: { type: 'string', default: '' },
    only: { type: 'string' },
  },
});
const wanted = (core: string): boolean => values.only === undefined || values.only === core;
if (!['egress', 'gate', 'streams'].some(wanted)) throw new Error(`there is no core "${values.only}"`);
const cases = Number(values.cases ?? (values.mutate ? 3_000 : 100_000));
if (!Number.isInteger(cases) || cases < 1) throw new Error(`a whole number of cases is wanted, not ${values.cases}`);

const startedAtMs = Date.now();
const seconds = (): string => ((Date.now() - startedAtMs) / 1000).toFixed(0);

if (values.mutate) {
  let missed = 0;
  const chosen = mutations.filter(({ core, what }) => wanted(core) && what.includes(values.match));
  for (const mutation of chosen) {
    const property = await caughtBy(mutation, cases);
    if (property === null) missed++;
    console.log(`${mutation.core.padEnd(6)} | ${mutation.what} | ${property ?? 'NOT CAUGHT'}`);
  }
  console.log(`${chosen.length} changed rules, ${missed} not caught, ${seconds()} s`);
  if (missed > 0) process.exitCode = 1;
} else {
  const cores = await loadCores();
  const tally: Tally = new Map();
  const sets = {
    egress: egressProperties(cores),
    gate: gateProperties(cores),
    streams: streamProperties(cores, tally),
  };
  for (const [core, properties] of Object.entries(sets)) {
    if (!wanted(core)) continue;
    for (const { name, check } of properties) {
      try {
        check(cases);
        console.log(`${core}: ${name}`);
      } catch (error) {
        process.exitCode = 1;
        console.log(`${core}: FAILS: ${name}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
    console.log(`${core}: ${properties.length} properties, ${properties.length * cases} cases, ${seconds()} s so far`);
  }
  for (const [what, times] of tally) console.log(`streams: ${times} ${what}`);
}
