/** What the keeper says of its run, in the tenant's words. Pure; everything that goes on from here is bounded. */
import type { KeeperStatus } from '../../../../container/keeper/contract.ts';
import { incidentLogMax, incidentWordsMax } from '../../../control-plane/src/contract/incident.ts';
import type { RestartSettings } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { KeeperWord } from '../services/lifecycle-ports.ts';

/** What the last start was built on, in the tenant's own words. */
export function settingsOf({ config }: KeeperStatus): RestartSettings | null {
  const known = config?.settings ?? 'none';
  if (known === 'none') return null;
  return known === 'last-good' ? 'last_good' : known;
}

/** Bounded, since it crosses to the tenant's object with every look. */
export function toldBy({ steps, gateway, failure, audit }: KeeperStatus): KeeperWord {
  return {
    steps: steps.slice(-16),
    exitAtMs: gateway.exit?.atMs ?? null,
    words: failure?.message.slice(0, incidentWordsMax) ?? null,
    logTail: failure?.logTail.slice(-incidentLogMax) ?? null,
    audit,
  };
}
