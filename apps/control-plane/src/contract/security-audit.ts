/**
 * What OpenClaw's own security audit says of an assistant's settings and files, as keeper, cell and API agree on it. Only
 * what is critical is named; warnings are counted. Findings that follow from how Tidepool runs OpenClaw are left out where
 * the audit is read (`container/keeper/security-audit.ts`).
 */
import { z } from 'zod';

export const auditFindingsMax = 20;

export const AuditFinding = z.object({
  /** OpenClaw's name of the check, such as `gateway.bind_no_auth`. */
  checkId: z.string().max(120),
  title: z.string().max(200),
  /** Nothing in it that looks like a credential. */
  detail: z.string().max(500),
});
export type AuditFinding = z.infer<typeof AuditFinding>;

export const SecurityAudit = z.object({
  release: z.string().max(64),
  atMs: z.number().int(),
  criticals: z.array(AuditFinding).max(auditFindingsMax),
  warnings: z.number().int().min(0),
});
export type SecurityAudit = z.infer<typeof SecurityAudit>;

/** Criticals of `next` that are not in `known`. */
export function newCriticals(known: SecurityAudit | null, next: SecurityAudit): readonly AuditFinding[] {
  const had = new Set(known?.criticals.map(({ checkId }) => checkId) ?? []);
  return next.criticals.filter(({ checkId }) => !had.has(checkId));
}
