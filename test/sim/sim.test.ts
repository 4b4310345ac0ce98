/** A short sample of the simulation; `npm run sim` runs it at length and replays a seed. */
import { describe, expect, it } from 'vitest';
import { addCounts, runSeed } from './run-seed.ts';

const timeout = 180_000;

describe('the simulation', () => {
  const reached = new Map<string, number>();

  it.each([1, 26, 51, 76])(
    'holds for 25 seeds from %i',
    async (first) => {
      for (let seed = first; seed < first + 25; seed++) {
        const result = await runSeed(seed, { steps: 12 });
        expect(result.violations, `npm run sim -- --seed ${seed} --steps 12`).toEqual([]);
        addCounts(reached, result.reached);
      }
    },
    timeout,
  );

  it('plays the same run for the same seed', async () => {
    const lines = async (): Promise<string[]> => {
      const printed: string[] = [];
      await runSeed(7, { steps: 12, print: (line) => printed.push(line) });
      return printed;
    };
    const first = await lines();
    expect(first.length).toBeGreaterThan(50);
    expect(await lines()).toEqual(first);
  });

  it('comes to the places it is meant for', () => {
    for (const mark of [
      'lifecycle.state start_failed',
      'lifecycle.state gateway_lost',
      'lifecycle.state run_lost',
      'lifecycle.action restore',
      'lifecycle.action note_unreachable',
      'lifecycle.action_failed snapshot',
      'lifecycle.action_failed destroy',
      'outbox.send_failed',
      'scheduled run',
      'woke for a run',
      'set to stay awake',
    ]) {
      expect(reached.get(mark) ?? 0, mark).toBeGreaterThan(0);
    }
  });
});
