/** Every change that `npm run properties -- --mutate` makes, one at a time. */
import type { Mutation } from './mutation.ts';
import { ruleMutations } from './rule-mutations.ts';
import { streamMutations } from './stream-mutations.ts';

export const mutations: readonly Mutation[] = [...ruleMutations, ...streamMutations];
