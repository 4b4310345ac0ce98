// One assistant's pages in the states that matter: what can be pressed and why not, what failed and what to do, what a
// month cost to the nano-dollar, and the connection that comes and goes. A page is a file beside; all share one stack.

import { describe } from 'vitest';
import { activityTests } from './tenant-pages/activity.ts';
import { frameTests } from './tenant-pages/frame.ts';
import { modelsTests } from './tenant-pages/models.ts';
import { networkTests } from './tenant-pages/network.ts';
import { powerTests } from './tenant-pages/power.ts';
import { secretsTests } from './tenant-pages/secrets.ts';
import { stageForThisFile } from './tenant-pages/stage.ts';
import { usageTests } from './tenant-pages/usage.ts';

const stage = stageForThisFile();

describe('power', () => powerTests(stage));
describe('usage', () => usageTests(stage));
describe('models', () => modelsTests(stage));
describe('activity', () => activityTests(stage));
describe('network', () => networkTests(stage));
describe('secrets', () => secretsTests(stage));
describe('frame', () => frameTests(stage));
