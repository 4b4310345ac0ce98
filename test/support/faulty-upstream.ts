/**
 * Stands between the dispatcher and the demo model over real HTTP, with the demo model's address shape, and fails for the
 * models that it is told to: what a provider does on a bad day, at the wire. What it lets through the demo model logs.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { unreachable } from '../../apps/control-plane/src/contract/result.ts';

export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is closed before any answer. */
  | { readonly kind: 'hang_up' }
  /** Nothing ever comes. */
  | { readonly kind: 'silent' }
  /** 200, and the stream ends before its first byte. */
  | { readonly kind: 'empty' }
  /** The answer begins, and the connection breaks after its first event. */
  | { readonly kind: 'cut' };

export interface FaultyUpstream {
  readonly baseUrl: string;
  /** By model; a model that is not named here is served. */
  faults: Readonly<Record<string, Fault>>;
  /** Called with the model when a request is there, before anything is answered. */
  onRequest: (model: string) => void;
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startFaultyUpstream(model: { readonly baseUrl: string }): Promise<FaultyUpstream> {
  const target = new URL(model.baseUrl);
  const server = createServer((request, response) => {
    serve(upstream, target, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the upstream has no port');
  const upstream: FaultyUpstream = {
    baseUrl: `http://127.0.0.1:${address.port}${target.pathname}`,
    faults: {},
    onRequest: () => undefined,
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return upstream;
}

async function serve(
  upstream: FaultyUpstream,
  target: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const { model = '' } = JSON.parse(body) as { model?: string };
  upstream.asked.push(model);
  upstream.onRequest(model);
  const fault = upstream.faults[model];
  if (fault === undefined || fault.kind === 'cut') {
    await passOn({ target, request, response, body }, fault !== undefined);
    return;
  }
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ type: 'error', error: { type: 'api_error', message: `status ${fault.status}` } }));
      return;
    case 'hang_up':
      response.destroy();
      return;
    case 'silent':
      return;
    case 'empty':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end();
      return;
    default:
      unreachable(fault);
  }
}

async function passOn(
  {
    target,
    request,
    response,
    body,
  }: { target: URL; request: IncomingMessage; response: ServerResponse; body: string },
  isCut: boolean,
): Promise<void> {
  const names = ['content-type', 'accept', 'cf-aig-metadata', 'anthropic-version'];
  const headers = Object.fromEntries(
    names.flatMap((name) => [[name, request.headers[name]]]).filter(([, value]) => value),
  );
  const served = await fetch(new URL(request.url ?? '/', target), { method: 'POST', body, headers });
  response.writeHead(served.status, { 'content-type': served.headers.get('content-type') ?? 'application/json' });
  const reader = served.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece?.value === undefined) break;
    const { value } = piece;
    const end = isCut ? Buffer.from(value).indexOf('\n\n') + 2 : value.byteLength;
    await new Promise((resolve) => response.write(value.subarray(0, end), resolve));
    if (!isCut) continue;
    await reader?.cancel();
    response.destroy();
    return;
  }
  response.end();
}
