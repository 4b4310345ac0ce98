// What `npm run check` is made of: types in every world, lint, format, unused code, unit tests.
// One list, so that `check` and `test` can't differ.

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runTasks, type Task, type TaskResult } from './run-task.ts';
import { readVitestReport, type TestCount } from './vitest-report.ts';

export type Project = 'unit' | 'runtime' | 'system' | 'browser' | 'long';

export interface CheckOutcome {
  readonly failedSteps: readonly string[];
  readonly unit: TestCount;
}

const OUTPUT_SHOWN_CHARS_MAX = 12_000;

const bin = (root: string, name: string): string => path.join(root, 'node_modules', '.bin', name);

/** The static checks, longest first so that two at a time end together. */
function staticTasks(root: string): Task[] {
  const tsconfigs = ['core', 'workers', 'node', 'runtime'].map((world) => `tsconfig.${world}.json`);
  if (existsSync(path.join(root, 'apps/dashboard/tsconfig.json'))) tsconfigs.push('apps/dashboard/tsconfig.json');
  return [
    { name: 'lint', argv: [bin(root, 'oxlint'), '--type-aware', '--deny-warnings'], cwd: root },
    { name: 'unused code', argv: [bin(root, 'knip'), '--no-progress'], cwd: root },
    ...tsconfigs.map((file): Task => ({ name: `types ${file}`, argv: [bin(root, 'tsc'), '-p', file], cwd: root })),
    bundleTask(root, 'control plane', 'wrangler.toml'),
    bundleTask(root, 'tenant worker', 'apps/tenant-worker/wrangler.toml'),
    { name: 'format', argv: [bin(root, 'oxfmt'), '--check'], cwd: root },
  ];
}

/** Bundles one Worker exactly as a deployment would; the local stack bundles by itself (local/stack/bundle.ts). */
function bundleTask(root: string, name: string, config: string): Task {
  const out = path.join(root, '.tidepool/test/bundle', name.replace(' ', '-'));
  const assets = path.join(out, 'assets'); // Stands for the built static files, which this step is not about.
  mkdirSync(assets, { recursive: true });
  return {
    name: `deployable ${name}`,
    argv: [
      bin(root, 'wrangler'),
      'deploy',
      '--dry-run',
      '--containers-rollout=none',
      `--config=${config}`,
      `--outdir=${path.join(out, 'code')}`,
      `--assets=${assets}`,
    ],
    cwd: root,
  };
}

/** The task that runs vitest projects and writes a JSON report; `paths` narrow it to matching files. */
export function vitestTask(
  root: string,
  projects: readonly Project[],
  options: { reportFile: string; paths?: readonly string[]; live: boolean },
): Task {
  mkdirSync(path.dirname(options.reportFile), { recursive: true });
  rmSync(options.reportFile, { force: true }); // A report of an earlier run must not stand for this one.
  return {
    name: projects.length === 1 ? `${projects[0]} tests` : 'tests',
    argv: [
      bin(root, 'vitest'),
      'run',
      ...projects.map((project) => `--project=${project === 'runtime' ? 'runtime-*' : project}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${options.reportFile}`,
      '--passWithNoTests',
      '--silent=passed-only',
      ...(options.paths ?? []),
    ],
    cwd: root,
    live: options.live,
  };
}

/** Runs every static check and the unit tests, two at a time, printing a line for each as it ends. */
export async function runCheck(root: string): Promise<CheckOutcome> {
  const reportFile = path.join(root, '.tidepool/test/unit.json');
  const unit = vitestTask(root, ['unit'], { reportFile, live: false });
  const failed: TaskResult[] = [];
  const report = (result: TaskResult): void => {
    const seconds = (result.tookMs / 1000).toFixed(1).padStart(6);
    console.log(`  ${result.code === 0 ? 'ok  ' : 'FAIL'} ${seconds} s  ${result.name}`);
    if (result.code !== 0) failed.push(result);
  };
  // The dashboard's route tree is made from its files and not committed; its type check and knip need it.
  const routes = [process.execPath, 'apps/dashboard/generate-routes.mjs'] as const;
  await runTasks([{ name: 'dashboard routes', argv: routes, cwd: root }], 1, report);
  await runTasks([unit, ...staticTasks(root)], 2, report);
  for (const result of failed) {
    console.log(
      `\n--- ${result.name} (exit ${result.code}) ---\n${result.output.trim().slice(-OUTPUT_SHOWN_CHARS_MAX)}`,
    );
  }
  return { failedSteps: failed.map((result) => result.name), unit: readVitestReport(reportFile) };
}
