/** What is stored is what came, part by part, with at most two parts in memory and one upload under way. */
import { describe, expect, it } from 'vitest';
import { putSnapshotData } from './snapshot-objects.ts';

const part = 8 * 1024 * 1024;
const tenantId = `ten_${'1'.repeat(26)}`;
const id = '2'.repeat(26);

interface Store {
  readonly bucket: R2Bucket;
  readonly memory: Set<ArrayBufferLike>;
  stored: Uint8Array | null;
  uploads: number;
  uploadsAtOnce: number;
  readWhileUploading: boolean;
  aborted: boolean;
}

/** A bucket that looks at a part only when its upload ends: memory that was filled again meanwhile is noticed. */
function storeOf(reading: () => number, failPart = 0): Store {
  const parts: Uint8Array[] = [];
  let under = 0;
  const store: Store = {
    memory: new Set(),
    stored: null,
    uploads: 0,
    uploadsAtOnce: 0,
    readWhileUploading: false,
    aborted: false,
    bucket: {
      put: async (_key: string, value: Uint8Array) => {
        store.stored = value.slice();
      },
      createMultipartUpload: async () => ({
        uploadPart: async (partNumber: number, value: Uint8Array) => {
          store.uploads++;
          store.memory.add(value.buffer);
          store.uploadsAtOnce = Math.max(store.uploadsAtOnce, ++under);
          const before = reading();
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
          store.readWhileUploading ||= reading() > before;
          under--;
          if (partNumber === failPart) throw new Error('the store is away');
          parts[partNumber - 1] = value.slice();
          return { partNumber, etag: String(partNumber) };
        },
        complete: async (done: { partNumber: number }[]) => {
          expect(done.map(({ partNumber }) => partNumber)).toEqual(parts.map((_, n) => n + 1));
          store.stored = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
        },
        abort: async () => {
          store.aborted = true;
        },
      }),
    },
  };
  return store;
}

function content(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= size; at += 4096) view.setUint32(at, at + 1);
  return bytes;
}

function sourceOf(
  bytes: Uint8Array,
  type: 'bytes' | 'chunks',
): { stream: ReadableStream<Uint8Array>; read: () => number } {
  let at = 0;
  const pull = (controller: { enqueue(chunk: Uint8Array): void; close(): void }): void => {
    if (at >= bytes.length) {
      controller.close();
      (controller as ReadableByteStreamController).byobRequest?.respond(0);
      return;
    }
    // A copy: a stream of bytes takes the memory it is given away.
    controller.enqueue(bytes.slice(at, at + 1_000_003));
    at += 1_000_003;
  };
  const stream = type === 'bytes' ? new ReadableStream({ type: 'bytes', pull }) : new ReadableStream({ pull });
  return { stream, read: () => at };
}

describe.each(['bytes', 'chunks'] as const)('data that comes as %s', (type) => {
  it.each([0, 1, part - 1, part, part + 1, 2 * part, 3 * part + 12_345])(
    'of %i bytes is stored whole',
    async (size) => {
      const bytes = content(size);
      const { stream, read } = sourceOf(bytes, type);
      const store = storeOf(read);
      expect(await putSnapshotData(store.bucket, tenantId, id, stream)).toBe(size);
      expect(store.stored !== null && Buffer.compare(store.stored, bytes)).toBe(0);
      expect(store.uploads).toBe(size < part ? 0 : Math.ceil(size / part));
    },
  );

  it('is read on while one part is on its way, never two', async () => {
    const { stream, read } = sourceOf(content(5 * part), type);
    const store = storeOf(read);
    await putSnapshotData(store.bucket, tenantId, id, stream);
    expect(store.uploadsAtOnce).toBe(1);
    expect(store.readWhileUploading).toBe(true);
    if (type === 'chunks') expect(store.memory.size).toBe(2);
  });

  it.each([1, 2, 4])('is given up when part %i cannot be stored', async (failPart) => {
    const { stream, read } = sourceOf(content(3 * part + 1), type);
    const store = storeOf(read, failPart);
    await expect(putSnapshotData(store.bucket, tenantId, id, stream)).rejects.toThrow('the store is away');
    expect(store).toMatchObject({ stored: null, aborted: true });
  });
});

it('chunks are freed as soon as they are stored, but not memory that others lie in as well', async () => {
  const own = Array.from({ length: 20 }, (_, n) => new Uint8Array(1024 * 1024 + n));
  const larger = new Uint8Array(100).fill(1);
  const chunks = [...own, larger.subarray(10, 20)];
  let freedAtOnce = 0;
  let at = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (own.slice(0, at).every((chunk) => chunk.length === 0)) freedAtOnce++;
        const chunk = chunks[at++];
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
  const store = storeOf(() => at);
  const size = own.reduce((sum, chunk) => sum + chunk.length, 10);
  expect(await putSnapshotData(store.bucket, tenantId, id, stream)).toBe(size);
  expect(own.map((chunk) => chunk.length)).toEqual(own.map(() => 0));
  expect(freedAtOnce).toBe(chunks.length + 1);
  expect(larger).toEqual(new Uint8Array(100).fill(1));
});

it('what breaks off on the way is not stored', async () => {
  let chunks = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (chunks++ === 20) controller.error(new Error('the container died'));
      else controller.enqueue(new Uint8Array(1024 * 1024));
    },
  });
  const store = storeOf(() => chunks);
  await expect(putSnapshotData(store.bucket, tenantId, id, stream)).rejects.toThrow('the container died');
  expect(store).toMatchObject({ stored: null, aborted: true });
});
