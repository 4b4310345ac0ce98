/**
 * The script that travels with an export: it proves that the archive arrived whole and turns its config into that of an
 * OpenClaw of one's own. Runs on the customer's machine with nothing but Node 24, and never sends anything anywhere.
 *
 * What must hold: nothing is changed before everything was compared with the archive's own list; the replaced config is
 * kept beside; running it again does no harm.
 */
export const plainScript = `// Makes this folder ready for an OpenClaw of your own. Run it once: node <this file>
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(folder, ...parts);
const stop = (why) => {
  console.error(why);
  process.exit(1);
};

// 1. Is everything here that the archive says it holds?
const listFile = at('.tidepool', 'manifest.json');
if (!existsSync(listFile)) stop('The archive was cut: its list of contents is missing. Download it again.');
const converted = at('openclaw.json.tidepool');
if (existsSync(converted)) stop('This was done already: openclaw.json is a plain config, openclaw.json.tidepool the one from before.');
const list = JSON.parse(readFileSync(listFile, 'utf8'));
const wrong = [];
for (const file of list.files) {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(at(file.path))) hash.update(chunk);
  } catch {
    wrong.push(file.path + ' is missing');
    continue;
  }
  if (hash.digest('hex') !== file.sha256) wrong.push(file.path + ' differs');
}
if (wrong.length > 0) stop('Not as it was packed:\\n  ' + wrong.slice(0, 20).join('\\n  ') + '\\nUnpack the archive again, into an empty folder.');
console.log(list.files.length + ' files, all as they were packed.');

// 2. The config, without what only works on Tidepool.
const configFile = at('openclaw.json');
const config = existsSync(configFile) ? JSON.parse(readFileSync(configFile, 'utf8')) : {};
const removed = [];
const drop = (holder, key, name) => {
  if (holder === undefined || !Object.hasOwn(holder, key)) return;
  delete holder[key];
  removed.push(name);
};
const gateway = (config.gateway ??= {});
const token = randomBytes(24).toString('hex');
gateway.mode = 'local';
gateway.bind = 'loopback';
gateway.auth = { mode: 'token', token };
removed.push('gateway.auth (sign-in through Tidepool; now a token)');
for (const key of ['trustedProxies', 'allowRealIpFallback', 'publicOrigin']) drop(gateway, key, 'gateway.' + key);
drop(gateway.controlUi, 'allowedOrigins', 'gateway.controlUi.allowedOrigins');
drop(gateway.terminal, 'enabled', 'gateway.terminal.enabled');
drop(config.logging, 'file', 'logging.file');
drop(config.browser, 'enabled', 'browser.enabled');
drop(config.discovery?.mdns, 'mode', 'discovery.mdns.mode');
drop(config.update, 'checkOnStart', 'update.checkOnStart');
drop(config.update?.auto, 'enabled', 'update.auto.enabled');
drop(config.models?.catalogRefresh, 'enabled', 'models.catalogRefresh.enabled');
drop(config.tools?.elevated, 'enabled', 'tools.elevated.enabled');
if (Array.isArray(config.tools?.deny)) config.tools.deny = config.tools.deny.filter((tool) => tool !== 'portal');
const isOurs = (url) => {
  try {
    return new URL(url).hostname.endsWith('.tidepool.internal');
  } catch {
    return false;
  }
};
const providers = config.models?.providers ?? {};
for (const [name, provider] of Object.entries(providers)) {
  if (!isOurs(provider?.baseUrl)) continue;
  for (const key of ['baseUrl', 'apiKey', 'request']) delete provider[key];
  removed.push('models.providers.' + name + ' (address and placeholder key)');
  // A provider without an address is OpenClaw's own; an entry that says nothing more is not needed.
  const says = Object.entries(provider).some(([key, value]) => key !== 'api' && !(Array.isArray(value) && value.length === 0));
  if (!says) delete providers[name];
}
if (existsSync(configFile)) renameSync(configFile, converted);
writeFileSync(configFile, JSON.stringify(config, null, 2) + '\\n', { mode: 0o600 });

// 3. In the database: the note that says which machine is using this folder (none is), and the folder's own name.
const database = at('state', 'openclaw.sqlite');
if (existsSync(database)) {
  const { DatabaseSync } = await import('node:sqlite');
  const open = new DatabaseSync(database);
  const has = (table) => open.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  if (has('state_leases')) open.exec("DELETE FROM state_leases WHERE scope = 'gateway-owner'");
  // Scheduled jobs are kept under the path of their folder; under another they would never run.
  const suffix = '/cron/jobs.json';
  const key = has('cron_jobs')
    ? open.prepare('SELECT store_key AS k FROM cron_jobs').all().find(({ k }) => k.endsWith(suffix))?.k
    : undefined;
  if (key !== undefined) {
    const old = key.slice(0, -suffix.length);
    for (const [table, column] of [
      ['cron_jobs', 'store_key'],
      ['cron_run_receipts', 'store_key'],
      ['cron_job_scratch', 'store_key'],
      ['workspace_setup_state', 'workspace_path'],
      ['workspace_path_aliases', 'alias_path'],
      ['workspace_path_aliases', 'workspace_path'],
    ]) {
      if (!has(table)) continue;
      open
        .prepare('UPDATE OR IGNORE ' + table + ' SET ' + column + ' = ? || substr(' + column + ', ?) WHERE substr(' + column + ', 1, ?) = ?')
        .run(folder, old.length + 1, old.length + 1, old + '/');
    }
  }
  open.close();
}

console.log('Left out of openclaw.json:\\n  ' + removed.join('\\n  '));
console.log('Your gateway token: ' + token);
`;
