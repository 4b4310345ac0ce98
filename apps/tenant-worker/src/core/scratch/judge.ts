/** Whether a checked scratch run holds what was saved. Pure. */
import { newCriticals } from '../../../../control-plane/src/contract/security-audit.ts';
import type { SecurityAudit } from '../../../../control-plane/src/contract/security-audit.ts';
import type { GatewayFindings, ScratchCounts, ScratchOutcome } from './run.ts';

/** What the snapshot says of itself; null where it does not. */
export interface Expected {
  readonly files: number;
  readonly sessions: number | null;
  readonly cronJobs: number | null;
  /** Of a release that is tried: what the present one is known to have. Null where no release is judged. */
  readonly audited: { readonly known: SecurityAudit | null } | null;
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
  const unsafe = expected.audited === null ? null : judgeAudit(expected.audited.known, found.audit);
  if (unsafe !== null) return unsafe;
  const counts: ScratchCounts = { files: restoredFiles, sessions: found.sessions, cronJobs: found.cronJobs };
  return { ok: true, counts };
}

/** What the owner has chosen already is no fault of the release: only criticals that it brings stop it. */
function judgeAudit(known: SecurityAudit | null, audit: SecurityAudit | null): ScratchOutcome | null {
  if (audit === null)
    return { ok: false, code: 'check_failed', detail: 'OpenClaw’s own security audit gave no answer.' };
  const [first, ...more] = newCriticals(known, audit);
  if (first === undefined) return null;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  const detail =
    `OpenClaw’s own security audit: ${first.checkId}: ${first.title}. ${first.detail}`.slice(0, 280) + rest;
  return { ok: false, code: 'audit_critical', detail };
}
