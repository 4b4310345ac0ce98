// Reads what a container says first on an egress connection: an HTTP request head or a TLS ClientHello.
// Pure and defensive: the bytes come from the tenant's program. Anything else is refused, so that ports 80 and 443
// carry HTTP and TLS only.

export type FirstBytes =
  | { readonly kind: 'more' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'http'; readonly host: string | undefined }
  | { readonly kind: 'tls'; readonly serverName: string | undefined };

/** Enough for a request head with large cookies and for a post-quantum ClientHello. */
export const FIRST_BYTES_MAX = 64 * 1024;

const TLS_HANDSHAKE = 0x16;
const CLIENT_HELLO = 0x01;
const TLS_RECORD_MAX = 16 * 1024 + 2_048;
const METHOD_MAX = 20;

/** What the bytes so far are; 'more' until it is certain. */
export function readFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes.length === 0) return { kind: 'more' };
  return bytes[0] === TLS_HANDSHAKE ? readClientHello(bytes) : readRequestHead(bytes);
}

function readRequestHead(bytes: Buffer): FirstBytes {
  if (!/^[A-Z]{1,20}( |$)/.test(bytes.toString('latin1', 0, METHOD_MAX + 1))) {
    return { kind: 'refused', reason: 'not HTTP and not TLS' };
  }
  // The first line is judged as soon as it is there: a mail or chat protocol waits for an answer and says no more.
  const firstLine = bytes.indexOf('\n');
  if (firstLine >= 0 && !/^[A-Z]{1,20} \S+ HTTP\/1\.[01]\r$/.test(bytes.toString('latin1', 0, firstLine))) {
    return { kind: 'refused', reason: 'not an HTTP/1 request line' };
  }
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) {
    return bytes.length >= FIRST_BYTES_MAX
      ? { kind: 'refused', reason: 'the request head is too long' }
      : { kind: 'more' };
  }
  const hosts = bytes
    .toString('latin1', firstLine + 1, end)
    .split('\r\n')
    .filter((line) => /^host:/i.test(line));
  if (hosts.length > 1) return { kind: 'refused', reason: 'more than one Host header' };
  return { kind: 'http', host: hosts[0]?.slice(5).trim().toLowerCase() };
}

/** RFC 8446 4.1.2 inside RFC 8446 5.1 records; the handshake message may span several records. */
function readClientHello(bytes: Buffer): FirstBytes {
  const parts: Buffer[] = [];
  let length = 0;
  let wanted = 4;
  for (let offset = 0; length < wanted;) {
    if (bytes.length < offset + 5) return moreOrTooLong(bytes);
    const size = bytes.readUInt16BE(offset + 3);
    if (bytes[offset] !== TLS_HANDSHAKE || bytes[offset + 1] !== 3 || size === 0 || size > TLS_RECORD_MAX) {
      return { kind: 'refused', reason: 'not a TLS handshake record' };
    }
    if (bytes.length < offset + 5 + size) return moreOrTooLong(bytes);
    parts.push(bytes.subarray(offset + 5, offset + 5 + size));
    length += size;
    offset += 5 + size;
    if (length < 4) continue;
    const message = Buffer.concat(parts);
    if (message[0] !== CLIENT_HELLO) return { kind: 'refused', reason: 'not a TLS ClientHello' };
    wanted = 4 + message.readUIntBE(1, 3);
    if (wanted > FIRST_BYTES_MAX) return { kind: 'refused', reason: 'the TLS ClientHello is too long' };
  }
  return { kind: 'tls', serverName: serverNameOf(Buffer.concat(parts).subarray(4, wanted)) };
}

function moreOrTooLong(bytes: Buffer): FirstBytes {
  return bytes.length >= FIRST_BYTES_MAX
    ? { kind: 'refused', reason: 'the TLS ClientHello is too long' }
    : { kind: 'more' };
}

/** The server_name extension (RFC 6066 3) of a ClientHello body, or undefined when it is absent or malformed. */
function serverNameOf(hello: Buffer): string | undefined {
  try {
    let at = 34;
    at += 1 + hello.readUInt8(at);
    at += 2 + hello.readUInt16BE(at);
    at += 1 + hello.readUInt8(at);
    const end = at + 2 + hello.readUInt16BE(at);
    for (at += 2; at + 4 <= end;) {
      const type = hello.readUInt16BE(at);
      const size = hello.readUInt16BE(at + 2);
      if (type === 0) {
        const name = hello.subarray(at + 9, at + 9 + hello.readUInt16BE(at + 7)).toString('latin1');
        return isHostName(name.toLowerCase()) ? name.toLowerCase() : undefined;
      }
      at += 4 + size;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

/** A host name as DNS knows it (letters, digits, "-", "_"), without a trailing dot; IPv4 addresses pass too. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/.test(text);
}
