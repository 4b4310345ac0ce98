/** OpenClaw as somebody starts it by hand: the same config and state as a tenant's, no platform around it. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dropGatewayLease } from '../../container/keeper/archive/gateway-lease.ts';
import { anyFreePort } from '../../local/stack/ports.ts';

export interface ByHand {
  readonly port: number;
  /** From the start of the process until it says that it is ready. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

/** Copies the state of the stack's one container into `home`, with its paths made to fit. */
export function copyTenantState(engineRunDir: string, home: string): void {
  const containers = path.join(engineRunDir, 'containers');
  const withState = readdirSync(containers)
    .map((id) => path.join(containers, id, 'home'))
    .find((dir) => readdirSync(dir).includes('.openclaw'));
  if (withState === undefined) throw new Error('no container has a state to copy');
  mkdirSync(home, { recursive: true });
  const source = path.join(withState, '.openclaw');
  cpSync(source, path.join(home, '.openclaw'), {
    recursive: true,
    filter: (file) => !/\.lock$|\/cache(\/|$)|\/tmp(\/|$)/.test(file.slice(source.length)),
  });
  dropGatewayLease(path.join(home, '.openclaw/state/openclaw.sqlite'));
  const configFile = path.join(home, '.openclaw/openclaw.json');
  const config = readFileSync(configFile, 'utf8').replaceAll('/home/tidepool', home).replaceAll(withState, home);
  writeFileSync(configFile, config);
}

export async function startByHand(openclawDir: string, home: string): Promise<ByHand> {
  const port = await anyFreePort();
  const tmp = path.join(home, 'tmp');
  mkdirSync(tmp, { recursive: true });
  const beganMs = performance.now();
  const child = spawn(process.execPath, [path.join(openclawDir, 'openclaw.mjs'), 'gateway', '--port', String(port)], {
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      TMPDIR: tmp,
      OPENCLAW_STATE_DIR: path.join(home, '.openclaw'),
      OPENCLAW_CONFIG_PATH: path.join(home, '.openclaw/openclaw.json'),
      OPENCLAW_GATEWAY_PASSWORD: 'by-hand',
      OPENCLAW_NO_RESPAWN: '1',
      OPENCLAW_NO_AUTO_UPDATE: '1',
      OPENCLAW_DISABLE_BONJOUR: '1',
      OPENCLAW_SKIP_STARTUP_MODEL_PREWARM: '1',
    },
    stdio: 'ignore',
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadlineMs = Date.now() + 180_000;
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok && (response.headers.get('content-type') ?? '').includes('json'),
      () => false,
    );
    if (ready) break;
    if (Date.now() > deadlineMs || child.exitCode !== null) throw new Error('OpenClaw by hand did not get ready');
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  const readyMs = performance.now() - beganMs;
  return {
    port,
    readyMs,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(timer);
    },
  };
}
