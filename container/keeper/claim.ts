/**
 * Who may command the keeper. The first caller brings the token; it is kept as a hash, in memory only, so neither the
 * environment nor the disk of the container ever holds it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ClaimRequest } from './contract.ts';

/** Relays in front of the container may differ; more than a handful means something is wrong. */
const peersMax = 8;

export type ClaimOutcome = 'claimed' | 'same' | 'refused';

export class ClaimGate {
  #owner: { hash: Buffer; tenantId: string; incarnation: number } | null = null;
  readonly #peers: string[] = [];

  get claimed(): boolean {
    return this.#owner !== null;
  }

  /** Addresses the owner called from: the ones the gateway trusts to say who the user is. */
  get peers(): readonly string[] {
    return this.#peers;
  }

  /** First caller wins. The same owner may claim again, which also teaches a further peer address. */
  claim(request: ClaimRequest, peer: string): ClaimOutcome {
    const hash = hashOf(request.token);
    if (this.#owner === null) {
      this.#owner = { hash, tenantId: request.tenantId, incarnation: request.incarnation };
      this.#remember(peer);
      return 'claimed';
    }
    const same =
      timingSafeEqual(hash, this.#owner.hash) &&
      request.tenantId === this.#owner.tenantId &&
      request.incarnation === this.#owner.incarnation;
    if (!same) return 'refused';
    this.#remember(peer);
    return 'same';
  }

  /** @param authorization the header's value, or undefined */
  authorizes(authorization: string | undefined): boolean {
    if (this.#owner === null || authorization === undefined) return false;
    const token = /^Bearer (\S{1,256})$/.exec(authorization)?.[1];
    return token !== undefined && timingSafeEqual(hashOf(token), this.#owner.hash);
  }

  #remember(peer: string): void {
    const address = peer.startsWith('::ffff:') ? peer.slice('::ffff:'.length) : peer;
    if (!this.#peers.includes(address) && this.#peers.length < peersMax) this.#peers.push(address);
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
