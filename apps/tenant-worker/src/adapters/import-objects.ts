/**
 * Uploads in R2: `tenants/<tenant-id>/imports/<id>/<part>.sealed`. Each part is sealed by itself, under its own number, so
 * that none can be left out, doubled or moved. Keys are made here from ids alone.
 */
import { ImportId } from '../../../control-plane/src/contract/imports.ts';
import { TenantId } from '../../../control-plane/src/contract/ids.ts';
import { snapshotKey } from './cell-keys.ts';
import { seal, unseal } from './sealed-stream.ts';

export interface ImportSource {
  readonly tenantId: string;
  readonly id: string;
  readonly dataKey: Uint8Array<ArrayBuffer>;
}

/** R2 removes at most so many objects in one call. */
const removedAtOnceMax = 1_000;

function keyOf(tenantId: string, id: string, n: number): string {
  return `tenants/${TenantId.parse(tenantId)}/imports/${ImportId.parse(id)}/${String(n).padStart(5, '0')}.sealed`;
}

const contextOf = ({ tenantId, id }: ImportSource, n: number) => ['import', tenantId, id, n];

export async function putImportPart(bucket: R2Bucket, source: ImportSource, n: number, content: Uint8Array) {
  const plain = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(content);
      controller.close();
    },
  });
  const key = await snapshotKey(source.dataKey, `${source.id}/${n}`);
  const sealed = seal(plain, key, contextOf(source, n), async () => undefined);
  await bucket.put(keyOf(source.tenantId, source.id, n), await new Response(sealed).arrayBuffer());
}

/** The upload whole, one part after the other; errors at the first part that is not there or not what was stored. */
export function openImport(bucket: R2Bucket, source: ImportSource, parts: number): ReadableStream<Uint8Array> {
  let n = 0;
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        if (reader === null) {
          if (n === parts) return controller.close();
          const object = await bucket.get(keyOf(source.tenantId, source.id, n));
          if (object === null) throw new Error(`part ${n} of the upload is not there`);
          const key = await snapshotKey(source.dataKey, `${source.id}/${n}`);
          reader = unseal(object.body, key, contextOf(source, n)).getReader();
        }
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        reader = null;
        n++;
      }
    },
    cancel: async (why) => reader?.cancel(why),
  });
}

/** Removes the parts. Calling it again is fine. */
export async function removeImport(bucket: R2Bucket, tenantId: string, id: string, parts: number): Promise<void> {
  const keys = Array.from({ length: parts }, (_, n) => keyOf(tenantId, id, n));
  for (let from = 0; from < keys.length; from += removedAtOnceMax) {
    await bucket.delete(keys.slice(from, from + removedAtOnceMax));
  }
}
