// `npm run sbom [-- --release 2026.9.6]` writes the bill of materials of a release, or of all, and compares its digest with
// the one that was recorded when the release was added. Ends with 1 when they differ.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { knownReleases } from '../../apps/control-plane/src/contract/releases.ts';
import { sbomDigests } from '../../container/image/release.ts';
import { makeSbom } from './sbom.ts';

const { values } = parseArgs({ options: { release: { type: 'string' } } });
const wanted = values.release === undefined ? knownReleases : knownReleases.filter((name) => name === values.release);
if (wanted.length === 0) throw new Error(`release ${values.release} is not one of ${knownReleases.join(', ')}`);
const folder = path.resolve(import.meta.dirname, '../../.tidepool/sbom');
await mkdir(folder, { recursive: true });

for (const release of wanted) {
  const { text, sha256, components } = await makeSbom(release);
  const file = path.join(folder, `openclaw-${release}.cdx.json`);
  await writeFile(file, text);
  const isRecorded = sbomDigests[release] === sha256;
  console.log(`${release}: ${components.length} components, sha256 ${sha256}, ${path.relative(process.cwd(), file)}`);
  if (isRecorded) continue;
  process.exitCode = 1;
  console.log(
    `  differs from the recorded ${sbomDigests[release] ?? 'none'}: look at what changed in the lock file, then`,
  );
  console.log('  record the new digest in container/image/release.ts');
}
