// Each rule catches what it is for, and lets pass what looks like it.

import { describe, expect, test } from 'vitest';
import { checkerEscapes, corePurity, fileHeaders, fileLengths, fileNames, switchedOffTests } from './code-rules.ts';
import { codeOnly, type SourceFile, type Violation } from './source-tree.ts';
import { architectureTree, documentLinks, machineTraces, migrationsListed } from './tree-rules.ts';

const file = (path: string, text: string): SourceFile => ({ path, text });
const lines = (violations: readonly Violation[]): string[] => violations.map(({ path, line }) => `${path}:${line}`);

test('codeOnly blanks comments and strings and keeps lines', () => {
  const text = "a(); // fetch(\nb('fetch(\\'x'); /* fetch(\n fetch( */ c();\n`\n fetch(`; d();";
  const code = codeOnly(text);
  expect(code).not.toContain('fetch');
  expect(code.split('\n')).toHaveLength(text.split('\n').length);
  expect(code.split('\n')[2]).toMatch(/^\s+c\(\);$/);
  expect(code.split('\n')[4]).toContain('d();');
});

describe('corePurity', () => {
  const core = 'apps/tenant-worker/src/core/plan.ts';

  test.each(['const t = Date.now();', 'const d = new Date();', 'Math.random()', 'await fetch(url)', 'console.log(1)'])(
    'catches %s',
    (code) => {
      expect(lines(corePurity([file(core, `// header\n${code}\n`)]))).toEqual([`${core}:2`]);
    },
  );

  test('catches a vendor import, in the contract too', () => {
    const contract = 'apps/control-plane/src/contract/api.ts';
    expect(lines(corePurity([file(contract, "import { Hono } from 'hono';\n")]))).toEqual([`${contract}:1`]);
  });

  test('lets comments, dates with an argument, tests and adapters be', () => {
    expect(corePurity([file(core, '// Date.now() is passed in\nnew Date(nowMs); prefetch(x);\n')])).toEqual([]);
    expect(corePurity([file('apps/tenant-worker/src/core/plan.test.ts', 'Date.now();')])).toEqual([]);
    expect(corePurity([file('apps/tenant-worker/src/adapters/system.ts', 'Date.now();')])).toEqual([]);
  });
});

test('fileNames catches empty names and capitals', () => {
  const bad = [
    'apps/a/src/utils.ts',
    'apps/a/src/helpers/b.ts',
    'local/types.ts',
    'local/BigThing.ts',
    'local/misc.test.ts',
  ];
  expect(lines(fileNames(bad.map((path) => file(path, ''))))).toEqual(bad.map((path) => `${path}:1`));
  expect(fileNames([file('apps/a/src/routes/a.$tenantId.tsx', ''), file('local/time-types.ts', '')])).toEqual([]);
});

test('fileLengths stops at 400', () => {
  expect(fileLengths([file('a.ts', 'x\n'.repeat(400))])).toEqual([]);
  expect(fileLengths([file('a.ts', 'x\n'.repeat(401))])).toHaveLength(1);
});

test('fileHeaders wants a comment first', () => {
  expect(lines(fileHeaders([file('local/a.ts', "import 'x';\n")]))).toEqual(['local/a.ts:1']);
  expect(fileHeaders([file('local/a.ts', '// Owns a.\n'), file('container/b.ts', '/** Owns b. */\n')])).toEqual([]);
});

test('switchedOffTests catches .only always, and others without a reason', () => {
  const name = 'test/a.test.ts';
  const off = ['only', 'skip'].map((word) => `test.${word}('x', () => {});`).join('\n');
  expect(lines(switchedOffTests([file(name, off)]))).toEqual([`${name}:1`, `${name}:2`]);
  expect(lines(switchedOffTests([file(name, off), file('docs/verification.md', `- ${name}: why`)]))).toEqual([
    `${name}:1`,
  ]);
});

test('checkerEscapes wants a reason', () => {
  const rule = ['oxlint', 'disable-next-line no-console'].join('-');
  expect(lines(checkerEscapes([file('a.ts', `// ${rule}\n// ${rule} -- a reason\n`)]))).toEqual(['a.ts:1']);
});

test('machineTraces catches folders of one machine and registry hosts', () => {
  const text = ['cd /Users/ann/x', 'https://registry.npmjs.org/x', 'cd /home/node', 'see ./work/list', 'a/home/b'].join(
    '\n',
  );
  expect(lines(machineTraces([file('README.md', text)]))).toEqual(['README.md:1', 'README.md:2']);
});

describe('architectureTree', () => {
  const tree = [file('local/stack/a.ts', ''), file('docs/x.md', ''), file('apps/web/src/ui/b.tsx', '')];
  const page = (list: string): SourceFile =>
    file('ARCHITECTURE.md', `# A\n\n## Where things are\n\n${list}\n\n## Next\n`);

  test('content with a line for each part', () => {
    const list = ['local/', 'local/stack/', 'docs/', 'apps/web/'];
    expect(architectureTree([...tree, page(list.map((name) => `- \`${name}\` — a part`).join('\n'))])).toEqual([]);
  });

  test('names what is missing and what is gone', () => {
    const found = architectureTree([...tree, page('- `local/` — a\n- `old/` — gone')]);
    expect(found.map(({ problem }) => problem.split(' ')[0])).toEqual(['old/', 'docs/', 'apps/web/']);
  });

  test('a missing page or section is a violation', () => {
    expect(architectureTree(tree)).toHaveLength(1);
    expect(architectureTree([...tree, file('ARCHITECTURE.md', '# A\n')])).toHaveLength(1);
  });
});

test('migrationsListed wants numbered names and a line in the README', () => {
  const sql = [file('migrations/0001_people.sql', ''), file('migrations/second.sql', '')];
  const readme = file('migrations/README.md', '`0001_people.sql` people');
  expect(migrationsListed([...sql, readme]).map(({ problem }) => problem)).toEqual([
    'name it NNNN-what-it-does.sql',
    'second.sql is not listed: add it with what it does',
  ]);
});

test('documentLinks wants the target of a relative link to be there', () => {
  const page = file(
    'docs/a.md',
    '[b](b.md#part) [up](../README.md) [dir](../docs/) [web](https://x.example/y) [here](#x)\n[no](gone.md)',
  );
  expect(lines(documentLinks([page, file('docs/b.md', ''), file('README.md', '')]))).toEqual(['docs/a.md:2']);
});
