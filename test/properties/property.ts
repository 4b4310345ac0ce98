/** One statement about a core that must hold for every input. */
import * as fc from 'fast-check';

export interface Property {
  readonly name: string;
  /** Throws with the smallest counterexample. The seed is fixed: the same number of cases is the same cases. */
  readonly check: (cases: number) => void;
}

const seed = 20_261_121;

export function property<T>(name: string, inputs: fc.Arbitrary<T>, holds: (input: T) => void): Property {
  return { name, check: (cases) => fc.assert(fc.property(inputs, holds), { numRuns: cases, seed }) };
}

/** Fails with a sentence; cheaper than an assertion library a hundred thousand times. */
export function must(condition: boolean, what: () => string): void {
  if (!condition) throw new Error(what());
}
