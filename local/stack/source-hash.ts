// One hash over a set of source files, for "has anything changed since the last build?".

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', '.vite', '.tidepool']);
const GENERATED = /\.gen\.ts$/; // Written by the build itself.

/** SHA-256 (hex) of names and contents under `paths` (files or folders, relative to `root`); missing ones count as empty. */
export function hashSources(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of paths.flatMap((entry) => listFiles(path.join(root, entry)))) {
    const content = readFileSync(file);
    hash.update(`${path.relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function listFiles(entry: string): string[] {
  const stat = statSync(entry, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return GENERATED.test(entry) ? [] : [entry];
  return readdirSync(entry)
    .filter((name) => !SKIPPED.has(name))
    .toSorted()
    .flatMap((name) => listFiles(path.join(entry, name)));
}
