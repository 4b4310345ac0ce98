/**
 * OpenClaw's gateway protocol (version 4) as OpenClaw's own clients speak it, through the tenant's own host and gate: no token,
 * no device. Enough to send messages, stop them and read a conversation.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type WebSocket from 'ws';
import { z } from 'zod';
import type { Stack } from '../../local/stack/start-stack.ts';
import { until } from './product.ts';

const Frame = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  event: z.string().optional(),
  ok: z.boolean().optional(),
  payload: z.unknown().optional(),
  error: z.unknown().optional(),
});
const Challenge = z.looseObject({ nonce: z.string(), ts: z.number() });
const ChatEvent = z.looseObject({ runId: z.string(), state: z.string(), message: z.unknown().optional() });

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A device of its own, as a machine that pairs has. */
export interface DeviceKey {
  readonly id: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function newDeviceKey(): DeviceKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return { id: createHash('sha256').update(raw).digest('hex'), publicKey: raw.toString('base64url'), privateKey };
}

const callTimeoutMs = 60_000;
const role = 'operator';
const platform = 'linux';
const scopes = ['operator.read', 'operator.write', 'operator.admin'];
const client = { id: 'cli', version: '2026.9.6', platform, mode: 'cli' };

/** The device's signature over the challenge (OpenClaw's protocol, version 3 of what is signed). */
function signedDevice(device: DeviceKey, { nonce, ts }: z.output<typeof Challenge>): Record<string, unknown> {
  const signed = ['v3', device.id, client.id, client.mode, role, scopes.join(','), ts, '', nonce, platform, ''];
  const signature = sign(null, Buffer.from(signed.join('|')), device.privateKey).toString('base64url');
  return { id: device.id, publicKey: device.publicKey, signature, signedAt: ts, nonce };
}

export class GatewayClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #runs = new Map<string, { state: string; text: string }>();
  #next = 1;
  closed: { code: number; reason: string } | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#onFrame(data.toString('utf8')));
    socket.on('close', (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString('utf8') };
      for (const waiting of this.#waiting.values())
        waiting.reject(new Error(`socket closed: ${code} ${reason.toString('utf8')}`));
      this.#waiting.clear();
    });
    socket.on('error', () => undefined);
  }

  /** Connects as a command-line client of the signed-in person. Rejects when the gate or the gateway refuses. */
  static async connect(stack: Stack, slug: string, cookie: string, device?: DeviceKey): Promise<GatewayClient> {
    const origin = stack.tenantOrigin(slug);
    const socket = stack.webSocket(`${slug}.localhost`, '/', { cookie, origin });
    const gateway = new GatewayClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response: { statusCode?: number }) =>
        reject(new Error(`upgrade refused: ${response.statusCode}`)),
      );
    });
    const challenge = await until('the challenge', async () => gateway.#challenge, 20_000);
    await gateway.call('connect', {
      minProtocol: 4,
      maxProtocol: 4,
      client,
      role,
      scopes,
      caps: [],
      auth: {},
      locale: 'en-US',
      userAgent: 'tidepool-test',
      ...(device === undefined ? {} : { device: signedDevice(device, challenge) }),
    });
    return gateway;
  }

  /** Connects, again and again while the assistant is starting. */
  static async connectWhenReady(stack: () => Stack, slug: string, cookie: string): Promise<GatewayClient> {
    return until('the gateway to accept a socket', () => GatewayClient.connect(stack(), slug, cookie));
  }

  #challenge: z.output<typeof Challenge> | null = null;

  #onFrame(text: string): void {
    const parsed = Frame.safeParse(JSON.parse(text));
    if (!parsed.success) return;
    const frame = parsed.data;
    if (frame.event === 'connect.challenge') this.#challenge = Challenge.parse(frame.payload);
    if (frame.type === 'event' && frame.event === 'chat') this.#onChat(frame.payload);
    if (frame.type !== 'res' || frame.id === undefined) return;
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    if (frame.ok === true) waiting?.resolve(frame.payload);
    else waiting?.reject(new Error(`gateway: ${JSON.stringify(frame.error)}`));
  }

  #onChat(payload: unknown): void {
    const event = ChatEvent.safeParse(payload);
    if (!event.success) return;
    const { runId, state, message } = event.data;
    const text = textOf(message);
    const before = this.#runs.get(runId);
    this.#runs.set(runId, { state, text: text === '' ? (before?.text ?? '') : text });
  }

  call(method: string, params: unknown): Promise<unknown> {
    const id = String(this.#next++);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new Error(`gateway: ${method} was not answered`)), callTimeoutMs);
    this.#waiting.set(id, { resolve, reject });
    // A socket that is closed, or about to be, says so only here.
    this.#socket.send(JSON.stringify({ type: 'req', id, method, params }), (error) => error && reject(error));
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
  }

  /** Sends a message; resolves with the run's id as soon as it is accepted. */
  async send(message: string, sessionKey = 'main'): Promise<string> {
    const answer = await this.call('chat.send', {
      sessionKey,
      message,
      idempotencyKey: crypto.randomUUID(),
      deliver: false,
    });
    return z.looseObject({ runId: z.string() }).parse(answer).runId;
  }

  /** What has come of a run so far. */
  run(runId: string): { state: string; text: string } | undefined {
    return this.#runs.get(runId);
  }

  async finished(runId: string, timeoutMs = 120_000): Promise<{ state: string; text: string }> {
    return until(
      `run ${runId} to end`,
      async () => {
        const run = this.#runs.get(runId);
        return run !== undefined && ['final', 'error', 'aborted'].includes(run.state) && run;
      },
      timeoutMs,
    );
  }

  async say(message: string): Promise<string> {
    return (await this.finished(await this.send(message))).text;
  }

  /** The conversation as the gateway keeps it, as one text per message. */
  async history(sessionKey = 'main'): Promise<string[]> {
    const answer = await this.call('chat.history', { sessionKey, limit: 200 });
    return z
      .looseObject({ messages: z.array(z.unknown()) })
      .parse(answer)
      .messages.map(textOf);
  }

  close(): void {
    this.#socket.close(1000);
  }
}

/** The text parts of a message in any of the gateway's shapes. */
function textOf(message: unknown): string {
  const shape = z.looseObject({ content: z.unknown().optional() }).safeParse(message);
  const content = shape.success ? shape.data.content : message;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => {
      const text = z.looseObject({ text: z.string() }).safeParse(part);
      return text.success ? text.data.text : '';
    })
    .join('');
}
