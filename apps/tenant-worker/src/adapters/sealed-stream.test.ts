/** A sealed stream comes back as it was, whatever its size and however it is cut into chunks, or it does not come back. */
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { seal, unseal, UnsealError } from './sealed-stream.ts';

const frame = 1024 * 1024;
const key = new Uint8Array(32).fill(7);
const context = ['snapshot', 'ten_a', 'snap1', 3];

/** `size` bytes that differ from place to place. */
function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0, x = 1; i < size; i++) bytes[i] = x = (x * 48_271) % 2_147_483_647;
  return bytes;
}

function streamOf(bytes: Uint8Array, chunk = 64 * 1024): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunk));
      at += chunk;
    },
  });
}

/** A stream as bodies are: it fills the memory that a reader brings. */
function byteStreamOf(bytes: Uint8Array, chunk: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    type: 'bytes',
    pull: (controller) => {
      if (at >= bytes.length) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      controller.enqueue(bytes.slice(at, at + chunk));
      at += chunk;
    },
  });
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

const nothing = async (): Promise<void> => undefined;
const sealed = (bytes: Uint8Array, of: readonly (string | number)[] = context, withKey = key) =>
  collect(seal(streamOf(bytes), withKey, of, nothing));
const opened = (bytes: Uint8Array, chunk?: number, of: readonly (string | number)[] = context, withKey = key) =>
  collect(unseal(streamOf(bytes, chunk), withKey, of));

/** Where frames begin: after the magic, then after each frame; the last is the end. */
function bordersOf(stream: Uint8Array): number[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const borders = [8];
  for (let at = 8; at < stream.length;) {
    at += 4 + (view.getUint32(at) & 0x7fff_ffff);
    borders.push(at);
  }
  return borders;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

describe('a sealed stream', () => {
  it.each([0, 1, 15, 16, frame - 1, frame, frame + 1, 2 * frame, 2 * frame + 17])(
    'of %i bytes comes back as it was',
    async (size) => {
      const plain = bytesOf(size);
      expect(Buffer.compare(await opened(await sealed(plain)), plain)).toBe(0);
    },
  );

  it('does not depend on how either side is cut into chunks', async () => {
    const sizes = fc.integer({ min: 0, max: 40_000 });
    const chunk = fc.integer({ min: 1, max: 9_000 });
    await fc.assert(
      fc.asyncProperty(sizes, chunk, chunk, async (size, cutIn, cutOut) => {
        const plain = bytesOf(size);
        const whole = await collect(seal(streamOf(plain, cutIn), key, context, nothing));
        expect(Buffer.compare(whole, await sealed(plain))).toBe(0);
        expect(Buffer.compare(await opened(whole, cutOut), plain)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it.each([0, 1, frame, frame + 1, 2 * frame + 17])(
    'of %i bytes is the same when the streams fill memory by themselves',
    async (size) => {
      const plain = bytesOf(size);
      const whole = await collect(seal(byteStreamOf(plain, 77_777), key, context, nothing));
      expect(Buffer.compare(whole, await sealed(plain))).toBe(0);
      expect(Buffer.compare(await collect(unseal(byteStreamOf(whole, 99_991), key, context)), plain)).toBe(0);
      const cut = byteStreamOf(whole.slice(0, -1), 99_991);
      await expect(collect(unseal(cut, key, context))).rejects.toThrow(UnsealError);
    },
  );

  it('shows every plain byte once, in order, to the digest', async () => {
    const plain = bytesOf(300_000);
    const seen: Uint8Array[] = [];
    await collect(
      seal(streamOf(plain, 7_777), key, context, async (chunk) => {
        seen.push(chunk.slice());
      }),
    );
    expect(Buffer.compare(concat(...seen), plain)).toBe(0);
  });

  it('holds a frame and a chunk in memory, not the stream', async () => {
    let [produced, furthest] = [0, 0];
    let taken = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (produced >= 24 * frame) return controller.close();
          produced += 256 * 1024;
          furthest = Math.max(furthest, produced - taken);
          controller.enqueue(new Uint8Array(256 * 1024));
        },
      },
      { highWaterMark: 0 },
    );
    for await (const chunk of unseal(seal(source, key, context, nothing), key, context)) taken += chunk.length;
    expect(taken).toBe(24 * frame);
    expect(furthest).toBeLessThan(8 * frame);
  });
});

describe('what was damaged', () => {
  const plain = bytesOf(2 * frame + 1_000);
  const refuses = async (bytes: Uint8Array, why: string): Promise<void> => {
    await expect(opened(bytes), why).rejects.toThrow(UnsealError);
  };

  it('is refused when any bit of it is flipped', async () => {
    const good = await sealed(bytesOf(3_000));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: good.length * 8 - 1 }), async (bit) => {
        const bad = good.slice();
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await refuses(bad, `bit ${bit}`);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it is cut at, before or after every border of a frame', async () => {
    const good = await sealed(plain);
    const borders = bordersOf(good);
    expect(borders).toHaveLength(4);
    for (const border of [0, ...borders]) {
      for (const at of [border - 1, border, border + 1, border + 4, border + 5]) {
        if (at >= 0 && at < good.length) await refuses(good.slice(0, at), `cut at ${at}`);
      }
    }
  });

  it('is refused when its frames are reordered, left out, doubled, or another becomes the last', async () => {
    const good = await sealed(plain);
    const [start = 0, one = 0, two = 0, end = 0] = bordersOf(good);
    const head = good.slice(0, start);
    const [a, b, c] = [good.slice(start, one), good.slice(one, two), good.slice(two, end)];
    await refuses(concat(head, b, a, c), 'reordered');
    await refuses(concat(head, a, c), 'left out');
    await refuses(concat(head, a, a, b, c), 'doubled');
    const last = b.slice();
    last[0] = (last[0] ?? 0) | 0x80;
    await refuses(concat(head, a, last), 'another is the last');
    const open = c.slice();
    open[0] = (open[0] ?? 0) & 0x7f;
    await refuses(concat(head, a, b, open), 'none is the last');
  });

  it('is refused when a frame comes from another stream of the same key', async () => {
    const good = await sealed(plain);
    const other = await sealed(bytesOf(plain.length), ['snapshot', 'ten_a', 'snap2', 3]);
    const [start = 0, one = 0] = bordersOf(good);
    await refuses(concat(good.slice(0, start), other.slice(start, one), good.slice(one)), 'spliced');
  });

  it('is refused under another tenant, snapshot, incarnation, or key', async () => {
    const good = await sealed(bytesOf(100));
    const foreign = [
      ['snapshot', 'ten_b', 'snap1', 3],
      ['snapshot', 'ten_a', 'snap2', 3],
      ['snapshot', 'ten_a', 'snap1', 2],
      ['snapshot', 'ten_asnap1', '', 3],
      ['snapshot', 'ten_a', 'snap1'],
    ];
    for (const of of foreign) await expect(opened(good, 1_000, of)).rejects.toThrow(UnsealError);
    await expect(opened(good, 1_000, context, new Uint8Array(32).fill(8))).rejects.toThrow(UnsealError);
  });

  it('is refused when something follows it, begins otherwise, or is nothing at all', async () => {
    const good = await sealed(bytesOf(100));
    for (const extra of [1, 3, 4, 20, 100]) await refuses(concat(good, new Uint8Array(extra)), `${extra} bytes more`);
    await refuses(concat(good, good), 'twice');
    await refuses(concat(new TextEncoder().encode('TPSEAL2\n'), good.slice(8)), 'unknown magic');
    await refuses(bytesOf(5_000), 'something else');
    await refuses(new Uint8Array(0), 'empty');
  });

  it('is refused by the length of a frame alone, before it is collected', async () => {
    const claim = new Uint8Array(12);
    claim.set(new TextEncoder().encode('TPSEAL1\n'));
    new DataView(claim.buffer).setUint32(8, 0x7fff_ffff);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(pulled++ === 0 ? claim : new Uint8Array(64 * 1024)),
    });
    await expect(collect(unseal(endless, key, context))).rejects.toThrow(UnsealError);
    expect(pulled).toBeLessThan(10);
  });
});
