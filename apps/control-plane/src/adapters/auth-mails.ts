/** The mails of signing up and in. Every link is of the static platform origin; a name or address is text, never markup. */
import type { Mail } from './mail.ts';
import { sha256Base64Url } from './system.ts';

interface Addressee {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

export async function verificationMail(to: Addressee, link: string): Promise<Mail> {
  return toMail(to, {
    key: `verify:${await sha256Base64Url(link)}`,
    subject: 'Confirm your address for Tidepool',
    lead: 'confirm that this address is yours:',
    link,
    note: 'The link works for one day. If you did not sign up, ignore this mail.',
  });
}

export async function resetMail(to: Addressee, link: string): Promise<Mail> {
  return toMail(to, {
    key: `reset:${await sha256Base64Url(link)}`,
    subject: 'Choose a new password for Tidepool',
    lead: 'choose a new password here:',
    link,
    note: 'The link works once, for one hour. If you did not ask for it, nothing has changed.',
  });
}

/** The same notice at most once in this time, however often somebody tries. */
const noticeEveryMs = 3_600_000;

/** For somebody who signs up with an address that has an account: the page told them nothing. */
export function existingAccountMail(to: Addressee, platformOrigin: string, nowMs: number): Mail {
  return toMail(to, {
    key: `exists:${to.id}:${Math.floor(nowMs / noticeEveryMs)}`,
    subject: 'You have a Tidepool account',
    lead: 'somebody signed up with this address, and it has an account already. Sign in here:',
    link: `${platformOrigin}/sign-in`,
    note: `Forgotten the password? Choose a new one at ${platformOrigin}/forgot-password. If it was not you, nothing has changed.`,
  });
}

/** For somebody who may have no account yet. */
export async function invitationMail(words: {
  to: string;
  organisation: string;
  by: string;
  link: string;
}): Promise<Mail> {
  const { to, organisation, by, link } = words;
  const text = [
    `Hello, ${oneLine(by)} invites you to ${oneLine(organisation)} on Tidepool:`,
    link,
    `The link works once, for a week, for an account with this address (${to}). If you do not know who this is, ignore this mail.`,
  ].join('\n\n');
  return {
    key: `invite:${await sha256Base64Url(link)}`,
    to,
    subject: `You are invited to ${oneLine(organisation)} on Tidepool`,
    text: `${text}\n`,
    link,
  };
}

/** A name is one line of a mail, whatever somebody called themselves. */
function oneLine(name: string): string {
  return name
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 60);
}

function toMail(
  to: Addressee,
  words: { key: string; subject: string; lead: string; link: string; note: string },
): Mail {
  const { key, subject, lead, link, note } = words;
  return { key, to: to.email, subject, text: `Hello ${to.name}, ${lead}\n\n${link}\n\n${note}\n`, link };
}
