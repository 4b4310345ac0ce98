// `npm run check`: everything that needs no running stack. Exit code 0 only when every step passed.

import path from 'node:path';
import { stopTasks } from './run-task.ts';
import { runCheck } from './steps.ts';

const root = path.resolve(import.meta.dirname, '../..');
process.on('SIGINT', stopTasks);
process.on('SIGTERM', stopTasks);

const { failedSteps, unit } = await runCheck(root);
console.log(`\n${unit.passed} unit tests passed, ${unit.failed} failed`);
console.log(failedSteps.length === 0 ? 'check: all green' : `check: failed: ${failedSteps.join(', ')}`);
process.exitCode = failedSteps.length === 0 ? 0 : 1;
