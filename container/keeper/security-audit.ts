/**
 * Runs OpenClaw's own security audit over the settings and files of this container. After a boot it waits, takes the lowest
 * priority, and is left out when the same OpenClaw has judged the same settings before: a wake is not slower for it. It
 * only tells; what follows is the tenant's. An audit that fails is logged and says nothing: null is "not known".
 */
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import JSON5 from 'json5';
import { z } from 'zod';
import { auditFindingsMax, SecurityAudit } from '../../apps/control-plane/src/contract/security-audit.ts';
import { openclawEnv } from './gateway-process.ts';
import { redact, type LogRing } from './log-ring.ts';
import { describeError } from './problem.ts';
import type { Settings } from './settings.ts';

/** From ready to the audit: a wake, its first message and its first save come first. */
const settleMs = 30_000;
/** It takes 5 s of CPU, cold 20; at the lowest priority beside a busy gateway ten times that. */
const auditTimeoutMs = 200_000;
const outputBytesMax = 2 * 1024 * 1024;
const lowestPriority = 19;

/** Criticals that say how Tidepool runs OpenClaw, each with what stands for it. */
export const acceptedCriticals: Readonly<Record<string, string>> = {
  'gateway.trusted_proxy_auth': 'identity comes from the Worker, the only peer that is trusted (docs/request-path.md)',
};

const reportSchema = z.object({
  findings: z.array(
    z.looseObject({
      checkId: z.string(),
      severity: z.enum(['critical', 'warn', 'info']),
      title: z.string(),
      detail: z.string().default(''),
    }),
  ),
});
const recordSchema = z.object({ key: z.string(), audit: SecurityAudit });

export class SecurityAuditor {
  readonly #settings: Settings;
  readonly #release: string;
  readonly #log: LogRing;
  readonly #recordFile: string;
  readonly #settleMs: number;
  #last: SecurityAudit | null = null;
  #waiting = new AbortController();
  #running: Promise<SecurityAudit> | null = null;

  constructor(options: { settings: Settings; release: string; log: LogRing; settleMs?: number }) {
    this.#settings = options.settings;
    this.#release = options.release;
    this.#log = options.log;
    this.#settleMs = options.settleMs ?? settleMs;
    this.#recordFile = path.join(options.settings.stateDir, '.tidepool', 'audited.json');
  }

  /** Of the gateway that runs; null while it is not known. */
  get last(): SecurityAudit | null {
    return this.#last;
  }

  /** The gateway is ready: audits once it has settled. */
  begin(): void {
    this.#waiting.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#last = null;
    const work = async (): Promise<void> => {
      await delay(this.#settleMs, undefined, { signal: waiting.signal });
      await this.run(waiting.signal);
    };
    work().catch((error: unknown) => {
      if (!waiting.signal.aborted) this.#log.add('keeper', `security audit: ${describeError(error)}`);
    });
  }

  /** The gateway stops, and its files are to be saved. */
  cancel(): void {
    this.#waiting.abort();
  }

  /** The same for a check that waits for it; null when OpenClaw gives no audit in time. */
  async told(timeoutMs: number): Promise<SecurityAudit | null> {
    try {
      return await this.run(AbortSignal.timeout(timeoutMs));
    } catch (error) {
      this.#log.add('keeper', `security audit: ${describeError(error)}`);
      return null;
    }
  }

  /**
   * Audits now; joins one that is under way.
   * @throws Error when OpenClaw gives no audit
   */
  async run(signal: AbortSignal): Promise<SecurityAudit> {
    this.#running ??= this.#audit(signal).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #audit(signal: AbortSignal): Promise<SecurityAudit> {
    const configFile = path.join(this.#settings.stateDir, 'openclaw.json');
    const key = await this.#keyOf(configFile);
    const known = await this.#recorded();
    this.#last = known?.key === key ? known.audit : await this.#ask(configFile, signal);
    if (known?.key !== key) await this.#record({ key, audit: this.#last });
    for (const { checkId, title } of this.#last.criticals)
      this.#log.add('keeper', `security audit: ${checkId}: ${title}`);
    return this.#last;
  }

  async #ask(configFile: string, signal: AbortSignal): Promise<SecurityAudit> {
    const settings = this.#settings;
    const output = await new Promise<string>((resolve, reject) => {
      const child = execFile(
        settings.node,
        [path.join(settings.openclawDir, 'openclaw.mjs'), 'security', 'audit', '--json'],
        {
          cwd: settings.home,
          env: openclawEnv(settings, configFile),
          timeout: auditTimeoutMs,
          killSignal: 'SIGKILL',
          signal,
          maxBuffer: outputBytesMax,
        },
        (error, stdout, stderr) => {
          // The verdict counts, whatever the exit code.
          if (stdout.includes('"findings"')) resolve(stdout);
          else reject(new Error(stderr.trim().slice(-300) || describeError(error)));
        },
      );
      lower(child.pid);
    });
    const { findings } = reportSchema.parse(JSON.parse(output.slice(output.indexOf('{'))));
    const criticals = findings.filter(
      ({ severity, checkId }) => severity === 'critical' && !Object.hasOwn(acceptedCriticals, checkId),
    );
    return {
      release: this.#release,
      atMs: Date.now(),
      criticals: criticals.slice(0, auditFindingsMax).map(({ checkId, title, detail }) => ({
        checkId: checkId.slice(0, 120),
        title: redact(title).slice(0, 200),
        detail: redact(detail).slice(0, 500),
      })),
      warnings: findings.filter(({ severity }) => severity === 'warn').length,
    };
  }

  /** The same settings under the same OpenClaw; when OpenClaw last touched its file is no setting. */
  async #keyOf(configFile: string): Promise<string> {
    const { meta: _meta, ...config } = z.looseObject({}).parse(JSON5.parse(await readFile(configFile, 'utf8')));
    return createHash('sha256')
      .update(`${this.#release}\n${JSON.stringify(config)}`)
      .digest('hex');
  }

  /** A record that is missing or damaged counts as absent: it can be made again. */
  async #recorded(): Promise<z.infer<typeof recordSchema> | null> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(this.#recordFile, 'utf8')));
    } catch {
      return null;
    }
  }

  async #record(record: z.infer<typeof recordSchema>): Promise<void> {
    await mkdir(path.dirname(this.#recordFile), { recursive: true, mode: 0o700 });
    await writeFile(`${this.#recordFile}.partial`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${this.#recordFile}.partial`, this.#recordFile);
  }
}

/** The gateway comes first. A machine that does not allow it runs the audit as it is. */
function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) os.setPriority(pid, lowestPriority);
  } catch {
    // It has ended already, or may not be lowered here.
  }
}
