/**
 * A scratch run: one throw-away container beside the tenant's own, that restores a snapshot with a release, boots, is
 * checked and destroyed. Data only. It is nobody's run: it has no incarnation, and nothing it says reaches the tenant.
 */
import type { SecurityAudit } from '../../../../control-plane/src/contract/security-audit.ts';
import type { StartFailure } from '../lifecycle/state.ts';

export type ScratchPurpose = 'drill' | 'upgrade' | 'import';

/** Why a scratch run proved nothing, or proved that it does not work. Codes with a section in docs/runbook.md. */
export type ScratchFailure =
  | StartFailure
  /** It booted, and less is there than was saved. */
  | 'counts_differ'
  /** The gateway got ready and its own health or the check itself failed. */
  | 'check_failed'
  /** OpenClaw's own security audit finds something critical that the present release does not have. */
  | 'audit_critical'
  /** The scripted turn got no answer. */
  | 'no_answer'
  | 'scratch_timeout'
  /** What somebody brought is not taken; the sentence says why. */
  | 'import_refused'
  /** What it became could not be saved. */
  | 'snapshot_failed'
  /** Nobody needs the answer any more: the snapshot is gone, the tenant is being deleted, or another thing was asked for. */
  | 'abandoned';

/** What a run was seen to hold. Null = not told. */
export interface ScratchCounts {
  readonly files: number;
  readonly sessions: number | null;
  readonly cronJobs: number | null;
}

export type ScratchOutcome =
  | { readonly ok: true; readonly counts: ScratchCounts }
  | { readonly ok: false; readonly code: ScratchFailure; readonly detail: string };

/** What somebody wants tried. */
export interface ScratchRequest {
  readonly purpose: ScratchPurpose;
  readonly snapshotId: string;
  readonly release: string;
  readonly operationId: string | null;
}

/** What is remembered of one scratch run. Intents are counted before the call they are for. */
export interface ScratchRun {
  readonly n: number;
  readonly purpose: ScratchPurpose;
  /** What it restores; of an import, what it becomes. */
  readonly snapshotId: string;
  readonly release: string;
  readonly operationId: string | null;
  readonly begunAtMs: number;
  readonly starts: number;
  readonly restores: number;
  /** Files the keeper restored; null until it has. */
  readonly restoredFiles: number | null;
  readonly gatewayStarts: number;
  /** Of an import: tries to save what it became. */
  readonly checks: number;
  readonly outcome: ScratchOutcome | null;
  readonly destroyTries: number;
  readonly destroyTriedAtMs: number | null;
}

/** What the keeper's check of a ready gateway found. */
export interface GatewayFindings {
  readonly healthy: boolean;
  readonly sessions: number | null;
  readonly cronJobs: number | null;
  /** Whether the scripted turn was answered; null when none was asked for. */
  readonly answered: boolean | null;
  /** OpenClaw's own security audit; null where it was not asked for or gave no answer. */
  readonly audit: SecurityAudit | null;
  /** What went wrong, in OpenClaw's words; null when nothing did. */
  readonly problem: string | null;
}
