/**
 * Ends tenant-host sessions when the platform session or membership they came from ends. What has to be ended is written
 * down first, then done; what a cell did not answer is tried again by the sweep. A tenant session lives 7 days at most,
 * so an ending older than that is over and dropped.
 */
import { asc, inArray, lt } from 'drizzle-orm';
import { sessionEnding } from '../adapters/d1/schema.ts';
import { tenantsOfUser } from '../adapters/d1/tenants.ts';
import { sha256Base64Url } from '../adapters/system.ts';
import { TenantId } from '../contract/ids.ts';
import type { Context } from '../context.ts';

type Deps = Pick<Context, 'db' | 'tenants' | 'system' | 'log'>;
type Ending = typeof sessionEnding.$inferInsert;

/** 5 assistants in each of some organisations; a person with more has the rest ended by time. */
const tenantsMax = 100;
/** Seven columns a row, at most 100 bound parameters a statement. */
const rowsPerInsert = 14;
const endingKeptMs = 8 * 86_400_000;

/** Hash under which a tenant session knows its platform session. */
export function parentSessionHash(token: string): Promise<string> {
  return sha256Base64Url(token);
}

/** Writes down what has to be ended because this platform session ended. Resolves to the rows, for `endSessions`. */
export async function sessionEnded(deps: Deps, session: { userId: string; token: string }): Promise<Ending[]> {
  const tenants = await tenantsOfUser(deps.db, session.userId, tenantsMax);
  const hash = await parentSessionHash(session.token);
  const createdAtMs = deps.system.nowMs();
  const rows = tenants.map(({ id, slug }) => ({
    id: deps.system.ulid(),
    tenantId: id,
    slug,
    parentSessionHash: hash,
    userId: null,
    createdAtMs,
  }));
  for (let i = 0; i < rows.length; i += rowsPerInsert) {
    await deps.db.insert(sessionEnding).values(rows.slice(i, i + rowsPerInsert));
  }
  return rows;
}

/** Asks the cells; rows that were answered are removed, the others stay for the sweep. Resolves to how many stay. */
export async function endSessions(deps: Deps, rows: readonly Ending[]): Promise<number> {
  const answers = await Promise.all(
    rows.map((row) =>
      deps.tenants.endSessions({
        tenantId: TenantId.parse(row.tenantId),
        slug: row.slug,
        ...(row.parentSessionHash ? { parentSessionHash: row.parentSessionHash } : {}),
        ...(row.userId ? { userId: row.userId } : {}),
      }),
    ),
  );
  // A cell that knows no such tenant has no session of it either.
  const done = rows.filter((_row, i) => {
    const answer = answers[i];
    return answer !== undefined && (answer.ok || answer.error.code === 'tenant_unknown');
  });
  for (let i = 0; i < done.length; i += 50) {
    const ids = done.slice(i, i + 50).map((row) => row.id);
    await deps.db.delete(sessionEnding).where(inArray(sessionEnding.id, ids));
  }
  return rows.length - done.length;
}

const sweepPage = 50;

/** The sweep's part: one page, oldest first, and what is over. */
export async function sessionEndingsSweep(deps: Deps): Promise<number> {
  await deps.db.delete(sessionEnding).where(lt(sessionEnding.createdAtMs, deps.system.nowMs() - endingKeptMs));
  const rows = await deps.db.select().from(sessionEnding).orderBy(asc(sessionEnding.createdAtMs)).limit(sweepPage);
  return rows.length === 0 ? 0 : endSessions(deps, rows);
}
