/**
 * The Control UI's side of the gateway protocol, through the headers that the Worker sets: a browser with a device key of
 * its own, no token and no password.
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { WebSocket } from 'ws';
import { testConfig } from './keeper-fixture.ts';

export interface UiOptions {
  readonly gatewayPort: number;
  readonly user: string | null;
  readonly origin?: string;
  readonly scopes?: readonly string[];
}

/** What the gateway said to `connect`: an identity with scopes, or the code of its refusal. */
export type UiConnection =
  | { readonly scopes: readonly string[]; readonly ui: ControlUi }
  | { readonly refused: string };

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly event?: string;
  readonly ok?: boolean;
  readonly payload?: unknown;
  readonly error?: { readonly code?: string; readonly message: string; readonly details?: { readonly code?: string } };
}

/** The headers that reach the gateway from the Worker. */
export function workerHeaders(user: string | null): Record<string, string> {
  const host = new URL(testConfig.publicOrigin).host;
  return {
    host,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '203.0.113.7',
    'x-tidepool-proof': '1',
    ...(user === null ? {} : { 'x-tidepool-user': user }),
  };
}

export class ControlUi {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, { resolve: (payload: unknown) => void; reject: (error: Error) => void }>();
  #onEvent: (frame: Frame) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Frame));
  }

  static async connect(options: UiOptions): Promise<UiConnection> {
    const buildId = await controlUiBuild(options.gatewayPort);
    const socket = new WebSocket(`ws://127.0.0.1:${options.gatewayPort}/`, {
      headers: workerHeaders(options.user),
      origin: options.origin ?? testConfig.publicOrigin,
    });
    const ui = new ControlUi(socket);
    return await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code, reason) => resolve({ refused: `${code} ${reason.toString()}` }));
      ui.#onEvent = (frame) => {
        if (frame.event !== 'connect.challenge') return;
        const challenge = frame.payload as { ts: number; nonce: string };
        ui.call('connect', connectParams(challenge, buildId, options.scopes ?? [...askedScopes])).then(
          (hello) => resolve({ scopes: (hello as { auth: { scopes: string[] } }).auth.scopes, ui }),
          (error: unknown) => resolve({ refused: String(error) }),
        );
      };
    });
  }

  /** @throws Error with the gateway's code and words */
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = randomUUID();
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  }

  /** Sends a message and waits for the whole answer. */
  async chat(message: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#onEvent = (frame) => {
      if (frame.event !== 'chat') return;
      const { state, message: answer } = frame.payload as { state: string; message?: { content: { text: string }[] } };
      if (state === 'final') resolve((answer?.content ?? []).map((part) => part.text).join(''));
      if (state === 'error' || state === 'aborted') reject(new Error(JSON.stringify(frame.payload)));
    };
    await this.call('chat.send', { sessionKey: 'main', message, idempotencyKey: randomUUID(), deliver: false });
    return promise;
  }

  /** The texts of the main conversation, by role. */
  async history(): Promise<readonly { role: string; text: string }[]> {
    const { messages } = (await this.call('chat.history', { sessionKey: 'main' })) as {
      messages: { role: string; content: string | { text?: string }[] }[];
    };
    return messages.map(({ role, content }) => ({
      role,
      text: typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(''),
    }));
  }

  close(): void {
    this.#socket.close(1000);
  }

  #receive(frame: Frame): void {
    if (frame.type === 'event') {
      this.#onEvent(frame);
      return;
    }
    const waiting = this.#waiting.get(frame.id ?? '');
    this.#waiting.delete(frame.id ?? '');
    if (frame.ok === true) waiting?.resolve(frame.payload);
    else waiting?.reject(new Error(`${frame.error?.details?.code ?? frame.error?.code}: ${frame.error?.message}`));
  }
}

const askedScopes = ['operator.read', 'operator.write', 'operator.admin', 'operator.approvals'] as const;

/** The UI states which build it is, without the hash of its assets; the gateway refuses another one. */
async function controlUiBuild(gatewayPort: number): Promise<string> {
  const page = await (await fetch(`http://127.0.0.1:${gatewayPort}/`)).text();
  const build = /data-openclaw-control-ui-build-id="([^"]+?)(?:-[0-9a-f]{64})?"/.exec(page)?.[1];
  if (build === undefined) throw new Error('the Control UI does not state its build');
  return build;
}

function connectParams(challenge: { ts: number; nonce: string }, buildId: string, scopes: readonly string[]) {
  const client = { id: 'openclaw-control-ui', version: '2026.9.6', platform: 'linux', mode: 'webchat', buildId };
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const deviceId = createHash('sha256').update(raw).digest('hex');
  const signed = [
    'v3',
    deviceId,
    client.id,
    client.mode,
    'operator',
    scopes.join(','),
    String(challenge.ts),
    '',
    challenge.nonce,
    client.platform,
    '',
  ];
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client,
    role: 'operator',
    scopes,
    caps: ['tool-events'],
    auth: {},
    device: {
      id: deviceId,
      publicKey: raw.toString('base64url'),
      signature: sign(null, Buffer.from(signed.join('|')), privateKey).toString('base64url'),
      signedAt: challenge.ts,
      nonce: challenge.nonce,
    },
  };
}
