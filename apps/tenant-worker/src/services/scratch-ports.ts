/** What a scratch run needs of the world around it. */
import type { ImportReport, ImportView } from '../../../control-plane/src/contract/imports.ts';
import type { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Observed } from '../core/lifecycle/state.ts';
import type { GatewayFindings, ScratchOutcome, ScratchRun } from '../core/scratch/run.ts';
import type { Imports } from '../modules/imports.ts';
import type { Operations } from '../modules/operations.ts';
import type { ScratchRuns } from '../modules/scratch.ts';
import type { SnapshotRow } from '../modules/snapshot-schema.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { TenantStore } from '../modules/tenant-store.ts';
import type { Clock, Ids } from '../ports.ts';
import type { LifecycleLog, RestoreOutcome, SnapshotData, SnapshotObjects, Timers } from './lifecycle-ports.ts';

/** One scratch container. Calls reject when it cannot be reached; none makes a choice. */
export interface ScratchPort {
  /** @param standInModel whether model calls are answered at all, by a stand-in that costs nothing */
  start(record: TenantRecord, release: string, standInModel: boolean): Promise<void>;
  look(): Promise<Observed>;
  claim(): Promise<void>;
  restore(record: TenantRecord, snapshot: SnapshotRow): Promise<RestoreOutcome>;
  startGateway(record: TenantRecord): Promise<void>;
  /** @param trial with the scripted turn and OpenClaw's security audit, by which a release is judged */
  check(trial: boolean): Promise<GatewayFindings>;
  /** Makes the state from an upload. */
  import(record: TenantRecord, upload: ImportView): Promise<ImportOutcome>;
  stopGateway(): Promise<void>;
  /** Uploads the data of a snapshot and reads it back. */
  snapshot(record: TenantRecord, id: string): Promise<SnapshotData>;
  destroy(why: string): Promise<void>;
}

export type ImportOutcome =
  | { readonly ok: true; readonly report: ImportReport }
  | { readonly ok: false; readonly detail: string };

export interface ScratchDeps {
  readonly imports: Imports;
  readonly objects: SnapshotObjects;
  readonly store: TenantStore;
  readonly runs: ScratchRuns;
  readonly snapshots: SnapshotIndex;
  readonly operations: Operations;
  readonly port: (tenantId: string, n: number) => ScratchPort;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: Ids;
  readonly log: LifecycleLog;
  /** What is due has changed. */
  readonly rearm: () => Promise<void>;
  /** What an operation of a scratch run shows has changed. */
  readonly operationChanged: (operation: Operation) => void;
  /** A run has an outcome; called once for each, before its container is destroyed, in the turn in which it is saved. */
  readonly concluded: (run: ScratchRun, outcome: ScratchOutcome) => void;
}
