import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { knownReleases } from '../../apps/control-plane/src/contract/releases.ts';
import { nodeVersions, sbomDigests } from '../../container/image/release.ts';
import { lockFolder, makeSbom } from './sbom.ts';

interface Lock {
  readonly packages: Readonly<Record<string, { version?: string; integrity?: string; name?: string }>>;
}

test.each(knownReleases)(
  'the bill of materials of %s is complete, and is the one that was recorded',
  async (release) => {
    const { text, sha256, components } = await makeSbom(release);
    const { packages } = JSON.parse(readFileSync(path.join(lockFolder(release), 'package-lock.json'), 'utf8')) as Lock;
    const listed = new Map(components.map((component) => [`${component.name}@${component.version}`, component]));
    const missing: string[] = [];
    for (const [at, { version, integrity, name }] of Object.entries(packages)) {
      if (at === '') continue;
      const id = `${name ?? at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`;
      const found = listed.get(id);
      // The same bytes as the lock file installs.
      const hash = found?.hashes.find(({ alg }) => alg === 'SHA-512')?.content ?? '';
      const wanted = integrity?.startsWith('sha512-')
        ? Buffer.from(integrity.slice(7), 'base64').toString('hex')
        : hash;
      if (found === undefined || hash !== wanted) missing.push(id);
    }
    expect(missing).toEqual([]);
    expect(listed.has(`openclaw@${release}`)).toBe(true);
    expect(listed.has(`node@${nodeVersions[release]}`)).toBe(true);
    expect(text).not.toMatch(/timestamp|serialNumber|registry/);
    expect(sha256).toBe(sbomDigests[release]);
  },
);
