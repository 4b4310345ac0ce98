/**
 * Whether a person signs up and not a program: Cloudflare Turnstile, by its siteverify API (docs: turnstile, validate the
 * token). What must hold: without keys nothing is asked of anybody; with keys no token, no answer and an answer that cannot
 * be read are each a refusal, and a token made for another site or another form is none.
 */
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { humanCheckAction } from '../contract/human-check.ts';
import { describeError } from '../events.ts';
import type { Log } from '../events.ts';

export interface HumanCheck {
  /** What the page needs to show the check; null where none is made. */
  readonly siteKey: string | null;
  /** @throws AppError human_check_failed, upstream_unavailable */
  pass(token: string | null, clientIp: string | null): Promise<void>;
}

export const noHumanCheck: HumanCheck = { siteKey: null, pass: () => Promise.resolve() };

const siteverifyUrl = 'https://challenges.cloudflare.com/turnstile/v0/siteverify';
const deadlineMs = 4_000;
/** The same question may be asked again: its key makes it count once. */
const triesMax = 2;

const Verdict = z.object({
  success: z.boolean(),
  hostname: z.string().optional(),
  action: z.string().optional(),
  'error-codes': z.array(z.string()).default([]),
});
type Verdict = z.infer<typeof Verdict>;

export interface TurnstileOptions {
  readonly siteKey: string;
  readonly secret: string;
  /** The host that the dashboard is served under; tokens of others are refused. */
  readonly hostname: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly newKey: () => string;
  readonly log: Log;
}

export function turnstile(options: TurnstileOptions): HumanCheck {
  return {
    siteKey: options.siteKey,
    async pass(token, clientIp) {
      if (token === null || token === '') throw refused();
      const verdict = await ask(options, token, clientIp);
      if (verdict === null) throw unavailable();
      const { success, hostname, action, 'error-codes': codes } = verdict;
      if (success && hostname === options.hostname && action === humanCheckAction) return;
      options.log('human_check.refused', { codes: codes.join(' ').slice(0, 200), action: action ?? '', success });
      // Our own keys are wrong or theirs is the failure: no fault of the person's.
      throw codes.some((code) => ourFault.includes(code)) ? unavailable() : refused();
    },
  };
}

const ourFault = ['missing-input-secret', 'invalid-input-secret', 'internal-error', 'bad-request'];

/** Their answer; null when there is none that can be read. */
async function ask(options: TurnstileOptions, token: string, clientIp: string | null): Promise<Verdict | null> {
  const question = {
    secret: options.secret,
    response: token,
    idempotency_key: options.newKey(),
    ...(clientIp === null ? {} : { remoteip: clientIp }),
  };
  for (let n = 1; n <= triesMax; n++) {
    try {
      const answer = await options.fetch(siteverifyUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(question),
        signal: AbortSignal.timeout(deadlineMs),
        redirect: 'error',
      });
      const parsed = Verdict.safeParse(await answer.json());
      if (parsed.success) return parsed.data;
      options.log('human_check.unreadable', { status: answer.status });
    } catch (error) {
      options.log('human_check.unreachable', { error: describeError(error) });
    }
  }
  return null;
}

function refused(): AppError {
  return new AppError('human_check_failed', {
    detail: 'It could not be shown that a person signs up here.',
    next: 'Complete the check on the page once more, then try again.',
  });
}

function unavailable(): AppError {
  return new AppError('upstream_unavailable', {
    detail: 'The check that a person signs up is not available right now.',
    next: 'Try again in a minute. Nothing was created.',
    retryAfterSeconds: 30,
  });
}
