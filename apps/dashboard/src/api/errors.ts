/**
 * Every failure a page can meet, as one class: a problem the API described, a network that did not answer,
 * or an answer that makes no sense. Pages show `title`, `detail`, `next`, the code and the request id; nothing else.
 */
import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../../../control-plane/src/contract/errors.ts';

const Problem = z.object({
  title: z.string().max(200),
  status: z.number().int(),
  code: z.string().max(64),
  detail: z.string().max(1000),
  next: z.string().max(600),
  requestId: z.string().max(128),
  errors: z
    .array(z.object({ pointer: z.string().max(200), detail: z.string().max(500) }))
    .max(50)
    .optional(),
});

/** The body better-auth answers with: a message and, mostly, a code. */
const AuthProblem = z.object({ message: z.string().max(500).optional(), code: z.string().max(100).optional() });

interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

export interface Failure {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly next: string;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number | undefined;
  readonly fields: readonly FieldProblem[];
}

export class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.detail, options);
    this.name = 'ApiError';
    this.failure = failure;
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** Turns a non-2xx answer of `/api/v1/*` into a failure, whatever its body is. */
export function failureFromProblem(
  status: number,
  body: unknown,
  headers: { requestId?: string | null; retryAfter?: string | null } = {},
): Failure {
  const parsed = Problem.safeParse(body);
  const retryAfterSeconds = retryAfter(headers.retryAfter);
  if (!parsed.success) {
    return {
      status,
      code: 'unexpected_answer',
      title: 'The answer could not be read',
      detail: `Tidepool answered with status ${status} and nothing that explains it.`,
      next: status >= 500 ? 'Try again in a moment.' : 'Load the page again.',
      requestId: headers.requestId ?? null,
      retryable: status >= 500 || status === 429,
      retryAfterSeconds,
      fields: [],
    };
  }
  const problem = parsed.data;
  return {
    status,
    code: problem.code,
    title: problem.title,
    detail: problem.detail,
    next: problem.next,
    requestId: problem.requestId,
    retryable: isErrorCode(problem.code) ? errorCatalogue[problem.code].retryable : status >= 500,
    retryAfterSeconds,
    fields: problem.errors ?? [],
  };
}

/** Sentences for the sign-in library's codes that a person can act on. */
const authSentences: Record<string, readonly [title: string, detail: string, next: string]> = {
  INVALID_EMAIL_OR_PASSWORD: [
    'That did not match',
    'No account has this e-mail address with this password.',
    'Check both, or set a new password.',
  ],
  USER_ALREADY_EXISTS: ['You have an account', 'An account with this e-mail address exists.', 'Sign in instead.'],
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: [
    'You have an account',
    'An account with this e-mail address exists.',
    'Sign in instead.',
  ],
  INVALID_EMAIL: ['Check the e-mail address', 'This is not an e-mail address.', 'Write it as name@example.com.'],
  PASSWORD_TOO_SHORT: ['The password is too short', 'It needs more characters.', 'Use a longer password.'],
  PASSWORD_TOO_LONG: [
    'The password is too long',
    'It has more characters than can be stored.',
    'Use a shorter password.',
  ],
  INVALID_PASSWORD: [
    'That did not match',
    'The current password is not right.',
    'Type it again, or set a new one by e-mail.',
  ],
  INVALID_TOKEN: ['The link does not work any more', 'It was used, or it is too old.', 'Ask for a new one.'],
  TOKEN_EXPIRED: ['The link is too old', 'It is valid for a limited time.', 'Ask for a new one.'],
  EMAIL_NOT_VERIFIED: [
    'Confirm your e-mail address',
    'This account is not confirmed yet.',
    'Open the link we sent you, then sign in.',
  ],
  EMAIL_ALREADY_VERIFIED: ['Already confirmed', 'This e-mail address is confirmed.', 'Load the page again.'],
  SESSION_NOT_FRESH: ['Sign in again for this', 'You signed in a while ago.', 'Sign out, sign in, and come back.'],
  SESSION_EXPIRED: ['Sign in again for this', 'Your session has ended.', 'Sign in and come back.'],
};

/** Turns a non-2xx answer of `/api/auth/*` into a failure. The library's own wording is shown only when we have none. */
export function failureFromAuth(
  status: number,
  body: unknown,
  headers: { requestId?: string | null; retryAfter?: string | null } = {},
): Failure {
  if (Problem.safeParse(body).success) return failureFromProblem(status, body, headers);
  const parsed = AuthProblem.safeParse(body);
  const code = parsed.success ? (parsed.data.code ?? '') : '';
  const retryAfterSeconds = retryAfter(headers.retryAfter);
  const base = { status, requestId: headers.requestId ?? null, fields: [], retryAfterSeconds };
  if (status === 429) {
    return {
      ...base,
      code: 'rate_limited',
      title: 'Too many attempts',
      detail: waitSentence(retryAfterSeconds),
      next: 'Wait, then try again.',
      retryable: true,
    };
  }
  const sentence = authSentences[code];
  if (sentence !== undefined) {
    const [title, detail, next] = sentence;
    return { ...base, code: code.toLowerCase(), title, detail, next, retryable: false };
  }
  if (status >= 500) {
    return {
      ...base,
      code: 'internal',
      title: 'Something failed on our side',
      detail: 'Signing in is not available right now.',
      next: 'Try again in a moment.',
      retryable: true,
    };
  }
  const message = parsed.success ? parsed.data.message : undefined;
  return {
    ...base,
    code: code === '' ? 'unexpected_answer' : code.toLowerCase(),
    title: 'This did not work',
    detail: message ?? `Tidepool answered with status ${status}.`,
    next: 'Check what you entered and try again.',
    retryable: false,
  };
}

/** No answer: offline, refused, or over the time limit. */
export function failureFromNetwork(timedOut: boolean): Failure {
  return {
    status: 0,
    code: timedOut ? 'no_answer_in_time' : 'network_unreachable',
    title: timedOut ? 'No answer in time' : 'Tidepool cannot be reached',
    detail: timedOut
      ? 'The request took too long and was given up.'
      : 'The connection failed before a whole answer came.',
    next: 'Check your connection, then try again. Nothing was lost.',
    requestId: null,
    retryable: true,
    fields: [],
  };
}

/** Any thrown value as a failure, for an error boundary. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ApiError) return error.failure;
  return {
    status: 0,
    code: 'page_failed',
    title: 'This page failed',
    detail: 'Something in the page itself went wrong. Your assistants are not affected.',
    next: 'Load the page again.',
    requestId: null,
    retryable: true,
    fields: [],
  };
}

/** What support needs, as text for the clipboard. */
export function diagnosticsText(failure: Failure, place: string, at: string): string {
  return [
    `code: ${failure.code}`,
    `what: ${failure.title}. ${failure.detail}`,
    `status: ${failure.status}`,
    `request: ${failure.requestId ?? 'none'}`,
    `page: ${place}`,
    `time: ${at}`,
  ].join('\n');
}

function retryAfter(header: string | null | undefined): number | undefined {
  if (header === null || header === undefined || !/^\d{1,6}$/.test(header)) return undefined;
  return Number(header);
}

function waitSentence(seconds: number | undefined): string {
  return seconds === undefined
    ? 'There were too many attempts in a short time.'
    : `There were too many attempts. The next one is possible in ${seconds} s.`;
}
