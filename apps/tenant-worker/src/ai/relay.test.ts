/** The relay alone: what the client gets of what the upstream gives, and when. */
import { describe, expect, it } from 'vitest';
import type { BodyReader, Piece } from './body-reader.ts';
import { aiLimits } from './dispatch.ts';
import { QUEUE_BYTES, startRelay, type RelayEnd } from './relay.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An upstream that gives a piece when it is told to, and counts how often it was asked. */
function upstream() {
  const asked: PromiseWithResolvers<Piece>[] = [];
  const given: Piece[] = [];
  const state = { asked: 0 };
  const reader: BodyReader = {
    read() {
      state.asked += 1;
      const ready = given.shift();
      if (ready) return Promise.resolve(ready);
      const next = Promise.withResolvers<Piece>();
      asked.push(next);
      return next.promise;
    },
    cancel: async () => undefined,
  };
  const give = (result: Piece): void => {
    const waits = asked.shift();
    if (waits) waits.resolve(result);
    else given.push(result);
  };
  return {
    reader,
    state,
    give: (text: string) => give({ done: false, value: encoder.encode(text) }),
    end: () => give({ done: true }),
    breakOff: () => asked.shift()?.reject(new Error('connection lost')),
  };
}

function relayed() {
  const from = upstream();
  const ends: RelayEnd[] = [];
  const seen: string[] = [];
  const { stream, ended } = startRelay({
    upstream: from.reader,
    first: null,
    abort: () => undefined,
    pass(bytes) {
      seen.push(decoder.decode(bytes));
      return bytes;
    },
    onEnd(end) {
      ends.push(end);
      return encoder.encode('');
    },
    limits: aiLimits,
    clock: { nowMs: () => 0 },
  });
  const reader = stream.getReader();
  return { from, ends, seen, ended, reader, read: async () => decoder.decode((await reader.read()).value) };
}

/** Lets everything run that waits for nothing but its turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what the client gets', () => {
  it('is there as soon as it comes when the client asks', async () => {
    const { from, read } = relayed();
    const first = read();
    from.give('a');
    expect(await first).toBe('a');
    const second = read();
    from.give('b');
    expect(await second).toBe('b');
  });

  it('is one piece of all that came while it did not ask', async () => {
    const { from, read, seen } = relayed();
    for (const text of ['a', 'b', 'c']) from.give(text);
    await settle();
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(await read()).toBe('abc');
  });

  it('waits up to a bound, and then the upstream waits', async () => {
    const { from, read, seen } = relayed();
    const piece = 'x'.repeat(QUEUE_BYTES / 4);
    for (let n = 0; n < 10; n += 1) from.give(piece);
    await settle();
    expect([seen.length, from.state.asked]).toEqual([4, 4]);
    expect((await read()).length).toBe(QUEUE_BYTES);
    await settle();
    expect(from.state.asked).toBe(8);
  });

  it('ends after the last byte, which is counted before', async () => {
    const { from, ends, ended, reader, read } = relayed();
    from.give('a');
    from.end();
    await ended;
    expect(ends).toEqual([{ whole: true, why: null }]);
    expect(await read()).toBe('a');
    expect(await reader.read()).toEqual({ done: true, value: undefined });
  });

  it('is every byte that came before the upstream broke off, and then the break', async () => {
    const { from, ends, ended, reader, read } = relayed();
    from.give('a');
    from.give('b');
    await settle();
    from.breakOff();
    await ended;
    expect(ends).toEqual([{ whole: false, why: 'upstream_cut' }]);
    expect(await read()).toBe('ab');
    await expect(reader.read()).rejects.toThrow(/broke off \(upstream_cut\)/);
  });

  it('is nothing when it has gone, while the upstream is read to its end', async () => {
    const { from, ends, ended, reader, seen } = relayed();
    from.give('x'.repeat(QUEUE_BYTES));
    await settle();
    await reader.cancel();
    from.give('b');
    from.end();
    await ended;
    expect(seen.at(-1)).toBe('b');
    expect(ends).toEqual([{ whole: true, why: null }]);
  });
});
