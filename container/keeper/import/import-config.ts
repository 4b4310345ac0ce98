/**
 * What of somebody's `openclaw.json` comes along: pure. The renderer puts the platform's own keys over it afterwards; here
 * goes out what must never lie in a container (keys and logins, wherever they stand) and what means something only on the
 * machine it came from. Everything that goes is named.
 */
import type { Json, JsonObject } from '../../openclaw/render-config.ts';

export interface ImportedConfig {
  readonly config: JsonObject;
  /** Paths that were taken out, in the order of the file. */
  readonly left: readonly string[];
  /** Channels that were on and have no login now: off until one is entered. */
  readonly channelsOff: readonly string[];
  /** The OpenClaw version that last wrote it, or null. */
  readonly openclawVersion: string | null;
}

/** Whole sections: ways in, keys, and the other machine's own. */
const sections = new Set(['gateway', 'env', 'auth', 'secrets', 'hooks', 'discovery', 'update', 'wizard', 'browser']);
const secretName =
  /(?:token|secret|password|passphrase|apikey|api_key|privatekey|private_key|credential|credentials|authorization|cookie)$/i;
/** `maxTokens` and the like count; they say nothing. */
const countName = /tokens$/i;
/** Objects of variables or headers: the place where keys are put, whatever the names in it. */
const carriers = new Set(['env', 'headers']);
/** Paths of the other machine's disk. */
const machinePaths = new Set([
  'workspace',
  'agentDir',
  'cliPath',
  'tokenFile',
  'keyFile',
  'certFile',
  'root',
  'store',
  'file',
]);

export function importConfig(source: JsonObject): ImportedConfig {
  const left: string[] = [];
  const config: Record<string, Json> = {};
  for (const [key, value] of Object.entries(source)) {
    if (sections.has(key)) left.push(key);
    else config[key] = clean(value, key, left);
  }
  const off = withoutLogin(config, left);
  const plugins = config['plugins'];
  if (isObject(plugins)) {
    // Their code does not come along, so nothing says where it would be.
    for (const key of ['load', 'installs']) if (key in plugins) left.push(`plugins.${key}`);
    config['plugins'] = omit(plugins, ['load', 'installs']);
  }
  const defaults = isObject(config['agents']) ? config['agents']['defaults'] : undefined;
  if (isObject(config['agents']) && isObject(defaults) && 'sandbox' in defaults) {
    // There is no Docker inside; the container is the sandbox.
    left.push('agents.defaults.sandbox');
    config['agents'] = { ...config['agents'], defaults: omit(defaults, ['sandbox']) };
  }
  const meta = config['meta'];
  const version = isObject(meta) ? meta['lastTouchedVersion'] : undefined;
  return { config, left, channelsOff: off, openclawVersion: typeof version === 'string' ? version : null };
}

function clean(value: Json, path: string, left: string[]): Json {
  if (Array.isArray(value)) return value.map((item: Json, i) => clean(item, `${path}.${i}`, left));
  if (!isObject(value)) return value;
  const kept: Record<string, Json> = {};
  for (const [key, child] of Object.entries(value)) {
    const at = `${path}.${key}`;
    if (isSecret(key, child) || (machinePaths.has(key) && isMachinePath(child)) || key === '$include') left.push(at);
    else kept[key] = clean(child, at, left);
  }
  return kept;
}

function isSecret(key: string, value: Json): boolean {
  if (carriers.has(key)) return isObject(value);
  return secretName.test(key) && !countName.test(key) && (typeof value === 'string' || isObject(value));
}

function isMachinePath(value: Json): boolean {
  return typeof value === 'string' && /^(?:[/~\\]|[A-Za-z]:[\\/]|\$)/.test(value);
}

/** A channel without its login would keep the gateway from getting ready. */
function withoutLogin(config: Record<string, Json>, left: readonly string[]): string[] {
  const channels = config['channels'];
  if (!isObject(channels)) return [];
  const off = Object.keys(channels).filter((name) => {
    const channel = channels[name];
    if (name === 'defaults' || !isObject(channel) || channel['enabled'] === false) return false;
    // WhatsApp and the like keep their login in files, which do not come along either.
    return channel['enabled'] === true || left.some((path) => path.startsWith(`channels.${name}.`));
  });
  config['channels'] = Object.fromEntries(
    Object.entries(channels).map(([name, channel]) => [
      name,
      off.includes(name) && isObject(channel) ? { ...channel, enabled: false } : channel,
    ]),
  );
  return off;
}

/**
 * Compares OpenClaw's versions (`2026.9.6`, `2026.2.26-1`).
 * @returns below 0, 0 or above 0; null when one of them is no version
 */
export function compareVersions(a: string, b: string): number | null {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (left === null || right === null) return null;
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] | null {
  const match = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})/.exec(version);
  return match === null ? null : match.slice(1).map(Number);
}

function omit(value: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
