// What happened, told to the webhook: every event is kept with the object as it was, signed when it is sent, and sent
// again with pauses until it is answered with success. Chaos for tests: twice each, in any order, some never.

import { event as eventShape } from './invoice-shapes.ts';
import type { Store } from './store.ts';

/** The version that the `stripe` package in this repository speaks. */
export const API_VERSION = '2026-10-28.endive';

export interface Webhook {
  readonly url: string;
  readonly secret: string;
}

const ATTEMPTS_MAX = 15;
const FIRST_PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 60_000;

export function emit(store: Store, type: string, object: object): void {
  const id = store.id('evt');
  const copy: unknown = JSON.parse(JSON.stringify(object));
  store.put(eventShape({ id, created: store.nowSeconds(), type, object: copy, apiVersion: API_VERSION }));
  store.data.undelivered.push({ eventId: id, attempts: 0, notBeforeMs: 0 });
}

/** The body of an event and its signature header, as they are sent. Signed by the real time: receivers compare with it. */
export async function signedEvent(
  store: Store,
  eventId: string,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): Promise<{ readonly body: string; readonly signature: string }> {
  const body = JSON.stringify(store.get('event', eventId));
  const at = Math.floor(nowMs / 1_000);
  const encoder = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), hmac, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(`${at}.${body}`)));
  const hex = Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { body, signature: `t=${at},v1=${hex}` };
}

/** Takes what is to be delivered, oldest first; the caller sends it. */
export function takeUndelivered(store: Store): string[] {
  const ids = store.data.undelivered.map(({ eventId }) => eventId);
  store.data.undelivered = [];
  return ids;
}

export interface Delivery {
  readonly send: (webhook: Webhook, body: string, signature: string) => Promise<boolean>;
  readonly webhook: Webhook;
  readonly realNowMs: () => number;
}

/** Sends what is due, in order. Resolves to how many were taken. */
export async function deliverDue(store: Store, { send, webhook, realNowMs }: Delivery): Promise<number> {
  const nowMs = realNowMs();
  let taken = 0;
  for (const waiting of store.data.undelivered.filter(({ notBeforeMs }) => notBeforeMs <= nowMs)) {
    const { body, signature } = await signedEvent(store, waiting.eventId, {
      secret: webhook.secret,
      nowMs: realNowMs(),
    });
    const ok = await send(webhook, body, signature);
    if (ok) taken++;
    const others = store.data.undelivered.filter(({ eventId }) => eventId !== waiting.eventId);
    const attempts = waiting.attempts + 1;
    const pause = Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** attempts);
    store.data.undelivered =
      ok || attempts >= ATTEMPTS_MAX
        ? others
        : [...others, { eventId: waiting.eventId, attempts, notBeforeMs: realNowMs() + pause }];
  }
  return taken;
}
