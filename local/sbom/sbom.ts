/**
 * The bill of materials of a release: everything that OpenClaw's lock file installs, with hashes and licences, as npm reads
 * it, and the Node that runs it. CycloneDX, with what changes from one making to the next taken out: the same lock file
 * gives the same bytes, so that one digest names it. Debian's packages come with the base image and its digest.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { nodeVersions } from '../../container/image/release.ts';

const root = path.resolve(import.meta.dirname, '../..');
const outputBytesMax = 32 * 1024 * 1024;
const timeoutMs = 120_000;

const lockSchema = z.object({ packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })) });
const componentSchema = z.object({
  'bom-ref': z.string(),
  type: z.string(),
  name: z.string(),
  version: z.string(),
  purl: z.string(),
  hashes: z.array(z.object({ alg: z.string(), content: z.string() })).default([]),
  licenses: z.array(z.unknown()).default([]),
});
const npmSchema = z.object({
  specVersion: z.string(),
  components: z.array(componentSchema),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});

export interface Sbom {
  readonly text: string;
  readonly sha256: string;
  readonly components: readonly z.infer<typeof componentSchema>[];
}

export function lockFolder(release: string): string {
  return path.join(root, 'container/image/openclaw', release);
}

/** @throws Error when npm cannot read the lock file */
export async function makeSbom(release: string): Promise<Sbom> {
  const { specVersion, components, dependencies } = await askNpm(release);
  const node = nodeVersions[release];
  if (node === undefined) throw new Error(`no Node is named for release ${release}`);
  const purl = `pkg:generic/node@${node}`;
  const all = [
    ...components,
    { 'bom-ref': `node@${node}`, type: 'application', name: 'node', version: node, purl, hashes: [], licenses: [] },
  ].sort(by(({ 'bom-ref': ref }) => ref));
  const document = {
    bomFormat: 'CycloneDX',
    specVersion,
    version: 1,
    metadata: {
      component: { type: 'container', 'bom-ref': 'tidepool-openclaw', name: 'tidepool-openclaw', version: release },
    },
    components: all,
    dependencies: dependencies
      .map(({ ref, dependsOn }) => ({
        ref: ref === `tidepool-openclaw@${release}` ? 'tidepool-openclaw' : ref,
        dependsOn: dependsOn.toSorted(),
      }))
      .sort(by(({ ref }) => ref)),
  };
  const text = `${JSON.stringify(document, null, 1)}\n`;
  return { text, sha256: createHash('sha256').update(text).digest('hex'), components: all };
}

/** npm describes only what has a version; the image's package has none, so it gets the release's, in a copy. */
async function askNpm(release: string): Promise<z.infer<typeof npmSchema>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tidepool-sbom-'));
  try {
    const read = async (name: string): Promise<unknown> =>
      JSON.parse(await readFile(path.join(lockFolder(release), name), 'utf8'));
    const write = (name: string, value: unknown) => writeFile(path.join(folder, name), JSON.stringify(value));
    const own = z.looseObject({}).parse(await read('package.json'));
    const lock = z.looseObject({ packages: lockSchema.shape.packages }).parse(await read('package-lock.json'));
    await write('package.json', { ...own, version: release });
    const packages = { ...lock.packages, '': { ...lock.packages[''], version: release } };
    await write('package-lock.json', { ...lock, version: release, packages });
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--omit=dev', '--offline'];
    const { stdout } = await promisify(execFile)('npm', args, {
      cwd: folder,
      timeout: timeoutMs,
      maxBuffer: outputBytesMax,
    });
    return npmSchema.parse(JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By code units: the same order on every machine. */
function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
