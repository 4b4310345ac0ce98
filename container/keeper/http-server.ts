/**
 * The keeper's HTTP surface: one table of routes over `node:http`. Bodies are bounded and parsed, answers are JSON, errors
 * are `{code, message}`. Only `/v1/health` and `/v1/claim` are open; everything else needs the claimed token.
 */
import http from 'node:http';
import type { z } from 'zod';
import type { ClaimGate } from './claim.ts';
import { describeError, Problem } from './problem.ts';
import type { LogRing } from './log-ring.ts';

const jsonBytesMax = 64 * 1024;
const discardMs = 5_000;

export interface Call {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly query: URLSearchParams;
  readonly peer: string;
}

/** What a handler answers; `null` when it has written the response itself. */
export type Answer = { readonly status: number; readonly json: unknown } | { readonly text: string } | null;

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly open?: true;
  readonly handle: (call: Call) => Promise<Answer> | Answer;
}

export function createKeeperServer(routes: readonly Route[], claim: ClaimGate, log: LogRing): http.Server {
  const server = http.createServer({ requestTimeout: 0, headersTimeout: 10_000, keepAliveTimeout: 5_000 });
  server.on('request', (request, response) => {
    serve({ routes, claim, request, response }).catch((error: unknown) => {
      const problem = toProblem(error);
      if (problem.code === 'internal') log.add('keeper', `${request.method} ${request.url}: ${describeError(error)}`);
      // An answer that has begun cannot become an error; a cut connection is the only honest end.
      if (response.headersSent) response.destroy();
      else respond(response, problem.status, { code: problem.code, message: problem.message });
      discardRest(request);
    });
  });
  return server;
}

/** Reads what is left of a refused body for a while, so that its sender sees the answer rather than a broken connection. */
function discardRest(request: http.IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), discardMs);
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

async function serve(options: {
  routes: readonly Route[];
  claim: ClaimGate;
  request: http.IncomingMessage;
  response: http.ServerResponse;
}): Promise<void> {
  const { routes, claim, request, response } = options;
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const matching = routes.filter((route) => route.path === path);
  const route = matching.find((candidate) => candidate.method === request.method);
  if (route?.open !== true && !claim.authorizes(request.headers.authorization)) {
    throw new Problem('unauthorized', 'This keeper answers only to the object that claimed it.');
  }
  if (matching.length === 0) throw new Problem('not_found', 'The keeper has no such route.');
  if (route === undefined)
    throw new Problem('method_not_allowed', `Use ${matching.map((m) => m.method).join(' or ')}.`);
  const peer = request.socket.remoteAddress ?? '';
  const answer = await route.handle({ request, response, query: new URLSearchParams(search), peer });
  if (answer === null) return;
  if ('text' in answer) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end(answer.text);
  } else {
    respond(response, answer.status, answer.json);
  }
}

/**
 * Reads and parses a JSON body.
 * @throws Problem `too_large` beyond 64 KiB, `invalid_request` when it does not fit the schema
 */
export async function readJson<T>(request: http.IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk as Uint8Array);
    bytes += part.length;
    if (bytes > jsonBytesMax) throw new Problem('too_large', `A request body is at most ${jsonBytesMax} bytes.`);
    chunks.push(part);
  }
  return parseInput(schema, () => JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown);
}

/** @throws Problem `invalid_request` naming the fields that do not fit */
export function parseInput<T>(schema: z.ZodType<T>, read: () => unknown): T {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    throw new Problem('invalid_request', 'The body is not JSON.', { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Problem('invalid_request', issues.join('; '));
}

function toProblem(error: unknown): Problem {
  return error instanceof Problem
    ? error
    : new Problem('internal', 'The keeper failed; its log says why.', { cause: error });
}

function respond(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
