/** Keepers for tests, and the calls to them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { GatewayConfigInput } from '../../openclaw/config-input.ts';
import { keeperStatusSchema, type KeeperPhase, type KeeperStatus } from '../contract.ts';
import { createKeeper } from '../keeper.ts';
import { parseSettings } from '../settings.ts';
import { moduleListName } from '../standby.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const testToken = 'test-token-'.repeat(4);

export const testConfig: GatewayConfigInput = {
  publicOrigin: 'http://acme.localhost:8787',
  users: [
    { id: 'usr_owner', role: 'owner' },
    { id: 'usr_operator', role: 'operator' },
  ],
  models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
  ai: { baseUrl: 'http://ai.tidepool.internal' },
};

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** Speaks the keeper's contract, as `TenantSandbox` does. */
export class KeeperCaller {
  readonly home: string;
  readonly port: number;
  readonly gatewayPort: number;

  constructor(home: string, port: number, gatewayPort: number) {
    this.home = home;
    this.port = port;
    this.gatewayPort = gatewayPort;
  }

  get stateDir(): string {
    return path.join(this.home, '.openclaw');
  }

  claim(change: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    return this.call('POST', '/v1/claim', { token: testToken, tenantId: 'ten_1', incarnation: 1, ...change });
  }

  fetch(
    method: string,
    route: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${route}`, {
      method,
      ...init,
      headers: { authorization: `Bearer ${testToken}`, ...init.headers },
    });
  }

  async call(method: string, route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await this.fetch(method, route, {
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  async status(): Promise<KeeperStatus> {
    return keeperStatusSchema.parse((await this.call('GET', '/v1/status')).body);
  }

  start(change: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    return this.call('POST', '/v1/gateway/start', { config: testConfig, ...change });
  }

  stop(mode: 'drain' | 'now' = 'drain', graceMs = 5_000): Promise<Reply> {
    return this.call('POST', '/v1/gateway/stop', { mode, graceMs });
  }

  /** Looks until the phase is one of these. The test's own timeout is the bound. */
  async until(...phases: readonly KeeperPhase[]): Promise<KeeperStatus> {
    for (;;) {
      const status = await this.status();
      if (phases.includes(status.phase)) return status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async startAndWait(change: Readonly<Record<string, unknown>> = {}): Promise<KeeperStatus> {
    await this.start(change);
    return this.until('ready', 'failed', 'crashed', 'stopped');
  }

  /** Kills the gateway as an out-of-memory killer would. */
  async killGateway(): Promise<void> {
    const { gateway } = await this.status();
    // Zero would mean the test's own process group.
    if (gateway.pid === null) throw new Error('no gateway runs');
    process.kill(gateway.pid, 'SIGKILL');
  }

  restore(archive: { body: Buffer; sha256: string; bytes: number }): Promise<Reply> {
    return this.fetch('PUT', `/v1/state?sha256=${archive.sha256}&bytes=${archive.bytes}`, {
      body: new Uint8Array(archive.body),
    }).then(async (response) => ({ status: response.status, body: await response.json() }));
  }
}

/** A keeper in this process, with a fresh HOME and free ports, stopped and removed when the test ends. */
export class KeeperFixture extends KeeperCaller {
  /** Ends the keeper as SIGTERM does. */
  shutDown: () => Promise<void> = () => Promise.resolve();

  static async start(
    openclawDir: string,
    options: { claimed?: boolean; home?: string; moduleList?: readonly string[] } = {},
  ): Promise<KeeperFixture> {
    const home = options.home ?? temporaryFolder();
    const tmpDir = path.join(home, 'tmp');
    mkdirSync(tmpDir, { recursive: true });
    const gatewayPort = await freePort();
    const settings = parseSettings(
      {
        PATH: process.env['PATH'],
        HOME: home,
        TMPDIR: tmpDir,
        TIDEPOOL_OPENCLAW_DIR: openclawDir,
        TIDEPOOL_GATEWAY_PORT: String(gatewayPort),
        TIDEPOOL_STATE_LIMIT_BYTES: String(512 * 1024 * 1024),
        ...(options.moduleList === undefined ? {} : { TIDEPOOL_COMPILE_CACHE: path.join(home, 'baked') }),
      },
      process.execPath,
      options.moduleList === undefined ? null : path.join(import.meta.dirname, '../main.ts'),
    );
    if (options.moduleList !== undefined) {
      mkdirSync(path.join(home, 'baked'));
      writeFileSync(path.join(home, 'baked', moduleListName), JSON.stringify(options.moduleList));
    }
    const keeper = await createKeeper(settings);
    await new Promise<void>((resolve) => keeper.server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => keeper.shutDown(0));
    const fixture = new KeeperFixture(home, (keeper.server.address() as AddressInfo).port, gatewayPort);
    fixture.shutDown = () => keeper.shutDown(0);
    if (options.claimed !== false) await fixture.claim();
    return fixture;
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
