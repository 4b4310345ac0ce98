// `npm run doctor`: what this machine has, what is missing and what to do about it. Starts nothing that lasts.
// `--json` prints one JSON object instead of the table.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { probeIsolation } from '../container/engine/probe-isolation.ts';
import { release } from '../container/image/release.ts';
import { capture } from './bootstrap/step.mjs';
import { dashboardDir } from './stack/dashboard-build.ts';
import { readDevVars } from './stack/dev-vars.ts';
import { dockerAnswers, dockerSocket } from './stack/docker.ts';
import { hasOpenclaw } from './stack/openclaw-cache.ts';
import { choosePayments } from './stack/payments.ts';
import { isPortFree } from './stack/ports.ts';
import { StackError } from './stack/progress.ts';
import { canUseApt, findChromium, findProgram } from './stack/system-packages.ts';
import { parseIsolation, type Isolation } from './stack/isolation.ts';
import { chooseUpstream } from './stack/upstream.ts';
import { whatIsReal } from './stack/what-is-real.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly what: string;
  /** The next step when not ok. */
  readonly next?: string;
}

const root = path.resolve(import.meta.dirname, '..');
const PORT = 8787;

try {
  const findings = [
    node(),
    await workerd(),
    await docker(),
    namespaces(),
    openclaw(),
    dashboard(),
    chromium(),
    await port(),
  ];
  const vars = readDevVars(path.join(root, '.dev.vars'), process.env);
  const reality = whatIsReal(
    {
      isolation: await likelyIsolation(),
      upstream: chooseUpstream(vars.tenantWorker),
      humanCheck: Object.hasOwn(vars.controlPlane, 'TURNSTILE_SITE_KEY'),
      payments: choosePayments(vars.controlPlane),
      platformOrigin: `http://localhost:${PORT}`,
    },
    release.openclawVersion,
  );
  if (process.argv.includes('--json')) console.log(JSON.stringify({ findings, reality }, null, 2));
  else print(findings, reality);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function print(findings: readonly Finding[], reality: ReturnType<typeof whatIsReal>): void {
  for (const { name, ok, what, next } of findings) {
    console.log(`  ${ok ? 'ok' : '--'}  ${name.padEnd(12)} ${what}${next === undefined ? '' : `: ${next}`}`);
  }
  console.log('\nWhat a start here would be made of:');
  for (const row of reality) console.log(`  ${row.part.padEnd(16)} ${row.what}`);
}

function node(): Finding {
  return { name: 'node', ok: true, what: `${process.versions.node} at ${process.execPath}` };
}

async function workerd(): Promise<Finding> {
  const result = await capture(process.execPath, [path.join(root, 'node_modules/.bin/workerd'), '--version']);
  const direct =
    result.code === 0 ? result : await capture(path.join(root, 'node_modules/.bin/workerd'), ['--version']);
  return direct.code === 0
    ? { name: 'workerd', ok: true, what: direct.output.trim() }
    : { name: 'workerd', ok: false, what: 'does not run', next: 'remove node_modules and start again' };
}

async function docker(): Promise<Finding> {
  const socket = dockerSocket(process.env);
  const answers = socket !== null && (await dockerAnswers(socket));
  return { name: 'docker', ok: answers, what: answers ? `answers at ${socket}` : 'not there (not needed)' };
}

/** Asks the engine's own probe, which makes a container once. */
function namespaces(): Finding {
  const { isolation, reason } = probeIsolation();
  const name = 'namespaces';
  if (isolation === 'ns') return { name, ok: true, what: 'this machine can confine each assistant' };
  const tools = findProgram('bwrap') === null || findProgram('ip') === null;
  const next =
    tools && process.platform === 'linux' ? (canUseApt() ? 'npm start installs them' : 'install them') : null;
  return { name, ok: false, what: reason, ...(next === null ? {} : { next }) };
}

function openclaw(): Finding {
  const there = hasOpenclaw(root, release.openclawVersion);
  return {
    name: 'openclaw',
    ok: there,
    what: there ? `${release.openclawVersion} in the cache` : `${release.openclawVersion} is not in the cache`,
    ...(there ? {} : { next: 'npm start installs it (650 MB)' }),
  };
}

function dashboard(): Finding {
  const built = existsSync(dashboardDir(root));
  return {
    name: 'dashboard',
    ok: built,
    what: built ? 'built' : 'not built from the present sources yet',
    ...(built ? {} : { next: 'npm start builds it' }),
  };
}

function chromium(): Finding {
  const found = findChromium();
  return { name: 'chromium', ok: found !== null, what: found ?? 'not there (only the browser tests need it)' };
}

async function port(): Promise<Finding> {
  const free = await isPortFree(PORT);
  return {
    name: 'port',
    ok: free,
    what: `${PORT} is ${free ? 'free' : 'taken'}`,
    ...(free ? {} : { next: 'npm start -- --port N' }),
  };
}

async function likelyIsolation(): Promise<Isolation> {
  const wanted = parseIsolation(process.env['TENANT_ENGINE']);
  if (wanted !== undefined) return wanted;
  if ((await docker()).ok) return 'docker';
  return namespaces().ok ? 'ns' : 'plain';
}
