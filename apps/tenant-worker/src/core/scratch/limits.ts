/** Every number a scratch run depends on, with its reason. */

/** A whole scratch run: the largest restore, a boot with a migration, a turn. Then it is destroyed, whatever it was doing. */
export const scratchDeadlineMs = 1_200_000;

/** How often a scratch run is looked at: nobody waits in front of it. */
export const scratchProbeMs = 1_000;

/** Tries of one step. A second one is for an answer that was lost; more would be a loop. */
export const scratchTriesMax = 2;

/** The keeper's check of a ready gateway, its scripted turn with cold code included. */
export const checkDeadlineMs = 150_000;

/** Steps in one activation; the alarm goes on where it stopped. */
export const scratchStepsMax = 12;

/** A tenant whose newest snapshot is not the proven one is drilled this often; after a failure sooner. */
export const drillEveryMs = 7 * 86_400_000;
export const drillAfterFailureMs = 86_400_000;
/** Drills of a fleet that began on one day are spread over this. */
export const drillJitterMs = 86_400_000;
