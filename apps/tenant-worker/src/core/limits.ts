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
/** Probes closer together than this count as one: a burst of pokes does not make a short silence a long one. */
export const silentProbeSpacingMs = 2_000;

/** An awake tenant whose state changed is saved at least this often, and soon after it falls quiet. */
export const periodicSnapshotMs = 300_000;
export const quietSnapshotMs = 5_000;
/** Never more often than this, whatever happens. */
export const snapshotSpacingMs = 15_000;

/** Failed saves are retried with this spacing, doubling up to the last. */
export const snapshotRetryMs = 10_000;
export const snapshotRetryMaxMs = 300_000;
/** Saves that may fail in a row while draining before the gateway is started again. */
export const drainSnapshotAttemptsMax = 3;

/** A run that holds unsaved changes and does not answer is tried this often, so far apart, before its changes are given up. */
export const unreachableTriesMax = 5;
export const rescueSpacingMs = 15_000;
/** A run that answers, but whose changes cannot be saved, is tried this often before a person is asked; it is not destroyed. */
export const rescueTriesMax = 12;
export const rescueSpacingMaxMs = 300_000;
/** When a person goes on without what such a run holds: tries, `rescueSpacingMs` apart, before it is destroyed. Two, as an object may end during one. */
export const lastTriesMax = 2;
/** Tries to stop a gateway before it is saved while it runs. */
export const gatewayStopTriesMax = 3;

/** Failed destroys after which the next container starts beside the one that cannot be ended; it is refused everywhere. */
export const destroyTriesMax = 8;

/** Restores into one container. A second one means that the first left nothing; a third would be a loop. */
export const restoresPerRunMax = 2;
/** A snapshot that could not be read back this often is passed over for the one before it. It is kept. */
export const unreadableMax = 2;

/** Actions in one activation; the alarm continues where it stopped. */
export const actionsPerActivationMax = 16;

/** An action that failed waits this long before it is tried again, doubling up to the last. */
export const actionBackoffFirstMs = 250;
export const actionBackoffMaxMs = 30_000;

/** Longest time between two looks that counts as awake: one save may stand between them. Beyond it nobody knows. */
export const awakeGapMaxMs = 900_000;

/** The last activity is stored when it is this much later than what is stored; a rebuilt object sleeps at most so much early. */
export const activityGrainMs = 10_000;

/**
 * Woken this long before a scheduled run while fewer than so many starts were measured, unless they say longer: one start on
 * a machine that was idle says little of the next. After that by the slowest of the last starts and a slack.
 */
export const wakeLeadUnknownMs = 45_000;
export const wakeLeadStartsMin = 3;
export const wakeLeadSlackMs = 5_000;
/** A start on a warm machine takes 8–15 s; less than this leaves nothing for a slow one. */
export const wakeLeadMinMs = 20_000;
/** A tenant whose starts take longer is late rather than awake for minutes before every run. */
export const wakeLeadMaxMs = 120_000;
/** Beyond the lead, a run this near is waited for awake: a drain, a save and a start take most of it, and OpenClaw puts missed jobs off by 120 s. */
export const nearRunMs = 150_000;
/** A run that is due and has not begun by then holds nothing any more. */
export const overdueRunMs = 180_000;
/** Woken again for one and the same run after such a pause, doubling up to the last, and this often in all. */
export const wakeAgainFirstMs = 30_000;
export const wakeAgainMaxMs = 3_600_000;
export const wakesPerRunMax = 6;
/** Work without any sign of life (no model call, no client) keeps a tenant awake this long: a turn that hangs ends by the drain. */
export const busyQuietMaxMs = 14_400_000;
/** A gateway that runs and does not say what it does is not put to sleep for idleness before this. */
export const unknownWorkMaxMs = 3_600_000;

/** One call from `Tenant` to `TenantSandbox` that only asks. */
export const observeDeadlineMs = 4_000;

/** The container stops by itself when nobody looked at it for this long (the object then restarts it from its snapshot). */
export const containerInactivityMs = 1_800_000;

/** One batch of events to the queue, or one small object to or from R2. */
export const sendDeadlineMs = 10_000;
export const objectDeadlineMs = 30_000;
