/**
 * A gateway that is ready to begin: `keeper.mjs standby` loads OpenClaw's modules while the tenant's state is still being
 * restored, then waits for one byte on its fourth file and becomes `openclaw.mjs gateway` in the same process. A closed
 * file ends it without starting anything, so no gateway outlives its keeper's wish.
 *
 * The list of modules is made when an image is baked, by recording a real boot, and proven there by a second boot from it.
 * It names only chunks with a hash in their name: the others are programs that act when they are loaded. Whatever fails
 * here costs time, never a start.
 */
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { enableCompileCache, registerHooks } from 'node:module';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { openclawCacheDir } from './compile-cache.ts';

/** The file on which the keeper says go. */
export const goFile = 3;
/** The module list lies beside the compiled modules. */
export const moduleListName = 'modules.json';
const modulesMax = 20_000;
const moduleListSchema = z.array(z.string().regex(/^dist\/[\w./@-]+\.m?js$/)).max(modulesMax);

const recordEveryMs = 500;

const hashedChunk = /-[\w-]{8}\.m?js$/;

export interface StandbyFiles {
  /** What to load; null = nothing. */
  readonly listFile: string | null;
  /** Write down which modules a boot loads; only while an image is baked. */
  readonly recordFile: string | null;
}

interface StandbyOptions extends StandbyFiles {
  readonly openclawDir: string;
  readonly tmpDir: string;
}

/** Options as arguments: nothing of them may stay in the environment, which the gateway hands on. */
export function standbyArguments({ openclawDir, tmpDir, listFile, recordFile }: StandbyOptions): readonly string[] {
  return [openclawDir, tmpDir, listFile ?? '-', recordFile ?? '-'];
}

/** @throws Error when they are not what `standbyArguments` made */
export function parseStandbyArguments(argv: readonly string[]): StandbyOptions {
  const [openclawDir, tmpDir, listFile, recordFile] = argv;
  if (!openclawDir || !tmpDir || !listFile || !recordFile) throw new Error('standby: four arguments are wanted');
  return { openclawDir, tmpDir, listFile: orNull(listFile), recordFile: orNull(recordFile) };
}

const orNull = (file: string): string | null => (file === '-' ? null : file);

/** Loads, waits, and becomes the gateway. Never returns when the keeper goes away first. */
export async function standBy(options: StandbyOptions): Promise<void> {
  const launcher = path.join(options.openclawDir, 'openclaw.mjs');
  // What modules see of the command line while they are loaded is what they would see in the gateway.
  process.argv = [process.execPath, launcher, 'gateway'];
  await useCompileCache(options);
  const go = keeperSaysGo();
  if (options.recordFile !== null) recordModules(options.openclawDir, options.recordFile);
  for (const file of readModuleList(options.listFile)) {
    if (go.said) break;
    // One that cannot be loaded alone is loaded again, and judged, by the boot itself.
    await import(pathToFileURL(path.join(options.openclawDir, file)).href).catch(() => undefined);
    await turn();
  }
  await go.when;
  await import(pathToFileURL(launcher).href);
}

/** The launcher turns its cache on itself, and starts itself anew when it finds another; so it is told that this is it. */
async function useCompileCache({ openclawDir, tmpDir }: StandbyOptions): Promise<void> {
  const directory = await openclawCacheDir(openclawDir, tmpDir);
  enableCompileCache(directory);
  process.env['OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED'] = '1';
}

function keeperSaysGo(): { said: boolean; readonly when: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const go = { said: false, when: promise };
  const file = createReadStream('', { fd: goFile });
  file.once('data', () => {
    file.destroy();
    go.said = true;
    resolve();
  });
  for (const end of ['end', 'error'] as const) file.once(end, () => process.exit(0));
  return go;
}

function readModuleList(file: string | null): readonly string[] {
  if (file === null || !existsSync(file)) return [];
  const parsed = moduleListSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : [];
}

/** Notes each chunk when it is first loaded, in order. */
function recordModules(openclawDir: string, file: string): void {
  const seen = new Set<string>();
  const write = (): void => writeFileSync(file, JSON.stringify([...seen]));
  write();
  registerHooks({
    load: (url, context, nextLoad) => {
      if (url.startsWith('file:')) {
        const relative = path.relative(openclawDir, fileURLToPath(url));
        if (hashedChunk.test(relative) && moduleListSchema.safeParse([relative]).success) seen.add(relative);
      }
      return nextLoad(url, context);
    },
  });
  setInterval(write, recordEveryMs).unref();
}
