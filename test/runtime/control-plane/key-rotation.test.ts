// A rotation of the cell's keys over the fleet: everybody is asked, whoever is not through is asked again, and it is done
// only when nobody is left.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { beginRotationSql, rotationStatusSql } from '../../../apps/control-plane/src/core/key-rotation-sql.ts';
import { runKeyRotation } from '../../../apps/control-plane/src/jobs/key-rotation.ts';
import { createdTenant, createWorld, newPerson, rows, type World } from './support/world.ts';

let world: World;
const slugs: string[] = [];
beforeAll(async () => {
  world = await createWorld();
  for (let n = 0; n < 3; n++) slugs.push((await createdTenant(await newPerson(world))).tenant.slug);
});
beforeEach(async () => {
  world.cell.rotation = () => ({ left: 0, kid: 'k1', kids: ['k1'] });
  world.cell.calls.length = 0;
  for (const table of ['key_rotation', 'key_rotation_left']) await rows(`DELETE FROM ${table}`);
});

const status = async () => (await rows(rotationStatusSql))[0];
const asked = () => world.cell.calls.filter(({ what }) => what === 'rotateSecrets').map(({ slug }) => slug);
const run = () => runKeyRotation(world.ctx);
/** The newest rotation's entries, in the trails of all organisations. */
const entries = async () =>
  rows(
    `SELECT actor_id, tenant_id, outcome, detail FROM audit_entry
     WHERE action = 'secret.rotate' AND instr(id, ?) > 0`,
    (await status())?.['id'],
  );

describe('a rotation', () => {
  it('asks everybody, each until nothing is left of it, and is done', async () => {
    expect(await run()).toBe(0);
    await rows(beginRotationSql('kek'));
    // One at a time.
    await rows(beginRotationSql('data_key'));
    const left = new Map(slugs.map((slug) => [slug, 2]));
    world.cell.rotation = (slug) => {
      const more = (left.get(slug) ?? 0) - 1;
      left.set(slug, more);
      return { left: Math.max(more, 0), kid: 'k1', kids: ['k1'] };
    };
    await run();
    expect([...new Set(asked())].toSorted()).toEqual([...slugs].toSorted());
    expect(asked()).toHaveLength(6);
    expect(await rows('SELECT kind FROM key_rotation')).toEqual([{ kind: 'kek' }]);
    expect(await status()).toMatchObject({ state: 'done', kid: 'k1', asked: 3, left_over: 0, why: null });
    expect(await run()).toBe(0);
    const told = await entries();
    expect(new Set(told.map(({ tenant_id: id }) => id)).size).toBe(3);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatchObject({ actor_id: 'key-rotation', outcome: 'done' });
    expect(JSON.parse(String(told[0]?.['detail']))).toMatchObject({ after: { keys: 'kek', kid: 'k1' } });
  });

  it('is not done while one is away or still runs on the old key, and asks only those again', async () => {
    await rows(beginRotationSql('kek'));
    const [away, running] = slugs;
    world.cell.rotation = (slug) =>
      slug === away ? null : { left: 0, kid: 'k1', kids: slug === running ? ['k0', 'k1'] : ['k1'] };
    await run();
    expect(await status()).toMatchObject({ state: 'running', left_over: 2 });
    expect(
      String((await status())?.['why'])
        .split(', ')
        .toSorted(),
    ).toEqual(['run_on_old_key 1', 'tenant_unreachable 1']);
    world.cell.calls.length = 0;
    // Whoever is left has no entry.
    expect(await entries()).toHaveLength(1);
    await run();
    expect(asked()).toEqual([]);
    world.clock.nowMs += 300_000;
    world.cell.rotation = () => ({ left: 0, kid: 'k1', kids: ['k1'] });
    await run();
    expect(asked().toSorted()).toEqual(slugs.slice(0, 2).toSorted());
    expect(await status()).toMatchObject({ state: 'done', left_over: 0 });
    expect(await entries()).toHaveLength(3);
  });

  it('that is cut off at any round trip to the database goes on and ends, everybody counted and told once', async () => {
    for (const how of ['before', 'after'] as const) {
      for (let n = 1; n <= 13; n += 3) {
        await rows('DELETE FROM key_rotation');
        await rows(beginRotationSql('data_key'));
        world.database.failAt(n, how);
        await run().catch(() => undefined);
        world.database.heal();
        for (let more = 0; more < 3; more++) {
          world.clock.nowMs += 300_000;
          await run();
        }
        expect(await status()).toMatchObject({ state: 'done', asked: 3, left_over: 0 });
        expect(await entries()).toHaveLength(3);
      }
    }
  });

  it('is held up for nobody by an organisation whose trail takes no entry', async () => {
    await rows(beginRotationSql('kek'));
    const [{ org_id: broken } = {}] = await rows('SELECT org_id FROM tenant WHERE slug = ?', slugs[0]);
    const [head] = await rows('SELECT * FROM audit_head WHERE org_id = ?', broken);
    if (head === undefined) throw new Error('an organisation has a trail from its first assistant on');
    await rows('DELETE FROM audit_head WHERE org_id = ?', broken);
    await run();
    expect(await status()).toMatchObject({ state: 'running', asked: 3, left_over: 1, why: 'not_written_down 1' });
    expect(await entries()).toHaveLength(2);
    const names = Object.keys(head);
    const marks = names.map(() => '?').join(', ');
    await rows(`INSERT INTO audit_head (${names.join(', ')}) VALUES (${marks})`, ...Object.values(head));
    world.clock.nowMs += 300_000;
    await run();
    expect(await status()).toMatchObject({ state: 'done', left_over: 0 });
    expect(await entries()).toHaveLength(3);
  });

  it('rests while the cell names another key as the current one', async () => {
    await rows(beginRotationSql('kek'));
    await rows("UPDATE key_rotation SET kid = 'k9'");
    expect(await run()).toBe(0);
    expect([asked(), (await status())?.['state']]).toEqual([[], 'running']);
  });
});
