// How often something that dies is started again: at most 5 times in 10 minutes, as for a tenant's gateway.

const RESTARTS_MAX = 5;
const WINDOW_MS = 10 * 60_000;

export interface RestartBudget {
  /** Notes one death at `nowMs`; false when there have been too many lately. */
  spend(nowMs: number): boolean;
}

export function restartBudget(): RestartBudget {
  let deathsMs: number[] = [];
  return {
    spend(nowMs) {
      deathsMs = [...deathsMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
      return deathsMs.length <= RESTARTS_MAX;
    },
  };
}
