/**
 * A moltworker backup, of an OpenClaw that kept its conversations in files, arrives: the real OpenClaw brings it up to
 * date and shows the conversation.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bring } from '../support/bring.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { Person } from '../support/person.ts';
import { startProduct } from '../support/product.ts';
import type { Product } from '../support/product.ts';

let product: Product;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-arriving-'));
  product = await startProduct();
});
afterAll(async () => {
  await product?.close();
  rmSync(dir, { recursive: true, force: true });
});

const sessionId = '11111111-1111-4111-8111-111111111111';
const files: Readonly<Record<string, unknown>> = {
  'openclaw/openclaw.json': {
    meta: { lastTouchedVersion: '2026.2.3' },
    gateway: { auth: { token: 'hunter2' }, trustedProxies: ['10.1.0.0'] },
    channels: { telegram: { enabled: true, botToken: 'hunter2', dmPolicy: 'pairing' } },
  },
  'openclaw/agents/main/sessions/sessions.json': {
    'agent:main:main': {
      sessionId,
      updatedAt: 1_770_000_000_000,
      chatType: 'direct',
      sessionFile: `/root/.openclaw/agents/main/sessions/${sessionId}.jsonl`,
    },
  },
};
const conversation = [
  { type: 'session', version: 3, id: sessionId, timestamp: '2026-02-03T10:00:00.000Z', cwd: '/root/clawd' },
  {
    type: 'message',
    id: 'a1',
    parentId: null,
    timestamp: '2026-02-03T10:00:01.000Z',
    message: {
      role: 'user',
      content: [{ type: 'text', text: 'The crab is called Moltke' }],
      timestamp: 1_770_000_000_001,
    },
  },
];

/** As the documentation has it packed: the bucket's folders side by side. */
function packedBucket(): string {
  const bucket = path.join(dir, 'bucket');
  mkdirSync(path.join(bucket, 'openclaw/agents/main/sessions'), { recursive: true });
  mkdirSync(path.join(bucket, 'workspace'));
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(bucket, name), JSON.stringify(content));
  writeFileSync(path.join(bucket, 'workspace/SOUL.md'), 'A patient crab.');
  writeFileSync(
    path.join(bucket, `openclaw/agents/main/sessions/${sessionId}.jsonl`),
    conversation.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  const backup = path.join(dir, 'backup.tar.gz');
  execFileSync('tar', ['-czf', backup, '-C', bucket, '.']);
  return backup;
}

it('goes on with the conversation of a moltworker backup', { timeout: 540_000 }, async () => {
  const person = await Person.signUp(() => product.stack, 'Mo');
  const { id, slug } = await person.createAssistant('Mo', 'mo-arriving-4x');
  await person.waitFor(id, 'awake');
  const report = await bring(person, id, packedBucket());
  expect(report).toMatchObject({ shape: 'moltworker', openclawVersion: '2026.2.3', channelsOff: ['telegram'] });
  const cookie = await person.openAssistant(slug);
  const client = await GatewayClient.connectWhenReady(() => product.stack, slug, cookie);
  expect((await client.history()).join('\n')).toContain('The crab is called Moltke');
  client.close();
});
