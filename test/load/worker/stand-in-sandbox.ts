/**
 * A container run that is always well, in the place of `TenantSandbox`: it starts, is claimed, gets a gateway and stays ready,
 * also over a restart of the runtime. The tenant's object sees an assistant that is awake, so that model calls come in as
 * they do in production; there is no container, and what is saved of it is made up.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Look, RestoreOutcome, SnapshotData } from '../../../apps/tenant-worker/src/services/lifecycle-ports.ts';

type Phase = 'absent' | 'started' | 'claimed' | 'ready' | 'stopped' | 'destroyed';

export class StandInSandbox extends DurableObject {
  async #phase(): Promise<Phase> {
    return (await this.ctx.storage.get<Phase>('phase')) ?? 'absent';
  }

  async start(): Promise<void> {
    const phase = await this.#phase();
    if (phase === 'destroyed') throw new Error('this run was destroyed');
    if (phase === 'absent') await this.ctx.storage.put('phase', 'started');
  }

  async look(): Promise<Look> {
    const phase = await this.#phase();
    const claimed = phase === 'claimed' || phase === 'ready' || phase === 'stopped';
    if (phase === 'absent' || phase === 'destroyed')
      return { observed: { kind: 'stopped' }, lastTrafficAtMs: null, listening: false, work: null };
    return {
      observed: {
        kind: 'up',
        claimed,
        phase: phase === 'ready' ? 'ready' : phase === 'stopped' ? 'stopped' : 'idle',
        hasState: phase === 'ready' || phase === 'stopped',
        failure: null,
      },
      lastTrafficAtMs: null,
      listening: phase === 'ready',
      work: claimed ? { busy: false, nextRunAtMs: null } : null,
    };
  }

  async claim(): Promise<void> {
    if ((await this.#phase()) === 'started') await this.ctx.storage.put('phase', 'claimed');
  }

  async restore(): Promise<RestoreOutcome> {
    return { ok: true, files: 0, bytes: 0 };
  }

  async startGateway(): Promise<void> {
    await this.ctx.storage.put('phase', 'ready');
  }

  async stopGateway(): Promise<void> {
    await this.ctx.storage.put('phase', 'stopped');
  }

  async snapshot(): Promise<SnapshotData> {
    // Not empty: what has nothing in it is refused.
    const small = { bytes: 1_000, files: 10, storedBytes: 1_000, uncompressedBytes: 4_000 };
    return { ...small, sha256: '0'.repeat(64), inventory: false, sessions: null, cronJobs: null };
  }

  async destroy(): Promise<void> {
    await this.ctx.storage.put('phase', 'destroyed');
  }
}
