/** What differs between two inventories, for a person who chooses. Pure; counts are exact, lists are bounded. */
import type { Inventory, InventoryItem } from '../../../../../container/keeper/inventory-contract.ts';
import type { SnapshotChanges } from '../../../../control-plane/src/contract/tenant-rpc.ts';

/** Paths listed of each kind. */
export const changesListedMax = 200;

/** What would change if `chosen` took the place of `present`. */
export function inventoryChanges(present: Inventory, chosen: Inventory): SnapshotChanges['changes'] {
  const alike = present.listing === chosen.listing;
  const before = byPath(present.items);
  const after = byPath(chosen.items);
  const added: string[] = [];
  const changed: string[] = [];
  for (const [path, item] of after) {
    const was = before.get(path);
    if (was === undefined) added.push(path);
    else if (was.sha256 !== item.sha256) changed.push(path);
  }
  const removed = [...before.keys()].filter((path) => !after.has(path));
  const sessionsBefore = new Map(present.sessions.map((session) => [session.id, session]));
  const sessionsAfter = new Map(chosen.sessions.map((session) => [session.id, session]));
  const back = chosen.sessions.filter(({ id }) => !sessionsBefore.has(id));
  const gone = present.sessions.filter(({ id }) => !sessionsAfter.has(id));
  const other = chosen.sessions.filter(({ id, messages, updatedAtMs }) => {
    const was = sessionsBefore.get(id);
    return was !== undefined && (was.messages !== messages || was.updatedAtMs !== updatedAtMs);
  });
  return {
    // One that lists files and one that lists folders cannot be compared path by path.
    files: alike ? { by: chosen.listing, added: list(added), changed: list(changed), removed: list(removed) } : null,
    sessions: { added: list(back.map(named)), changed: list(other.map(named)), removed: list(gone.map(named)) },
    configKeys: configKeys(present.config, chosen.config),
    totals: {
      files: { now: present.files, then: chosen.files },
      bytes: { now: present.bytes, then: chosen.bytes },
      sessions: { now: present.sessionCount, then: chosen.sessionCount },
      cronJobs: { now: present.cronJobs, then: chosen.cronJobs },
    },
  };
}

const named = ({ id, title }: Inventory['sessions'][number]): string => title ?? id;

function byPath(items: readonly InventoryItem[]): Map<string, InventoryItem> {
  return new Map(items.map((item) => [item.path, item]));
}

function list(all: readonly string[]): { count: number; first: string[] } {
  return { count: all.length, first: all.toSorted().slice(0, changesListedMax) };
}

/** Names of top-level keys that differ, or null when one of the two could not be read. */
function configKeys(present: Inventory['config'], chosen: Inventory['config']): string[] | null {
  if (present === null || chosen === null) return null;
  const names = new Set([...Object.keys(present), ...Object.keys(chosen)]);
  return [...names].filter((name) => present[name] !== chosen[name]).toSorted();
}
