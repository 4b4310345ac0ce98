/**
 * `openclaw.json` on disk: read what the tenant has, render, let OpenClaw judge the candidate, then switch atomically. A
 * refused candidate leaves the file as it was. Records of earlier renders live in `.tidepool/` inside the state, so that
 * they travel with it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import JSON5 from 'json5';
import { z } from 'zod';
import {
  driftedPaths,
  renderConfig,
  serialiseConfig,
  type Followed,
  type JsonObject,
  type RunFacts,
} from '../openclaw/render-config.ts';
import type { GatewayConfigInput } from '../openclaw/config-input.ts';
import type { StartRequest } from './contract.ts';
import { openclawEnv } from './gateway-process.ts';
import { describeError, systemErrorCode } from './problem.ts';
import type { Settings } from './settings.ts';

/** OpenClaw's own check takes 2 s of CPU; a starved machine is given twenty times that. */
const validateTimeoutMs = 45_000;
const validateOutputBytesMax = 256 * 1024;
const configBytesMax = 4 * 1024 * 1024;

/** The config cannot be used. The sentence says why and names the key where OpenClaw named it. */
export class ConfigInvalid extends Error {}

/** Files of settings that were set aside: `openclaw.json.refused-<n>`, the newest of them. */
const refusedMark = '.refused-';
const refusedMax = 5;

const followedSchema = z.record(z.string(), z.string());
const proofSchema = z.object({ sha256: z.string() });
const verdictSchema = z.object({
  valid: z.boolean(),
  issues: z.array(z.object({ path: z.string().optional(), message: z.string().optional() }).loose()).optional(),
});

export class ConfigStore {
  readonly #settings: Settings;
  readonly #file: string;
  readonly #recordsDir: string;
  #pending: { config: JsonObject; followed: Followed } | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#file = path.join(settings.stateDir, 'openclaw.json');
    this.#recordsDir = path.join(settings.stateDir, '.tidepool');
  }

  /**
   * Renders the candidate beside the config.
   * @returns its file, and whether the same settings were judged valid by this OpenClaw before
   * @throws ConfigInvalid when the tenant's file cannot be read
   */
  async render(options: {
    input: GatewayConfigInput;
    base: StartRequest['settings'];
    peers: readonly string[];
    openclawVersion: string;
  }): Promise<{ candidate: string; proven: boolean; proof: string; dropped: readonly string[] }> {
    await mkdir(this.#recordsDir, { recursive: true, mode: 0o700 });
    const existing = await this.#base(options.base);
    const followed = (await readRecord(path.join(this.#recordsDir, 'followed.json'), followedSchema)) ?? {};
    const facts: RunFacts = {
      openclawVersion: options.openclawVersion,
      gatewayPort: this.#settings.gatewayPort,
      peers: options.peers,
      logFile: path.join(this.#settings.tmpDir, 'openclaw.log'),
    };
    const rendered = renderConfig({ input: options.input, facts, existing, followed });
    const candidate = `${this.#file}.candidate`;
    await writeDurably(candidate, serialiseConfig(rendered.config));
    this.#pending = rendered;

    // Port, peers and log path change with the machine and cannot make a config invalid; all else is in the proof.
    const anywhere = { ...facts, gatewayPort: 1, peers: [], logFile: '/log' };
    const bytes = serialiseConfig(renderConfig({ input: options.input, facts: anywhere, existing, followed }).config);
    const proof = createHash('sha256').update(`${options.openclawVersion}\n${bytes}`).digest('hex');
    const known = await readRecord(path.join(this.#recordsDir, 'validated.json'), proofSchema);
    return { candidate, proven: known?.sha256 === proof, proof, dropped: rendered.dropped };
  }

  /**
   * Lets OpenClaw judge the candidate and remembers a pass.
   * @throws ConfigInvalid with OpenClaw's own words
   */
  async validate(candidate: string, proof: string, signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    const output = await new Promise<string>((resolve, reject) => {
      execFile(
        settings.node,
        [path.join(settings.openclawDir, 'openclaw.mjs'), 'config', 'validate', '--json'],
        {
          cwd: settings.home,
          env: openclawEnv(settings, candidate),
          timeout: validateTimeoutMs,
          killSignal: 'SIGKILL',
          signal,
          maxBuffer: validateOutputBytesMax,
        },
        (error, stdout, stderr) => {
          // Invalid is exit 1 with a verdict; anything without a verdict is a failure of the check itself.
          if (stdout.includes('"valid"')) resolve(stdout);
          else reject(new ConfigInvalid(`OpenClaw could not check the config: ${stderr || describeError(error)}`));
        },
      );
    });
    const verdict = verdictSchema.safeParse(JSON.parse(output.slice(output.indexOf('{'))));
    if (!verdict.success) throw new ConfigInvalid('OpenClaw answered its config check in an unknown form');
    if (!verdict.data.valid) {
      const issues = (verdict.data.issues ?? []).slice(0, 10);
      throw new ConfigInvalid(
        issues.map((issue) => `${issue.path ?? '(root)'}: ${issue.message ?? 'invalid'}`).join('; ') ||
          'invalid config',
      );
    }
    await writeDurably(path.join(this.#recordsDir, 'validated.json'), JSON.stringify({ sha256: proof }));
  }

  /**
   * Makes the candidate the config. OpenClaw's own backups go, since it would otherwise undo a change it did not make. A
   * config that is not built on what is there sets that aside first.
   * @returns the name of the file that was set aside, or null
   */
  async adopt(candidate: string, base: StartRequest['settings']): Promise<string | null> {
    const setAside = base === 'current' ? null : await this.#setAside();
    await rename(candidate, this.#file);
    await rm(`${this.#file}.last-good`, { force: true });
    await rm(`${this.#file}.bak`, { force: true });
    return setAside;
  }

  /** Keeps what is set now under a name of its own, unless it is what was good. The oldest beyond the bound go. */
  async #setAside(): Promise<string | null> {
    const lastGood = path.join(this.#recordsDir, 'last-good.json');
    const [now, good] = await Promise.all([fingerprint(this.#file), fingerprint(lastGood)]);
    if (now === good || !existsSync(this.#file)) return null;
    const kept = await this.#refused();
    const name = `${path.basename(this.#file)}${refusedMark}${(kept[0]?.n ?? 0) + 1}`;
    // A link, so that there is a config at every moment; the rename after it takes the name away from the old one.
    await link(this.#file, path.join(path.dirname(this.#file), name));
    for (const old of kept.slice(refusedMax - 1)) await rm(old.file, { force: true });
    return name;
  }

  /** What was set aside, newest first. */
  async #refused(): Promise<{ readonly n: number; readonly file: string }[]> {
    const folder = path.dirname(this.#file);
    const prefix = `${path.basename(this.#file)}${refusedMark}`;
    const names = (await readdir(folder)).filter((name) => name.startsWith(prefix));
    return names
      .map((name) => ({ n: Number(name.slice(prefix.length)), file: path.join(folder, name) }))
      .filter(({ n }) => Number.isSafeInteger(n) && n > 0)
      .sort((a, b) => b.n - a.n);
  }

  /**
   * After the gateway is ready: what it runs with must still be what was rendered. Then remembers it as good.
   * @throws ConfigInvalid naming the keys that differ
   */
  async confirm(): Promise<void> {
    const pending = this.#pending;
    if (pending === null) throw new Error('no config was rendered');
    const drifted = driftedPaths(pending.config, await readConfig(this.#file));
    if (drifted.length > 0) {
      throw new ConfigInvalid(`OpenClaw runs with other values than the platform's for ${drifted.join(', ')}`);
    }
    await writeDurably(path.join(this.#recordsDir, 'followed.json'), JSON.stringify(pending.followed));
    await writeDurably(path.join(this.#recordsDir, 'last-good.json'), serialiseConfig(pending.config));
  }

  async #base(base: StartRequest['settings']): Promise<JsonObject> {
    if (base === 'none') return {};
    if (base === 'current') return readConfig(this.#file);
    if (base === 'last-good') return readConfig(path.join(this.#recordsDir, 'last-good.json'));
    // Nothing was set aside: what is set is all there is.
    return readConfig((await this.#refused())[0]?.file ?? this.#file);
  }
}

/** @returns the config, or an empty one when there is no file */
async function readConfig(file: string): Promise<JsonObject> {
  let text: string;
  try {
    if ((await stat(file)).size > configBytesMax) throw new ConfigInvalid(`${path.basename(file)} is too large`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return {};
    throw error;
  }
  try {
    const parsed: unknown = JSON5.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch (error) {
    throw new ConfigInvalid(`${path.basename(file)} is not readable: ${describeError(error)}`, { cause: error });
  }
  throw new ConfigInvalid(`${path.basename(file)} does not hold an object`);
}

/** Two configs with the same one mean the same; OpenClaw notes in `meta` when it last touched its file. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { meta: _meta, ...config } = await readConfig(file);
    return createHash('sha256').update(serialiseConfig(config)).digest('hex');
  } catch (error) {
    // Not readable is not the same as anything.
    if (error instanceof ConfigInvalid) return randomUUID();
    throw error;
  }
}

/** A record that is missing or damaged counts as absent: everything in it can be made again. */
async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const partial = `${file}.${randomUUID()}`;
  try {
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
