/** The words of the mails about spending. Each says how much, of what, until when, and the one thing to do. */
import type { AlertLevel, BudgetName, SpendNotice } from '../contract/budgets.ts';
import { unreachable } from '../contract/result.ts';
import type { Mail } from './mail.ts';

interface To {
  readonly email: string;
  readonly name: string;
  readonly organisation: string;
}

interface Parts {
  readonly key: string;
  readonly to: To;
  readonly link: string;
}

interface OfAssistant extends Parts {
  readonly assistant: string;
}

type Alert = Extract<SpendNotice, { kind: 'alert' }>;
type Paused = Extract<SpendNotice, { kind: 'paused' }>;

export function budgetMail({ use, level }: Alert, { assistant, ...parts }: OfAssistant): Mail {
  const budget = budgetText(use.name);
  const amounts = `${usd(use.spentNanoUsd)} of ${usd(use.capNanoUsd)}`;
  const opens = `It begins anew at ${minute(use.opensAtMs)} UTC.`;
  return level === 100
    ? mail(parts, {
        subject: `${assistant} has reached ${budget}`,
        lead: `the assistant ${assistant} has reached ${budget}: ${amounts} is spent. Model requests that could pass it are refused, with a message in the chat. ${opens}`,
        action: 'Raise it, and the next message is answered at once:',
      })
    : mail(parts, {
        subject: `${assistant} has used ${level} % of ${budget}`,
        lead: `the assistant ${assistant} has used ${level} % of ${budget}: ${amounts}. Nothing is stopped. ${opens}`,
        action: 'See what it was spent on:',
      });
}

export function pausedMail({ pause }: Paused, { assistant, ...parts }: OfAssistant): Mail {
  const why =
    pause.why === 'repeated'
      ? `the same request was answered ${pause.times} times within ${Math.round(pause.withinMs / 60_000)} minutes, which looks like a loop`
      : `${usd(pause.hourNanoUsd)} was spent within an hour, when a busy hour of the last week cost ${usd(pause.usualNanoUsd)}`;
  return mail(parts, {
    subject: `${assistant} is paused: its spending is out of line`,
    lead: `model requests of the assistant ${assistant} are paused since ${minute(pause.atMs)} UTC: ${why}. It stays reachable, and nothing more is spent until one of you says that it may go on.`,
    action: 'Look at it and decide:',
  });
}

export function organisationBudgetMail(
  of: { readonly level: AlertLevel; readonly usedNanoUsd: number; readonly budgetNanoUsd: number },
  parts: Parts,
): Mail {
  const amounts = `${usd(of.usedNanoUsd)} of ${usd(of.budgetNanoUsd)}`;
  const { organisation } = parts.to;
  return of.level === 100
    ? mail(parts, {
        subject: `${organisation} has reached its AI budget`,
        lead: `the assistants of ${organisation} have reached the AI budget of the month that was set for them: ${amounts}. Further model requests are refused until the budget is raised or the next UTC month begins.`,
        action: 'Raise it, and they go on at once:',
      })
    : mail(parts, {
        subject: `${organisation} has used ${of.level} % of its AI budget`,
        lead: `the assistants of ${organisation} have used ${of.level} % of the AI budget of the month that was set for them: ${amounts}. Nothing is stopped.`,
        action: 'See the plan and its use:',
      });
}

function mail({ key, to, link }: Parts, words: { subject: string; lead: string; action: string }): Mail {
  const text = `Hello ${to.name}, ${words.lead}\n\n${words.action}\n\n${link}\n`;
  return { key, to: to.email, subject: words.subject, text, link };
}

function budgetText(name: BudgetName): string {
  switch (name.kind) {
    case 'month':
      return 'its monthly AI cap';
    case 'day':
      return 'its AI budget of the day';
    case 'model':
      return `its monthly budget for ${name.model}`;
    case 'shared':
      return "its organisation's AI limit";
    default:
      return unreachable(name);
  }
}

const usd = (nanoUsd: number): string => `$${(nanoUsd / 1e9).toFixed(2)}`;
const minute = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
