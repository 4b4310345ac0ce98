/**
 * Connections to the gateway over protocol v4 from inside the container, and OpenClaw's suspend handshake over one
 * (`docs/gateway/external-apps.md`): as the reserved local backend client, with the password of this run.
 */
import { WebSocket, type RawData } from 'ws';
import { z } from 'zod';

const handshakeTimeoutMs = 5_000;
const callTimeoutMs = 5_000;
const drainPollMs = 250;
const frameBytesMax = 8 * 1024 * 1024;

const frameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: z.string() }),
  z.object({
    type: z.literal('res'),
    id: z.string(),
    ok: z.boolean(),
    payload: z.unknown().optional(),
    error: z.object({ message: z.string() }).loose().optional(),
  }),
]);

const prepareSchema = z.object({
  status: z.enum(['ready', 'draining', 'busy']),
  suspensionId: z.string().optional(),
});
const suspendStatusSchema = z.object({ status: z.enum(['ready', 'draining', 'running']) });

/**
 * Asks the gateway to finish its work and take no more.
 * @returns true once it says that nothing is left; false when the signal ends first or the gateway refuses
 * @throws Error when the gateway cannot be reached
 */
export async function drainGateway(options: {
  port: number;
  password: string;
  requestId: string;
  signal: AbortSignal;
}): Promise<boolean> {
  const connection = await connectGateway({
    port: options.port,
    signal: options.signal,
    client: { id: 'gateway-client', mode: 'backend' },
    auth: { password: options.password },
    headers: {},
    callTimeoutMs,
  });
  try {
    const prepare = async () =>
      prepareSchema.parse(
        await connection.call('gateway.suspend.prepare', {
          requestId: options.requestId,
          drain: true,
          terminalPolicy: 'terminate',
        }),
      );
    let prepared = await prepare();
    while (!options.signal.aborted) {
      if (prepared.status === 'ready') return true;
      await pause(drainPollMs, options.signal);
      if (options.signal.aborted) return false;
      if (prepared.status === 'busy' || prepared.suspensionId === undefined) {
        prepared = await prepare();
        continue;
      }
      const { suspensionId } = prepared;
      const { status } = suspendStatusSchema.parse(await connection.call('gateway.suspend.status', { suspensionId }));
      // `running`: the two-minute lease ran out while work went on; ask again.
      prepared = status === 'running' ? await prepare() : { status, suspensionId };
    }
    return false;
  } finally {
    connection.close();
  }
}

export interface GatewayConnection {
  /** @throws Error with the gateway's words, or when no answer comes in time */
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

/**
 * Connects as an operator with admin scope, by password or by the headers that the Worker sets.
 * @throws Error when the gateway cannot be reached or refuses
 */
export async function connectGateway(options: {
  port: number;
  signal: AbortSignal;
  client: { id: string; mode: string };
  auth: Readonly<Record<string, string>>;
  headers: Readonly<Record<string, string>>;
  callTimeoutMs: number;
}): Promise<GatewayConnection> {
  const { signal } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${options.port}/`, {
    headers: options.headers,
    handshakeTimeout: handshakeTimeoutMs,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
  });
  const waiting = new Map<string, { resolve: (payload: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;

  const call: GatewayConnection['call'] = (method, params) =>
    new Promise((resolve, reject) => {
      const id = String(++lastId);
      const timer = setTimeout(() => waiting.get(id)?.reject(new Error(`${method}: no answer`)), options.callTimeoutMs);
      const settle = () => {
        clearTimeout(timer);
        waiting.delete(id);
      };
      waiting.set(id, {
        resolve: (payload) => {
          settle();
          resolve(payload);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      socket.send(JSON.stringify({ type: 'req', id, method, params }), (error) => {
        if (error !== null && error !== undefined) waiting.get(id)?.reject(error);
      });
    });
  const end = (error: Error) => {
    for (const entry of waiting.values()) entry.reject(error);
    socket.terminate();
  };

  const challenged = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the gateway sent no challenge')), handshakeTimeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
      end(error);
    };
    socket.on('error', fail);
    socket.on('close', (code) => fail(new Error(`the gateway closed the connection (${code})`)));
    signal.addEventListener('abort', () => fail(new Error('gave up waiting for the gateway')), { once: true });
    socket.on('message', (data) => {
      const frame = parseFrame(data);
      if (frame === null) return;
      if (frame.type === 'event') {
        if (frame.event !== 'connect.challenge') return;
        clearTimeout(timer);
        resolve();
        return;
      }
      const entry = waiting.get(frame.id);
      if (frame.ok) entry?.resolve(frame.payload);
      else entry?.reject(new Error(frame.error?.message ?? 'the gateway refused'));
    });
  });

  try {
    await challenged;
    await call('connect', {
      minProtocol: 4,
      maxProtocol: 4,
      client: { ...options.client, version: 'tidepool-keeper', platform: process.platform },
      role: 'operator',
      scopes: ['operator.admin'],
      caps: [],
      auth: options.auth,
    });
  } catch (error) {
    socket.terminate();
    throw error;
  }
  return { call, close: () => socket.close(1000) };
}

function parseFrame(data: RawData): z.infer<typeof frameSchema> | null {
  try {
    const text = Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as Uint8Array).toString();
    const parsed = frameSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
