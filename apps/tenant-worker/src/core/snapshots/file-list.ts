/** One page of what a snapshot holds, each file against the newest snapshot. Pure; a page is bounded, the count exact. */
import type { Inventory, InventoryItem } from '../../../../../container/keeper/inventory-contract.ts';
import type {
  FileQuestion,
  FileStanding,
  SnapshotFile,
  SnapshotFilePage,
} from '../../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { putRefusalOf } from './file-rules.ts';

interface Held {
  readonly id: string;
  readonly inventory: Inventory;
}

/** @param present the newest, or null when it has no list */
export function filePage(chosen: Inventory, present: Held | null, question: FileQuestion): SnapshotFilePage {
  const comparable = present !== null && present.inventory.listing === chosen.listing ? present : null;
  const wanted = question.search.toLowerCase();
  const fitting = everyFile(chosen.items, comparable?.inventory.items ?? null)
    .filter(({ path }) => path.toLowerCase().includes(wanted))
    .filter(({ standing }) => !question.differing || (standing !== null && standing !== 'same'))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const end = question.offset + question.limit;
  return {
    by: chosen.listing,
    against: comparable?.id ?? null,
    total: fitting.length,
    items: fitting.slice(question.offset, end),
    nextOffset: end < fitting.length ? end : null,
  };
}

function everyFile(items: readonly InventoryItem[], present: readonly InventoryItem[] | null): SnapshotFile[] {
  const now = new Map((present ?? []).map((item) => [item.path, item]));
  const held = new Set(items.map(({ path }) => path));
  const standingOf = ({ path, sha256 }: InventoryItem): FileStanding | null => {
    if (present === null) return null;
    const other = now.get(path);
    if (other === undefined) return 'gone';
    return other.sha256 === sha256 ? 'same' : 'changed';
  };
  const inIt = items.map((item) => ({
    path: item.path,
    bytes: item.bytes,
    standing: standingOf(item),
    refusal: putRefusalOf(item),
  }));
  const since = (present ?? [])
    .filter(({ path }) => !held.has(path))
    .map(({ path, bytes }) => ({ path, bytes, standing: 'new' as const, refusal: 'not_in_it' as const }));
  return [...inIt, ...since];
}
