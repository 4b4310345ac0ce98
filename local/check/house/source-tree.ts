// The checkout as the house rules see it: text files by path, without what tools make.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  /** From 1; 1 for a rule about the whole file. */
  readonly line: number;
  /** What is wrong and what to do instead, one sentence. */
  readonly problem: string;
}

const SKIPPED_DIRS = new Set(['node_modules', 'dist', '.git', '.tidepool', '.wrangler', '.vite', 'coverage']);
const TEXT = /\.(ts|mts|tsx|mjs|js|sh|md|json|toml|sql|css|html|yml|yaml)$|(^|\/)(Dockerfile|run|\.gitignore)$/;
const GENERATED = /\.gen\.ts$|worker-configuration\.d\.ts$|(^|\/)\.dev\.vars/;

/** Every text file under `root` that a person wrote. */
export function readSourceTree(root: string): SourceFile[] {
  return listFiles(root, '')
    .filter((file) => TEXT.test(file) && !GENERATED.test(file))
    .map((file) => ({ path: file, text: readFileSync(path.join(root, file), 'utf8') }));
}

function listFiles(root: string, dir: string): string[] {
  return readdirSync(path.join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const name = dir === '' ? entry.name : `${dir}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED_DIRS.has(entry.name) ? [] : listFiles(root, name);
    return entry.isFile() ? [name] : [];
  });
}

/** The lines of `text` that match `pattern`, from 1. */
export function matchingLines(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}

/** The text with comments and the insides of strings blanked, line numbers kept: what is left is code. */
export function codeOnly(text: string): string {
  let out = '';
  let state: 'code' | 'line' | 'block' | "'" | '"' | '`' = 'code';
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? '';
    const pair = text.slice(index, index + 2);
    if (char === '\n') {
      if (state === 'line') state = 'code';
      out += char;
    } else if (state === 'code') {
      if (pair === '//') state = 'line';
      else if (pair === '/*') state = 'block';
      else if (char === "'" || char === '"' || char === '`') state = char;
      out += state === 'line' || state === 'block' ? ' ' : char;
    } else if (state === 'block') {
      out += ' ';
      if (pair === '*/') {
        state = 'code';
        out += ' ';
        index++;
      }
    } else if (state === 'line') {
      out += ' ';
    } else if (char === '\\') {
      out += '  ';
      index++;
    } else {
      if (char === state) state = 'code';
      out += state === 'code' ? char : ' ';
    }
  }
  return out;
}
