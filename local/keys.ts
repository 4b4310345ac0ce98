/**
 * `npm run keys`: key rotations of a deployed Tidepool, over its database. `status` says how far they are, `rotate` begins
 * one towards the cell's current key, `new-data-keys` one that gives every assistant new data keys too. The scheduled job
 * of the control plane carries them out; docs/runbook.md has the steps around it.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { beginRotationSql, rotationStatusSql } from '../apps/control-plane/src/core/key-rotation-sql.ts';

const root = path.resolve(import.meta.dirname, '..');
const actions: Readonly<Record<string, readonly string[]>> = {
  status: [rotationStatusSql],
  rotate: [beginRotationSql('kek'), rotationStatusSql],
  'new-data-keys': [beginRotationSql('data_key'), rotationStatusSql],
};

const [action = 'status', ...rest] = process.argv.slice(2);
const statements = Object.hasOwn(actions, action) ? actions[action] : undefined;
if (statements === undefined) {
  process.stderr.write(`No action "${action}". There are: ${Object.keys(actions).join(', ')}.\n`);
  process.exitCode = 1;
} else {
  const wrangler = path.join(root, 'node_modules/wrangler/bin/wrangler.js');
  const argv = ['d1', 'execute', 'tidepool', '--remote', '--yes', ...rest, '--command', statements.join('; ')];
  const child = spawn(process.execPath, [wrangler, ...argv], { cwd: root, stdio: 'inherit' });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
