/**
 * What is written down around a change that happens outside the database: the intent before, the outcome after. When the
 * intent can't be written the change isn't made; an outcome that can't be written leaves an intent without one, which
 * says exactly that.
 */
import { auditInsert, withAuditEntry } from '../adapters/d1/audit.ts';
import type { AuditDeps, AuditResult, AuditSubject } from '../adapters/d1/audit.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError, errorCatalogue } from '../contract/errors.ts';
import { describeError } from '../events.ts';
import type { Log } from '../events.ts';

type Deps = AuditDeps & { readonly log: Log };

/** Appends one entry. */
export async function auditRecord(
  deps: AuditDeps,
  trail: Trail,
  subject: AuditSubject,
  result: AuditResult = { outcome: 'done' },
): Promise<string> {
  return withAuditEntry(deps, trail, subject, result, async (entry) => {
    await deps.db.batch([auditInsert(deps.db, entry)]);
    return entry.id;
  });
}

/** Writes the intent, lets `effect` happen, and writes what came of it. */
export async function withIntent<T>(
  deps: Deps,
  trail: Trail,
  subject: AuditSubject,
  effect: () => Promise<T>,
): Promise<T> {
  const intentId = await auditRecord(deps, trail, subject, { outcome: 'intended' });
  return withOutcome(deps, trail, { orgId: subject.orgId, tenantId: subject.tenantId, intentId }, effect);
}

/** The same where the intent was written already, in the batch of what had to be kept before the effect. */
export async function withOutcome<T>(
  deps: Deps,
  trail: Trail,
  of: { readonly orgId: string; readonly tenantId: string | null; readonly intentId: string },
  effect: () => Promise<T>,
): Promise<T> {
  const { intentId, ...subject } = of;
  const tell = async (result: AuditResult): Promise<void> => {
    await auditRecord(deps, trail, subject, { ...result, intentId }).catch((error: unknown) =>
      deps.log('audit.outcome_not_kept', { intent: intentId, error: describeError(error) }),
    );
  };
  let value: T;
  try {
    value = await effect();
  } catch (error) {
    await tell(outcomeOf(error));
    throw error;
  }
  await tell({ outcome: 'done' });
  return value;
}

/** A refusal is an answer; after any other failure nobody knows whether it happened. */
function outcomeOf(error: unknown): AuditResult {
  const code = error instanceof AppError ? error.code : 'internal';
  return { outcome: errorCatalogue[code].status < 500 ? 'refused' : 'unknown', code };
}
