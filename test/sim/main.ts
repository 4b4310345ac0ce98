/**
 * `npm run sim -- --seed N [--steps M]` replays one seed and prints what happened.
 * `npm run sim -- --seeds K [--seed FIRST] [--steps M]` runs K seeds and prints what was played and what was found.
 * `npm run sim -- --sweep` interferes with every call of every operation in turn.
 */
import { parseArgs } from 'node:util';
import { addCounts, runSeed, stepsUsual } from './run-seed.ts';
import { operations, sweep } from './sweep.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    steps: { type: 'string' },
    sweep: { type: 'boolean' },
  },
});
const count = (text: string | undefined, fallback: number): number => {
  const value = Number(text ?? fallback);
  if (!Number.isInteger(value) || value < 0) throw new Error(`a whole number is wanted, not ${text}`);
  return value;
};
const first = count(values.seed, 1);
const steps = count(values.steps, stepsUsual);

if (values.sweep === true) {
  for (const name of Object.keys(operations)) {
    const { points, failures } = await sweep(name);
    console.log(`${name}: ${points} points, ${failures.length} failures`);
    for (const failure of failures) console.log(`  ${failure}`);
    if (failures.length > 0) process.exitCode = 1;
  }
} else if (values.seeds === undefined) {
  const { violations, virtualMs } = await runSeed(first, { steps, print: (line) => console.log(line) });
  console.log(`seed ${first}: ${(virtualMs / 60_000).toFixed(1)} virtual minutes, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} else {
  const total = new Map<string, number>();
  const reached = new Map<string, number>();
  let [calls, virtualMs, found] = [0, 0, 0];
  for (let seed = first; seed < first + count(values.seeds, 0); seed++) {
    const result = await runSeed(seed, { steps });
    calls += result.calls;
    virtualMs += result.virtualMs;
    addCounts(total, result.played);
    addCounts(reached, result.reached);
    const [violation] = result.violations;
    if (violation === undefined) continue;
    found++;
    console.log(`seed ${seed} at ${(violation.atMs / 1000).toFixed(1)} s: ${violation.rule}: ${violation.detail}`);
  }
  const faults = [...total.values()].reduce((sum, times) => sum + times, 0);
  console.log(`${count(values.seeds, 0)} seeds, ${calls} calls, ${(virtualMs / 3_600_000).toFixed(0)} virtual hours`);
  console.log(`${faults} faults: ${list(total)}`);
  console.log(`reached: ${list(reached)}`);
  console.log(`${found} seeds with a violation`);
  process.exitCode = found === 0 ? 0 : 1;
}

function list(counts: ReadonlyMap<string, number>): string {
  const names = [...counts.keys()].toSorted((a, b) => a.localeCompare(b));
  return names.map((name) => `${name} ${counts.get(name)}`).join(', ');
}
