/**
 * The payer of each request with the credential that goes with it. The only place of the model path where a customer's
 * key is in the clear: it lives for one request and goes into one header.
 */
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type { AiRefusal } from '../core/metering/ai-error.ts';
import type { AiProvider } from '../core/metering/ai-route.ts';
import { keyUnreadable, whoPays } from '../core/metering/payer.ts';
import type { StoredModelKey } from '../core/metering/payer.ts';
import type { Clock } from '../ports.ts';

export type Payment =
  | { readonly kind: 'platform' }
  | { readonly kind: 'customer'; readonly key: StoredModelKey; readonly plain: string };

/** The part of the vault that is used. */
interface KeyStore {
  modelKeys(): readonly StoredModelKey[];
  open(name: string, version: number, nowMs: number): Promise<string | null>;
  noteRefused(of: StoredModelKey, refused: { status: number; atMs: number }): void;
  noteTaken(of: StoredModelKey): void;
}

export interface Payments {
  /** Never rejects. A key that cannot be opened is a refusal, not the platform's money. */
  of(provider: AiProvider): Promise<Result<Payment, AiRefusal>>;
  /** The provider refused the key, or took it again after that. */
  refused(payment: Payment, status: number): void;
  taken(payment: Payment): void;
}

export function createPayments(
  vault: KeyStore,
  clock: Clock,
  onFault: (event: string, error: unknown) => void,
): Payments {
  return {
    async of(provider) {
      // Twice, since a key may be replaced or deleted while it is opened.
      for (let tries = 0; tries < 2; tries++) {
        const payer = whoPays(provider, vault.modelKeys());
        if (payer.kind === 'platform') return ok(payer);
        const { name, version } = payer.key;
        try {
          const plain = await vault.open(name, version, clock.nowMs());
          if (plain !== null) return ok({ ...payer, plain });
        } catch (error) {
          onFault('ai.key_unreadable', error);
          break;
        }
      }
      return err(keyUnreadable(provider));
    },
    refused(payment, status) {
      if (payment.kind === 'customer') vault.noteRefused(payment.key, { status, atMs: clock.nowMs() });
    },
    taken(payment) {
      if (payment.kind === 'customer' && payment.key.refusedAtMs !== null) vault.noteTaken(payment.key);
    },
  };
}
