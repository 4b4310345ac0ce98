/**
 * What an archive that somebody brings is, and what of it comes along: pure, over paths. Three shapes are known: our own
 * export, the folder `.openclaw` of somebody's own machine (with or without folders in front), and a moltworker backup as
 * its bucket holds it (`openclaw/`, `workspace/`, `skills/`).
 *
 * Must hold: nothing is taken that this table does not name. An unknown name stays out and is reported: it may be a login.
 */

export const importShapes = ['tidepool', 'openclaw', 'moltworker'] as const;
export type ImportShape = (typeof importShapes)[number];

export interface Found {
  readonly shape: ImportShape;
  /** What stands in front of every path of it, with a closing slash, or nothing. */
  readonly prefix: string;
}

/** Why something stays out. Each has its words in docs/moving.md and on the report. */
export const leftReasons = [
  'made_again',
  'key_or_login',
  'other_machine',
  'plugin_code',
  'outward_link',
  'hard_link',
  'unknown',
] as const;
export type LeftReason = (typeof leftReasons)[number];

export type Fate = { readonly to: string } | { readonly left: LeftReason };

/** A backup of a bucket or a home folder has a few folders in front, not many. */
const prefixFoldersMax = 4;

/**
 * Recognises an archive by its paths.
 * @returns null when it is none of the three
 */
export function recognise(paths: Iterable<string>): Found | null {
  let best: Found | null = null;
  for (const path of paths) {
    const found = hint(path);
    if (found !== null && (best === null || rank(found) < rank(best))) best = found;
  }
  return best;
}

/** The shortest prefix wins; at the same depth the surer sign. */
function rank({ prefix, shape }: Found): number {
  return prefix.split('/').length * importShapes.length + ['tidepool', 'moltworker', 'openclaw'].indexOf(shape);
}

function hint(path: string): Found | null {
  const known =
    sign(path, 'tidepool', /^(.*\/)?tidepool-export-[0-9a-z]{26}\/README\.md$/) ??
    sign(path, 'moltworker', /^(.*\/)?openclaw\/openclaw\.json$/) ??
    sign(path, 'moltworker', /^(.*\/)?clawdbot\/clawdbot\.json$/) ??
    sign(path, 'openclaw', /^(.*\/)?openclaw\.json$/) ??
    sign(path, 'openclaw', /^(.*\/)?state\/openclaw\.sqlite$/);
  return known !== null && known.prefix.split('/').length - 1 <= prefixFoldersMax ? known : null;
}

function sign(path: string, shape: ImportShape, pattern: RegExp): Found | null {
  const match = pattern.exec(path);
  // In a workspace there may be anything, also somebody's copy of such a folder.
  return match === null || /(^|\/)workspace[^/]*\//.test(path) ? null : { shape, prefix: match[1] ?? '' };
}

/** Where a path goes in the state folder, or why it stays out. Paths outside the prefix are unknown. */
export function fateOf({ shape, prefix }: Found, path: string): Fate {
  if (!path.startsWith(prefix)) return { left: 'unknown' };
  const inside = path.slice(prefix.length);
  return shape === 'moltworker' ? inBackup(inside) : inState(inside);
}

function inBackup(path: string): Fate {
  const [top = '', ...rest] = path.split('/');
  const below = rest.join('/');
  if (below === '') return path === '.last-sync' ? { left: 'made_again' } : { left: 'unknown' };
  if (top === 'openclaw') return inState(below);
  if (top === 'clawdbot') return inState(below === 'clawdbot.json' ? 'openclaw.json' : below);
  if (top === 'workspace') return { to: `workspace/${below}` };
  if (top === 'skills') return { to: `workspace/skills/${below}` };
  return { left: 'unknown' };
}

/** Folders of the tenant's own making, whole. */
const ownFolders = new Set(['skills', 'memory', 'cron', 'media', 'canvas', 'wiki', 'hooks', 'tasks', 'flows']);
const madeAgain = new Set(['cache', 'tmp', 'logs', 'plugin-skills', 'completions', '.tidepool']);
const logins = new Set(['credentials', 'identity', 'devices', 'push', 'tls', 'secrets', 'oauth']);
const otherMachine = new Set(['browser', 'sandbox', 'sandboxes', 'delivery-queue', 'nodes']);
const pluginCode = new Set(['extensions', 'npm', 'plugins', 'node_modules']);
/** Locks, logs, half-written files and copies that OpenClaw makes by itself. */
const transientFile =
  /\.lock$|\.lock\.|\.log$|\.tmp$|\.candidate|(?:-lock|-writer|\.lock)\.sqlite|\.sqlite\.(?:generation|reindex)-|\.bak(?:\.|$)|\.last-good$|update-check\.json$/;
const keyFile =
  /(?:^|\/)(?:\.env[^/]*|secrets\.json|exec-approvals\.json|node\.json|auth[^/]*\.json|[^/]*\.(?:pem|key|p12))$/;

function inState(path: string): Fate {
  const [top = ''] = path.split('/', 1);
  if (top.startsWith('tidepool-export-') || path === 'openclaw.json.tidepool') return { left: 'made_again' };
  if (/^workspace(?:-[^/]+)?$/.test(top)) return { to: path };
  if (madeAgain.has(top) || transientFile.test(path)) return { left: 'made_again' };
  if (logins.has(top) || keyFile.test(path)) return { left: 'key_or_login' };
  if (pluginCode.has(top)) return { left: 'plugin_code' };
  if (otherMachine.has(top)) return { left: 'other_machine' };
  if (ownFolders.has(top) || path === 'openclaw.json') return { to: path };
  if (top === 'state')
    return /^state\/openclaw\.sqlite(?:-wal|-shm)?$/.test(path) ? { to: path } : inFolder(path, 'state');
  if (top === 'agents')
    return /^agents\/[^/]+\/agent\/codex-home(?:\/|$)/.test(path) ? { left: 'key_or_login' } : { to: path };
  return { left: 'unknown' };
}

/** The folder itself, but nothing in it that is not named. */
function inFolder(path: string, folder: string): Fate {
  return path === folder ? { to: path } : { left: 'unknown' };
}
