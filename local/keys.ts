/**
 * `npm run keys`: key rotations, over the database. `status` says how far they are, `rotate` begins one towards the cell's
 * current key, `new-data-keys` one that gives every assistant new data keys too. The scheduled job of the control plane
 * carries them out; docs/runbook.md has the steps around it.
 * The database is the deployed one, through wrangler; with `--state DIR` the one that a stopped local stack has kept there,
 * whose job goes on when the stack runs again.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { beginRotationSql, rotationStatusSql } from '../apps/control-plane/src/core/key-rotation-sql.ts';
import { StackError } from './stack/progress.ts';

const root = path.resolve(import.meta.dirname, '..');
const actions: Readonly<Record<string, readonly string[]>> = {
  status: [rotationStatusSql],
  rotate: [beginRotationSql('kek'), rotationStatusSql],
  'new-data-keys': [beginRotationSql('data_key'), rotationStatusSql],
};

const [action = 'status', ...rest] = actionFirst(process.argv.slice(2));
const statements = Object.hasOwn(actions, action) ? actions[action] : undefined;
try {
  if (statements === undefined) {
    throw new StackError(`No action "${action}". There are: ${Object.keys(actions).join(', ')}.`);
  }
  const stateDir = readStateDir(rest);
  if (stateDir === null) deployed(statements, rest);
  else await kept(statements, stateDir);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Options alone ask for the status. */
function actionFirst(args: readonly string[]): readonly string[] {
  return args[0]?.startsWith('-') === true ? ['status', ...args] : args;
}

function readStateDir(args: readonly string[]): string | null {
  // The other options are wrangler's.
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { state: { type: 'string' } },
    strict: false,
    allowPositionals: true,
  });
  if (values.state === undefined) return null;
  if (typeof values.state !== 'string' || values.state === '') {
    throw new StackError('Say which state: --state .tidepool/state is the one of npm start.');
  }
  // A verb behind the options would be done by nobody, and look as if it had been.
  if (positionals.length > 0) throw new StackError(`Say first what to do: npm run keys -- ${positionals[0]} --state …`);
  return path.resolve(values.state);
}

function deployed(sql: readonly string[], options: readonly string[]): void {
  const wrangler = path.join(root, 'node_modules/wrangler/bin/wrangler.js');
  const argv = ['d1', 'execute', 'tidepool', '--remote', '--yes', ...options, '--command', sql.join('; ')];
  const child = spawn(process.execPath, [wrangler, ...argv], { cwd: root, stdio: 'inherit' });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

async function kept(sql: readonly string[], stateDir: string): Promise<void> {
  // A whole runtime, which only this needs.
  const { withKeptState } = await import('./stack/kept-state.ts');
  const rows = await withKeptState(root, stateDir, async ({ db }) => {
    let found: unknown[] = [];
    for (const statement of sql) found = (await db.prepare(statement).all()).results;
    return found;
  });
  if (rows.length === 0) process.stdout.write('There was no rotation yet.\n');
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}
