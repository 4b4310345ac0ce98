// A certificate authority that lives as long as one container: its root goes into the container, its leaves are made
// per host name when HTTPS is intercepted. P-256, in memory only; the key is never written to disk.
import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { isIPv4 } from 'node:net';
import {
  der,
  derBits,
  derBoolean,
  derInteger,
  derOctets,
  derOid,
  derSequence,
  derSet,
  derTime,
  derUtf8,
} from './der.ts';

const AUTHORITY_NAME = 'Tidepool local container CA';
const DAY_MS = 86_400_000;
/** Starts in the past for a container whose clock is a little behind; ends after any development session. */
const VALID_DAYS_BEFORE = 1;
const VALID_DAYS_AFTER = 365;
/** A container can ask for any number of names; only this many leaves are kept. */
const LEAVES_MAX = 512;

const ecdsaSha256 = derSequence(derOid('1.2.840.10045.4.3.2'));

export class CertificateAuthority {
  readonly certificatePem: string;
  readonly #key: KeyObject;
  readonly #leaves = new Map<string, SecureContext>();

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.certificatePem = this.#issue(AUTHORITY_NAME, publicKey, [
      extension('2.5.29.19', true, derSequence(derBoolean(true))),
      // keyCertSign and cRLSign: seven used bits, so one unused.
      extension('2.5.29.15', true, der(0x03, Buffer.from([1, 0x06]))),
    ]);
  }

  /** A TLS server context for one host name or IPv4 address; made once and kept. */
  contextFor(host: string): SecureContext {
    const known = this.#leaves.get(host);
    if (known) return known;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const name = isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));
    const certificate = this.#issue(host.slice(0, 64), publicKey, [
      extension('2.5.29.17', false, derSequence(name)),
      extension('2.5.29.37', false, derSequence(derOid('1.3.6.1.5.5.7.3.1'))),
    ]);
    const context = createSecureContext({
      cert: certificate + this.certificatePem,
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    const oldest = this.#leaves.keys().next();
    if (this.#leaves.size >= LEAVES_MAX && !oldest.done) this.#leaves.delete(oldest.value);
    this.#leaves.set(host, context);
    return context;
  }

  #issue(subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const now = Date.now();
    const serial = randomBytes(16);
    // A positive integer without padding, whatever the dice say.
    serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
    const body = derSequence(
      der(0xa0, derInteger(Buffer.from([2]))),
      derInteger(serial),
      ecdsaSha256,
      commonName(AUTHORITY_NAME),
      derSequence(
        derTime(new Date(now - VALID_DAYS_BEFORE * DAY_MS)),
        derTime(new Date(now + VALID_DAYS_AFTER * DAY_MS)),
      ),
      commonName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, derSequence(...extensions)),
    );
    const certificate = derSequence(body, ecdsaSha256, derBits(sign('sha256', body, this.#key)));
    // Read back: a malformed certificate fails here, in the engine's log, not as a riddle inside the container.
    return new X509Certificate(certificate).toString();
  }
}

function commonName(text: string): Buffer {
  return derSequence(derSet(derSequence(derOid('2.5.4.3'), derUtf8(text))));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctets(value));
}
