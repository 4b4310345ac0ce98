/** The vault's tables: data keys by epoch, sealed secrets, and the versions that names have had. */
import type { Migration } from '../ports.ts';

export const VAULT_MIGRATIONS: readonly Migration[] = [
  {
    id: 'vault/1',
    sql: [
      `CREATE TABLE vault_key (
        epoch INTEGER PRIMARY KEY AUTOINCREMENT,
        kid TEXT NOT NULL,
        wrapped TEXT NOT NULL
      )`,
      `CREATE TABLE vault_secret (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        sealed TEXT NOT NULL,
        use TEXT NOT NULL,
        last_four TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL,
        changed_by TEXT NOT NULL,
        last_used_at_ms INTEGER
      )`,
      'CREATE TABLE vault_version (name TEXT PRIMARY KEY, version INTEGER NOT NULL)',
    ],
  },
  {
    id: 'vault/2',
    sql: [
      'ALTER TABLE vault_secret ADD COLUMN refused_at_ms INTEGER',
      'ALTER TABLE vault_secret ADD COLUMN refused_status INTEGER',
      'ALTER TABLE vault_key ADD COLUMN rotation_id TEXT',
      'CREATE UNIQUE INDEX vault_key_rotation ON vault_key (rotation_id)',
    ],
  },
];
