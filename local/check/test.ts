// `npm test`: sets up what the tests need, then runs check, runtime, system and browser tests in that order and sums
// them up. `npm test -- <path…>` runs only matching tests, without the static checks. `npm run long` runs the long stories.
// What holds: the last line is the true sum, the exit code is 0 only when nothing failed, and a layer that did not run
// is a failure with a reason, never a silence.

import path from 'node:path';
import { consoleProgress, StackError } from '../stack/progress.ts';
import { ensureDashboard } from '../stack/dashboard-build.ts';
import { ensureTestTools } from './test-tools.ts';
import { runTask, stopTasks } from './run-task.ts';
import { runCheck, vitestTask, type Project } from './steps.ts';
import { readVitestReport, sumCounts, type TestCount } from './vitest-report.ts';

const root = path.resolve(import.meta.dirname, '../..');
const progress = consoleProgress((line) => console.log(line));
process.on('SIGINT', stopTasks);
process.on('SIGTERM', stopTasks);

const startedMs = performance.now();
const paths = process.argv.slice(2);
try {
  const failedSteps =
    paths[0] === '--long' ? await runLong() : paths.length > 0 ? await runSome(paths) : await runAll();
  process.exitCode = failedSteps === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}

/** Every layer. Resolves to the number of things that failed. */
async function runAll(): Promise<number> {
  await prepare(['system', 'browser']);
  console.log('\ncheck');
  const { failedSteps, unit } = await runCheck(root);
  const counts: TestCount[] = [unit];
  for (const project of ['runtime', 'system', 'browser'] as const) counts.push(await runProject(project));
  const sum = sumCounts(counts);
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  console.log(`\n${minutes} min`);
  if (sum.skipped > 0) console.log(`${sum.skipped} skipped (docs/verification.md says why)`);
  for (const failure of sum.failures) console.log(`failed: ${failure}`);
  // A failed static check is no test; "unit tests" is already in the sum.
  const checks = failedSteps.filter((name) => name !== 'unit tests');
  if (checks.length > 0) console.log(`failed checks: ${checks.join(', ')}`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed + failedSteps.length;
}

/** The stories that take several minutes each. */
async function runLong(): Promise<number> {
  await prepare(['system', 'browser']);
  const count = await runProject('long');
  for (const failure of count.failures) console.log(`failed: ${failure}`);
  console.log(`${count.passed} passed, ${count.failed} failed`);
  return count.failed;
}

/** Only the tests whose path contains one of `wanted`, whatever layer they are in. */
async function runSome(wanted: readonly string[]): Promise<number> {
  await prepare(wanted.some((name) => name.includes('browser')) ? ['browser', 'system'] : ['system']);
  const reportFile = path.join(root, '.tidepool/test/some.json');
  const projects: Project[] = ['unit', 'runtime', 'system', 'browser', 'long'];
  const result = await runTask(vitestTask(root, projects, { reportFile, paths: wanted, live: true }));
  const count = readVitestReport(reportFile);
  if (count.passed + count.failed === 0) throw new StackError(`No test matches ${wanted.join(' ')}.`);
  console.log(`${count.passed} passed, ${count.failed} failed`);
  return result.code === 0 ? count.failed : Math.max(1, count.failed);
}

async function runProject(project: Project): Promise<TestCount> {
  console.log(`\n${project} tests`);
  const reportFile = path.join(root, `.tidepool/test/${project}.json`);
  const result = await runTask(vitestTask(root, [project], { reportFile, live: true }));
  const count = readVitestReport(reportFile);
  if (result.code === 0 || count.failed > 0) return count;
  return { ...count, failed: 1, failures: [`${project} tests ended with exit code ${result.code}`] };
}

/** What the layers need from outside. Throws StackError with one sentence about what is missing. */
async function prepare(layers: readonly ('system' | 'browser')[]): Promise<void> {
  await ensureTestTools(layers, progress);
  if (layers.includes('browser')) await ensureDashboard(root, progress);
}
