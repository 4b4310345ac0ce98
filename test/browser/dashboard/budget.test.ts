// What the first load weighs, from the build that the control plane serves: read from Vite's manifest, compressed as a
// browser gets it. The shell is what every page needs; a route is what its own page adds.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ensureDashboard } from '../../../local/stack/dashboard-build.ts';
import { silentProgress } from '../../../local/stack/progress.ts';

const SHELL_BROTLI_BYTES_MAX = 170_000;
const ROUTE_BROTLI_BYTES_MAX = 40_000;
const CSS_BROTLI_BYTES_MAX = 20_000;
const FONT_BYTES_MAX = 40_000;

const root = path.resolve(import.meta.dirname, '../../..');
const dist = path.join(root, 'apps/dashboard/dist');

const Manifest = z.record(
  z.string(),
  z.object({
    file: z.string(),
    isEntry: z.boolean().optional(),
    isDynamicEntry: z.boolean().optional(),
    imports: z.array(z.string()).default([]),
    css: z.array(z.string()).default([]),
    assets: z.array(z.string()).default([]),
  }),
);
type Manifest = z.infer<typeof Manifest>;

let manifest: Manifest;
beforeAll(async () => {
  await ensureDashboard(root, silentProgress);
  manifest = Manifest.parse(JSON.parse(await readFile(path.join(dist, '.vite/manifest.json'), 'utf8')));
});

/** The files a chunk needs, itself included, through static imports. */
function filesOf(key: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[key];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const imported of chunk.imports) filesOf(imported, seen);
  return seen;
}

async function brotliBytes(files: Iterable<string>): Promise<number> {
  let sum = 0;
  for (const file of files) sum += brotliCompressSync(await readFile(path.join(dist, file))).length;
  return sum;
}

const entryKey = (): string => Object.keys(manifest).find((key) => manifest[key]?.isEntry === true) ?? '';

/** What every signed-in page loads: the entry and the shell's own lazy part. */
function shellFiles(): Set<string> {
  const shell = filesOf(entryKey());
  for (const key of Object.keys(manifest)) if (/routes\/_app\.tsx/.test(key)) filesOf(key, shell);
  return shell;
}

describe('budgets', () => {
  test('the shell', async () => {
    const bytes = await brotliBytes(shellFiles());
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThanOrEqual(SHELL_BROTLI_BYTES_MAX);
  });

  test('each route on top of it', async () => {
    const shell = shellFiles();
    const routes = Object.keys(manifest).filter((key) => manifest[key]?.isDynamicEntry === true);
    expect(routes.length).toBeGreaterThan(8);
    for (const key of routes) {
      const own = [...filesOf(key)].filter((file) => !shell.has(file));
      expect(await brotliBytes(own), key).toBeLessThanOrEqual(ROUTE_BROTLI_BYTES_MAX);
    }
  });

  test('styles and typeface', async () => {
    const css = new Set(Object.values(manifest).flatMap((chunk) => chunk.css));
    expect(css.size).toBeGreaterThan(0);
    expect(await brotliBytes(css)).toBeLessThanOrEqual(CSS_BROTLI_BYTES_MAX);
    const fonts = new Set(
      Object.values(manifest)
        .flatMap((chunk) => [chunk.file, ...chunk.assets])
        .filter((file) => file.endsWith('.woff2')),
    );
    expect(fonts.size).toBe(1);
    for (const font of fonts)
      expect((await readFile(path.join(dist, font))).length).toBeLessThanOrEqual(FONT_BYTES_MAX);
  });

  test('the policy of the page allows its one inline script and no other', async () => {
    const headers = await readFile(path.join(dist, '_headers'), 'utf8');
    expect(headers).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/=]{44}';/);
    expect(headers).not.toContain('unsafe');
  });
});
