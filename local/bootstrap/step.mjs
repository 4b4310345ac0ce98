// Progress lines and child processes for the bootstrap. Runs on any Node >= 20, built-ins only.

import { spawn } from 'node:child_process';

/** A failure somebody can act on: its message is the whole output. */
export class BootstrapError extends Error {}

/** One line to the person, on stderr so that `--json` output stays clean. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a slow step with a line before, a sign of life while it runs, and a line with the time after.
 * On a terminal the sign of life replaces itself; elsewhere it is a line every 15 s.
 */
export async function step(name, doing, work) {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(1);
  const tty = process.stderr.isTTY;
  if (tty) process.stderr.write(`  ${name}: ${doing} …`);
  else say(`  ${name}: ${doing} …`);
  const alive = setInterval(
    () =>
      tty
        ? process.stderr.write(`\r\x1b[K  ${name}: ${doing} … ${seconds()} s`)
        : say(`  ${name}: still at it, ${seconds()} s`),
    tty ? 1_000 : 15_000,
  );
  try {
    const result = await work();
    if (tty) process.stderr.write('\r\x1b[K');
    say(`  ${name}: done in ${seconds()} s`);
    return result;
  } catch (error) {
    if (tty) process.stderr.write('\n');
    throw error;
  } finally {
    clearInterval(alive);
  }
}

/**
 * Runs a program without a shell and collects what it prints (last 64 KiB).
 * Resolves to `{ code, output }`; `code` is 127 when the program does not exist, 124 when it took too long.
 */
export function capture(file, argv, { cwd, env, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(file, argv, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const keep = (chunk) => (output = (output + chunk).slice(-65_536));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: 127, output: error.message });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 124, output });
    });
  });
}

/** Runs npm the way this machine has it (npm's own script when npm started us, else the one on PATH). */
export function npm(argv, options = {}) {
  const script = process.env.npm_execpath;
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--engine-strict=false', '--loglevel=error'];
  // npm passes its settings down as npm_config_*; one of them (omit, ignore-scripts) must not change what is installed.
  const env = Object.fromEntries(
    Object.entries({ ...process.env, ...options.env }).filter(
      ([key]) => !/^npm_(config_(omit|include|production|global|prefix|only|dry_run)|package_|lifecycle_)/.test(key),
    ),
  );
  const all = [...argv, ...quiet];
  // Started by another package manager, npm_execpath is that one.
  return script?.endsWith('npm-cli.js')
    ? capture(process.execPath, [script, ...all], { ...options, env })
    : capture('npm', all, { ...options, env });
}

/** One sentence for an npm that failed: what is missing and the next step. */
export function npmProblem(result, doing) {
  if (result.code === 127) return `npm is missing, and ${doing} needs it: install npm 10 or newer and run this again.`;
  if (result.code === 124)
    return `npm did not finish ${doing} within the time limit: check the network and run this again.`;
  const network = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.exec(
    result.output,
  );
  if (network !== null)
    return `The npm registry could not be reached (${network[1]}) while ${doing}: check the network and run this again.`;
  if (/\bENOSPC\b/.test(result.output))
    return `The disk is full, so ${doing} stopped: free about 2 GB and run this again.`;
  const reason = result.output
    .split('\n')
    .filter((line) => /error/i.test(line))
    .slice(0, 4)
    .join('\n  ');
  return `npm failed while ${doing}; it said:\n  ${reason || result.output.trim().slice(-600)}`;
}
