import { expect, test } from 'vitest';
import { countTests, readVitestReport, sumCounts } from './vitest-report.ts';

const report = (overrides: object) => ({
  success: true,
  numPassedTests: 2,
  numFailedTests: 0,
  numPendingTests: 1,
  testResults: [],
  ...overrides,
});
const file = (name: string, status: string, tests: { status: string; fullName: string }[]) => ({
  name,
  status,
  assertionResults: tests,
});

test('counts passed, failed and skipped tests', () => {
  const failing = file('a.test.ts', 'failed', [{ status: 'failed', fullName: 'adds' }]);
  const count = countTests(report({ success: false, numFailedTests: 1, testResults: [failing] }));
  expect(count).toEqual({ passed: 2, failed: 1, skipped: 1, failures: ['a.test.ts: adds'] });
});

test('a file that did not load is a failure although no test in it failed', () => {
  const count = countTests(report({ success: false, testResults: [file('b.test.ts', 'failed', [])] }));
  expect(count.failed).toBe(1);
  expect(count.failures).toEqual(['b.test.ts: did not load']);
});

test('an unsuccessful run without a culprit is a failure', () => {
  expect(countTests(report({ success: false })).failed).toBe(1);
});

test('a report that was never written is a failure', () => {
  expect(readVitestReport('/nonexistent/report.json').failed).toBe(1);
});

test('sums several reports', () => {
  const one = countTests(report({}));
  expect(sumCounts([one, one])).toEqual({ passed: 4, failed: 0, skipped: 2, failures: [] });
});
