/** A sample of the sweep; `npm run sim -- --sweep` interferes with every call. */
import { describe, expect, it } from 'vitest';
import { interferences, operations, sweepPoint } from './sweep.ts';

const timeout = 180_000;

describe('the sweep', () => {
  it.each(Object.keys(operations))(
    '%s survives a sample of its calls going wrong',
    async (name) => {
      const operation = operations[name];
      if (operation === undefined) throw new Error(name);
      let points = 0;
      // A stride that is no multiple of a round's calls, so that every kind of call is met.
      for (const [shift, interference] of interferences.entries()) {
        for (let n = 1 + shift; ; n += 13) {
          const { call, violations } = await sweepPoint(operation, n, interference);
          if (call === null) break;
          points++;
          expect(violations, `${name}: call ${n}, ${call}, ${interference}`).toEqual([]);
        }
      }
      expect(points).toBeGreaterThan(3);
    },
    timeout,
  );
});
