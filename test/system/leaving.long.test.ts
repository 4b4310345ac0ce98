/**
 * Leaving and coming back with the real OpenClaw: an export boots under plain OpenClaw by the commands of its own README,
 * and what became of it there comes back into another assistant. The conversation is read each time.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anyFreePort } from '../../local/stack/ports.ts';
import { bring } from '../support/bring.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

/** What the README's first command installs. */
const installed = path.resolve('.tidepool/cache/openclaw-2026.9.6/node_modules/openclaw/openclaw.mjs');
const word = 'The word to keep is lighthouse';
const run = promisify(execFile);

let product: Product;
let person: Person;
let home: string;
/** What the README's reader has: the home folder, `openclaw` on the path, nothing of ours. */
let env: Record<string, string>;
beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'tidepool-leaving-'));
  mkdirSync(path.join(home, 'bin'));
  symlinkSync(installed, path.join(home, 'bin/openclaw'));
  const searched = [path.join(home, 'bin'), path.dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  const port = String(await anyFreePort());
  env = { PATH: searched, HOME: home, TMPDIR: home, OPENCLAW_NO_RESPAWN: '1', OPENCLAW_GATEWAY_PORT: port };
  product = await startProduct();
  person = await Person.signUp(() => product.stack, 'Lea');
});
afterAll(async () => {
  await product?.close();
  rmSync(home, { recursive: true, force: true });
});

/** An assistant that heard the word, asleep. */
async function assistantWithConversation(): Promise<string> {
  const { id, slug } = await person.createAssistant('Lea', 'lea-leaving-4x');
  await person.waitFor(id, 'awake');
  const cookie = await person.openAssistant(slug);
  const client = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
  await client.say(word);
  client.close();
  await person.call('tenantSleep', { params: { tenantId: id } });
  await person.waitFor(id, 'asleep');
  return id;
}

/** Downloads into the home folder; resolves to the file's name. */
async function download(tenantId: string): Promise<string> {
  const answer = await person.request('localhost', `/api/v1/tenants/${tenantId}/export`);
  expect(answer.status).toBe(200);
  const archive = Buffer.from(await answer.arrayBuffer());
  expect(answer.headers.get('content-length')).toBe(String(archive.length));
  const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? '';
  writeFileSync(path.join(home, name), archive);
  return name;
}

/** The indented lines of the README inside the archive: what its reader types. */
function commandsIn(archive: string): string[] {
  const list = execFileSync('tar', ['--zstd', '-tf', archive], { cwd: home, encoding: 'utf8' }).split('\n');
  const readme = list.find((name) => /^tidepool-export-\w+\/README\.md$/.test(name)) ?? '';
  const text = execFileSync('tar', ['--zstd', '-xOf', archive, readme], { cwd: home, encoding: 'utf8' });
  return [...text.matchAll(/^ {7}(\S.*)$/gm)].map(([, command = '']) => command);
}

/** Boots plain OpenClaw and reads its conversation as its own command line does. */
async function conversationOf(start: string, token: string): Promise<string> {
  const gateway = spawn('bash', ['-ec', start], { cwd: home, env, stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => gateway.once('exit', () => resolve()));
  const url = `ws://127.0.0.1:${env['OPENCLAW_GATEWAY_PORT']}`;
  const asked = ['gateway', 'call', 'chat.history', '--params', '{"sessionKey":"main"}', '--url', url];
  try {
    return await until(
      'plain OpenClaw to show the conversation',
      async () => (await run('openclaw', [...asked, '--token', token, '--json'], { cwd: home, env })).stdout,
      240_000,
    );
  } finally {
    gateway.kill('SIGTERM');
    await exited;
  }
}

it('boots elsewhere by its own README, and comes back', { timeout: 540_000 }, async () => {
  const name = await download(await assistantWithConversation());
  const [install = '', makeFolder = '', unpack = '', makePlain = '', setKey = '', gateway = '', ...more] =
    commandsIn(name);
  expect(install).toBe('npm install -g openclaw@2026.9.6');
  expect(more).toEqual([]);
  const told = execFileSync('bash', ['-ec', [makeFolder, unpack, makePlain].join('\n')], {
    cwd: home,
    env,
    encoding: 'utf8',
  });
  const token = /Your gateway token: (\w+)/.exec(told)?.[1] ?? '';
  expect(await conversationOf([setKey, `exec ${gateway}`].join('\n'), token)).toContain(word);

  // That very folder, changed meanwhile, as its owner would pack it.
  const state = path.join(home, '.openclaw');
  expect(readdirSync(state)).toContain('openclaw.json.tidepool');
  writeFileSync(path.join(state, 'workspace/FROM-HOME.md'), 'written at home');
  writeFileSync(path.join(state, '.env'), 'ANTHROPIC_API_KEY=hunter2');
  execFileSync('tar', ['-czf', 'openclaw.tar.gz', '-C', home, '.openclaw'], { cwd: home });
  const { id, slug } = await person.createAssistant('Leo', 'leo-arriving-4x');
  await person.waitFor(id, 'awake');
  const report = await bring(person, id, path.join(home, 'openclaw.tar.gz'));
  expect(report?.taken.conversations).toBeGreaterThan(0);
  expect(report?.left.find(({ reason }) => reason === 'key_or_login')?.examples).toContain('.openclaw/.env');
  const cookie = await person.openAssistant(slug);
  const client = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
  expect((await client.history()).join('\n')).toContain(word);
  client.close();
});
