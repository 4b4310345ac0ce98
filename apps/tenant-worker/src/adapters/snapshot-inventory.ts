/**
 * A snapshot's inventory in R2, sealed beside its data under a key of its own. Losing one loses a preview, never a state:
 * the snapshot is complete without it.
 */
import { inventoryBytesMax, inventorySchema } from '../../../../container/keeper/inventory-contract.ts';
import type { Inventory } from '../../../../container/keeper/inventory-contract.ts';
import { inventoryKey } from './cell-keys.ts';
import { seal, unseal } from './sealed-stream.ts';
import { inventoryKeyOf } from './snapshot-objects.ts';

interface Which {
  readonly tenantId: string;
  readonly id: string;
  readonly incarnation: number;
  readonly dataKey: Uint8Array<ArrayBuffer>;
}

const contextOf = ({ tenantId, id, incarnation }: Which) => ['inventory', tenantId, id, incarnation] as const;
const ignore = async (): Promise<void> => undefined;

export async function storeInventory(bucket: R2Bucket, which: Which, inventory: Inventory): Promise<void> {
  const text = new Blob([JSON.stringify(inventory)]);
  const sealed = seal(text.stream(), await inventoryKey(which.dataKey, which.id), contextOf(which), ignore);
  await bucket.put(inventoryKeyOf(which.tenantId, which.id), await new Response(sealed).arrayBuffer());
}

/**
 * @returns null when there is none
 * @throws UnsealError when it is damaged or of another snapshot; ZodError when it is of an unknown form
 */
export async function readInventory(bucket: R2Bucket, which: Which): Promise<Inventory | null> {
  const object = await bucket.get(inventoryKeyOf(which.tenantId, which.id));
  if (object === null) return null;
  // Sealing adds a few bytes for each mebibyte.
  if (object.size > inventoryBytesMax * 2) throw new Error('the stored inventory is too large');
  const plain = unseal(object.body, await inventoryKey(which.dataKey, which.id), contextOf(which));
  return inventorySchema.parse(await new Response(plain).json());
}
