import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Leg } from './relay-socket.ts';
import { joinLegs } from './relay-socket.ts';
import { messagesBurst, socketsMax, socketsPerSessionMax } from '../core/edge/limits.ts';
import { SocketSet } from './socket-set.ts';

type Listener = (event: { data: unknown; code: number; reason: string }) => void;

/** A socket end that behaves as workerd's: refuses what may not be sent, and counts what waits. */
class FakeLeg implements Leg {
  binaryType: 'blob' | 'arraybuffer' = 'blob';
  bufferedAmount = 0;
  accepted = false;
  readonly sent: (string | ArrayBuffer)[] = [];
  closedWith: { code: number; reason: string } | null = null;
  closes = 0;
  broken = false;
  readonly #listeners = new Map<string, Listener[]>();

  accept(options: { allowHalfOpen: boolean }): void {
    expect(options.allowHalfOpen).toBe(true);
    expect(this.#listeners.size).toBe(3);
    this.accepted = true;
  }

  send(message: string | ArrayBuffer): void {
    if (this.broken || this.closedWith) throw new TypeError("Can't call WebSocket send() after close().");
    this.sent.push(message);
  }

  close(code: number, reason: string): void {
    this.closes++;
    const reserved = code < 1000 || code === 1004 || code === 1005 || code === 1006 || code === 1015;
    if (reserved || code >= 5000) throw new TypeError(`Invalid WebSocket close code: ${code}.`);
    if (new TextEncoder().encode(reason).length > 123) throw new SyntaxError('reason is too long');
    this.closedWith ??= { code, reason };
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  emit(
    type: 'message' | 'close' | 'error',
    event: Partial<{ data: unknown; code: number; reason: string }> = {},
  ): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data: '', code: 1005, reason: '', ...event });
  }
}

function join(over: { expiresAtMs?: number; recheck?: () => Promise<number | null>; scopes?: () => string } = {}) {
  const clock = { ms: 1_000 };
  const ticks = new Set<() => void>();
  const rechecked: [string, boolean][] = [];
  const sockets = new SocketSet({
    clock: { nowMs: () => clock.ms },
    recheck: async (sessionHash, active) => {
      rechecked.push([sessionHash, active]);
      const expiresAtMs = over.recheck === undefined ? clock.ms + 1_000_000 : await over.recheck();
      return expiresAtMs === null ? null : { expiresAtMs, scopes: over.scopes?.() ?? 'operator.read' };
    },
    every: (_ms, tick) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
  });
  let activity = 0;
  const add = (sessionHash = 'hash-1') => {
    const [client, container] = [new FakeLeg(), new FakeLeg()];
    const told = {
      incarnation: 3,
      sessionHash,
      sessionExpiresAtMs: over.expiresAtMs ?? 1_000_000,
      scopes: 'operator.read',
    };
    joinLegs(client, container, told, { sockets, onActivity: () => activity++ });
    return { client, container };
  };
  const tick = async (): Promise<void> => {
    for (const run of ticks) run();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  return { ...add(), add, sockets, clock, ticks, tick, rechecked, activity: () => activity };
}

describe('joinLegs', () => {
  it('carries text and bytes both ways and counts them', () => {
    const { client, container, sockets } = join();
    expect([client.accepted, container.accepted, client.binaryType]).toEqual([true, true, 'arraybuffer']);
    const bytes = new Uint8Array([1, 2, 3]).buffer;
    client.emit('message', { data: 'hi' });
    container.emit('message', { data: bytes });
    container.emit('message', { data: 'hello' });
    expect(container.sent).toEqual(['hi']);
    expect(client.sent).toEqual([bytes, 'hello']);
    expect(sockets.counters).toMatchObject({ open: 1, opened: 1, framesIn: 1, framesOut: 2, bytesIn: 2, bytesOut: 8 });
  });

  it('only what a person does counts as activity', () => {
    const { client, container, activity } = join();
    container.emit('message', { data: JSON.stringify({ type: 'event', event: 'chat' }) });
    client.emit('message', { data: JSON.stringify({ type: 'req', id: '1', method: 'sessions.catalog.list' }) });
    expect([activity(), container.sent.length, client.sent.length]).toEqual([0, 1, 1]);
    client.emit('message', { data: JSON.stringify({ type: 'req', id: '2', method: 'chat.send' }) });
    expect(activity()).toBe(1);
  });

  it('an open socket on which nothing passes is no activity', async () => {
    const { sockets, tick, activity } = join();
    await tick();
    expect(activity()).toBe(0);
    expect(sockets.counters).toMatchObject({ open: 1, lastInAtMs: null, lastOutAtMs: null });
  });

  it('closes both legs whoever closes, with codes that may be sent', () => {
    const code = fc.oneof(fc.integer({ min: 990, max: 1_020 }), fc.integer({ min: 0, max: 70_000 }));
    fc.assert(
      fc.property(fc.boolean(), code, fc.string({ unit: 'binary', maxLength: 150 }), (byClient, code, reason) => {
        const { client, container, sockets, ticks } = join();
        (byClient ? client : container).emit('close', { code, reason });
        expect(client.closedWith).not.toBeNull();
        expect(container.closedWith).not.toBeNull();
        expect([client.closes, container.closes, sockets.counters.open, ticks.size]).toEqual([1, 1, 0, 0]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('closes both legs once when one breaks and then closes', () => {
    const { client, container } = join();
    container.emit('error');
    container.emit('close', { code: 1006 });
    client.emit('close', { code: 1012 });
    expect(client.closedWith?.code).toBe(1012);
    expect([client.closes, container.closes]).toEqual([1, 1]);
  });

  it('closes both legs when a frame cannot be sent on', () => {
    const { client, container } = join();
    container.broken = true;
    client.emit('message', { data: 'lost' });
    expect([client.closedWith?.code, container.closedWith?.code]).toEqual([1012, 1001]);
  });

  it.each([
    ['text', 'x'.repeat(26_214_401)],
    ['multi-byte text', 'é'.repeat(13_107_201)],
    ['bytes', new ArrayBuffer(26_214_401)],
    ['something else', { blob: true }],
  ])('refuses %s over 25 MiB with 1009', (_what, data) => {
    const { client, container, sockets } = join();
    client.emit('message', { data });
    expect([client.closedWith?.code, container.closedWith?.code, container.sent.length]).toEqual([1009, 1009, 0]);
    expect(sockets.counters.open).toBe(0);
  });

  it('lets 25 MiB pass', () => {
    const { client, container } = join();
    client.emit('message', { data: 'x'.repeat(26_214_400) });
    expect([container.sent.length, client.closedWith]).toEqual([1, null]);
  });

  it('closes with 1013 when the reader does not keep up', () => {
    const { client, container } = join();
    client.bufferedAmount = 33 * 1024 * 1024;
    container.emit('message', { data: 'more' });
    expect([client.closedWith?.code, client.sent.length]).toEqual([1013, 0]);
    expect(container.closedWith?.code).toBe(1001);
  });

  it('closes with 1013 when a browser gets more and more and says nothing', () => {
    const { client, container } = join();
    const mebibyte = new ArrayBuffer(1024 * 1024);
    for (let n = 0; n < 60; n++) container.emit('message', { data: mebibyte });
    client.emit('message', { data: 'still here' });
    for (let n = 0; n < 64; n++) container.emit('message', { data: mebibyte });
    expect([client.closedWith, client.sent.length]).toEqual([null, 124]);
    container.emit('message', { data: 'x' });
    expect([client.closedWith?.code, container.closedWith?.code]).toEqual([1013, 1001]);
  });

  it('closes with 1008 when a browser sends more messages than anybody could type', () => {
    const { client, container, clock } = join();
    for (let n = 0; n < messagesBurst; n++) client.emit('message', { data: 'x' });
    expect(client.closedWith).toBeNull();
    clock.ms += 5;
    client.emit('message', { data: 'x' });
    client.emit('message', { data: 'x' });
    expect([client.closedWith?.code, container.closedWith?.code]).toEqual([1008, 1001]);
    expect(container.sent.length).toBe(messagesBurst + 1);
  });

  it('does not count what the gateway sends against the browser', () => {
    const { client, container } = join();
    for (let n = 0; n < 3 * messagesBurst; n++) container.emit('message', { data: 'x' });
    expect(client.closedWith).toBeNull();
  });
});

describe('SocketSet', () => {
  it('is full at its limit, and has room again after a close', () => {
    const { sockets, add, client } = join();
    for (let n = 1; n < socketsMax; n++) add(`hash-${n % 8}`);
    expect(sockets.reserve('hash-new')).toBeNull();
    client.emit('close');
    expect(sockets.reserve('hash-new')).not.toBeNull();
  });

  it('gives one session so many, and others theirs', () => {
    const { sockets, add, client } = join();
    for (let n = 1; n < socketsPerSessionMax; n++) add();
    expect(sockets.reserve('hash-1')).toBeNull();
    expect(sockets.reserve('hash-2')).not.toBeNull();
    client.emit('close');
    expect(sockets.reserve('hash-1')).not.toBeNull();
  });

  it('counts a place that is held, until it is released', () => {
    const { sockets } = join();
    const held = Array.from({ length: 100 }, () => sockets.reserve('hash-1')).filter((place) => place !== null);
    expect(held.length).toBe(socketsPerSessionMax - 1);
    held[0]?.release();
    expect(sockets.reserve('hash-1')).not.toBeNull();
  });

  it('ends a session’s sockets with 4401 and no other’s', () => {
    const { client, container, add, sockets } = join();
    const other = add('hash-2');
    expect(sockets.closeSessions(['hash-1', 'hash-9'])).toBe(1);
    expect([client.closedWith?.code, container.closedWith?.code]).toEqual([4401, 1001]);
    expect(other.client.closedWith).toBeNull();
    expect(sockets.closeAll({ code: 4404, reason: 'Deleted' })).toBe(1);
    expect(other.client.closedWith).toEqual({ code: 4404, reason: 'Deleted' });
  });

  it('closes a socket whose session ended, and keeps one that was renewed', async () => {
    let answer: number | null = 5_000_000;
    const { client, clock, tick, rechecked } = join({ expiresAtMs: 50_000, recheck: async () => answer });
    client.emit('message', { data: 'hi' });
    clock.ms = 50_000;
    await tick();
    expect([rechecked, client.closedWith]).toEqual([[['hash-1', true]], null]);
    clock.ms += 20_000;
    answer = null;
    await tick();
    expect(rechecked[1]).toEqual(['hash-1', false]);
    expect(client.closedWith?.code).toBe(4401);
  });

  it('asks once per session, not per socket, and not before it is due', async () => {
    const { add, clock, tick, rechecked } = join();
    add();
    add('hash-2');
    clock.ms += 19_000;
    await tick();
    expect(rechecked).toEqual([]);
    clock.ms += 1_000;
    await tick();
    await tick();
    expect(rechecked).toEqual([
      ['hash-1', false],
      ['hash-2', false],
    ]);
  });

  it('a session that ended unheard of is over in 60 s: 30 s of a remembered admission, and the next two looks', async () => {
    let standing: number | null = 5_000_000;
    const { add, clock, tick } = join({ recheck: async () => standing });
    const endedAtMs = clock.ms;
    standing = null;
    // The last moment at which an isolate that has not heard of it lets a socket in.
    clock.ms = endedAtMs + 30_000;
    const { client } = add();
    for (let looks = 0; client.closedWith === null && looks < 10; looks++) {
      clock.ms += 10_000;
      await tick();
    }
    expect(client.closedWith?.code).toBe(4401);
    expect(clock.ms - endedAtMs).toBeLessThanOrEqual(60_000);
  });

  it('takes nothing for a session that it was told has ended, until no isolate can remember it', () => {
    const { client, sockets, clock } = join();
    sockets.closeSessions(['hash-1']);
    expect([client.closedWith?.code, sockets.hasEnded('hash-1'), sockets.hasEnded('hash-2')]).toEqual([
      4401,
      true,
      false,
    ]);
    clock.ms += 59_999;
    expect(sockets.hasEnded('hash-1')).toBe(true);
    clock.ms += 1;
    expect(sockets.hasEnded('hash-1')).toBe(false);
  });

  it('closes a socket whose person has another role, so that it is opened again with its scopes', async () => {
    let scopes = 'operator.read';
    const { client, clock, tick } = join({ scopes: () => scopes });
    clock.ms += 20_000;
    await tick();
    expect(client.closedWith).toBeNull();
    scopes = 'operator.read,operator.write';
    clock.ms += 20_000;
    await tick();
    expect(client.closedWith?.code).toBe(1012);
  });

  it('outlives an outage until the known end', async () => {
    const { client, clock, tick } = join({ expiresAtMs: 400_000, recheck: () => Promise.reject(new Error('away')) });
    clock.ms = 350_000;
    await tick();
    expect(client.closedWith).toBeNull();
    clock.ms = 400_000;
    await tick();
    expect(client.closedWith?.code).toBe(4401);
  });
});
