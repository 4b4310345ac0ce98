// HTTP on the engine's unix socket: finds the route, renders the answer, hijacks exec streams. The socket is for this
// user alone; containers never see it.
import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../engine-log.ts';
import { EngineError, type Engine } from '../engine.ts';
import { ROUTES } from './routes.ts';

const EXEC_START_BODY_MAX = 64 * 1024;

export function createApiServer(engine: Engine, log: Log): Server {
  const server = createServer(
    { requestTimeout: 0, keepAliveTimeout: 60_000 },
    (req, res) => void answer(engine, log, req, res),
  );
  server.timeout = 0;
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) =>
    attachExec(engine, log, req, socket, head),
  );
  return server;
}

/** Listens on a unix socket that only this user may open. */
export function listenOn(server: Server, socketPath: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    // The mask makes the socket private from its first moment.
    const mask = process.umask(0o177);
    server.listen(socketPath, () => {
      chmodSync(socketPath, 0o600);
      done();
    });
    process.umask(mask);
  });
}

async function answer(engine: Engine, log: Log, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://engine');
  const path = url.pathname.replace(/^\/v1\.\d+(?=\/)/, '');
  try {
    const route = ROUTES.find(({ method, path: pattern }) => method === req.method && pattern.test(path));
    if (route === undefined) throw new EngineError(501, `The local engine does not do ${req.method} ${path}.`);
    const part = decodeURIComponent(route.path.exec(path)?.[1] ?? '');
    const { status, body } = await route.handle({ engine, part, query: url.searchParams, req, res });
    send(res, status, body);
    log('api', { method: req.method, path: req.url, status });
  } catch (error) {
    const status = error instanceof EngineError ? error.status : 500;
    const message = error instanceof Error ? error.message : String(error);
    log('api.error', { method: req.method, path: req.url, status, message });
    if (res.headersSent) res.destroy();
    else send(res, status, { message });
  }
}

function send(res: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  if (res.headersSent) {
    res.end(text);
    return;
  }
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

/** `POST /exec/<id>/start` with `Upgrade: tcp`: after the answer the connection is the command's streams. */
function attachExec(engine: Engine, log: Log, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const id = /^(?:\/v1\.\d+)?\/exec\/([^/]+)\/start$/.exec(req.url ?? '')?.[1];
  const bodyBytes = Number(req.headers['content-length'] ?? 0);
  let seen = head;
  const begin = (): void => {
    try {
      if (req.method !== 'POST' || id === undefined) throw new EngineError(404, 'Nothing to attach to.');
      const exec = engine.getExec(id);
      const { sandbox } = engine.get(exec.containerId);
      if (sandbox === undefined || exec.started) throw new EngineError(409, `Exec ${id} can't be started.`);
      socket.write(
        'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
      );
      if (seen.length > bodyBytes) socket.unshift(seen.subarray(bodyBytes));
      exec.run(sandbox, socket);
      log('exec', { id: id.slice(0, 12) });
    } catch (error) {
      const status = error instanceof EngineError ? error.status : 500;
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    }
  };
  const read = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < bodyBytes) return;
    socket.off('data', read);
    socket.pause();
    begin();
  };
  if (!(bodyBytes <= EXEC_START_BODY_MAX)) socket.destroy();
  else if (seen.length >= bodyBytes) begin();
  else socket.on('data', read);
}
