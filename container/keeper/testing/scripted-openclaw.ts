/**
 * A stand-in for the OpenClaw package with its command line, health endpoints and suspend handshake, for tests of what the
 * keeper does around it: quick, and able to misbehave on demand. What the real one does is `keeper.system.test.ts`.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Script {
  /** Answer of `config validate --json`. */
  readonly validation?: { readonly valid: boolean; readonly issues?: readonly { path: string; message: string }[] };
  /** It refuses every config that has this text in it, and quotes the line. */
  readonly refuses?: string;
  /** Findings of `security audit --json`; a text is what it fails with. */
  readonly audit?: string | readonly { checkId: string; severity: string; title: string; detail?: string }[];
  /** `doctor --fix` ends with this. */
  readonly doctorFails?: string;
  /** Milliseconds from listening to ready; `null` is never. */
  readonly readyAfterMs?: number | null;
  /** Ends the gateway before it listens. */
  readonly exitAtBoot?: { readonly code: number; readonly stderr: string };
  /** Milliseconds of work that a drain waits for. */
  readonly workMs?: number;
  /** Does not end at SIGTERM. */
  readonly ignoresTerm?: boolean;
  /** What `work.json` in its folder says at first; a test may write another one while it runs. */
  readonly work?: ScriptedWork;
  /** Refuses to say that it is well. */
  readonly unhealthy?: boolean;
  /** Rewrites its own config at boot, as a tenant's plugin might. */
  readonly rewritesConfig?: Record<string, unknown>;
}

export interface ScriptedWork {
  /** Turns and tools under way. */
  readonly active?: number;
  readonly nextRunAtMs?: number | null;
  /** Its cron jobs, as `cron.list` tells them. */
  readonly jobs?: readonly Readonly<Record<string, unknown>>[];
  /** Refuses to say anything of it. */
  readonly mute?: boolean;
}

function setWork(folder: string, work: ScriptedWork): void {
  writeFileSync(path.join(folder, 'work.json.new'), JSON.stringify(work));
  renameSync(path.join(folder, 'work.json.new'), path.join(folder, 'work.json'));
}

/** @returns the folder to give as `TIDEPOOL_OPENCLAW_DIR` */
export function scriptedOpenclaw(parent: string, script: Script = {}): string {
  const folder = path.join(parent, 'openclaw');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'openclaw', version: '2026.9.6' }));
  writeFileSync(path.join(folder, 'script.json'), JSON.stringify(script));
  setWork(folder, script.work ?? {});
  writeFileSync(
    path.join(folder, 'openclaw.mjs'),
    `import { run } from ${JSON.stringify(new URL('./scripted-gateway.ts', import.meta.url).href)};\nawait run(import.meta.dirname);\n`,
  );
  return folder;
}
