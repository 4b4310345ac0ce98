/**
 * Makes the compile cache of an image and its list of modules: boots the gateway once and notes what it loads, boots it
 * again with those loaded ahead (`standby.ts`), has it answer one message from a model inside this process, and keeps what
 * Node wrote down. Runs while an image is built, never for a tenant. A list that the second boot does not bear out fails
 * the bake.
 */
import { randomUUID } from 'node:crypto';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityHeaders } from '../openclaw/render-config.ts';
import { keepCompileCache } from './compile-cache.ts';
import { connectGateway, type GatewayConnection } from './gateway-rpc.ts';
import { readOpenclawVersion } from './keeper.ts';
import { LogRing } from './log-ring.ts';
import type { Settings } from './settings.ts';
import { moduleListName, type StandbyFiles } from './standby.ts';
import { startStandInModel } from './stand-in-model.ts';
import { StatusBoard } from './status-board.ts';
import { Supervisor } from './supervisor.ts';

const bootTimeoutMs = 300_000;
const turnTimeoutMs = 120_000;
const stopGraceMs = 30_000;
const origin = 'https://bake.tidepool.internal';
const user = 'bake';

/**
 * @param settings with a HOME and TMPDIR that may be thrown away
 * @param outDir is replaced by the cache when all went well
 * @throws Error with the gateway's last words when it does not get ready or does not answer
 */
export async function bakeCache(settings: Settings, outDir: string): Promise<void> {
  await mkdir(settings.home, { recursive: true, mode: 0o700 });
  await mkdir(settings.tmpDir, { recursive: true, mode: 0o700 });
  const listFile = path.join(settings.tmpDir, moduleListName);
  const recordFile = path.join(settings.tmpDir, 'recorded.json');
  const model = await startStandInModel('Ready.');
  try {
    await boot(settings, model.baseUrl, { listFile: null, recordFile }, () => cp(recordFile, listFile));
    await boot(settings, model.baseUrl, { listFile, recordFile: null }, () => takeTurn(settings.gatewayPort));
  } finally {
    await model.close();
  }
  const partial = `${outDir}.partial`;
  await rm(partial, { recursive: true, force: true });
  await keepCompileCache(settings.openclawDir, settings.tmpDir, partial);
  await cp(listFile, path.join(partial, moduleListName));
  await rm(outDir, { recursive: true, force: true });
  await rename(partial, outDir);
}

/** Boots a gateway from standby, does `work` while it runs, and ends it. */
async function boot(
  settings: Settings,
  baseUrl: string,
  files: StandbyFiles,
  work: () => Promise<void>,
): Promise<void> {
  if (settings.keeperFile === null) throw new Error('a bake runs in the keeper itself');
  const log = new LogRing();
  const board = new StatusBoard({ nowMs: Date.now, onPhase: (phase) => console.log(`bake: ${phase}`) });
  const openclawVersion = await readOpenclawVersion(settings.openclawDir);
  const supervisor = new Supervisor({ settings, board, log, openclawVersion, onReady: () => Promise.resolve() });
  supervisor.standBy(settings.keeperFile, files);
  try {
    supervisor.start(
      {
        config: {
          publicOrigin: origin,
          users: [{ id: user, role: 'owner' }],
          models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
          ai: { baseUrl },
        },
        settings: 'none',
        timeoutMs: bootTimeoutMs,
        overdueRuns: 'leave',
      },
      ['127.0.0.1'],
    );
    while (board.phase === 'validating' || board.phase === 'starting') await delay(100);
    if (board.phase !== 'ready') throw new Error(`the gateway did not get ready: ${log.tail(20)}`);
    await work();
  } finally {
    await supervisor.standDown();
    await supervisor.stop({ graceMs: stopGraceMs, mode: 'drain' });
  }
}

async function takeTurn(port: number): Promise<void> {
  const signal = AbortSignal.timeout(turnTimeoutMs);
  const host = new URL(origin).host;
  const gateway = await connectGateway({
    port,
    signal,
    client: { id: 'cli', mode: 'cli' },
    auth: {},
    headers: {
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.1',
      [identityHeaders.user]: user,
      [identityHeaders.proof]: '1',
    },
    callTimeoutMs: turnTimeoutMs,
  });
  try {
    await gateway.call('chat.send', {
      sessionKey: 'main',
      message: 'Hello',
      idempotencyKey: randomUUID(),
      deliver: false,
    });
    while (!(await answered(gateway))) await delay(500, undefined, { signal });
  } finally {
    gateway.close();
  }
}

async function answered(gateway: GatewayConnection): Promise<boolean> {
  const history = await gateway.call('chat.history', { sessionKey: 'main' });
  return JSON.stringify(history).includes('"role":"assistant"');
}
