// The Control UI's files of the pinned release and of every other that is installed here, taken from the OpenClaw package as
// it is on npm and never committed: `<out>/<version>/…` for the tenant worker's static assets. Made beside its place and
// renamed into it. A release that is not there loses nothing: its gateway gives the files then.
// `page.json` is its page as the gateway would serve it (docs/control-ui.md); a system test compares the two.

import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { release } from '../../container/image/release.ts';
import { knownReleases } from '../../apps/control-plane/src/contract/releases.ts';
import { removeOldBuilds } from './dashboard-build.ts';
import { ensureOpenclaw, hasOpenclaw } from './openclaw-cache.ts';
import { StackError, type Progress } from './progress.ts';
import { hashSources } from './source-hash.ts';

/** What decides how the folder looks, beside the packages themselves, which never change under a version. */
const SOURCES = ['local/stack/control-ui.ts'];
/** Copies the platform makes itself, at its edge. */
const PRECOMPRESSED = /\.(br|gz)$/;
/** Cloudflare's limits for static assets, so that a release that breaks them fails here and not at a deployment. */
const FILES_MAX = 20_000;
const FILE_MAX_BYTES = 25 * 1024 * 1024;

/** Where the files of the present releases are (or will be). */
export function controlUiDir(root: string): string {
  const name = [hashSources(root, SOURCES).slice(0, 16), ...versionsHere(root)].join('-');
  return path.join(root, '.tidepool/cache/control-ui', name);
}

function versionsHere(root: string): string[] {
  const pinned = release.openclawVersion;
  return [pinned, ...knownReleases.filter((version) => version !== pinned && hasOpenclaw(root, version))];
}

/** Makes `controlUiDir(root)` unless it is there, and `apps/tenant-worker/dist` equal to it, for `wrangler deploy`. */
export async function ensureControlUi(root: string, progress: Progress): Promise<string> {
  const target = controlUiDir(root);
  if (!existsSync(target)) {
    await progress.step('control ui', `copying the files of ${versionsHere(root).join(', ')}`, async () => {
      const partial = `${target}.partial-${process.pid}`;
      for (const version of versionsHere(root)) {
        const openclaw = await ensureOpenclaw(root, version, progress); // With Docker nothing else has asked for it.
        copyControlUi(path.join(openclaw, 'dist/control-ui'), path.join(partial, version));
      }
      if (existsSync(target)) rmSync(partial, { recursive: true, force: true }); // Somebody else made the same meanwhile.
      else renameSync(partial, target);
    });
  }
  const now = new Date();
  utimesSync(target, now, now); // Last used, for the clearing below.
  removeOldBuilds(path.dirname(target));
  publish(root, target);
  return target;
}

function copyControlUi(source: string, target: string): void {
  if (!existsSync(path.join(source, 'index.html'))) throw new StackError(`${source} holds no Control UI.`);
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(source, target, { recursive: true, filter: (file) => !PRECOMPRESSED.test(file) });
  const files = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const tooBig = files.find((file) => readFileSync(path.join(file.parentPath, file.name)).length > FILE_MAX_BYTES);
  if (files.length > FILES_MAX || tooBig) {
    throw new StackError(`The Control UI in ${source} is over the limits of static assets (${files.length} files).`);
  }
  const html = asServed(readFileSync(path.join(source, 'index.html'), 'utf8'));
  if (html !== null) {
    writeFileSync(path.join(target, 'page.json'), JSON.stringify({ html, scriptHashes: inlineScriptHashes(html) }));
  }
  // Nobody is to get the page with its own relative addresses, and the worker script is the gateway's to give.
  for (const name of ['index.html', 'sw.js']) rmSync(path.join(target, name));
}

/** The root files that the page names relative to itself; as the gateway writes them, they carry the build. */
const ROOT_FILES = ['apple-touch-icon.png', 'favicon-32.png', 'favicon.ico', 'favicon.svg', 'manifest.webmanifest'];

/**
 * The package's page with what a gateway at `/` without a terminal writes into it; null for one that does not name its
 * build, which is of an older form: people then see our own page while its assistant starts.
 */
function asServed(html: string): string | null {
  const attribute = 'data-openclaw-control-ui-build-id';
  const buildId = new RegExp(`${attribute}="([a-zA-Z0-9._-]{1,161})"`).exec(html)?.[1];
  if (buildId === undefined) return null;
  let page = html.replaceAll('src="./assets/', 'src="/assets/').replaceAll('href="./assets/', 'href="/assets/');
  for (const file of ROOT_FILES) page = page.replaceAll(`href="./${file}"`, `href="/${file}?v=${buildId}"`);
  const attributes = `data-openclaw-control-ui-base-path="" data-openclaw-terminal-enabled="false" ${attribute}="${buildId}"`;
  return page.replace(` ${attribute}="${buildId}"`, '').replace(/<html\b/i, `<html ${attributes}`);
}

/** CSP sources of the scripts within the page. */
function inlineScriptHashes(html: string): string[] {
  return [...html.matchAll(/<script(?:\s[^>]*)?>([^]*?)<\/script>/gi)]
    .filter(([element, content]) => content !== '' && !/^<script[^>]*\ssrc=/i.test(element))
    .map(([, content = '']) => `sha256-${createHash('sha256').update(content).digest('base64')}`);
}

/** Makes `apps/tenant-worker/dist` equal to these files, by a rename. */
function publish(root: string, target: string): void {
  const dist = path.join(root, 'apps/tenant-worker/dist');
  const stamp = path.join(dist, 'source.txt');
  const name = path.basename(target);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === name) return;
  const fresh = path.join(path.dirname(target), `dist-${process.pid}`);
  cpSync(target, fresh, { recursive: true });
  writeFileSync(path.join(fresh, 'source.txt'), name);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}
