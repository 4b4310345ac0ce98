/**
 * The strongest change of each rule that could slip in: the one that opens most while it looks like the rule. A piece of
 * text that must be there exactly once, and what stands there instead.
 */
export interface Mutation {
  readonly core: 'egress' | 'gate' | 'streams';
  /** The rule, and what the change does to it. */
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** @throws Error when the text is not there exactly once: the rule was rewritten and the table with it must be */
export function applyMutation({ what, find, replace }: Mutation, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`“${what}”: the text is there ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}

type Row = readonly [what: string, find: string, replace: string];
export const table = (core: Mutation['core'], file: string, rows: readonly Row[]): readonly Mutation[] =>
  rows.map(([what, find, replace]) => ({ core, file: `apps/tenant-worker/src/core/${file}`, what, find, replace }));
