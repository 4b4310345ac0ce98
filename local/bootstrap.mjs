// The way in for every npm script: plain JavaScript that runs on any Node >= 20 with nothing installed.
// It makes the dependencies match the lock file, finds Node 24 and runs the real command there, in TypeScript.
// What holds: when everything is in place it adds well under 100 ms; an expected failure is one sentence and
// a non-zero exit code, never a stack.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { ensureDependencies } from './bootstrap/dependencies.mjs';
import { ensureNode24 } from './bootstrap/node24.mjs';
import { BootstrapError, say } from './bootstrap/step.mjs';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');

const COMMANDS = {
  start: { script: 'local/start.ts', ownGroup: true, what: 'the whole of Tidepool on this machine' },
  test: { script: 'local/check/test.ts', what: 'every test layer; with paths, only those tests' },
  long: { script: 'local/check/test.ts', args: ['--long'], what: 'the stories that take minutes each' },
  check: { script: 'local/check/check.ts', what: 'types, lint, format, unused code, unit tests' },
  bench: { script: 'test/bench/main.ts', what: 'the budgets of the design, measured' },
  doctor: { script: 'local/doctor.ts', what: 'what is real here and what is a stand-in' },
  soak: { script: 'test/soak/kills.ts', what: 'random kills of the real thing, and what was lost' },
  'audit:verify': { script: 'local/audit/verify.ts', what: 'follows the audit trail and its anchors' },
  flood: {
    script: 'test/flood/main.ts',
    what: 'strangers against a sleeping assistant, and what its neighbour notices',
  },
  load: { script: 'test/load/main.ts', what: 'the books under load: every charge against the upstream’s own log' },
  properties: { script: 'test/properties/main.ts', what: 'the rules of firewall and gate, case by case' },
  stripe: { script: 'local/stripe/set-up-main.ts', what: 'what a Stripe account lacks for the plans, and making it' },
  sbom: { script: 'local/sbom/main.ts', what: 'what a release of the container is made of' },
  keys: { script: 'local/keys.ts', what: 'key rotations: how far they are, and a new one' },
  sim: { script: 'test/sim/main.ts', what: 'the seeded simulation' },
};

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

try {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new BootstrapError(`Node ${process.versions.node} is too old: install Node 20 or newer and run this again.`);
  }
  if (process.platform === 'win32') {
    throw new BootstrapError('The Workers runtime and its containers need Linux or macOS: run this inside WSL.');
  }
  const [name = '', ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const list = Object.entries(COMMANDS).map(([key, { what }]) => `  ${key.padEnd(12)} ${what}`);
    throw new BootstrapError(`${name === '' ? 'No command' : `No command "${name}"`}. There are:\n${list.join('\n')}`);
  }
  await ensureDependencies(root);
  const node = await ensureNode24(root);
  const script = path.join(root, command.script);
  if (!existsSync(script))
    throw new BootstrapError(`"${name}" needs ${command.script}, which this checkout does not have.`);
  process.exitCode = await run(node, [script, ...(command.args ?? []), ...args], command.ownGroup === true);
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

/**
 * Runs the command under `node` with that Node first on PATH; resolves to its exit code (128 + n for signal n).
 * With `ownGroup` a terminal's Ctrl-C reaches only this process, which passes it on: the command has children that a
 * Ctrl-C of their own would end before it has saved what they hold. It learns of this process's end by `disconnect`.
 */
function run(node, argv, ownGroup) {
  const env = {
    ...process.env,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
    // Workers' tools: no usage reports, no fetch of request metadata at each start.
    WRANGLER_SEND_METRICS: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  };
  const stdio = ownGroup ? ['ignore', 'inherit', 'inherit', 'ipc'] : 'inherit';
  const child = spawn(node, argv, { stdio, env, detached: ownGroup });
  // In one group with a terminal in front, the child got the Ctrl-C already: only outlive it here.
  process.on('SIGINT', () => (!ownGroup && process.stdin.isTTY) || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(new BootstrapError(`Node 24 at ${node} could not be started: ${error.message}.`)),
    );
    child.on('exit', (code, signal) => resolve(code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 1)));
  });
}
