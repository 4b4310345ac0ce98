/** What Stripe sends us: the signature over the raw bytes first, then only what names the thing to read again. */
import { Stripe } from 'stripe';
import { z } from 'zod';

export interface StripeNews {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  readonly customerId: string | null;
  readonly createdMs: number;
}

/** The library's default, said: a message older than this is refused. */
const toleranceSeconds = 300;

const Id = z.string().min(1).max(255);
const EventShape = z.object({
  id: Id,
  type: z.string().max(120),
  created: z.number().int(),
  data: z.object({ object: z.looseObject({ id: z.string().max(255).optional(), customer: z.unknown().optional() }) }),
});

/**
 * The news in a signed body; null when no secret made the signature or it is too old.
 * `secrets`: the present one and, while they are changed, the one before.
 * @throws Error when the body is signed and is no event that this version reads
 */
export async function readStripeNews(
  body: string,
  signature: string | null,
  { secrets, nowMs }: { readonly secrets: readonly string[]; readonly nowMs: number },
): Promise<StripeNews | null> {
  if (signature === null) return null;
  for (const secret of secrets) {
    if (!(await isSigned(body, signature, { secret, nowMs }))) continue;
    const { id, type, created, data } = EventShape.parse(JSON.parse(body));
    const customer =
      type.startsWith('customer.') && !type.includes('subscription') ? data.object.id : data.object.customer;
    const customerId = Id.safeParse(customer);
    return {
      id,
      type,
      objectId: data.object.id ?? '',
      customerId: customerId.success ? customerId.data : null,
      createdMs: created * 1_000,
    };
  }
  return null;
}

/** False when it was signed with another secret, is stale or forged. */
async function isSigned(
  body: string,
  signature: string,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): Promise<boolean> {
  try {
    const crypto = Stripe.createSubtleCryptoProvider();
    await Stripe.webhooks.constructEventAsync(body, signature, secret, toleranceSeconds, crypto, nowMs);
    return true;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}
