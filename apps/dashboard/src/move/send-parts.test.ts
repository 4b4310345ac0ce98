import { describe, expect, it } from 'vitest';
import { importPartBytes, type ImportView } from '../../../control-plane/src/contract/imports.ts';
import { arrivedBytes, isComplete, sendParts } from './send-parts.ts';

const bytes = 2 * importPartBytes + 5;
const view = (nextPart: number): ImportView => ({
  id: `imp_${'0'.repeat(26)}`,
  fileName: 'openclaw.tar.gz',
  bytes,
  nextPart,
  state: 'uploading',
  createdAtMs: 0,
  operationId: null,
  snapshotId: null,
  keptUntilMs: null,
  inUse: false,
  report: null,
  error: null,
});
const file = new Blob([new Uint8Array(bytes)]);

async function sentFrom(nextPart: number, failAt = -1): Promise<{ parts: [number, number][]; arrived: number[] }> {
  const parts: [number, number][] = [];
  const arrived: number[] = [];
  await sendParts(
    file,
    view(nextPart),
    async (n, content) => {
      if (n === failAt) throw new Error('the line broke');
      parts.push([n, content.size]);
      return view(n + 1);
    },
    (now) => arrived.push(arrivedBytes(now)),
  ).catch((error: unknown) => {
    if (failAt === -1) throw error;
  });
  return { parts, arrived };
}

describe('parts', () => {
  it('go in order, the last as long as what is left', async () => {
    expect(await sentFrom(0)).toEqual({
      parts: [
        [0, importPartBytes],
        [1, importPartBytes],
        [2, 5],
      ],
      arrived: [importPartBytes, 2 * importPartBytes, bytes],
    });
  });

  it('go on where the server stands', async () => {
    expect((await sentFrom(2)).parts).toEqual([[2, 5]]);
    expect((await sentFrom(3)).parts).toEqual([]);
    expect(isComplete(view(3))).toBe(true);
  });

  it('stop at the one that fails', async () => {
    expect((await sentFrom(0, 1)).parts).toEqual([[0, importPartBytes]]);
  });

  it('are not sent for ever to a server that does not count', async () => {
    const stuck = sendParts(
      file,
      view(0),
      () => Promise.resolve(view(0)),
      () => undefined,
    );
    await expect(stuck).rejects.toThrow('part 0 was not counted');
  });
});
