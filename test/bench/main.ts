/**
 * `npm run bench`: proxy overhead and wake time as ratios to baselines measured in the same run, and the Control
 * UI opened in a browser; what metering adds to a model call. Prints JSON lines; asserts nothing. `npm run bench -- --wakes 5
 * --requests 400 --opens 5 --streams 400`, or one part of it: `--only wake|proxy|ui|snapshot|metering`.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { release } from '../../container/image/release.ts';
import { openclawCacheDir } from '../../local/stack/openclaw-cache.ts';
import { Person } from '../support/person.ts';
import { startProduct } from '../support/product.ts';
import { measureMetering } from './metering.ts';
import { measureOpening } from './open-ui.ts';
import { measureProxy } from './proxy.ts';
import { measureSnapshot } from './snapshot.ts';
import { measureWake } from './wake.ts';

const { values } = parseArgs({
  options: {
    wakes: { type: 'string', default: '5' },
    requests: { type: 'string', default: '400' },
    opens: { type: 'string', default: '5' },
    streams: { type: 'string', default: '400' },
    only: { type: 'string' },
  },
});
const wakes = Math.min(Math.max(Number(values.wakes) || 5, 1), 50);
const requests = Math.min(Math.max(Number(values.requests) || 400, 50), 5_000);
const opens = Math.min(Math.max(Number(values.opens) || 5, 1), 50);
const streams = Math.min(Math.max(Number(values.streams) || 400, 40), 5_000);
const parts = ['wake', 'proxy', 'ui', 'snapshot', 'metering'];
const { only } = values;
if (only !== undefined && !parts.includes(only)) throw new Error(`--only takes one of ${parts.join(', ')}`);
const root = path.resolve(import.meta.dirname, '../..');

const print = (line: Readonly<Record<string, unknown>>): void => console.log(JSON.stringify(line));

const wanted = (part: string): boolean => only === undefined || only === part;

// Needs no container: it goes first, while nothing else runs.
if (wanted('metering')) await measureMetering({ streams, print });
if (only !== 'metering') await measureProduct();

async function measureProduct(): Promise<void> {
  const product = await startProduct();
  try {
    const openclawDir = path.join(openclawCacheDir(root, release.openclawVersion), 'node_modules/openclaw');
    const person = await Person.signUp(() => product.stack, 'Bench');
    const tenant = await person.createAssistant('Bench', 'bench-pool-3k');
    await person.waitFor(tenant.id, 'awake');
    if (wanted('wake')) await measureWake({ product, person, tenant, openclawDir, wakes, print });
    if (wanted('proxy')) await measureProxy({ product, person, tenant, requests, print });
    if (wanted('ui')) await measureOpening({ product, person, tenant, runs: opens, print });
    // Last: the large state that it leaves would slow the wakes of the others.
    if (wanted('snapshot')) await measureSnapshot(product, person, tenant.id, print);
  } finally {
    await product.close();
  }
}
