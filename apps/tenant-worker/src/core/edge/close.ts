/**
 * What may stand in a WebSocket close frame that we send. Passing a peer's code and reason through throws on every
 * ordinary browser close (1005, 1006) and on reasons over 123 bytes, which leaves the other leg open for ever.
 */

/** Our own codes. 4401 tells the page to sign in again; 1012 and 1013 tell it to reconnect. */
export const closeCodes = {
  sessionEnded: 4401,
  suspended: 4403,
  gone: 4404,
  restarting: 1012,
  overloaded: 1013,
  policy: 1008,
  tooBig: 1009,
} as const;

export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

const reasonMaxBytes = 123;

/** RFC 6455 7.4 and the registry: what an endpoint may send. */
function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000 && code <= 4999) return true;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/**
 * Makes a close frame for the other leg.
 * @param from which leg closed: a browser that vanished is "going away" to the gateway, a gateway that vanished is a restart to the browser
 */
export function relayClose(from: 'client' | 'container', code: number, reason: string): CloseFrame {
  const text = truncateUtf8(reason, reasonMaxBytes);
  if (code === 1005) return { code: 1000, reason: text };
  if (code === 1006) {
    return from === 'client'
      ? { code: 1001, reason: 'The browser went away' }
      : { code: 1012, reason: 'The assistant restarted; reconnect' };
  }
  return { code: isSendable(code) ? code : 1011, reason: text };
}

/** Cuts at a code-point boundary; a lone surrogate becomes U+FFFD, as an encoder would make it. */
export function truncateUtf8(text: string, maxBytes: number): string {
  let bytes = 0;
  let kept = '';
  for (const point of text) {
    const value = point.codePointAt(0) ?? 0;
    const size = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    if (bytes + size > maxBytes) return kept;
    bytes += size;
    kept += value >= 0xd800 && value <= 0xdfff ? '\ufffd' : point;
  }
  return kept;
}

/** Bytes of a text frame on the wire, without encoding it: exact only when it could matter. */
export function exceedsUtf8(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  if (text.length * 3 <= maxBytes) return false;
  let bytes = 0;
  for (const point of text) {
    const value = point.codePointAt(0) ?? 0;
    bytes += value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    if (bytes > maxBytes) return true;
  }
  return false;
}
