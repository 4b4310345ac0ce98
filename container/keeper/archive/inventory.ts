/**
 * Makes a snapshot's inventory: files from the archive's own manifest, conversations and cron jobs from the consistent
 * copies of the databases. What cannot be asked is left out and says so; nothing here stops a snapshot.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import {
  configKeysMax,
  filesListedMax,
  folderDepth,
  foldersListedMax,
  sessionsListedMax,
  titleCharsMax,
  type Inventory,
  type InventoryItem,
} from '../inventory-contract.ts';
import type { ManifestFile } from './manifest.ts';

const configBytesMax = 4 * 1024 * 1024;

/** What the databases and the configuration say, read before the packing begins. */
export type Contents = Pick<Inventory, 'sessions' | 'sessionCount' | 'cronJobs' | 'config'>;

/** @param staged consistent copies of databases, by path in the state */
export function readContents(stateDir: string, staged: ReadonlyMap<string, string>): Contents {
  const sessions: Inventory['sessions'][number][] = [];
  let sessionCount: number | null = 0;
  let cronJobs: number | null = null;
  for (const [at, copy] of staged) {
    if (at === 'state/openclaw.sqlite') cronJobs = ask(copy, countCronJobs);
    if (!/^agents\/[^/]+\/agent\/openclaw-agent\.sqlite$/.test(at)) continue;
    const found = ask(copy, listSessions);
    if (found === null) sessionCount = null;
    else if (sessionCount !== null) sessionCount += found.count;
    sessions.push(...(found?.sessions ?? []));
  }
  const newest = sessions.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs).slice(0, sessionsListedMax);
  return { sessions: newest, sessionCount, cronJobs, config: readConfig(path.join(stateDir, 'openclaw.json')) };
}

export function makeInventory(files: readonly ManifestFile[], contents: Contents): Inventory {
  const all = files.map((file) => ({ path: file.path, bytes: file.bytes, sha256: file.sha256, files: 1 }));
  const whole = all.length <= filesListedMax;
  return {
    v: 1,
    listing: whole ? 'files' : 'folders',
    items: whole ? all : foldersOf(all).slice(0, foldersListedMax),
    files: all.length,
    bytes: all.reduce((sum, file) => sum + file.bytes, 0),
    ...contents,
  };
}

function foldersOf(files: readonly InventoryItem[]): InventoryItem[] {
  const folders = new Map<string, { bytes: number; files: number; hash: ReturnType<typeof createHash> }>();
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const at = `${file.path.split('/').slice(0, -1).slice(0, folderDepth).join('/')}/`;
    const folder = folders.get(at) ?? { bytes: 0, files: 0, hash: createHash('sha256') };
    folder.bytes += file.bytes;
    folder.files++;
    folder.hash.update(`${file.path}\0${file.sha256}\n`);
    folders.set(at, folder);
  }
  return [...folders].map(([at, { bytes, files: held, hash }]) => ({
    path: at,
    bytes,
    files: held,
    sha256: hash.digest('hex'),
  }));
}

/** Null when the database has another form than the one known here, or is damaged. */
function ask<T>(file: string, question: (database: DatabaseSync) => T): T | null {
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  try {
    const database = new DatabaseSync(url, { readOnly: true });
    try {
      return question(database);
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

function countCronJobs(database: DatabaseSync): number {
  return Number(database.prepare('SELECT count(*) AS n FROM cron_jobs').get()?.['n'] ?? 0);
}

function listSessions(database: DatabaseSync): { count: number; sessions: Inventory['sessions'] } {
  const total = Number(database.prepare('SELECT count(*) AS n FROM session_nodes').get()?.['n'] ?? 0);
  const rows = database
    .prepare(
      `SELECT n.session_key AS id, coalesce(n.display_name, n.label) AS title, n.updated_at AS updated,
         (SELECT count(*) FROM transcript_events e JOIN session_windows w ON w.session_id = e.session_id
          WHERE w.session_key = n.session_key
            AND (e.event_json IS NULL OR substr(e.event_json, 1, 17) = '{"type":"message"')) AS messages
       FROM session_nodes n ORDER BY n.updated_at DESC LIMIT ?`,
    )
    .all(sessionsListedMax);
  const sessions = rows.map((row) => ({
    id: String(row['id']).slice(0, 512),
    title: typeof row['title'] === 'string' ? row['title'].slice(0, titleCharsMax) : null,
    updatedAtMs: Number(row['updated']),
    messages: Number(row['messages']),
  }));
  return { count: total, sessions };
}

function readConfig(file: string): Inventory['config'] {
  try {
    const text = readFileSync(file);
    if (text.length > configBytesMax) return null;
    const value: unknown = JSON.parse(text.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const keys = Object.entries(value).slice(0, configKeysMax);
    return Object.fromEntries(
      keys.map(([key, part]) => [
        key.slice(0, titleCharsMax),
        createHash('sha256').update(JSON.stringify(part)).digest('hex'),
      ]),
    );
  } catch {
    return null;
  }
}
