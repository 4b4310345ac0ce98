/**
 * The Stripe stand-in behind a socket, for the local stack: its state in a file, its news to the webhook, on loopback
 * only. It asks for its old port again, so that a payment page that is open survives a restart.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { StripeStandIn } from './stand-in.ts';
import { emptyState, type StateData } from './store.ts';

export interface LocalStripeOptions {
  readonly stateFile: string;
  /** Where news goes: the platform's origin. */
  readonly platformOrigin: string;
  readonly webhookSecret: string;
}

export interface LocalStripe {
  /** For STRIPE_API_BASE. */
  readonly origin: string;
  close(): Promise<void>;
}

/** News is looked for this often; a payment shows within it. */
const DELIVER_EVERY_MS = 250;
const BODY_MAX_BYTES = 1_048_576;

/** Listens on loopback only. @throws when its state cannot be read: it is never replaced */
export async function startLocalStripe(options: LocalStripeOptions): Promise<LocalStripe> {
  const kept = readState(options.stateFile);
  let standIn: StripeStandIn | null = null;
  const server = createServer((request, response) => {
    answer(standIn, request, response).catch((error: unknown) => {
      console.error(`stripe stand-in: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  });
  const port = await listen(server, kept.port);
  const origin = `http://127.0.0.1:${port}`;
  const save = (): void => {
    if (standIn !== null) writeState(options.stateFile, { port, state: standIn.store.data });
  };
  standIn = new StripeStandIn({ origin, state: kept.state, realNowMs: () => Date.now(), onChange: save });
  save();
  const delivering = deliverOften(standIn, options, save);
  return {
    origin,
    async close() {
      await delivering.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      save();
    },
  };
}

function deliverOften(
  standIn: StripeStandIn,
  options: LocalStripeOptions,
  save: () => void,
): { stop(): Promise<void> } {
  const webhook = { url: `${options.platformOrigin}/api/stripe/webhook`, secret: options.webhookSecret };
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();
  const send = async (to: typeof webhook, body: string, signature: string): Promise<boolean> => {
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    const signal = AbortSignal.timeout(10_000);
    // Not up yet, or gone: it is told again.
    return fetch(to.url, { method: 'POST', headers, body, signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  const round = async (): Promise<void> => {
    standIn.catchUp();
    if ((await standIn.deliver({ send, webhook })) > 0) save();
    if (!stopped) timer = setTimeout(begin, DELIVER_EVERY_MS);
  };
  function begin(): void {
    running = round();
  }
  begin();
  return {
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}

async function answer(
  standIn: StripeStandIn | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (standIn === null) {
    response.writeHead(503).end();
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) {
      response.writeHead(413).end();
      return;
    }
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value);
  const method = request.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(chunks).toString('utf8');
  const given = await standIn.fetch(new Request(`http://127.0.0.1${request.url ?? '/'}`, { method, headers, body }));
  response.writeHead(given.status, Object.fromEntries(given.headers));
  response.end(Buffer.from(await given.arrayBuffer()));
}

interface Kept {
  readonly port: number;
  readonly state: StateData;
}

function readState(file: string): Kept {
  if (!existsSync(file)) return { port: 0, state: emptyState() };
  const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const whole = typeof kept === 'object' && kept !== null && 'port' in kept && 'state' in kept;
  if (whole && (kept as Kept).state.version === 1) return kept as Kept;
  throw new Error(`${file} is not this stand-in's state: move it away to begin anew.`);
}

function writeState(file: string, kept: Kept): void {
  writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The wanted port, or any free one. */
async function listen(server: Server, wanted: number): Promise<number> {
  const on = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await on(wanted).catch(() => on(0));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the stripe stand-in has no port');
  return address.port;
}
