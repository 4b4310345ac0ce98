// The folder of the containers' relay sockets: short, because a socket path is limited to 107 bytes and the state folder
// may be deep. One per state folder, so that the next engine finds and empties what a killed one left.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makeRelayRoot(stateDir: string): string {
  const mark = createHash('sha256').update(stateDir).digest('hex').slice(0, 10);
  const path = join(tmpdir(), `tidepool-relay-${process.getuid?.() ?? 0}-${mark}`);
  try {
    rmSync(path, { recursive: true, force: true });
    // Not recursive: it must be made here, not be somebody else's already.
    mkdirSync(path, { mode: 0o700 });
    return path;
  } catch {
    return mkdtempSync(join(tmpdir(), 'tidepool-relay-'));
  }
}
