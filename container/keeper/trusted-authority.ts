/**
 * The platform's certificate authority for intercepted HTTPS. Node reads `NODE_EXTRA_CA_CERTS` once, when a process starts,
 * and goes on without it when the file is not there yet: so the gateway is not started before it is.
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** The platform's own start script waits as long. */
const waitMs = 10_000;
const lookEveryMs = 50;

/**
 * @param file of `NODE_EXTRA_CA_CERTS`, or undefined when HTTPS is not intercepted
 * @returns whether it is there; a gateway without it still serves, only its HTTPS calls fail
 */
export async function trustedAuthority(file: string | undefined, signal: AbortSignal): Promise<boolean> {
  if (file === undefined) return true;
  const deadlineAtMs = Date.now() + waitMs;
  while (!existsSync(file)) {
    if (Date.now() >= deadlineAtMs || signal.aborted) return false;
    await delay(lookEveryMs);
  }
  return true;
}
