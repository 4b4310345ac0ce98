// Charging a card, and what follows: intents, charges, refunds, disputes.

import type Stripe from 'stripe';
import { cardNumber, chargeCard } from './cards.ts';
import { emit } from './events.ts';
import { dispute, fraudWarning } from './invoice-shapes.ts';
import { charge, paymentIntent, paymentMethod, refund } from './shapes.ts';
import { StripeRefusal, type Store } from './store.ts';

/** Adds a card to a customer; it becomes the one that is charged. Throws StripeRefusal when it is no card. */
export function addCard(store: Store, customerId: string, typed: string, as: string | null = null): string {
  const number = cardNumber(typed);
  if (number === null) {
    throw new StripeRefusal(402, {
      type: 'card_error',
      code: 'incorrect_number',
      message: 'Your card number is incorrect.',
    });
  }
  const customer = store.get('customer', customerId);
  // One that was made before it had an owner keeps its id; test methods get one of their own each time.
  const id = as !== null && as in store.data.cards ? as : store.id('pm');
  store.put(paymentMethod({ id, created: store.nowSeconds(), customer: customerId, number }));
  store.data.cards[id] = number;
  customer.invoice_settings.default_payment_method = id;
  for (const each of store.all('subscription')) {
    if (each.customer === customerId && each.ended_at === null) each.default_payment_method = id;
  }
  emit(store, 'payment_method.attached', store.get('payment_method', id));
  emit(store, 'customer.updated', customer);
  return id;
}

export interface Paid {
  readonly intent: Stripe.PaymentIntent;
  readonly ok: boolean;
  readonly declineCode: string | null;
}

/** Charges the card. Nothing is thrown for a decline: the caller says what it means. */
export function pay(
  store: Store,
  of: { customerId: string; methodId: string | null; amountCents: number; metadata?: Stripe.Metadata },
): Paid {
  const { customerId, methodId, amountCents } = of;
  const created = store.nowSeconds();
  const intent = store.put(
    paymentIntent({
      id: store.id('pi'),
      created,
      amount: amountCents,
      customer: customerId,
      payment_method: methodId ?? '',
      metadata: of.metadata ?? {},
    }),
  );
  const number = methodId === null ? undefined : store.data.cards[methodId];
  const before = store.all('charge').filter((each) => each.payment_method === methodId && each.paid).length;
  const outcome = number === undefined ? { kind: 'declined' as const, code: 'no_card' } : chargeCard(number, before);
  const paid = outcome.kind === 'paid';
  const made = store.put(
    charge({
      id: store.id('ch'),
      created,
      amount: amountCents,
      customer: customerId,
      payment_intent: intent.id,
      payment_method: methodId ?? '',
      paid,
    }),
  );
  intent.latest_charge = made.id;
  intent.status = paid ? 'succeeded' : 'requires_payment_method';
  intent.amount_received = paid ? amountCents : 0;
  emit(store, paid ? 'payment_intent.succeeded' : 'payment_intent.payment_failed', intent);
  emit(store, paid ? 'charge.succeeded' : 'charge.failed', made);
  if (outcome.kind === 'paid' && outcome.disputed) openDispute(store, made.id);
  if (outcome.kind === 'paid' && outcome.suspected) {
    const warning = fraudWarning({ id: store.id('issfr'), created, charge: made.id });
    emit(store, 'radar.early_fraud_warning.created', store.put(warning));
  }
  return { intent, ok: paid, declineCode: outcome.kind === 'declined' ? outcome.code : null };
}

export function openDispute(store: Store, chargeId: string): Stripe.Dispute {
  const of = store.get('charge', chargeId);
  of.disputed = true;
  const made = store.put(
    dispute({
      id: store.id('dp'),
      created: store.nowSeconds(),
      amount: of.amount,
      charge: of.id,
      payment_intent: typeof of.payment_intent === 'string' ? of.payment_intent : null,
    }),
  );
  emit(store, 'charge.dispute.created', made);
  return made;
}

export function closeDispute(store: Store, disputeId: string, status: 'won' | 'lost'): Stripe.Dispute {
  const found = store.get('dispute', disputeId);
  found.status = status;
  emit(store, 'charge.dispute.closed', found);
  return found;
}

export function makeRefund(store: Store, chargeId: string, amountCents: number | null): Stripe.Refund {
  const of = store.get('charge', chargeId);
  const amount = amountCents ?? of.amount - of.amount_refunded;
  if (amount <= 0 || amount > of.amount - of.amount_refunded) {
    throw new StripeRefusal(400, {
      type: 'invalid_request_error',
      code: 'charge_already_refunded',
      message: 'The charge has no such amount left to refund.',
    });
  }
  of.amount_refunded += amount;
  of.refunded = of.amount_refunded === of.amount;
  const intent = typeof of.payment_intent === 'string' ? of.payment_intent : '';
  const made = store.put(
    refund({ id: store.id('re'), created: store.nowSeconds(), amount, charge: of.id, payment_intent: intent }),
  );
  emit(store, 'refund.created', made);
  emit(store, 'charge.refunded', of);
  return made;
}
