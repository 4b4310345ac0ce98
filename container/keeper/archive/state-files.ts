/**
 * What of a state folder belongs into a snapshot: pure rules over paths, and the walk that applies them. Left out is what
 * OpenClaw makes again (caches, temporary files, logs, links to its own skills) and what only means something to a running
 * process (locks, write-ahead logs, sockets). Inside `workspace/` almost everything is the tenant's: a `yarn.lock` is kept.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../problem.ts';
import { safeLinkTarget } from './entry-guard.ts';
import { isSqliteFile } from './sqlite-file.ts';
import type { Skipped } from './manifest.ts';

export type StateItem =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number; readonly mtimeMs: number }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'database'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string };

/** Folders at the top that OpenClaw fills again. */
const regenerated = new Set(['cache', 'tmp', 'logs', 'plugin-skills']);

/** The tenant's own files, at the top. */
const tenantOwned = new Set(['workspace', 'media']);

/** Lock databases, generation copies and half-written files of OpenClaw itself. */
const transientName =
  /\.lock$|\.lock\.|(?:-lock|-writer|\.lock)\.sqlite$|\.sqlite\.generation-|\.generation-[^/]*\.sqlite|\.sqlite\.reindex-|\.candidate(?:\.|$)/;

/** Companions of a database that its backup makes superfluous. */
const companionName = /-(?:wal|shm|journal)$/;

/** Names worth a look for SQLite's first bytes. Under any other name a database is told by its companions. */
const databaseName = /\.(?:sqlite3?|db3?|s3db)$/i;

/** Whether OpenClaw itself keeps this database, so that damage in it must stop a snapshot or a restore. */
export function isOpenclawDatabase(filePath: string): boolean {
  return /^(?:state|agents\/[^/]+\/agent)\/[^/]+\.sqlite$/.test(filePath) && !transientName.test(filePath);
}

/** @param filePath relative to the state folder, with `/` */
export function isExcluded(filePath: string): boolean {
  const top = filePath.split('/', 1)[0] ?? '';
  if (regenerated.has(top)) return true;
  if (tenantOwned.has(top)) return false;
  // The archive's own list, and files that a dead keeper had half received.
  if (filePath === '.tidepool/manifest.json' || filePath === '.tidepool/incoming') return true;
  return transientName.test(path.posix.basename(filePath));
}

/**
 * Lists a state folder in order, parents first. What disappears meanwhile is left out; what cannot be kept is reported.
 * @throws Error when there are more than `itemsMax` items
 */
export async function listState(
  stateDir: string,
  itemsMax: number,
): Promise<{ items: StateItem[]; skipped: Skipped[] }> {
  const items: StateItem[] = [];
  const skipped: Skipped[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names = (await readdir(path.join(stateDir, folder)).catch(ignoreGone)) ?? [];
    const present = new Set(names);
    const databases = new Set<string>();
    for (const name of names.toSorted()) {
      const at = folder === '' ? name : `${folder}/${name}`;
      if (isExcluded(at)) continue;
      // A database sorts before its companions.
      if (companionName.test(name) && databases.has(name.replace(companionName, ''))) continue;
      const maybeDatabase = databaseName.test(name) || present.has(`${name}-wal`) || present.has(`${name}-journal`);
      const item = inspect(stateDir, at, maybeDatabase);
      if (item === null) continue;
      if ('reason' in item) {
        skipped.push(item);
        continue;
      }
      if (item.kind === 'database') databases.add(name);
      if (item.kind === 'directory') folders.push(at);
      items.push(item);
      if (items.length > itemsMax) throw new Error(`the state holds more than ${itemsMax} files`);
    }
  }
  return { items, skipped };
}

/** Synchronous for the same reason as the reading of small files. @returns null for what is gone */
function inspect(stateDir: string, at: string, maybeDatabase: boolean): StateItem | Skipped | null {
  try {
    return look(stateDir, at, maybeDatabase);
  } catch (error) {
    return ignoreGone(error);
  }
}

function look(stateDir: string, at: string, maybeDatabase: boolean): StateItem | Skipped {
  const absolute = path.join(stateDir, at);
  const stat = lstatSync(absolute);
  if (stat.isDirectory()) return { kind: 'directory', path: at, mode: stat.mode & 0o777, mtimeMs: stat.mtimeMs };
  if (stat.isSymbolicLink()) {
    const inside = safeLinkTarget(at, relativeTarget(stateDir, at, readlinkSync(absolute)));
    return inside === null
      ? { path: at, reason: 'a link out of the state' }
      : { kind: 'symlink', path: at, target: inside };
  }
  if (!stat.isFile()) return { path: at, reason: 'neither file, folder nor link' };
  const database = maybeDatabase && isSqliteFile(absolute);
  return { kind: database ? 'database' : 'file', path: at, bytes: stat.size };
}

/** An absolute link into the state itself is kept in relative form, since the next machine's folder has another name. */
function relativeTarget(stateDir: string, at: string, target: string): string {
  if (!path.isAbsolute(target)) return target;
  const inside = path.relative(stateDir, target);
  if (inside === '' || inside.startsWith('..')) return target;
  return path.relative(path.join(stateDir, path.dirname(at)), target);
}

function ignoreGone(error: unknown): null {
  if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return null;
  throw error;
}
