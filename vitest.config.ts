// The test projects: unit (node), runtime-* (inside each Worker, in workerd), system (node, the real stack), browser
// (Chromium, the real stack).

import path from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { controlPlaneRuntime, tenantRuntime } from './local/check/runtime-projects.ts';

const root = import.meta.dirname;
const never = ['**/node_modules/**', '**/dist/**', '.tidepool/**'];
/** Stories of several minutes each, for `npm run long`: `npm test` must stay short enough to be run before every push. */
const longFiles = ['test/system/**/*.long.test.ts'];
const systemFiles = ['test/system/**/*.test.ts', 'test/engine/**/*.test.ts', '**/*.system.test.ts'];

/** Tests with a real stack: one at a time (an awake OpenClaw takes 0.9 GB), and slow to start. */
const withStack: TestProjectInlineConfiguration['test'] = {
  environment: 'node',
  pool: 'forks',
  fileParallelism: false,
  maxWorkers: 1,
  isolate: true,
  testTimeout: 180_000,
  hookTimeout: 600_000,
  globalSetup: [path.join(root, 'local/check/system-setup.ts')],
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            'apps/**/*.test.{ts,tsx}',
            'local/**/*.test.ts',
            'container/**/*.test.ts',
            'test/*.test.ts',
            'test/load/**/*.test.ts',
            'test/sim/**/*.test.ts',
            'test/properties/**/*.test.ts',
          ],
          exclude: [...never, '**/*.system.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // On two cores the default is one; the files that take longest wait for processes most of the time.
          maxWorkers: '100%',
        },
      },
      {
        plugins: [tenantRuntime(root)],
        test: { name: 'runtime-tenant', include: ['test/runtime/tenant/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        plugins: [controlPlaneRuntime(root)],
        test: {
          name: 'runtime-control-plane',
          include: ['test/runtime/control-plane/**/*.test.ts'],
          testTimeout: 30_000,
          globalSetup: [path.join(root, 'local/check/demo-model-setup.ts')],
        },
      },
      { test: { name: 'system', include: systemFiles, exclude: [...never, ...longFiles], ...withStack } },
      { test: { name: 'long', include: longFiles, exclude: never, ...withStack } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], exclude: never, ...withStack } },
    ],
  },
});
