// The trial behind `probe-isolation.ts`: makes one `ns` container that does nothing, with the engine's own code, and
// prints `{"problem":null}` or what went wrong. Argument: "drop" to run it as an unprivileged user although we are root.
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from './egress/certificate-authority.ts';
import { EgressRelay } from './egress/egress-relay.ts';
import { parseImageCatalog } from './image-catalog.ts';
import { findHostTools, type HostTools } from './ns/host-tools.ts';
import { HostUsers } from './ns/host-users.ts';
import { NsIsolation } from './ns/ns-isolation.ts';

const TRIAL_ID = 'trial'.padEnd(64, '0');

async function runTrial(tools: HostTools, dropsUser: boolean): Promise<string | null> {
  const dir = mkdtempSync(join(tmpdir(), 'tidepool-trial-'));
  const isolation = new NsIsolation(tools, new HostUsers(dropsUser), dir);
  try {
    const [image] = parseImageCatalog('{"images":[{"name":"trial","command":["true"]}]}', 'trial');
    if (image === undefined) return 'the trial has no image';
    const egress = new EgressRelay({ egressPort: 0, internet: false }, new CertificateAuthority(), () => {});
    const plan = { id: TRIAL_ID, dir, image, command: [], env: {}, workdir: undefined, restoreFrom: undefined, egress };
    const sandbox = await isolation.start(plan);
    if (sandbox.main.exitCode === null && sandbox.main.signalCode === null) await once(sandbox.main, 'exit');
    await sandbox.dispose();
    return sandbox.main.exitCode === 0 ? null : `it ended with ${String(sandbox.main.exitCode)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await isolation.close();
    await rm(dir, { recursive: true, force: true });
  }
}

const found = findHostTools();
const problem = 'missing' in found ? found.missing : await runTrial(found.tools, process.argv[2] === 'drop');
process.stdout.write(`${JSON.stringify({ problem })}\n`);
process.exit(0);
