/**
 * The tenant's part of R2: data and manifests by snapshot id. It can be down, damage what it takes (which the read-back
 * finds), and later lose or damage what it had.
 */
import type { SnapshotData, SnapshotObjects } from '../../apps/tenant-worker/src/services/lifecycle-ports.ts';
import type { Entries } from './fake-container.ts';
import { CallFailed } from './fake-container.ts';
import type { TenantObject } from './tenant-object.ts';
import type { World } from './world.ts';

export interface StoredData {
  readonly entries: Entries;
  readonly bytes: number;
  readonly sha256: string;
  damaged: boolean;
}

/** A keeper that makes no inventories. */
const uncounted = { uncompressedBytes: 0, inventory: false, sessions: null, cronJobs: null };

export class FakeBucket {
  readonly data = new Map<string, StoredData>();
  /** What each snapshot held when it was read back. */
  readonly readBack = new Map<string, Entries>();
  readonly manifests = new Map<string, Readonly<Record<string, unknown>>>();
  downUntilMs = 0;
  /** While it is down it does not answer for minutes; otherwise it is an error at once. */
  hangs = false;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async #reach(): Promise<void> {
    const { time, random } = this.#world;
    await time.sleep(random.between(5, 60));
    if (time.nowMs >= this.downUntilMs) return;
    if (this.hangs) await time.sleep(random.between(10_000, 400_000));
    throw new CallFailed('R2: internal error');
  }

  /** What the sandbox does: store, then read back and compare. */
  async putData(id: string, entries: Entries): Promise<SnapshotData> {
    await this.#reach();
    const stored: StoredData = {
      entries,
      bytes: 100 + entries.length,
      sha256: `sum of ${entries.join()}`,
      damaged: this.#world.faults('storeDamages'),
    };
    this.data.set(id, stored);
    await this.#reach();
    if (stored.damaged) throw new CallFailed('the stored snapshot does not read back as it was written');
    this.readBack.set(id, entries);
    const { bytes, sha256 } = stored;
    return { bytes, sha256, files: entries.length + 1, storedBytes: bytes + 20, ...uncounted };
  }

  async openData(id: string): Promise<StoredData | null> {
    await this.#reach();
    return this.data.get(id) ?? null;
  }

  port(object: TenantObject): SnapshotObjects {
    const call = <T>(name: string, run: () => Promise<T>): Promise<T> => object.call(`r2.${name}`, run);
    return {
      putManifest: (_tenantId, id, manifest) =>
        call('putManifest', async () => {
          await this.#reach();
          this.manifests.set(id, manifest);
        }),
      remove: (_tenantId, id) =>
        call('remove', async () => {
          await this.#reach();
          this.#world.checks.removing(id);
          this.manifests.delete(id);
          this.data.delete(id);
        }),
      removeAll: () =>
        call('removeAll', async () => {
          await this.#reach();
          const empty = this.data.size === 0 && this.manifests.size === 0;
          this.#world.checks.removingAll();
          // A page at a time, so that a deletion takes many calls.
          for (const stored of [this.manifests, this.data]) {
            const [first] = stored.keys();
            if (first !== undefined) stored.delete(first);
          }
          return empty;
        }),
    };
  }

  /** An object is gone. */
  lose(id: string): void {
    this.#world.checks.harmed(id);
    this.data.delete(id);
  }

  /** Bit rot or a lost object: what was stored well is not any more. */
  harm(random: { pick<T>(items: readonly [T, ...T[]]): T; chance(p: number): boolean }): void {
    const [first, ...rest] = [...this.data.keys()];
    if (first === undefined) return;
    const id = random.pick([first, ...rest]);
    const stored = this.data.get(id);
    if (stored === undefined) return;
    this.#world.trace(() => `R2 harms ${id}`);
    this.#world.checks.harmed(id);
    if (random.chance(0.5)) this.data.delete(id);
    else stored.damaged = true;
  }
}
