/** Whether a checked scratch run holds what was saved. Pure. */
import type { GatewayFindings, ScratchCounts, ScratchOutcome } from './run.ts';

/** What the snapshot says of itself; null where it does not. */
export interface Expected {
  readonly files: number;
  readonly sessions: number | null;
  readonly cronJobs: number | null;
}

/**
 * Files must be the same number, since nothing ran before they were counted. Sessions and jobs may be more, since a gateway
 * adds its own at boot, and never fewer.
 */
export function judge(expected: Expected, restoredFiles: number, found: GatewayFindings): ScratchOutcome {
  if (restoredFiles !== expected.files)
    return {
      ok: false,
      code: 'counts_differ',
      detail: `${restoredFiles} files were restored of ${expected.files} saved.`,
    };
  if (!found.healthy) {
    const detail = `OpenClaw does not report itself healthy: ${found.problem ?? 'it did not say why'}`.slice(0, 300);
    return { ok: false, code: 'check_failed', detail };
  }
  for (const [what, was, is] of [
    ['conversations', expected.sessions, found.sessions],
    ['scheduled jobs', expected.cronJobs, found.cronJobs],
  ] as const) {
    if (was !== null && (is === null || is < was))
      return { ok: false, code: 'counts_differ', detail: `${is ?? 'No'} ${what} are there of ${was} saved.` };
  }
  if (found.answered === false) {
    const detail = `The test message got no answer: ${found.problem ?? 'in time'}`.slice(0, 300);
    return { ok: false, code: 'no_answer', detail };
  }
  const counts: ScratchCounts = { files: restoredFiles, sessions: found.sessions, cronJobs: found.cronJobs };
  return { ok: true, counts };
}
