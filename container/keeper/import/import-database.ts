/**
 * OpenClaw's databases as they are brought: what another process had not yet written into them is taken in, damage is
 * found, and keys, logins and the other machine's own rows go out. The file is rewritten, so that nothing of them is left
 * in its free pages.
 */
import { DatabaseSync } from 'node:sqlite';
import { rmSync } from 'node:fs';

/** Tables of OpenClaw 2026.9.6 that hold keys, logins or pairings, and what only one running process means. */
const emptiedTables = [
  'auth_profile_store',
  'auth_profile_stores',
  'auth_profile_state',
  'mcp_oauth_stores',
  'secret_store_entries',
  'worker_environment_credentials',
  'device_pairing_pending',
  'device_pairing_paired',
  'device_bootstrap_tokens',
  'device_pair_setup_completions',
  'device_pairing_join_codes',
  'device_identities',
  'device_auth_tokens',
  'gateway_origin_device_tokens',
  'web_push_subscriptions',
  'web_push_approval_deliveries',
  'apns_registrations',
  'apns_registration_tombstones',
  'channel_pairing_requests',
  'exec_approvals_config',
  'operator_approvals',
  'delivery_queue_entries',
  'native_hook_relay_bridges',
  'state_leases',
  'agent_database_leases',
  'fleet_cells',
] as const;

/** Columns that hold paths of the state folder itself: a job under another folder's name would never run. */
const ownPaths = [
  ['cron_jobs', 'store_key'],
  ['cron_run_receipts', 'store_key'],
  ['cron_job_scratch', 'store_key'],
  ['workspace_setup_state', 'workspace_path'],
  ['workspace_path_aliases', 'alias_path'],
  ['workspace_path_aliases', 'workspace_path'],
] as const;
const cronSuffix = '/cron/jobs.json';

export interface CleanedDatabase {
  /** Rows that went out, by table. */
  readonly emptied: Readonly<Record<string, number>>;
  readonly cronJobs: number;
  readonly conversations: number;
}

/**
 * @param stateDir where the state folder will stand
 * @throws Error with SQLite's own words when the file is damaged or no database
 */
export function cleanDatabase(file: string, stateDir: string): CleanedDatabase {
  const database = new DatabaseSync(file);
  try {
    const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (verdict !== 'ok') throw new Error(String(verdict));
    const tables = new Set(
      database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .all()
        .map((row) => String(row['name'])),
    );
    const count = (table: string): number =>
      tables.has(table) ? Number(database.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.['n'] ?? 0) : 0;
    const emptied: Record<string, number> = {};
    // Rows refer to each other; what they refer to goes with them.
    database.exec('PRAGMA foreign_keys = OFF');
    for (const table of emptiedTables) {
      const rows = count(table);
      if (rows === 0) continue;
      database.exec(`DELETE FROM "${table}"`);
      emptied[table] = rows;
    }
    if (tables.has('cron_jobs')) {
      const from = database
        .prepare('SELECT store_key FROM cron_jobs')
        .all()
        .map((row) => String(row['store_key']))
        .find((key) => key.endsWith(cronSuffix) && !key.startsWith(`${stateDir}/`));
      if (from !== undefined) movePaths(database, tables, from.slice(0, -cronSuffix.length), stateDir);
    }
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.exec('PRAGMA journal_mode = DELETE');
    database.exec('VACUUM');
    return { emptied, cronJobs: count('cron_jobs'), conversations: count('session_nodes') };
  } finally {
    database.close();
    for (const companion of ['-wal', '-shm', '-journal']) rmSync(`${file}${companion}`, { force: true });
  }
}

function movePaths(database: DatabaseSync, tables: ReadonlySet<string>, from: string, to: string): void {
  for (const [table, column] of ownPaths) {
    if (!tables.has(table)) continue;
    database
      .prepare(
        `UPDATE OR IGNORE "${table}" SET "${column}" = ? || substr("${column}", ?)
         WHERE "${column}" = ? OR substr("${column}", 1, ?) = ?`,
      )
      .run(to, from.length + 1, from, from.length + 1, `${from}/`);
  }
}
