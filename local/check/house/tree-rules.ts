// House rules about the checkout as a whole: nothing of one machine in it, and documents that match what is there.

import { posix } from 'node:path';
import { matchingLines, type SourceFile, type Violation } from './source-tree.ts';

const LOCAL_PATHS = /(?<![\w.-])\/(?:Users|work)\/[a-z]|(?<![\w.-])\/home\/(?!node\b|tidepool\b)[a-z][\w-]*\//;
const REGISTRY_HOSTS = /\bregistry\.(npmjs|yarnpkg)\b|"resolved":\s*"https?:|\bnpm_config_registry=/;

/** Nothing in the checkout works only on the machine it was written on. */
export function machineTraces(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => !file.path.startsWith('local/check/house/'))
    .flatMap((file) => [
      ...matchingLines(file.text, LOCAL_PATHS).map((line) => ({
        path: file.path,
        line,
        problem: "a folder of somebody's machine: make it relative, or take it from a setting",
      })),
      ...matchingLines(file.text, REGISTRY_HOSTS).map((line) => ({
        path: file.path,
        line,
        problem: 'no registry host is committed (npm install --omit-lockfile-registry-resolved leaves it out)',
      })),
    ]);
}

/** The parts of the system: each has its line in ARCHITECTURE.md. Finer folders may be listed and must then exist. */
const PARTS: readonly RegExp[] = [/^(apps|container)\/[^/]+\/$/, /^(docs|migrations|local|test)\/$/];
const TREE_SECTION = '## Where things are';

/** ARCHITECTURE.md lists each folder that is a part, and no folder that is not there. Lines: `path/` — what. */
export function architectureTree(files: readonly SourceFile[]): Violation[] {
  const path = 'ARCHITECTURE.md';
  const text = files.find((file) => file.path === path)?.text;
  if (text === undefined) return [{ path, line: 1, problem: 'ARCHITECTURE.md is missing: write it' }];
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim() === TREE_SECTION);
  if (start < 0) return [{ path, line: 1, problem: `the section "${TREE_SECTION}" is missing` }];
  const end = lines.findIndex((line, index) => index > start && line.startsWith('## '));
  const folders = foldersOf(files);
  const listed = new Map<string, number>();
  for (const [index, line] of lines.slice(start, end < 0 ? undefined : end).entries()) {
    const folder = /^\s*[-*]?\s*`([\w./@-]+\/)` — \S/.exec(line)?.[1];
    if (folder !== undefined) listed.set(folder, start + index + 1);
  }
  const gone = [...listed].filter(([folder]) => !folders.has(folder));
  const unlisted = [...folders].filter(
    (folder) => PARTS.some((pattern) => pattern.test(folder)) && !listed.has(folder),
  );
  return [
    ...gone.map(([folder, line]) => ({ path, line, problem: `${folder} is listed but not there: remove the line` })),
    ...unlisted.map((folder) => ({
      path,
      line: start + 1,
      problem: `${folder} is not listed: add the line "- \`${folder}\` — what it is"`,
    })),
  ];
}

/** migrations/README.md names every migration: the list is what an operator reads before an upgrade. */
export function migrationsListed(files: readonly SourceFile[]): Violation[] {
  const path = 'migrations/README.md';
  const readme = files.find((file) => file.path === path)?.text ?? '';
  const migrations = files.filter((file) => /^migrations\/[^/]+\.sql$/.test(file.path));
  const badNames = migrations
    .filter((file) => !/^migrations\/\d{4}[-_][a-z0-9_-]+\.sql$/.test(file.path))
    .map((file) => ({ path: file.path, line: 1, problem: 'name it NNNN-what-it-does.sql' }));
  const missing = migrations
    .map((file) => file.path.slice('migrations/'.length))
    .filter((name) => !readme.includes(name))
    .map((name) => ({ path, line: 1, problem: `${name} is not listed: add it with what it does` }));
  return [...badNames, ...missing];
}

const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g;

/** A relative link in a document leads to something that is there. */
export function documentLinks(files: readonly SourceFile[]): Violation[] {
  const known = new Set([...files.map((file) => file.path), ...foldersOf(files)]);
  return files
    .filter((file) => file.path.endsWith('.md'))
    .flatMap((file) =>
      file.text.split('\n').flatMap((line, index) =>
        [...line.matchAll(LINK)]
          .map((match) => match[1] ?? '')
          .filter((target) => !known.has(posix.join(posix.dirname(file.path), target)))
          .map((target) => ({ path: file.path, line: index + 1, problem: `the link leads nowhere: ${target}` })),
      ),
    );
}

function foldersOf(files: readonly SourceFile[]): Set<string> {
  const folders = new Set<string>();
  for (const file of files) {
    const parts = file.path.split('/').slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) folders.add(`${parts.slice(0, depth).join('/')}/`);
  }
  return folders;
}
