// Reads what vitest's JSON reporter wrote: how many tests passed and failed, and which.
// A report that is missing or unreadable counts as one failure: silence is never success.

import { readFileSync } from 'node:fs';
import { z } from 'zod';

const reportSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

export interface TestCount {
  readonly passed: number;
  /** Failed tests, plus one for each file that failed without a failed test (it did not load). */
  readonly failed: number;
  readonly skipped: number;
  /** `file: test` for each failure, at most 20. */
  readonly failures: readonly string[];
}

const FAILURES_SHOWN_MAX = 20;

/** Counts one report file written by `vitest run --reporter=json`. */
export function readVitestReport(file: string): TestCount {
  try {
    return countTests(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: [`${file}: no report was written, so the run broke off`] };
  }
}

/** Counts a parsed report. Throws when its shape is not vitest's. */
export function countTests(raw: unknown): TestCount {
  const report = reportSchema.parse(raw);
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failures = report.testResults.flatMap((file) =>
    file.assertionResults.filter((test) => test.status === 'failed').map((test) => `${file.name}: ${test.fullName}`),
  );
  const failed = report.numFailedTests + broken.length;
  return {
    passed: report.numPassedTests,
    // An unsuccessful run without a named culprit (an unhandled error, a failed set-up) is still a failure.
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: report.numPendingTests,
    failures: [...failures, ...broken.map((file) => `${file.name}: did not load`)].slice(0, FAILURES_SHOWN_MAX),
  };
}

/** Sums counts of several reports. */
export function sumCounts(counts: readonly TestCount[]): TestCount {
  return {
    passed: counts.reduce((sum, count) => sum + count.passed, 0),
    failed: counts.reduce((sum, count) => sum + count.failed, 0),
    skipped: counts.reduce((sum, count) => sum + count.skipped, 0),
    failures: counts.flatMap((count) => count.failures).slice(0, FAILURES_SHOWN_MAX),
  };
}
