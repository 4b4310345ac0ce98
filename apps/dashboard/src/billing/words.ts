/** Billing in words: what the state means, what comes next and when, what to do. Pure. */
import type { Billing } from '../../../control-plane/src/contract/billing-api.ts';
import { formatDate } from '../ui/format.ts';

export interface StateWords {
  readonly tone: 'calm' | 'care' | 'stop';
  readonly title: string;
  readonly text: string;
}

const dateOf = (at: string): string => formatDate(Date.parse(at));

/** Null while there is nothing that a person should know. */
export function stateWords({ service, subscription, plan }: Billing): StateWords | null {
  const when = service.next === null ? '' : dateOf(service.next.at);
  switch (service.kind) {
    case 'operator':
    case 'deleted':
      return null;
    case 'trial':
      return {
        tone: 'calm',
        title: `Your trial runs until ${when}`,
        text: 'Nothing is charged by itself. Without a plan the assistants are saved and stopped then; their data is kept.',
      };
    case 'active':
      return subscription === null || subscription.endsAt === null
        ? null
        : {
            tone: 'calm',
            title: `${plan.name} ends on ${dateOf(subscription.endsAt)}`,
            text: 'Until then everything runs. After that the assistants are saved and stopped; their data is kept for 30 days.',
          };
    case 'grace':
      return {
        tone: 'care',
        title: 'A payment failed',
        text: `Everything goes on running. Without a payment the assistants run only on demand from ${when}.`,
      };
    case 'restricted':
      return {
        tone: 'care',
        title: 'A payment is overdue',
        text: `The assistants run when they are called; none is kept awake. Without a payment they are stopped on ${when}.`,
      };
    case 'suspended':
      return {
        tone: 'stop',
        title: suspendedTitle[service.why ?? 'unpaid'],
        text: `The assistants are saved and stopped. Everything is kept until ${when} and can be taken out; with a plan they go on where they stopped.`,
      };
    case 'frozen':
      return {
        tone: 'stop',
        title: 'A payment is disputed',
        text: 'The assistants are saved and stopped until that is settled. Nothing is deleted. Write to us if it was a mistake.',
      };
    default:
      return service.kind satisfies never;
  }
}

const suspendedTitle = {
  trial_ended: 'The trial is over',
  unpaid: 'The payment is long overdue',
  cancelled: 'The plan has ended',
} as const;

/** "80 h", "1.5 h": awake time as plans are written. */
export function hours(ms: number): string {
  const value = ms / 3_600_000;
  const digits = value < 10 && ms > 0 ? 1 : 0;
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value)} h`;
}

export function cents(amount: number): string {
  const whole = amount % 100 === 0;
  return new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: whole ? 0 : 2,
    maximumFractionDigits: 2,
  }).format(amount / 100);
}
