/**
 * What the lifecycle service needs of the world. The object wires these to the platform; the simulation to seeded fakes.
 */
import type { SecurityAudit } from '../../../control-plane/src/contract/security-audit.ts';
import type { GatewayWork } from '../core/lifecycle/awake.ts';
import type { Observed, StartFailure } from '../core/lifecycle/state.ts';
import type { RestartSettings, TenantEvent } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { ScratchOutcome, ScratchRequest } from '../core/scratch/run.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';

/** One look at a run. */
export interface Look {
  readonly observed: Observed;
  /** Last traffic of a person's client through the run, or null when there was none since the object was built. */
  readonly lastTrafficAtMs: number | null;
  /** The gateway accepts connections, though it may not be ready. */
  readonly listening: boolean;
  /** What the gateway says that it does, or its disk after it stopped; null when nobody knows. */
  readonly work: GatewayWork | null;
  /** What the keeper says beyond its phase; absent when it does not answer. */
  readonly told?: KeeperWord;
}

/** The keeper's own word on its run: times by the container's clock, words without anything that looks like a credential. */
export interface KeeperWord {
  readonly steps: readonly {
    readonly name: string;
    readonly startedAtMs: number;
    readonly endedAtMs: number | null;
    readonly ok: boolean | null;
  }[];
  /** When the gateway last ended, or null when it did not. */
  readonly exitAtMs: number | null;
  /** Why the last start or run failed, and the end of the log then. */
  readonly words: string | null;
  readonly logTail: string | null;
  /** OpenClaw's own security audit; null or absent while it is not known. */
  readonly audit?: SecurityAudit | null;
}

/** Messages that were stored and wait for an awake gateway. */
export interface InboxPort {
  pending(): boolean;
}

export interface SnapshotData {
  readonly bytes: number;
  readonly sha256: string;
  readonly files: number;
  readonly storedBytes: number;
  readonly uncompressedBytes: number;
  /** Whether an inventory is stored beside it, and what it counted. */
  readonly inventory: boolean;
  readonly sessions: number | null;
  readonly cronJobs: number | null;
}

export type RestoreOutcome =
  | { readonly ok: true; readonly files: number; readonly bytes: number }
  | { readonly ok: false; readonly failure: StartFailure };

/** One container run, by incarnation. Calls reject when the run cannot be reached; none makes a choice. */
export interface SandboxPort {
  start(record: TenantRecord): Promise<void>;
  look(): Promise<Look>;
  claim(record: TenantRecord): Promise<void>;
  restore(
    record: TenantRecord,
    snapshot: { id: string; incarnation: number; bytes: number; sha256: string },
  ): Promise<RestoreOutcome>;
  startGateway(record: TenantRecord, settings: RestartSettings): Promise<void>;
  stopGateway(): Promise<void>;
  /** Uploads the data of a snapshot and reads it back. The manifest is the caller's. */
  snapshot(record: TenantRecord, id: string): Promise<SnapshotData>;
  /** Ends the run for good. Calling it for a run that is gone is fine. */
  destroy(why: string): Promise<void>;
}

export interface SnapshotObjects {
  putManifest(tenantId: string, id: string, manifest: Readonly<Record<string, unknown>>): Promise<void>;
  remove(tenantId: string, id: string): Promise<void>;
  /** Removes everything under the tenant's prefix, a bounded number at a time; true when nothing is left. */
  removeAll(tenantId: string): Promise<boolean>;
}

export interface EventSink {
  send(events: readonly TenantEvent[]): Promise<void>;
}

export interface Alarm {
  /** Sets the one alarm; null clears it. */
  set(atMs: number | null): Promise<void>;
}

/** Time that passes. The simulation's is virtual. */
export interface Timers {
  /** Calls `fn` once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, fn: () => void): () => void;
}

export interface LifecycleLog {
  (event: string, fields: Readonly<Record<string, string | number | boolean | null>>): void;
}

/** What the lifecycle may ask of scratch runs. None of it waits. */
export interface ScratchSide {
  /** A scratch container of the tenant's may still be there. */
  open(): boolean;
  /** Writes the intent down. The run's number, or null while another is open. */
  begin(request: ScratchRequest): number | null;
  outcome(n: number): 'under_way' | ScratchOutcome | null;
}
