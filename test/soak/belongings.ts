/** What a person would miss: made once, then looked for after every kill. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { newDeviceKey, type DeviceKey, type GatewayClient } from '../support/gateway-client.ts';

const files: Readonly<Record<string, string>> = {
  'MEMORY.md': '# What I know\n\nThe tide turns at noon.\n',
  'memory/2026-11-21.md': 'Kim likes limpets.\n',
  'skills/shells/SKILL.md': '---\nname: shells\ndescription: Names sea shells.\n---\n\nName shells when asked.\n',
};

export class Belongings {
  readonly #containers: string;
  readonly #words = new Map<string, number>();
  #cronId = '';
  #deviceId = '';

  /** @param stateDir of the local stack */
  constructor(stateDir: string) {
    this.#containers = path.join(stateDir, 'engine/run/containers');
  }

  async make(client: GatewayClient, knock: (device: DeviceKey) => Promise<unknown>): Promise<void> {
    // The first turn makes the workspace.
    await client.say('Hello');
    const workspace = this.#workspace();
    if (workspace === null) throw new Error('no container has a workspace');
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
      writeFileSync(path.join(workspace, name), text);
    }
    const cron = await client.call('cron.add', {
      name: 'low tide',
      enabled: true,
      schedule: { kind: 'cron', expr: '0 9 1 1 *', tz: 'UTC' },
      sessionTarget: 'isolated',
      wakeMode: 'now',
      payload: { kind: 'agentTurn', message: 'Say that the tide is low.' },
    });
    this.#cronId = z.looseObject({ id: z.string() }).parse(cron).id;
    this.#deviceId = await pairDevice(client, knock);
  }

  /** A word that the kept conversation must hold from now on. */
  said(word: string, atMs: number): void {
    this.#words.set(word, atMs);
  }

  /**
   * Gives up the words that `missing` named and that were said after `sinceMs`, which the product itself told as lost.
   * Returns how many; a word from before stays missing.
   */
  forgive(missing: readonly string[], sinceMs: number): number {
    const told = [...this.#words].filter(([word, atMs]) => missing.includes(`word ${word}`) && atMs >= sinceMs);
    for (const [word] of told) this.#words.delete(word);
    return told.length;
  }

  /** Names what is not there any more. */
  async missing(client: GatewayClient): Promise<readonly string[]> {
    const gone: string[] = [];
    const workspace = this.#workspace();
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(workspace ?? '/nowhere', name);
      if (!existsSync(file) || readFileSync(file, 'utf8') !== text) gone.push(`file ${name}`);
    }
    const history = (await client.history()).join('\n');
    for (const word of this.#words.keys()) if (!history.includes(word)) gone.push(`word ${word}`);
    const jobs = JSON.stringify(await client.call('cron.list', { includeDisabled: true }));
    if (!jobs.includes(this.#cronId)) gone.push('cron job');
    if (!JSON.stringify(await client.call('device.pair.list', {})).includes(this.#deviceId)) gone.push('device');
    return gone;
  }

  #workspace(): string | null {
    for (const id of readdirSync(this.#containers)) {
      const dir = path.join(this.#containers, id, 'home/.openclaw/workspace');
      if (existsSync(dir)) return dir;
    }
    return null;
  }
}

/** Knocks as another machine would, and lets it in. */
async function pairDevice(client: GatewayClient, knock: (device: DeviceKey) => Promise<unknown>): Promise<string> {
  const device = newDeviceKey();
  // A machine that nobody knows is refused, and is then in the list of those that wait.
  await knock(device).then(
    () => undefined,
    () => undefined,
  );
  const { pending } = z
    .looseObject({ pending: z.array(z.looseObject({ requestId: z.string(), deviceId: z.string() })) })
    .parse(await client.call('device.pair.list', {}));
  const request = pending.find((one) => one.deviceId === device.id);
  if (request !== undefined) await client.call('device.pair.approve', { requestId: request.requestId });
  return device.id;
}
