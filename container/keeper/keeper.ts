/**
 * Composes the keeper: settings in, a listening server out. The routes are the whole contract with `TenantSandbox`.
 */
import { readFile } from 'node:fs/promises';
import type http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { ClaimGate } from './claim.ts';
import { linkCompileCache } from './compile-cache.ts';
import {
  checkRequestSchema,
  claimRequestSchema,
  keeperProtocol,
  startRequestSchema,
  stopRequestSchema,
  usersRequestSchema,
  type KeeperStatus,
} from './contract.ts';
import { diskOf } from './disk.ts';
import { FileDesk } from './files/file-desk.ts';
import { putQuerySchema, undoRequestSchema } from './files/put-contract.ts';
import { createKeeperServer, parseInput, readJson, type Route } from './http-server.ts';
import { LogRing } from './log-ring.ts';
import { Poker } from './poke.ts';
import { pairingRequestSchema } from './pairing-contract.ts';
import { Problem } from './problem.ts';
import type { Settings } from './settings.ts';
import { StateFolder } from './archive/restore.ts';
import { StateService, stateQuerySchema } from './state-service.ts';
import { SecurityAuditor } from './security-audit.ts';
import { moduleListName } from './standby.ts';
import { StatusBoard } from './status-board.ts';
import { Supervisor } from './supervisor.ts';

const logLinesMax = 1_000;
const logLinesDefault = 200;

export interface Keeper {
  readonly server: http.Server;
  /** Stops the gateway and the server; for SIGTERM. */
  shutDown(graceMs: number): Promise<void>;
}

/** @throws Error when OpenClaw is not where the settings say */
export async function createKeeper(settings: Settings): Promise<Keeper> {
  const log = new LogRing();
  const claim = new ClaimGate();
  const poker = new Poker();
  const board = new StatusBoard({
    nowMs: Date.now,
    onPhase: (phase) => {
      log.add('keeper', `phase ${phase}`);
      poker.poke();
    },
  });
  const openclawVersion = await readOpenclawVersion(settings.openclawDir);
  if (settings.compileCacheDir !== null) {
    await linkCompileCache(settings.compileCacheDir, settings.openclawDir, settings.tmpDir);
  }
  const folder = new StateFolder(settings.stateDir);
  await folder.recover();
  const auditor = new SecurityAuditor({ settings, release: openclawVersion, log });
  const supervisor = new Supervisor({
    settings,
    board,
    log,
    openclawVersion,
    onReady: async () => {
      await folder.forgetReplaced();
      auditor.begin();
    },
  });
  if (settings.keeperFile !== null && settings.compileCacheDir !== null) {
    const listFile = path.join(settings.compileCacheDir, moduleListName);
    supervisor.standBy(settings.keeperFile, { listFile, recordFile: null });
  }
  const state = new StateService({ settings, folder, board, log, supervisor, openclawVersion });
  const files = new FileDesk(settings.stateDir, Date.now);

  const status = async (): Promise<KeeperStatus> => ({
    ...board.read(),
    audit: auditor.last,
    hasState: folder.present,
    disk: await diskOf(settings.home),
    versions: { openclaw: openclawVersion, node: process.version },
  });

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/v1/health',
      open: true,
      handle: () => ({ status: 200, json: { keeper: 'up', claimed: claim.claimed, protocol: keeperProtocol } }),
    },
    {
      method: 'POST',
      path: '/v1/claim',
      open: true,
      handle: async ({ request, peer }) => {
        const outcome = claim.claim(await readJson(request, claimRequestSchema), peer);
        if (outcome === 'refused') throw new Problem('already_claimed', 'Another run of the tenant owns this keeper.');
        return { status: 200, json: { claimed: true } };
      },
    },
    {
      method: 'POST',
      path: '/v1/gateway/start',
      handle: async ({ request }) => {
        const wanted = await readJson(request, startRequestSchema);
        state.assertNotRestoring();
        supervisor.start(wanted, claim.peers);
        return { status: 202, json: await status() };
      },
    },
    {
      method: 'POST',
      path: '/v1/gateway/stop',
      handle: async ({ request }) => {
        const wanted = await readJson(request, stopRequestSchema);
        auditor.cancel();
        return { status: 200, json: await supervisor.stop(wanted) };
      },
    },
    {
      method: 'POST',
      path: '/v1/gateway/check',
      handle: async ({ request }) => {
        const wanted = await readJson(request, checkRequestSchema);
        const found = await supervisor.check(wanted);
        const audit = wanted.audit ? await auditor.told(wanted.timeoutMs) : null;
        return { status: 200, json: { ...found, audit } };
      },
    },
    {
      method: 'POST',
      path: '/v1/gateway/pairing',
      handle: async ({ request }) => ({
        status: 200,
        json: await supervisor.pairing(await readJson(request, pairingRequestSchema)),
      }),
    },
    {
      method: 'POST',
      path: '/v1/gateway/users',
      handle: async ({ request }) => ({
        status: 200,
        json: { changed: await supervisor.changeUsers(await readJson(request, usersRequestSchema)) },
      }),
    },
    {
      method: 'PUT',
      path: '/v1/state',
      handle: async ({ request, query }) => ({
        status: 200,
        json: await state.restore(
          request,
          parseInput(stateQuerySchema, () => Object.fromEntries(query)),
        ),
      }),
    },
    {
      method: 'PUT',
      path: '/v1/import',
      handle: async ({ request }) => ({ status: 200, json: await state.import(request) }),
    },
    {
      method: 'PUT',
      path: '/v1/files',
      handle: async ({ request, query }) => {
        const wanted = parseInput(putQuerySchema, () => Object.fromEntries(query));
        state.assertPresent();
        // A refusal must not take the connection along, over which it is told.
        const content = Readable.from(request.iterator({ destroyOnReturn: false }));
        return { status: 200, json: await files.put(content, wanted) };
      },
    },
    {
      method: 'POST',
      path: '/v1/files/undo',
      handle: async ({ request }) => {
        const wanted = await readJson(request, undoRequestSchema);
        state.assertPresent();
        return { status: 200, json: await files.undo(wanted) };
      },
    },
    {
      method: 'GET',
      path: '/v1/snapshot',
      handle: async ({ response }) => {
        await state.snapshot(response);
        return null;
      },
    },
    {
      method: 'GET',
      path: '/v1/snapshot/last',
      handle: () => {
        if (state.last === null) throw new Problem('not_found', 'No snapshot has ended yet.');
        return { status: 200, json: state.last };
      },
    },
    {
      method: 'GET',
      path: '/v1/snapshot/inventory',
      handle: () => {
        if (state.inventory === null) throw new Problem('not_found', 'No snapshot has ended yet.');
        return { status: 200, json: state.inventory };
      },
    },
    { method: 'GET', path: '/v1/status', handle: async () => ({ status: 200, json: await status() }) },
    {
      method: 'GET',
      path: '/v1/log',
      handle: ({ query }) => {
        const lines = z.coerce.number().int().min(1).max(logLinesMax).default(logLinesDefault);
        return { text: log.tail(parseInput(lines, () => query.get('lines') ?? undefined)) };
      },
    },
  ];
  const server = createKeeperServer(routes, claim, log);
  return {
    server,
    shutDown: async (graceMs) => {
      auditor.cancel();
      await supervisor.standDown();
      await supervisor.stop({ graceMs, mode: 'drain' });
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function readOpenclawVersion(openclawDir: string): Promise<string> {
  const text = await readFile(path.join(openclawDir, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
