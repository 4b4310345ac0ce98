/**
 * Every number the tenant's lifecycle depends on, with its reason. Relations that must hold are asserted by the test beside.
 */

/** A container whose keeper does not answer by then counts as stuck; the next incarnation starts (reference: starts can stick for minutes). */
export const keeperUpDeadlineMs = 60_000;

/** From asking for the gateway until it is ready. OpenClaw's own boot is 5–15 s; a schema migration after an upgrade takes longer. */
export const gatewayReadyDeadlineMs = 180_000;

/** Restoring the largest state a plan allows at the slowest measured rate. */
export const restoreDeadlineMs = 600_000;

/** OpenClaw's own drain, then SIGTERM, then SIGKILL by the keeper; the object waits a little longer than the keeper. */
export const drainGraceMs = 45_000;
export const drainDeadlineMs = 60_000;

export const snapshotDeadlineMs = 600_000;

/** A start is tried this often before a person is asked. */
export const startAttemptsMax = 5;

/** Delay before attempt n ≥ 2: doubles from the first to the last. */
export const startBackoffFirstMs = 1_000;
export const startBackoffMaxMs = 30_000;

/** Crash-loop breaker: this many lost runs within the window and a person is asked. */
export const crashesMax = 5;
export const crashWindowMs = 600_000;

/** A gateway that stopped is started again in the same container this often before the state is saved and the container replaced. */
export const inPlaceRestartsMax = 2;

/** How often an awake tenant is looked at without being poked. A crash is noticed within twice this, even if every poke is lost. */
export const awakeProbeMs = 10_000;

/** How often a tenant in transition is looked at; the keeper's pokes usually come first. */
export const transitionProbeMs = 250;

/** This many probes in a row without an answer and an awake run is lost. */
export const silentProbesMax = 3;

/** An awake tenant whose state changed is saved at least this often, and soon after it falls quiet. */
export const periodicSnapshotMs = 300_000;
export const quietSnapshotMs = 5_000;
/** Never more often than this, whatever happens. */
export const snapshotSpacingMs = 15_000;

/** Failed saves are retried with this spacing. */
export const snapshotRetryMs = 10_000;
/** Saves that may fail in a row while draining before the gateway is started again. */
export const drainSnapshotAttemptsMax = 3;

/** Actions in one activation; the alarm continues where it stopped. */
export const actionsPerActivationMax = 16;

/** One call from `Tenant` to `TenantSandbox` that only asks. */
export const observeDeadlineMs = 4_000;

/** The container stops by itself when nobody looked at it for this long (the object then restarts it from its snapshot). */
export const containerInactivityMs = 1_800_000;
