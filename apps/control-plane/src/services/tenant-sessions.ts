/**
 * Ends the tenant-host sessions that were made from a platform session, wherever its owner could have opened one. Best
 * effort: a cell that is not reached ends them at its own check of members, and at the latest when they expire.
 */
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { organisationsOf, tenantsOfOrg } from '../adapters/d1/tenants.ts';
import { sha256Base64Url } from '../adapters/system.ts';
import { TenantId } from '../contract/ids.ts';
import type { TenantControl } from '../contract/tenant-rpc.ts';

const tenantsMax = 50;

export async function endTenantSessions(
  deps: { db: DrizzleD1Database; tenants: TenantControl },
  session: { userId: string; token: string },
): Promise<void> {
  const parentSessionHash = await sha256Base64Url(session.token);
  for (const organisation of await organisationsOf(deps.db, session.userId)) {
    const rows = await tenantsOfOrg(deps.db, organisation.id, '', tenantsMax);
    await Promise.allSettled(
      rows.map((row) =>
        deps.tenants.endSessions({ tenantId: TenantId.parse(row.id), slug: row.slug, parentSessionHash }),
      ),
    );
  }
}
