/**
 * OpenClaw's own migrations over a state that an earlier version wrote: sessions, jobs and pairings from files into its
 * databases, settings from retired names to present ones. Its gateway refuses to start before that was done.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import JSON5 from 'json5';
import { z } from 'zod';
import { ArchiveRefused } from '../archive/entry-guard.ts';
import { openclawEnv } from '../gateway-process.ts';
import type { Settings } from '../settings.ts';

const doctorTimeoutMs = 240_000;
const outputBytesMax = 4 * 1024 * 1024;
const toldCharsMax = 600;

/** @throws ArchiveRefused with the end of what it said */
export async function runDoctor(settings: Settings): Promise<void> {
  const configFile = path.join(settings.stateDir, 'openclaw.json');
  const before = await readJson(configFile);
  // Otherwise it makes a job of its own that wakes a sleeping tenant every half hour.
  await writeJson(configFile, withQuietHeartbeat(before));
  await doctor(settings, configFile);
  // It turns off every skill whose program is not on this machine. That is the agent's to find out; the choice is kept.
  const after = await readJson(configFile);
  await writeJson(configFile, {
    ...omit(after, 'skills'),
    ...('skills' in before ? { skills: before['skills'] } : {}),
  });
  for (const name of await readdir(settings.stateDir)) {
    if (name.startsWith('openclaw.json.')) await rm(path.join(settings.stateDir, name), { force: true });
  }
}

type Settled = Readonly<Record<string, unknown>>;

async function readJson(file: string): Promise<Settled> {
  if (!existsSync(file)) return {};
  return z.record(z.string(), z.unknown()).parse(JSON5.parse(await readFile(file, 'utf8')));
}

async function writeJson(file: string, value: Settled): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
}

function withQuietHeartbeat(config: Settled): Settled {
  const agents = asObject(config['agents']);
  const defaults = asObject(agents['defaults']);
  const heartbeat = { every: '0m', ...asObject(defaults['heartbeat']) };
  return { ...config, agents: { ...agents, defaults: { ...defaults, heartbeat } } };
}

function asObject(value: unknown): Settled {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settled) : {};
}

function omit(value: Settled, key: string): Settled {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

async function doctor(settings: Settings, configFile: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(
      settings.node,
      [path.join(settings.openclawDir, 'openclaw.mjs'), 'doctor', '--fix', '--non-interactive'],
      {
        cwd: settings.home,
        env: openclawEnv(settings, configFile),
        timeout: doctorTimeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: outputBytesMax,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve();
        else {
          const told = `${stdout}\n${stderr}`.trim().slice(-toldCharsMax);
          reject(new ArchiveRefused(`OpenClaw could not bring it up to date: ${told}`, { cause: error }));
        }
      },
    );
  });
}
