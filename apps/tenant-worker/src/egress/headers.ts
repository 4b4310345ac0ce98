/**
 * Headers out and back. Out: nothing that belongs to one connection, to the platform's edge or to us; with a secret also
 * none of the client's own credentials. Back: nothing that belongs to one connection; after a secret no cookies, which
 * could be its equal.
 */

const perConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
]);
/** Who asked, and through whom: the platform's to say, never the container's. */
const ofOurs = /^(cf-|x-forwarded-|x-tidepool-|x-real-ip$|true-client-ip$|forwarded$|via$|cdn-loop$|x-client-ip$)/;
const credentials = new Set(['authorization', 'cookie', 'x-api-key', 'api-key', 'x-auth-token']);

export interface AddedHeader {
  readonly name: string;
  readonly value: string;
}

export function headersOut(inbound: Headers, isWebSocket: boolean, added: AddedHeader | null): Headers {
  const named = namedByConnection(inbound);
  const headers = new Headers();
  for (const [name, value] of inbound) {
    if (perConnection.has(name) || named.has(name) || ofOurs.test(name)) continue;
    if (added !== null && credentials.has(name)) continue;
    headers.append(name, value);
  }
  if (isWebSocket) headers.set('upgrade', 'websocket');
  if (added !== null) headers.set(added.name, added.value);
  return headers;
}

export function headersBack(answer: Headers, hasSecret: boolean): Headers {
  const named = namedByConnection(answer);
  const headers = new Headers();
  for (const [name, value] of answer) {
    if (perConnection.has(name) || named.has(name)) continue;
    if (hasSecret && name === 'set-cookie') continue;
    headers.append(name, value);
  }
  return headers;
}

function namedByConnection(headers: Headers): Set<string> {
  const value = headers.get('connection') ?? '';
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()));
}
