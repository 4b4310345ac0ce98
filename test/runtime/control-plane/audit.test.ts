// The audit trail in the real database: one chain whatever happens at once, entries that nobody can change, outcomes that
// follow intents, anchors outside, and a verification that says where a chain was touched.

import { beforeEach, describe, expect, it } from 'vitest';
import { anchorKey, anchorsOf } from '../../../apps/control-plane/src/adapters/audit-anchors.ts';
import type { AuditEntryView, AuditVerification } from '../../../apps/control-plane/src/contract/audit-api.ts';
import { anchorChains } from '../../../apps/control-plane/src/jobs/audit-anchors.ts';
import { bindings, createdTenant, createWorld, join, json, newPerson, problemOf, rows } from './support/world.ts';
import type { Person, World } from './support/world.ts';

let world: World;
let owner: Person;
let tenantId: string;

beforeEach(async () => {
  world = await createWorld();
  owner = await newPerson(world, 'Owner');
  tenantId = (await createdTenant(owner)).tenant.id;
});

const list = async (query = ''): Promise<{ items: AuditEntryView[]; nextCursor: string | null }> =>
  json(owner.browser.get(`/api/v1/orgs/${owner.orgId}/audit${query}`));
const verify = async (): Promise<AuditVerification> =>
  json(owner.browser.get(`/api/v1/orgs/${owner.orgId}/audit/verification`));
const rename = (name: string) => owner.browser.send('PATCH', `/api/v1/tenants/${tenantId}`, { name });

/** As somebody with the database's credential would: the triggers stand in the way, so they go first. */
async function tamper(...statements: string[]): Promise<void> {
  for (const name of ['no_update', 'no_delete', 'follows', 'head']) {
    await bindings.DB.exec(`DROP TRIGGER IF EXISTS audit_entry_${name}`);
  }
  for (const statement of statements) {
    await bindings.DB.prepare(statement.replaceAll('ORG', `'${owner.orgId}'`)).run();
  }
}
const triggers = async (): Promise<string[]> =>
  (await rows("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit_entry'")).map(({ sql }) =>
    String(sql),
  );

describe('appending', () => {
  it('makes one chain of changes that come at the same time', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `Name ${i}`);
    const answers = await Promise.all([
      ...names.map((name) => rename(name)),
      ...names.map((_, i) =>
        owner.browser.send('PUT', `/api/v1/tenants/${tenantId}/secrets/s-${i}`, {
          use: { kind: 'model_key', provider: 'openai' },
          value: 'sk-canary-never-in-the-trail',
        }),
      ),
    ]);
    const taken = answers.filter(({ status }) => status === 200).length;
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    const chain = await rows(
      'SELECT seq, action, outcome, detail FROM audit_entry WHERE org_id = ? ORDER BY seq',
      owner.orgId,
    );
    expect(chain.map(({ seq }) => seq)).toEqual(chain.map((_, i) => i + 1));
    const updates = chain.filter(({ action }) => action === 'tenant.update').length;
    const stored = chain.filter(({ action, outcome }) => action === 'secret.put' && outcome === 'done').length;
    expect(updates + stored).toBe(taken);
    expect(JSON.stringify(chain)).not.toContain('canary');
    expect(await verify()).toMatchObject({ from: 1, to: chain.length, next: null, broken: null });
  });

  it('leaves no entry without its change and no change without its entry', async () => {
    for (const fault of ['before', 'after'] as const) {
      for (let n = 1; n <= 7; n++) {
        const [before] = await rows('SELECT generation FROM tenant WHERE id = ?', tenantId);
        const [entries] = await rows("SELECT count(*) AS n FROM audit_entry WHERE action = 'tenant.update'");
        world.database.failAt(n, fault);
        await rename(`${fault} ${n}`);
        world.database.heal();
        await world.settled();
        const [after] = await rows('SELECT generation FROM tenant WHERE id = ?', tenantId);
        const [now] = await rows("SELECT count(*) AS n FROM audit_entry WHERE action = 'tenant.update'");
        expect(Number(now?.['n']) - Number(entries?.['n'])).toBe(
          Number(after?.['generation']) - Number(before?.['generation']),
        );
      }
    }
    expect((await verify()).broken).toBeNull();
  });

  it('refuses changes of entries in the database itself, and entries that follow nothing', async () => {
    await expect(rows('UPDATE audit_entry SET actor_id = ?', 'nobody')).rejects.toThrow(/append-only/);
    await expect(rows('DELETE FROM audit_entry')).rejects.toThrow(/append-only/);
    const copy = (seq: string) =>
      rows(
        `INSERT OR REPLACE INTO audit_entry SELECT org_id, ${seq}, id || 'x', at_ms, actor_kind, actor_id, action, outcome,
           tenant_id, intent_id, code, reason, detail, request_id, prev_hash, hash FROM audit_entry WHERE org_id = ?`,
        owner.orgId,
      );
    for (const seq of ['seq', 'seq + 1', 'seq + 5']) await expect(copy(seq)).rejects.toThrow(/follow one another/);
  });

  it('takes nothing of staff without a reason', async () => {
    const entry = (reason: string) =>
      rows(
        `INSERT INTO audit_entry (org_id, seq, id, at_ms, actor_kind, actor_id, action, outcome, reason, detail, prev_hash, hash)
         VALUES ('org_staff', 1, 'aud_staff', 1, 'staff', 'usr_1', 'tenant.sleep', 'done', ${reason}, '{}', '', 'h')`,
      );
    for (const reason of ['NULL', "''", "'  '"]) await expect(entry(reason)).rejects.toThrow(/CHECK/);
  });
});

describe('intent before effect', () => {
  const outcomes = async (action: string) =>
    (await list(`?action=${action}`)).items.map(({ outcome, code }) =>
      code === null ? outcome : `${outcome} ${code}`,
    );

  it('is followed by what came of it: done, refused, or not known', async () => {
    const put = () =>
      owner.browser.send('PUT', `/api/v1/tenants/${tenantId}/network`, { version: 0, preset: 'locked', rules: [] });
    expect((await put()).status).toBe(200);
    const known = [...world.cell.tenants];
    world.cell.tenants.clear();
    expect((await put()).status).toBe(404);
    for (const [slug, tenant] of known) world.cell.tenants.set(slug, tenant);
    world.cell.fault = (what) => (what === 'changeNetwork' ? 'after' : 'none');
    expect((await put()).status).toBe(502);
    expect(await outcomes('network.replace')).toEqual([
      'unknown tenant_unreachable',
      'intended',
      'refused tenant_unknown',
      'intended',
      'done',
      'intended',
    ]);
    const [outcome, intent] = (await list('?action=network.replace')).items;
    expect(outcome).toMatchObject({ intentId: intent?.id, requestId: intent?.requestId });
  });

  it('changes nothing when the intent cannot be written', async () => {
    await bindings.DB.exec(
      "CREATE TRIGGER audit_away BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'the trail is away'); END",
    );
    const calls = world.cell.calls.length;
    const answer = await owner.browser.send('DELETE', `/api/v1/tenants/${tenantId}/secrets/github`);
    await bindings.DB.exec('DROP TRIGGER audit_away');
    expect(answer.status).toBe(500);
    expect(world.cell.calls.slice(calls).map(({ what }) => what)).not.toContain('deleteSecret');
  });

  it('is one for a command and its repeats', async () => {
    const key = { 'idempotency-key': 'one-nap' };
    world.cell.fault = (what) => (what === 'command' ? 'before' : 'none');
    const first = world.cell.tenants.values().next().value;
    if (first !== undefined) first.state = 'awake';
    const path = `/api/v1/tenants/${tenantId}/sleep`;
    expect((await owner.browser.send('POST', path, undefined, key)).status).toBe(502);
    world.cell.fault = () => 'none';
    expect((await owner.browser.send('POST', path, undefined, key)).status).toBe(202);
    expect((await owner.browser.send('POST', path, undefined, key)).status).toBe(202);
    expect(await outcomes('tenant.sleep')).toEqual(['done', 'unknown tenant_unreachable', 'intended']);
  });
});

describe('reading', () => {
  it('is for owners and admins, by page and by filter, with names', async () => {
    const admin = await newPerson(world, 'Ada');
    await join(admin, owner.orgId, 'admin');
    const member = await newPerson(world, 'Mel');
    await join(member, owner.orgId, 'member');
    await rename('Marlin');
    expect((await admin.browser.send('PATCH', `/api/v1/tenants/${tenantId}`, { name: 'Nemo' })).status).toBe(200);
    const all = await list();
    expect(all.items.map(({ action }) => action)).toEqual(['tenant.update', 'tenant.update', 'tenant.create']);
    expect(all.items[0]).toMatchObject({
      seq: 3,
      actor: { kind: 'person', id: admin.userId, name: 'Ada' },
      tenantName: 'Nemo',
      before: { displayName: 'Marlin' },
      after: { displayName: 'Nemo' },
    });
    const page = await list('?limit=2');
    expect(page.items).toHaveLength(2);
    expect((await list(`?limit=2&cursor=${page.nextCursor}`)).items.map(({ seq }) => seq)).toEqual([1]);
    expect((await list(`?actor=${admin.userId}`)).items).toHaveLength(1);
    expect((await list(`?tenant=ten_${'0'.repeat(26)}`)).items).toHaveLength(0);
    expect((await admin.browser.get(`/api/v1/orgs/${owner.orgId}/audit`)).status).toBe(200);
    expect(await problemOf(member.browser.get(`/api/v1/orgs/${owner.orgId}/audit`))).toMatchObject({ status: 403 });
  });
});

describe('anchors', () => {
  it('keep the head of each chain that grew, once a day, and are never replaced', async () => {
    expect(await anchorChains(world.ctx)).toBeGreaterThan(0);
    const day = new Date(world.clock.nowMs).toISOString().slice(0, 10);
    const kept = async () => (await bindings.AUDIT_ANCHORS.get(anchorKey(owner.orgId, day)))?.text();
    const first = await kept();
    expect(JSON.parse(first ?? '')).toMatchObject({ seq: 1, orgId: owner.orgId });
    await rename('Second');
    expect(await anchorChains(world.ctx)).toBe(0);
    await bindings.DB.prepare("UPDATE audit_head SET anchored_day = '' WHERE org_id = ?").bind(owner.orgId).run();
    await anchorChains(world.ctx);
    expect(await kept()).toBe(first);
    world.clock.nowMs += 86_400_000;
    await anchorChains(world.ctx);
    expect(await verify()).toMatchObject({ to: 2, anchors: 2, broken: null });
    const newest = await anchorsOf(bindings.AUDIT_ANCHORS, owner.orgId, 1);
    expect(newest.anchors.map(({ seq }) => seq)).toEqual([2]);
  });

  it('let a verification say where a chain was touched', async () => {
    for (const name of ['Two', 'Three', 'Four', 'Five']) await rename(name);
    await anchorChains(world.ctx);
    const kept = await triggers();
    const saved = await rows('SELECT * FROM audit_entry WHERE org_id = ? ORDER BY seq', owner.orgId);
    const restore = async (): Promise<void> => {
      const columns = Object.keys(saved[0] ?? {});
      await bindings.DB.batch([
        bindings.DB.prepare('DELETE FROM audit_entry WHERE org_id = ?').bind(owner.orgId),
        ...saved.map((row) =>
          bindings.DB.prepare(
            `INSERT INTO audit_entry (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
          ).bind(...columns.map((name) => row[name])),
        ),
      ]);
    };
    const cases: readonly (readonly [kind: string, seq: number, ...sql: string[]])[] = [
      ['edited', 3, "UPDATE audit_entry SET actor_id = 'usr_other' WHERE org_id = ORG AND seq = 3"],
      ['removed', 2, 'DELETE FROM audit_entry WHERE org_id = ORG AND seq = 2'],
      ['truncated', 5, 'DELETE FROM audit_entry WHERE org_id = ORG AND seq = 5'],
      ['truncated', 1, 'DELETE FROM audit_entry WHERE org_id = ORG', 'DELETE FROM audit_head WHERE org_id = ORG'],
      [
        'reordered',
        2,
        'UPDATE audit_entry SET seq = 99 WHERE org_id = ORG AND seq = 2',
        'UPDATE audit_entry SET seq = 2 WHERE org_id = ORG AND seq = 4',
        'UPDATE audit_entry SET seq = 4 WHERE org_id = ORG AND seq = 99',
      ],
    ];
    for (const [kind, seq, ...sql] of cases) {
      await tamper(...sql);
      expect((await verify()).broken, kind).toMatchObject({ kind, seq });
      await restore();
    }
    expect((await verify()).broken).toBeNull();
    // The next day's anchor isn't written over a break.
    await tamper("UPDATE audit_entry SET code = 'x' WHERE org_id = ORG AND seq = 1");
    world.clock.nowMs += 86_400_000;
    await bindings.DB.prepare(
      'INSERT INTO audit_head (org_id, seq, hash, anchored_seq) SELECT org_id, seq, hash, 0 FROM audit_entry WHERE org_id = ? AND seq = 5 ON CONFLICT DO UPDATE SET anchored_seq = 0',
    )
      .bind(owner.orgId)
      .run();
    await anchorChains(world.ctx);
    const next = new Date(world.clock.nowMs).toISOString().slice(0, 10);
    expect(await bindings.AUDIT_ANCHORS.get(anchorKey(owner.orgId, next))).toBeNull();
    await restore();
    for (const sql of kept) await bindings.DB.prepare(sql).run();
  });
});
