// House rules about source files: purity of the cores, names, lengths, headers, escapes from the checkers.
// Each rule takes files and gives violations; `test/tidy.test.ts` runs them all over the checkout.

import { codeOnly, matchingLines, type SourceFile, type Violation } from './source-tree.ts';

const isCode = (file: SourceFile): boolean => /\.(ts|mts|tsx|mjs)$/.test(file.path);
const isTest = (file: SourceFile): boolean => /\.test\.tsx?$/.test(file.path) || file.path.startsWith('test/');
const isCore = (file: SourceFile): boolean =>
  /^apps\/[^/]+\/src\/core\//.test(file.path) || file.path.startsWith('apps/control-plane/src/contract/');

const IMPURE: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/, 'the core reads no clock: take `nowMs` as an argument'],
  [/\bMath\.random\b|\bcrypto\b/, 'the core makes no chance and no digests: take ids and hashes as arguments'],
  [/\bfetch\(/, 'the core makes no requests: return what is to be done'],
  [/\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b/, 'the core does not wait: return when to be called again'],
  [/\bconsole\b/, 'the core prints nothing: return it'],
  [/\bprocess\b/, 'the core knows no process: take the value as an argument'],
];
const IMPURE_IMPORT = /\bfrom\s+['"](hono|drizzle-orm|stripe|better-auth|cloudflare:|node:)[^'"]*['"]/;

/** Lines that import; a program that is kept as text imports nothing here. */
function importLines(text: string, code: string): number[] {
  const lines = code.split('\n');
  return matchingLines(text, IMPURE_IMPORT).filter((line) => /\bfrom\b/.test(lines[line - 1] ?? ''));
}

/** The pure cores and the contract name no platform, no clock, no chance. */
export function corePurity(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => isCore(file) && isCode(file) && !isTest(file))
    .flatMap((file) => {
      const code = codeOnly(file.text);
      const impure = IMPURE.flatMap(([pattern, instead]) =>
        matchingLines(code, pattern).map((line) => ({ path: file.path, line, problem: instead })),
      );
      const imports = importLines(file.text, code).map((line) => ({
        path: file.path,
        line,
        problem: 'the core imports no platform and no vendor: put this behind a port',
      }));
      return [...impure, ...imports];
    });
}

const BANNED_NAMES = /^(utils?|helpers?|common|misc|shared|manager|types|constants)$/;

const ROUTE_PARAMETER = /\$\w+/g; // File-based routing spells a parameter as the code does.

/** A name says what is inside. */
export function fileNames(files: readonly SourceFile[]): Violation[] {
  return files.filter(isCode).flatMap((file) => {
    const parts = file.path.split('/');
    const banned = parts.find((part) => BANNED_NAMES.test(part.replace(/(\.test)?\.[a-z]+$/, '')));
    const problem =
      banned !== undefined
        ? `"${banned}" says nothing: name it after what it knows`
        : parts.some((part) => /[A-Z]/.test(part.replaceAll(ROUTE_PARAMETER, '')))
          ? 'file and folder names are kebab-case'
          : null;
    return problem === null ? [] : [{ path: file.path, line: 1, problem }];
  });
}

const LINES_MAX = 400;
/** Files that are one table; splitting a table makes it harder to read. */
const TABLES: readonly string[] = ['apps/control-plane/src/adapters/d1/schema.ts'];

/** No file is too long to hold in mind. */
export function fileLengths(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => isCode(file) && !TABLES.includes(file.path))
    .flatMap((file) => {
      const lines = file.text.split('\n').length - 1;
      if (lines <= LINES_MAX) return [];
      return [
        { path: file.path, line: LINES_MAX, problem: `${lines} lines: find the seam and split (stop is ${LINES_MAX})` },
      ];
    });
}

/** Every production file begins by saying what it owns. */
export function fileHeaders(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => isCode(file) && !isTest(file) && isHeaded(file.path))
    .filter((file) => !/^(#!.*\n)?(\/\/|\/\*)/.test(file.text))
    .map((file) => ({
      path: file.path,
      line: 1,
      problem: 'begin with a comment: what this file owns and what must hold',
    }));
}

/** Components and routes of the dashboard are named by what they show; a header would repeat the name. */
function isHeaded(path: string): boolean {
  return /^(apps\/(control-plane|tenant-worker)\/src|container|local)\//.test(path);
}

const SWITCHED_OFF = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(only|skip|todo|fails|skipIf|runIf)\b/;

/** No test is alone, and one that is off is named, with why, in docs/verification.md. */
export function switchedOffTests(files: readonly SourceFile[]): Violation[] {
  const reasons = files.find((file) => file.path === 'docs/verification.md')?.text ?? '';
  return files
    .filter((file) => isCode(file) && isTest(file))
    .flatMap((file) =>
      codeOnly(file.text)
        .split('\n')
        .flatMap((line, index) => {
          const word = SWITCHED_OFF.exec(line)?.[1];
          if (word === undefined || (word !== 'only' && reasons.includes(file.path))) return [];
          const problem =
            word === 'only'
              ? 'remove .only: it switches every other test off'
              : `a test switched off by .${word} needs its file and reason in docs/verification.md`;
          return [{ path: file.path, line: index + 1, problem }];
        }),
    );
}

/** An escape from a checker gives its reason on the same line, after `--`. */
export function checkerEscapes(files: readonly SourceFile[]): Violation[] {
  return files.filter(isCode).flatMap((file) => [
    ...matchingLines(file.text, /(oxlint|eslint)-disable(?!.* -- \S)/).map((line) => ({
      path: file.path,
      line,
      problem: 'say why after " -- ", or mend what the rule found',
    })),
    ...matchingLines(file.text, /@ts-(ignore|nocheck|expect-error)(?!.* -- \S)/).map((line) => ({
      path: file.path,
      line,
      problem: 'say why after " -- ", or give it its type',
    })),
  ]);
}
