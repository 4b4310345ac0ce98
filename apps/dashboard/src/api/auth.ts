/**
 * Signing up, in and out, and the account: the few calls of the sign-in library's HTTP API that pages need.
 * Its browser client is left out: these calls are plain JSON, and the client would cost more than the pages that use it.
 */
import { z } from 'zod';
import { send } from './client.ts';
import { ApiError, failureFromAuth, toFailure } from './errors.ts';

async function post<T>(path: string, body: Record<string, unknown>, schema: z.ZodType<T>): Promise<T> {
  return request('POST', path, body, schema);
}

async function request<T>(method: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
  const answer = await send(`/api/auth${path}`, { method, body });
  const headers = {
    requestId: answer.response.headers.get('x-request-id'),
    retryAfter: answer.response.headers.get('retry-after') ?? answer.response.headers.get('x-retry-after'),
  };
  if (!answer.response.ok) throw new ApiError(failureFromAuth(answer.response.status, answer.body, headers));
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success)
    throw new ApiError(failureFromAuth(answer.response.status, undefined, headers), { cause: parsed.error });
  return parsed.data;
}

const Anything = z.unknown();

/** Where the links in our mails come back to. */
const verifiedPath = '/verify-email';

/**
 * Creates an account and signs in with it. The server answers a taken address like a new one, so that nobody learns who
 * has an account here; only the sign-in after it tells, and only to whom knows the password.
 * @returns false when the address has an account with another password: a mail went to its owner
 */
export async function signUp(input: {
  name: string;
  email: string;
  password: string;
  /** Where a check for a person is made, what it gave. */
  humanToken?: string;
}): Promise<boolean> {
  await post('/sign-up/email', { ...input, callbackURL: verifiedPath }, Anything);
  try {
    await signIn({ email: input.email, password: input.password });
    return true;
  } catch (error) {
    if (toFailure(error).code === 'invalid_email_or_password') return false;
    throw error;
  }
}

export async function signIn(input: { email: string; password: string }): Promise<void> {
  await post('/sign-in/email', { ...input, rememberMe: true }, Anything);
}

export async function signOut(): Promise<void> {
  await post('/sign-out', {}, Anything);
}

export async function sendVerification(email: string): Promise<void> {
  await post('/send-verification-email', { email, callbackURL: verifiedPath }, Anything);
}

export async function requestPasswordReset(email: string): Promise<void> {
  await post('/request-password-reset', { email, redirectTo: '/reset-password' }, Anything);
}

export async function resetPassword(input: { token: string; newPassword: string }): Promise<void> {
  await post('/reset-password', input, Anything);
}

export async function changePassword(input: { currentPassword: string; newPassword: string }): Promise<void> {
  await post('/change-password', { ...input, revokeOtherSessions: true }, Anything);
}

export async function updateName(name: string): Promise<void> {
  await post('/update-user', { name }, Anything);
}

const Session = z.object({
  id: z.string().optional(),
  token: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  ipAddress: z.string().nullish(),
  userAgent: z.string().nullish(),
});
export type Session = z.infer<typeof Session>;

const Current = z.object({ session: z.object({ token: z.string() }) }).nullable();

/** The sessions of this person, this device's first, and which one that is. */
export async function listSessions(): Promise<{ sessions: Session[]; currentToken: string | null }> {
  const [sessions, current] = await Promise.all([
    request('GET', '/list-sessions', undefined, z.array(Session)),
    request('GET', '/get-session', undefined, Current),
  ]);
  const currentToken = current?.session.token ?? null;
  const rank = (session: Session): number => (session.token === currentToken ? 0 : 1);
  return {
    sessions: sessions.sort((a, b) => rank(a) - rank(b) || b.createdAt.localeCompare(a.createdAt)),
    currentToken,
  };
}

export async function revokeSession(token: string): Promise<void> {
  await post('/revoke-session', { token }, Anything);
}

export async function revokeOtherSessions(): Promise<void> {
  await post('/revoke-other-sessions', {}, Anything);
}
