// `npm run audit:verify` on a kept state: D1 and R2 as the stack leaves them, one honest chain and one that was cut.

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterEach, expect, it } from 'vitest';
import { anchorText } from '../../apps/control-plane/src/core/audit-anchor.ts';
import { canonicalEntry } from '../../apps/control-plane/src/core/audit-chain.ts';
import { followWhole } from './whole-chain.ts';
import { keptChains } from './kept-chains.ts';

const root = path.resolve(import.meta.dirname, '../..');
const stateDir = mkdtempSync(path.join(tmpdir(), 'tidepool-audit-'));
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

it('follows every chain, and names what an anchor kept and nobody has', async () => {
  await writeState();
  const found = await Promise.all(
    (await keptChains(root, stateDir)).map(async (chain) => [chain.orgId, await followWhole(chain)]),
  );
  expect(found).toEqual([
    ['org_cut', expect.objectContaining({ broken: expect.objectContaining({ kind: 'truncated', seq: 3 }) })],
    ['org_gone', expect.objectContaining({ broken: expect.objectContaining({ kind: 'truncated', seq: 1 }) })],
    ['org_whole', { to: 3, anchors: 1, broken: null }],
  ]);
});

async function writeState(): Promise<void> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: path.join(stateDir, 'bindings'),
      workers: [
        {
          name: 'tidepool-control-plane',
          modules: true,
          script: 'export default { fetch: () => new Response() };',
          d1Databases: { DB: { id: '00000000-0000-4000-8000-000000000001' } },
          r2Buckets: { AUDIT_ANCHORS: { id: 'tidepool-audit' } },
        },
      ],
    }),
  );
  const db = await miniflare.getD1Database('DB', 'tidepool-control-plane');
  const bucket = await miniflare.getR2Bucket('AUDIT_ANCHORS', 'tidepool-control-plane');
  const file = readdirSync(path.join(root, 'migrations')).find((name) => name.endsWith('_audit_chain.sql')) ?? '';
  const table = /CREATE TABLE `audit_entry` [\s\S]*?\n\);/.exec(
    readFileSync(path.join(root, 'migrations', file), 'utf8'),
  );
  await db.prepare(table?.[0].replace(/;$/, '') ?? '').run();
  for (const [orgId, kept] of [
    ['org_whole', 3],
    ['org_cut', 2],
    ['org_gone', 0],
  ] as const) {
    let prevHash = '';
    for (let seq = 1; seq <= 3; seq++) {
      const entry = {
        orgId,
        seq,
        id: `${orgId}-${seq}`,
        atMs: seq,
        actorKind: 'person',
        actorId: 'usr_1',
        action: 'tenant.wake',
        outcome: 'done',
        tenantId: null,
        intentId: null,
        code: null,
        reason: null,
        detail: '{}',
        requestId: null,
        prevHash,
      };
      prevHash = createHash('sha256').update(canonicalEntry(entry)).digest('base64url');
      if (seq > kept) continue;
      await db
        .prepare(`INSERT INTO audit_entry VALUES (${Array.from({ length: 16 }, () => '?').join()})`)
        .bind(...Object.values(entry), prevHash)
        .run();
    }
    await bucket.put(
      `audit/${orgId}/2026-11-21.json`,
      anchorText({ orgId, head: { seq: 3, hash: prevHash }, atMs: 3 }),
    );
  }
  await miniflare.dispose();
}
