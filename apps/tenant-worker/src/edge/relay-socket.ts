/**
 * A browser's socket and the gateway's, joined frame by frame. Both legs are accepted here, so that the object counts as
 * in use while frames pass; whichever leg closes first, both are closed, with a code and reason that may be sent.
 * Frames are never changed and never logged; of a small one from the browser the method is read, to tell a person's act
 * from what an open tab asks by itself.
 */
import { isActOnSocket } from '../core/edge/activity.ts';
import type { CloseFrame } from '../core/edge/close.ts';
import { closeCodes, exceedsUtf8, relayClose } from '../core/edge/close.ts';
import { FrameBudget } from '../core/edge/frame-budget.ts';
import { bufferedMaxBytes, messageMaxBytes, unheardMaxBytes } from '../core/edge/limits.ts';
import type { Port } from './port.ts';
import { askPort, upgradeDeadlineMs } from './port.ts';
import type { RelayHooks, SandboxRequest } from './relay.ts';
import { sandboxRefusal, towardsContainer } from './relay.ts';

/** The part of workerd's WebSocket that a leg needs. */
export interface Leg {
  binaryType: 'blob' | 'arraybuffer';
  readonly bufferedAmount: number;
  accept(options: { allowHalfOpen: boolean }): void;
  send(message: string | ArrayBuffer): void;
  close(code: number, reason: string): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
}

export async function relayWebSocket(
  port: Port,
  request: Request,
  told: SandboxRequest,
  hooks: RelayHooks,
): Promise<Response> {
  // Held before anything is awaited: many upgrades at once cannot all find the same place free.
  const place = hooks.sockets.reserve(told.sessionHash);
  if (place === null) return sandboxRefusal('too_many_sockets');
  try {
    return await openBoth(port, request, told, hooks);
  } finally {
    place.release();
  }
}

async function openBoth(port: Port, request: Request, told: SandboxRequest, hooks: RelayHooks): Promise<Response> {
  const target = towardsContainer(request);
  if (target === null) return sandboxRefusal('unreachable');
  const answer = await askPort(port, target.url, { headers: target.headers }, upgradeDeadlineMs);
  if (answer.kind !== 'answered') return sandboxRefusal('unreachable');
  const { response } = answer;
  const container = response.webSocket;
  if (container === null || response.status !== 101) {
    await response.body?.cancel();
    return sandboxRefusal('unreachable');
  }
  const [browser, client] = Object.values(new WebSocketPair());
  if (browser === undefined || client === undefined) throw new Error('WebSocketPair made no pair');
  joinLegs(client, container, told, hooks);
  const protocol = response.headers.get('sec-websocket-protocol');
  const headers = protocol === null ? undefined : { 'sec-websocket-protocol': protocol };
  return new Response(null, { status: 101, webSocket: browser, headers });
}

/** Joins two legs until either closes or the session ends. */
export function joinLegs(client: Leg, container: Leg, told: SandboxRequest, hooks: RelayHooks): void {
  const { sockets } = hooks;
  let closed = false;
  const closeBoth = (toClient: CloseFrame, toContainer: CloseFrame): void => {
    if (closed) return;
    closed = true;
    sockets.remove(live);
    closeLeg(client, toClient);
    closeLeg(container, toContainer);
  };
  const live = sockets.add({
    sessionHash: told.sessionHash,
    scopes: told.scopes,
    expiresAtMs: told.sessionExpiresAtMs,
    close: (frame) => closeBoth(frame, { code: 1001, reason: 'The session ended' }),
  });

  const budget = new FrameBudget(sockets.nowMs());
  let unheardBytes = 0;
  /** Why a frame of the right size may not pass; null when it may. */
  const judge = (side: 'client' | 'container', to: Leg, bytes: number): CloseFrame | null => {
    if (side === 'client') {
      unheardBytes = 0;
      if (!budget.spend(bytes, sockets.nowMs())) return tooFast;
    } else {
      unheardBytes += bytes;
      if (unheardBytes > unheardMaxBytes) return stuck;
    }
    return to.bufferedAmount + bytes > bufferedMaxBytes ? stuck : null;
  };

  const pipe = (from: Leg, to: Leg, side: 'client' | 'container'): void => {
    // The two directions are told apart by which leg a frame came from.
    const direction = side === 'client' ? 'in' : 'out';
    from.addEventListener('message', (event) => {
      if (closed) return;
      const bytes = frameBytes(event.data);
      if (bytes === null) {
        closeBoth(tooBig, { code: closeCodes.tooBig, reason: tooBig.reason });
        return;
      }
      const refused = judge(side, to, bytes);
      if (refused !== null) {
        closeBoth(refused, { code: 1001, reason: refused.reason });
        return;
      }
      sockets.frame(live, direction, bytes);
      if (side === 'client' && isActOnSocket(event.data)) hooks.onActivity();
      try {
        to.send(event.data as string | ArrayBuffer);
      } catch {
        // The other leg went between its last event and now; its close event follows, or never does.
        closeBoth(relayClose('container', 1006, ''), relayClose('client', 1006, ''));
      }
    });
    from.addEventListener('close', (event) => {
      const frame = relayClose(side, event.code, event.reason);
      closeBoth(frame, frame);
    });
    from.addEventListener('error', () => {
      closeBoth(relayClose('container', 1006, ''), relayClose('client', 1006, ''));
    });
  };
  pipe(client, container, 'client');
  pipe(container, client, 'container');
  for (const leg of [container, client]) {
    leg.binaryType = 'arraybuffer';
    leg.accept({ allowHalfOpen: true });
  }
}

const tooBig: CloseFrame = { code: closeCodes.tooBig, reason: 'A message may have 25 MiB' };
const tooFast: CloseFrame = { code: closeCodes.policy, reason: 'Too many messages at once; reconnect and send fewer' };
const stuck: CloseFrame = { code: closeCodes.overloaded, reason: 'Messages are not read fast enough; reconnect' };

/** The frame's size, null when it is over the limit. Text counts its UTF-16 length, which is at most its bytes. */
function frameBytes(data: unknown): number | null {
  if (typeof data === 'string') return exceedsUtf8(data, messageMaxBytes) ? null : data.length;
  if (data instanceof ArrayBuffer) return data.byteLength > messageMaxBytes ? null : data.byteLength;
  return null;
}

function closeLeg(leg: Leg, frame: CloseFrame): void {
  try {
    leg.close(frame.code, frame.reason);
  } catch {
    // Already gone: closing it was the goal.
  }
}
