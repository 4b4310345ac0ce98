// Reads `.dev.vars` (KEY=value lines, as wrangler takes them) and says which Worker each one is for.
// What holds: the data plane's credentials never reach the control plane, and the reverse.

import { existsSync, readFileSync } from 'node:fs';
import { StackError } from './progress.ts';

/** Variables that belong to the tenant worker. Everything else in `.dev.vars` is the control plane's. */
const DATA_PLANE = /^(AI_GATEWAY_|ANTHROPIC_|OPENAI_|GOOGLE_API_KEY$|OPENROUTER_|WORKERS_AI_|CELL_|DEMO_MODEL_)/;
/** Provider credentials are also taken from the environment, where people keep them. */
const FROM_ENVIRONMENT = [
  'AI_GATEWAY_BASE_URL',
  'AI_GATEWAY_TOKEN',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GOOGLE_API_KEY',
  'OPENROUTER_API_KEY',
  'WORKERS_AI_TOKEN',
  'WORKERS_AI_ACCOUNT_ID',
] as const;

export interface DevVars {
  readonly controlPlane: Readonly<Record<string, string>>;
  readonly tenantWorker: Readonly<Record<string, string>>;
}

/** Parses the text of a `.dev.vars` file. Throws StackError naming the line that is not KEY=value. */
export function parseDevVars(text: string, file: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line);
    if (match === null) throw new StackError(`${file}:${index + 1} is not KEY=value: correct or remove that line.`);
    const [, key = '', value = ''] = match;
    const quoted = /^(["'`])(.*)\1$/.exec(value);
    found[key] = quoted?.[2] ?? value.replace(/\s+#.*$/, '');
  }
  return found;
}

/** Splits variables by the Worker they belong to; provider credentials of `environment` fill gaps. */
export function splitDevVars(
  vars: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): DevVars {
  const controlPlane: Record<string, string> = {};
  const tenantWorker: Record<string, string> = {};
  for (const key of FROM_ENVIRONMENT) {
    const value = environment[key];
    if (value !== undefined && value !== '') tenantWorker[key] = value;
  }
  for (const [key, value] of Object.entries(vars)) (DATA_PLANE.test(key) ? tenantWorker : controlPlane)[key] = value;
  return { controlPlane, tenantWorker };
}

/** Reads `file` if it is there. */
export function readDevVars(file: string, environment: Readonly<Record<string, string | undefined>>): DevVars {
  return splitDevVars(existsSync(file) ? parseDevVars(readFileSync(file, 'utf8'), file) : {}, environment);
}
