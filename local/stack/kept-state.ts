/**
 * The control plane's database and buckets as a stopped local stack has left them, with the bindings of wrangler.toml and
 * no Worker running. Holds the stack's lock meanwhile: two runtimes never have the same files open.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { D1Database } from '@cloudflare/workers-types';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { z } from 'zod';
import { StackError } from './progress.ts';
import { takeStackLock } from './stack-lock.ts';
import { readWorker } from './workers.ts';

const named = z.record(z.string(), z.object({ id: z.string() }));
const Stores = z.object({ d1Databases: named, r2Buckets: named });

export interface KeptState {
  readonly db: D1Database;
  bucket(binding: string): ReturnType<Miniflare['getR2Bucket']>;
}

/** @throws StackError when there is no such state, or its stack runs */
export async function withKeptState<T>(
  root: string,
  stateDir: string,
  use: (kept: KeptState) => Promise<T>,
): Promise<T> {
  if (!existsSync(stateDir)) throw new StackError(`There is no kept state at ${stateDir}: run npm start once.`);
  const lock = await takeStackLock(path.join(stateDir, 'stack.json'), 0);
  const { name, options } = readWorker({ configPath: path.join(root, 'wrangler.toml'), bindings: {} }, null);
  const script = 'export default { fetch: () => new Response(null, { status: 404 }) };';
  const worker = { name, ...Stores.parse(options), modules: true as const, script };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ resourcePersistencePath: path.join(stateDir, 'bindings'), workers: [worker] }),
  );
  try {
    const db = await miniflare.getD1Database('DB', name);
    return await use({ db, bucket: (binding) => miniflare.getR2Bucket(binding, name) });
  } finally {
    await miniflare.dispose();
    lock.release();
  }
}
