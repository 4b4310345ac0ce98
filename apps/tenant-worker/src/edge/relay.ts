/**
 * From the sandbox object to its gateway's port and back. Runs inside `TenantSandbox.fetch`, on requests whose headers
 * the gate has rebuilt; takes the gate's own headers off, streams both ways, and rebuilds what comes back.
 */
import { filterResponseHeaders } from '../core/edge/response-headers.ts';
import { identityHeaders } from '../core/edge/request-headers.ts';
import { refusalHeader } from '../core/edge/refusal.ts';
import type { SandboxRefusal } from '../core/edge/refusal.ts';
import { sandboxHeaders } from '../tenant-api.ts';
import { toHeaders } from './headers.ts';
import { answerDeadlineMs, askPort } from './port.ts';
import type { Port } from './port.ts';
import { relayWebSocket } from './relay-socket.ts';
import type { SocketSet } from './socket-set.ts';

export interface RelayHooks {
  /** A person's act passed: a page opened, a change, a frame that no tab sends by itself. */
  onActivity(): void;
  /** The sockets of this run; one set per sandbox object. */
  readonly sockets: SocketSet;
}

/** What the gate says about a request, beside the request. */
export interface SandboxRequest {
  readonly incarnation: number;
  readonly sessionHash: string;
  readonly sessionExpiresAtMs: number;
  /** What the gateway is told that the person may do at most. */
  readonly scopes: string;
  /** Somebody did this; a page did not ask by itself. */
  readonly isAct: boolean;
}

/** Reads the gate's headers; null when they are not as the gate writes them. */
export function readSandboxRequest(request: Request): SandboxRequest | null {
  const incarnation = Number(request.headers.get(sandboxHeaders.incarnation));
  const sessionExpiresAtMs = Number(request.headers.get(sandboxHeaders.sessionExpiresAtMs));
  const sessionHash = request.headers.get(sandboxHeaders.sessionHash);
  if (!Number.isSafeInteger(incarnation) || incarnation < 1 || sessionHash === null || sessionHash === '') return null;
  if (!Number.isSafeInteger(sessionExpiresAtMs) || sessionExpiresAtMs <= 0) return null;
  const scopes = request.headers.get(identityHeaders.scopes) ?? '';
  const isAct = request.headers.get(sandboxHeaders.act) === '1';
  return { incarnation, sessionHash, sessionExpiresAtMs, scopes, isAct };
}

/** An answer of the sandbox object itself: the container was not asked, or did not answer. */
export function sandboxRefusal(refusal: SandboxRefusal): Response {
  const status = refusal === 'unreachable' ? 502 : refusal === 'too_many_sockets' ? 503 : 409;
  return new Response(null, { status, headers: { [refusalHeader]: refusal } });
}

/** Relays one request, a WebSocket upgrade included. */
export async function relay(port: Port, request: Request, hooks: RelayHooks): Promise<Response> {
  const told = readSandboxRequest(request);
  if (told === null || hooks.sockets.hasEnded(told.sessionHash)) return sandboxRefusal('session_expired');
  return request.headers.get('upgrade') === null
    ? relayHttp(port, request, told, hooks)
    : relayWebSocket(port, request, told, hooks);
}

/** The request's URL and headers as the container is to see them. */
export function towardsContainer(
  request: Request,
): { url: string; headers: Headers; origin: string; path: string } | null {
  const headers = new Headers(request.headers);
  for (const name of Object.values(sandboxHeaders)) headers.delete(name);
  const host = headers.get('x-forwarded-host');
  const scheme = headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  const prefix = `http://${host}/`;
  if (host === null || !request.url.startsWith(prefix)) return null;
  const path = request.url.slice(prefix.length - 1);
  // The port's own fetcher decides where this goes; the URL's host only becomes the Host header.
  return { url: request.url, headers, origin: `${scheme}://${host}`, path: path.split('?')[0] ?? path };
}

async function relayHttp(port: Port, request: Request, told: SandboxRequest, hooks: RelayHooks): Promise<Response> {
  const target = towardsContainer(request);
  if (target === null) return sandboxRefusal('unreachable');
  if (told.isAct) hooks.onActivity();
  const { method, body } = request;
  const init: RequestInit = { method, headers: target.headers, body, redirect: 'manual' };
  let answer = await askPort(port, target.url, init, answerDeadlineMs);
  // Only a read may be sent twice: a change may have happened although its answer was lost.
  const mayRepeat = body === null && (method === 'GET' || method === 'HEAD');
  if (answer.kind === 'lost' && mayRepeat) answer = await askPort(port, target.url, init, answerDeadlineMs);
  if (answer.kind !== 'answered') return sandboxRefusal('unreachable');
  const { response } = answer;
  const status = mappedStatus(response.status);
  const verdict =
    status === null ? null : filterResponseHeaders((name) => response.headers.get(name), { ...target, status });
  if (status === null || verdict === null || verdict.kind === 'refuse') {
    await response.body?.cancel();
    return sandboxRefusal('unreachable');
  }
  return new Response(response.body, { status, headers: toHeaders(verdict.headers) });
}

/** Statuses of a container that a browser may see. Its 5xx pages are not shown: ours say what to do. */
function mappedStatus(status: number): number | null {
  if (status < 200 || status >= 500 || status === 407) return null;
  return status;
}
