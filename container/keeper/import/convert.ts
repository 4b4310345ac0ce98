/**
 * Turns what was unpacked into a state folder of ours: recognised, moved file by file, cleaned. Works beside the present
 * state and never touches it.
 *
 * What must hold: nothing reaches the new folder but by `fateOf`; a file of a newer OpenClaw is refused; what cannot be
 * read is refused, not guessed.
 */
import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import JSON5 from 'json5';
import { ArchiveRefused, safeLinkTarget } from '../archive/entry-guard.ts';
import { manifestBytesMax, manifestPath, manifestSchema } from '../archive/manifest.ts';
import { isOpenclawDatabase } from '../archive/state-files.ts';
import { describeError } from '../problem.ts';
import type { JsonObject } from '../../openclaw/render-config.ts';
import { cleanDatabase } from './import-database.ts';
import { compareVersions, importConfig } from './import-config.ts';
import { listedMax, type ImportReport } from './import-contract.ts';
import { fateOf, leftReasons, recognise, type Found, type LeftReason } from './shape.ts';
import type { Foreign } from './unpack-foreign.ts';

const configBytesMax = 4 * 1024 * 1024;
const examplesMax = 5;

export interface Conversion {
  readonly rawDir: string;
  /** An empty folder on the same disk. */
  readonly targetDir: string;
  /** Where it will stand. */
  readonly stateDir: string;
  readonly openclawVersion: string;
}

/** @throws ArchiveRefused with words for the person who brought it */
export async function convert(foreign: Foreign, options: Conversion): Promise<ImportReport> {
  const found = recognise(foreign.files.keys());
  if (found === null) {
    throw new ArchiveRefused(
      'there is no OpenClaw state in it: neither openclaw.json nor state/openclaw.sqlite was found within four folders',
    );
  }
  const warnings: string[] = [];
  const left = new Left();
  for (const { path: at, reason } of foreign.left) left.add(reason, at);
  const taken = await move(foreign, found, options, left);
  await checkList(foreign, found, options, warnings);

  const config = await convertConfig(options);
  const newest = newestVersion([config?.openclawVersion ?? null, await listedVersion(found, options)]);
  const difference = newest === null ? null : compareVersions(newest, options.openclawVersion);
  if (difference !== null && difference > 0) {
    throw new ArchiveRefused(
      `it was written by OpenClaw ${newest}, and this assistant runs ${options.openclawVersion}; a later state cannot be read by an earlier version`,
    );
  }
  if (config === null) warnings.push('There was no openclaw.json; the assistant starts with the settings of Tidepool.');

  const cleaned = { conversations: 0, cronJobs: 0 };
  for (const at of taken.keys()) {
    if (!isOpenclawDatabase(at)) continue;
    try {
      const { conversations, cronJobs } = cleanDatabase(path.join(options.targetDir, at), options.stateDir);
      cleaned.conversations += conversations;
      cleaned.cronJobs += cronJobs;
    } catch (error) {
      throw new ArchiveRefused(`${at} is damaged: ${describeError(error)}`, { cause: error });
    }
  }
  const names = [...taken.keys()];
  return {
    shape: found.shape,
    openclawVersion: newest?.slice(0, 64) ?? null,
    taken: {
      files: names.length,
      bytes: [...taken.values()].reduce((sum, bytes) => sum + bytes, 0),
      conversations:
        cleaned.conversations + names.filter((name) => /^agents\/[^/]+\/sessions\/[^/]+\.jsonl$/.test(name)).length,
      workspaceFiles: names.filter((name) => /^workspace[^/]*\//.test(name)).length,
      skills: names.filter((name) => /(?:^|\/)skills\/[^/]+\/SKILL\.md$/.test(name)).length,
      cronJobs: cleaned.cronJobs + (await legacyCronJobs(options.targetDir)),
      agents: new Set(names.flatMap((name) => /^agents\/([^/]+)\//.exec(name)?.[1] ?? [])).size,
    },
    left: left.list(),
    settingsLeft: bounded(config?.left ?? []),
    channelsOff: bounded(config?.channelsOff ?? []),
    warnings: bounded(warnings),
  };
}

/** Moves what comes along. Links last, judged again where they now stand. */
async function move(
  foreign: Foreign,
  found: Found,
  { rawDir, targetDir }: Conversion,
  left: Left,
): Promise<Map<string, number>> {
  const taken = new Map<string, number>();
  for (const [from, { bytes }] of foreign.files) {
    const fate = fateOf(found, from);
    if ('left' in fate) {
      left.add(fate.left, from);
      continue;
    }
    if (taken.has(fate.to)) throw new ArchiveRefused(`two files would both become ${fate.to}`);
    const to = path.join(targetDir, fate.to);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    await rename(path.join(rawDir, from), to);
    taken.set(fate.to, bytes);
  }
  for (const [from, target] of foreign.symlinks) {
    const fate = fateOf(found, from);
    const to = 'to' in fate ? path.join(targetDir, fate.to) : null;
    if (!('to' in fate)) left.add(fate.left, from);
    else if (to === null || safeLinkTarget(fate.to, target) === null || existsSync(to)) left.add('outward_link', from);
    else {
      await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
      await symlink(target, to);
    }
  }
  return taken;
}

/** Our own exports carry a list of contents: what differs from it was changed, or damaged on the way. */
async function checkList(foreign: Foreign, found: Found, { rawDir }: Conversion, warnings: string[]): Promise<void> {
  if (found.shape !== 'tidepool') return;
  const list = await readList(path.join(rawDir, found.prefix, manifestPath));
  if (list === null) throw new ArchiveRefused('it was cut: its list of contents is missing');
  const differing = list.files.filter((file) => foreign.files.get(found.prefix + file.path)?.sha256 !== file.sha256);
  if (differing.length === 0) return;
  // Somebody who has run it since has changed it; a fresh download has not.
  const wasRun = foreign.files.has(`${found.prefix}openclaw.json.tidepool`);
  if (!wasRun) throw new ArchiveRefused(`${differing[0]?.path} differs from the archive's own list; download it again`);
  warnings.push(
    `${differing.length === 1 ? '1 file was' : `${differing.length} files were`} changed since this was exported.`,
  );
}

async function listedVersion(found: Found, { rawDir }: Conversion): Promise<string | null> {
  return (await readList(path.join(rawDir, found.prefix, manifestPath)))?.openclawVersion ?? null;
}

async function readList(file: string) {
  try {
    if ((await stat(file)).size > manifestBytesMax) return null;
    return manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

async function convertConfig({ targetDir }: Conversion) {
  const file = path.join(targetDir, 'openclaw.json');
  if (!existsSync(file)) return null;
  if ((await stat(file)).size > configBytesMax) throw new ArchiveRefused('openclaw.json is too large');
  let parsed: unknown;
  try {
    parsed = JSON5.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ArchiveRefused(`openclaw.json cannot be read: ${describeError(error)}`, { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ArchiveRefused('openclaw.json does not hold an object');
  }
  const converted = importConfig(parsed as JsonObject);
  await writeFile(file, `${JSON.stringify(converted.config, null, 2)}\n`, { mode: 0o600 });
  return converted;
}

function newestVersion(versions: readonly (string | null)[]): string | null {
  return versions.reduce((best, version) => {
    if (version === null || best === null) return version ?? best;
    return (compareVersions(version, best) ?? 0) > 0 ? version : best;
  }, null);
}

async function legacyCronJobs(stateDir: string): Promise<number> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path.join(stateDir, 'cron', 'jobs.json'), 'utf8'));
    const jobs = typeof parsed === 'object' && parsed !== null && 'jobs' in parsed ? parsed.jobs : parsed;
    return Array.isArray(jobs) ? jobs.length : 0;
  } catch {
    return 0;
  }
}

function bounded(lines: readonly string[]): string[] {
  return lines.slice(0, listedMax).map((line) => line.slice(0, 300));
}

/** What stays out, counted by reason, with a few names. */
class Left {
  readonly #byReason = new Map<LeftReason, { count: number; examples: string[] }>();

  add(reason: LeftReason, at: string): void {
    const entry = this.#byReason.get(reason) ?? { count: 0, examples: [] };
    entry.count++;
    if (entry.examples.length < examplesMax) entry.examples.push(at.slice(0, 300));
    this.#byReason.set(reason, entry);
  }

  list(): ImportReport['left'] {
    return leftReasons.flatMap((reason) => {
      const entry = this.#byReason.get(reason);
      return entry === undefined ? [] : [{ reason, ...entry }];
    });
  }
}
