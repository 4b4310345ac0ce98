/** One changed rule at a time: a copy of the cores with one piece of text replaced, judged by the properties. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { egressProperties } from './egress-properties.ts';
import { gateProperties } from './gate-properties.ts';
import { loadCores, root } from './load-cores.ts';
import { applyMutation, type Mutation } from './mutation.ts';
import { streamProperties } from './stream-properties.ts';

const copied = ['apps/tenant-worker/src/core', 'apps/control-plane/src/contract'];

const propertiesOf = { egress: egressProperties, gate: gateProperties, streams: streamProperties } as const;

/** The first property that fails on the changed core, or null when none does. */
export async function caughtBy(mutation: Mutation, cases: number): Promise<string | null> {
  // Below the checkout, so that packages are found.
  const folder = await mkdtemp(path.join(root, '.tidepool/mutation-'));
  try {
    for (const part of copied) await cp(path.join(root, part), path.join(folder, part), { recursive: true });
    const file = path.join(folder, mutation.file);
    await writeFile(file, applyMutation(mutation, await readFile(file, 'utf8')));
    const cores = await loadCores(folder);
    for (const { name, check } of propertiesOf[mutation.core](cores)) {
      try {
        check(cases);
      } catch {
        return name;
      }
    }
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
