/** The words of billing's mails. Each says what happened, what comes next and when, and the one thing to do. */
import type { NoticeKind } from '../core/billing/service.ts';
import type { Mail } from './mail.ts';

export interface BillingMailParts {
  readonly key: string;
  readonly to: { readonly email: string; readonly name: string; readonly organisation: string };
  /** What comes next by itself, and when. */
  readonly next: { readonly kind: 'restricted' | 'suspended' | 'deleted'; readonly atMs: number } | null;
  readonly link: string;
}

interface Words {
  readonly subject: string;
  readonly lead: string;
  readonly action: string;
}

const words: Record<NoticeKind, Words> = {
  trial_ending: {
    subject: 'Your Tidepool trial ends in three days',
    lead: 'the trial of {org} ends soon. Nothing is charged by itself: without a plan the assistants are saved and stopped.',
    action: 'Choose a plan to go on:',
  },
  trial_ended: {
    subject: 'Your Tidepool trial is over',
    lead: 'the trial of {org} is over. Its assistants are saved and stopped; everything is kept and can be taken out.',
    action: 'Choose a plan and they go on where they stopped:',
  },
  payment_failed: {
    subject: 'A payment for Tidepool failed',
    lead: 'the payment for {org} failed. Everything goes on running for now; only use above the plan has stopped.',
    action: 'Check the card:',
  },
  payment_failed_again: {
    subject: 'The payment for Tidepool still fails',
    lead: 'the payment for {org} still fails.',
    action: 'Check the card:',
  },
  payment_failed_last: {
    subject: 'Tomorrow Tidepool runs only on demand',
    lead: 'the payment for {org} still fails. From tomorrow its assistants run only when they are called.',
    action: 'Check the card:',
  },
  restricted: {
    subject: 'Tidepool runs only on demand until the payment',
    lead: 'the payment for {org} is overdue. Its assistants run when they are called; none is kept awake.',
    action: 'Check the card:',
  },
  suspended_unpaid: {
    subject: 'Your assistants are stopped',
    lead: 'the payment for {org} is long overdue. Its assistants are saved and stopped; everything is kept and can be taken out.',
    action: 'Pay, and they go on at once where they stopped:',
  },
  cancelled: {
    subject: 'Your Tidepool plan has ended',
    lead: 'the plan of {org} has ended, as was asked for. Its assistants are saved and stopped; everything can be taken out.',
    action: 'Take your data, or choose a plan again:',
  },
  deletion_14: {
    subject: 'Your assistants will be deleted in two weeks',
    lead: 'the assistants of {org} are stopped and will be deleted with all they know.',
    action: 'Take your data, or choose a plan:',
  },
  deletion_3: {
    subject: 'Your assistants will be deleted in three days',
    lead: 'the assistants of {org} are stopped and will be deleted with all they know.',
    action: 'Take your data, or choose a plan:',
  },
  deletion_1: {
    subject: 'Your assistants will be deleted tomorrow',
    lead: 'the assistants of {org} are stopped and will be deleted with all they know. This is the last notice.',
    action: 'Take your data, or choose a plan:',
  },
  deleted: {
    subject: 'Your assistants were deleted',
    lead: 'the assistants of {org} were deleted, as announced. Invoices are kept as the law asks.',
    action: 'You can begin anew at any time:',
  },
  frozen: {
    subject: 'Your assistants are stopped while a payment is disputed',
    lead: 'a payment of {org} is disputed. Its assistants are saved and stopped until that is settled; nothing is deleted.',
    action: 'Write to us if it was a mistake:',
  },
  paid_again: {
    subject: 'Thank you: everything runs again',
    lead: 'the payment for {org} has arrived, and its assistants may run again as before.',
    action: 'See the plan:',
  },
};

const nextWords = {
  restricted: 'Without a payment its assistants run only on demand from {date}.',
  suspended: 'Without a payment or a plan they are stopped on {date}; their data is kept.',
  deleted: 'The data is kept until {date} and deleted then.',
} as const;

export function billingMail(notice: NoticeKind, { key, to, next, link }: BillingMailParts): Mail {
  const { subject, lead, action } = words[notice];
  const date = next === null ? '' : new Date(next.atMs).toISOString().slice(0, 10);
  const ahead = next === null ? '' : `\n\n${nextWords[next.kind].replace('{date}', `${date} (UTC)`)}`;
  const text = `Hello ${to.name}, ${lead.replace('{org}', to.organisation)}${ahead}\n\n${action}\n\n${link}\n`;
  return { key, to: to.email, subject, text, link };
}
