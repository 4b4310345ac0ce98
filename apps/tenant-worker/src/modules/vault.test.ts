import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealValue } from '../../../control-plane/src/adapters/seal-value.ts';
import type { SecretUse } from '../../../control-plane/src/contract/secrets.ts';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { CellKeys, toBase64 } from '../adapters/cell-keys.ts';
import { migrate } from './migrate.ts';
import { text } from './row.ts';
import { Vault, secretsMax } from './vault.ts';
import { VAULT_MIGRATIONS } from './vault-schema.ts';

const k1 = toBase64(new Uint8Array(32).fill(1));
const k2 = toBase64(new Uint8Array(32).fill(2));
const old = new CellKeys(JSON.stringify({ current: 'k1', keys: { k1 } }));
const both = new CellKeys(JSON.stringify({ current: 'k2', keys: { k1, k2 } }));
const after = new CellKeys(JSON.stringify({ current: 'k2', keys: { k2 } }));

const tenantId = 'ten_a';
const use: SecretUse = { kind: 'model_key', provider: 'openai' };
const by = { byUserId: 'usr1', nowMs: 1_000_000 };
const secret = 'sk-canary-0123456789';

let sql: NodeSql;
const vaultWith = (keys: CellKeys, tenant = tenantId) => new Vault(sql, keys, () => tenant);
const put = (vault: Vault, name: string, plain = secret) => vault.put({ name, use, plain }, by);

beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, VAULT_MIGRATIONS, 0);
});
afterEach(() => sql.close());

const dump = () =>
  JSON.stringify(['vault_key', 'vault_secret', 'vault_version'].map((table) => sql.exec(`SELECT * FROM ${table}`)));

describe('a secret', () => {
  it('is stored sealed and shown by its last four', async () => {
    const vault = vaultWith(old);
    expect(await put(vault, 'openai')).toMatchObject({ version: 1, lastFour: '6789', lastUsedAtMs: null });
    expect(await put(vault, 'short', 'hunter2')).toMatchObject({ lastFour: '' });
    expect(dump()).not.toContain('canary');
    expect(dump()).not.toContain(btoa(secret).slice(0, 12));
    expect(await vault.open('openai', 1, by.nowMs)).toBe(secret);
    expect(vault.list()[0]?.lastUsedAtMs).toBe(by.nowMs);
  });

  it('replaced or deleted does not open by its old version, and a version is used once', async () => {
    const vault = vaultWith(old);
    await put(vault, 'a');
    expect(await put(vault, 'a', 'second-value')).toMatchObject({ version: 2 });
    expect(await vault.open('a', 1, 0)).toBeNull();
    expect([vault.remove('a'), vault.remove('a')]).toEqual([true, false]);
    expect(await put(vault, 'a')).toMatchObject({ version: 3 });
  });

  it('swapped, renamed, relabelled, rolled back or changed is refused', async () => {
    const vault = vaultWith(old);
    await put(vault, 'a');
    await put(vault, 'b', 'another-secret-value');
    const sealed = (name: string) =>
      text(sql.exec('SELECT sealed FROM vault_secret WHERE name = ?', name)[0] ?? {}, 'sealed');
    const first = sealed('a');
    await put(vault, 'a', 'newer');
    const good = sealed('a');
    for (const bad of [sealed('b'), first, `${good.slice(0, -6)}AAAA==`]) {
      sql.exec("UPDATE vault_secret SET sealed = ? WHERE name = 'a'", bad);
      await expect(vault.open('a', 2, 0)).rejects.toThrow();
    }
    sql.exec("UPDATE vault_secret SET sealed = ? WHERE name = 'a'", good);
    await expect(vaultWith(old, 'ten_b').open('a', 2, 0)).rejects.toThrow();
    sql.exec("UPDATE vault_key SET kid = 'k2'");
    await expect(vaultWith(both).open('a', 2, 0)).rejects.toThrow();
  });

  it('has a place among so many', async () => {
    const vault = vaultWith(old);
    for (let i = 0; i < secretsMax; i++) await put(vault, `s${i}`);
    expect(await put(vault, 'one-more')).toBeNull();
    expect(await put(vault, 's1')).toMatchObject({ version: 2 });
  });

  it('written twice at once is one of the two, whole', async () => {
    const vault = vaultWith(old);
    await Promise.all([put(vault, 'a', 'one'), put(vault, 'a', 'two'), put(vault, 'b', 'three')]);
    expect(vault.list().map(({ name, version }) => [name, version])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    // Which of the two came later is not said; that it is whole is.
    expect(['one', 'two']).toContain(await vault.open('a', 2, 0));
    expect(await vault.open('b', 1, 0)).toBe('three');
  });
});

describe('rotation', () => {
  const names = Array.from({ length: 25 }, (_, i) => `s${i}`);
  const readable = async (keys: CellKeys) => {
    const vault = vaultWith(keys);
    for (const { name, version } of vault.list()) expect(await vault.open(name, version, 0)).toBe(secret);
  };

  it('moves to a new key-encryption key, after which the old one may go', async () => {
    for (const name of names) await put(vaultWith(old), name);
    while ((await vaultWith(both).rotate()) > 0) await readable(both);
    await readable(after);
  });

  it('moves to a new data key in steps, everything readable between them', async () => {
    for (const name of names) await put(vaultWith(old), name);
    await vaultWith(both).beginDataKey('rot_1');
    const left: number[] = [];
    for (let n = 1; n > 0;) {
      // A new object each time: a step that was the last of its object loses nothing.
      n = await vaultWith(both).rotate();
      left.push(n);
      await readable(both);
    }
    expect(left).toEqual([15, 5, 0]);
    expect(sql.exec('SELECT epoch FROM vault_key')).toEqual([{ epoch: 2 }]);
    await readable(after);
  });

  /** Keys that open nothing before the gate does: whoever uses them is held in the middle of its work. */
  function heldKeys() {
    const gate = Promise.withResolvers<void>();
    const held = new CellKeys(JSON.stringify({ current: 'k1', keys: { k1 } }));
    const unwrap = held.unwrapDataKey.bind(held);
    held.unwrapDataKey = async (...about) => {
      await gate.promise;
      return unwrap(...about);
    };
    return { held, release: () => gate.resolve() };
  }

  it('that drops the key which a value is being sealed with loses no value', async () => {
    const vault = vaultWith(old);
    await put(vault, 'x');
    vault.remove('x');
    const { held, release } = heldKeys();
    const storing = put(vaultWith(held), 'a');
    await vault.beginDataKey('rot_1');
    expect(await vault.rotate()).toBe(0);
    expect(sql.exec('SELECT epoch FROM vault_key')).toEqual([{ epoch: 2 }]);
    release();
    expect(await storing).toMatchObject({ version: 1 });
    await readable(old);
  });

  it('steps aside for a newer one that overtakes it, and neither fails', async () => {
    const vault = vaultWith(old);
    for (const name of names.slice(0, 3)) await put(vault, name);
    await vault.beginDataKey('rot_1');
    const { held, release } = heldKeys();
    const slow = vaultWith(held).rotate();
    await vault.beginDataKey('rot_2');
    expect(await vault.rotate()).toBe(0);
    release();
    await slow;
    expect(sql.exec('SELECT DISTINCT epoch FROM vault_secret')).toEqual([{ epoch: 3 }]);
    await readable(old);
  });

  it('does not undo a replacement that came in its middle', async () => {
    await put(vaultWith(old), 'a');
    await vaultWith(old).beginDataKey('rot_1');
    await Promise.all([vaultWith(old).rotate(), put(vaultWith(old), 'a', 'newer')]);
    expect(await vaultWith(old).open('a', 2, 0)).toBe('newer');
  });
});

describe('sealing', () => {
  const about = { tenantId, name: 'a' };
  it('opens in the cell, for its tenant and name only', async () => {
    const sealed = await sealValue(await old.sealingKey(), about, secret);
    expect(JSON.stringify(sealed)).not.toContain(btoa(secret).slice(0, 12));
    expect(await old.openSealed(sealed, about)).toBe(secret);
    await expect(old.openSealed(sealed, { ...about, tenantId: 'ten_b' })).rejects.toThrow();
    await expect(old.openSealed(sealed, { ...about, name: 'b' })).rejects.toThrow();
    await expect(both.openSealed({ ...sealed, kid: 'k2' }, about)).rejects.toThrow();
    await expect(after.openSealed(sealed, about)).rejects.toThrow('k1');
  });
  it('goes on through a rotation of the ring', async () => {
    const sealed = await sealValue(await old.sealingKey(), about, secret);
    expect(await both.openSealed(sealed, about)).toBe(secret);
    expect((await both.sealingKey()).kid).toBe('k2');
  });
});
