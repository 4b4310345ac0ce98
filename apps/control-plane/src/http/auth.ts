/**
 * The sign-in library behind our door: only the paths the product uses, with one slash where several were sent; only the
 * fields each of them takes, whatever the library would make of others; our error format where its own says too little.
 */
import { z } from 'zod';
import { countryHeader } from '../adapters/auth.ts';
import { AppError } from '../contract/errors.ts';
import { humanTokenMax } from '../contract/human-check.ts';
import type { Context } from '../context.ts';
import { signInHeld } from '../services/account-events.ts';
import { readText } from './body.ts';
import { placeOf } from './place.ts';
import { addressRate } from './rate-limit.ts';
import { unambiguous } from './session.ts';

const base = '/api/auth';
const nameMax = 60;

const servedReads = /^\/(?:get-session|list-sessions|verify-email|reset-password\/[A-Za-z0-9_-]{1,64})$/;

const email = z.string().max(254);
const password = z.string().max(1_000);
const token = z.string().max(500);
const returnTo = z.string().max(500).optional();

/** What may be sent where. Everything else of the library answers 404: what nobody uses cannot be misused. */
const servedChanges: Readonly<Record<string, z.ZodType<Record<string, unknown>>>> = {
  '/sign-up/email': z.object({
    name: z.string().trim().min(1).max(nameMax),
    email,
    password,
    callbackURL: returnTo,
    humanToken: z.string().max(humanTokenMax).optional(),
  }),
  '/sign-in/email': z.object({ email, password, rememberMe: z.boolean().optional() }),
  '/sign-out': z.object({}),
  '/request-password-reset': z.object({ email, redirectTo: returnTo }),
  '/reset-password': z.object({ token, newPassword: password }),
  // A changed password ends every other session, whatever the page asks for.
  '/change-password': z
    .object({ currentPassword: password, newPassword: password })
    .transform((body) => ({ ...body, revokeOtherSessions: true })),
  '/send-verification-email': z.object({ email, callbackURL: returnTo }),
  '/update-user': z.object({ name: z.string().trim().min(1).max(nameMax) }),
  '/revoke-session': z.object({ token }),
  '/revoke-other-sessions': z.object({}),
};

export async function authHandler(ctx: Context, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const pathname = url.pathname.replaceAll(/\/{2,}/g, '/');
  const headers = new Headers(unambiguous(ctx, request.headers));
  // The platform always names the client's address. On a laptop a program may reach the Worker without it.
  if (!ctx.config.secure && !headers.has('cf-connecting-ip')) headers.set('cf-connecting-ip', '127.0.0.1');
  const place = placeOf(ctx, request);
  headers.delete(countryHeader);
  if (place.country !== null) headers.set(countryHeader, place.country);
  const answer = await ctx.auth.handler(
    new Request(
      `${url.origin}${pathname}${url.search}`,
      await partsOf(ctx, request, pathname.slice(base.length), headers),
    ),
  );
  if (answer.status === 429) {
    throw new AppError('rate_limited', {
      detail: 'There were too many attempts from your address.',
      next: 'Wait, then try again.',
      retryAfterSeconds: Math.max(1, Number(answer.headers.get('x-retry-after') ?? 60)),
    });
  }
  if (answer.status >= 500) {
    throw new AppError('internal', {
      detail: 'Signing in is not available right now.',
      next: 'Try again in a moment.',
      cause: new Error(`the sign-in library answered ${answer.status}`),
    });
  }
  const own = new Response(answer.body, answer);
  own.headers.set('cache-control', 'no-store');
  return own;
}

/** Method, headers and allowed body of a request to a served path. */
async function partsOf(ctx: Context, request: Request, path: string, headers: Headers): Promise<RequestInit> {
  if (request.method === 'GET' && servedReads.test(path)) return { method: 'GET', headers };
  const allowed = request.method === 'POST' && Object.hasOwn(servedChanges, path) ? servedChanges[path] : undefined;
  if (allowed === undefined) {
    throw new AppError('not_found', { detail: 'There is nothing at this address.', next: 'Check the address.' });
  }
  const parsed = allowed.safeParse(parseJson(await readText(request)));
  if (!parsed.success) {
    const errors = parsed.error.issues
      .slice(0, 20)
      .map((issue) => ({ pointer: `/${issue.path.map(String).join('/')}`, detail: issue.message.slice(0, 300) }));
    throw new AppError('validation_failed', {
      detail: `The body is not valid: ${errors[0]?.detail ?? ''}`,
      next: 'Mend the named fields and send it again.',
      errors,
    });
  }
  const address = parsed.data['email'];
  if (typeof address === 'string') {
    await addressRate(ctx, address).catch((error: unknown) => {
      // After the answer: its time tells nobody whether there is such an account.
      if (path === '/sign-in/email') ctx.later(signInHeld(ctx, address, placeOf(ctx, request)));
      throw error;
    });
  }
  const { humanToken, ...fields } = parsed.data;
  if (path === '/sign-up/email') {
    await ctx.human.pass(typeof humanToken === 'string' ? humanToken : null, headers.get('cf-connecting-ip'));
  }
  headers.delete('content-length');
  headers.set('content-type', 'application/json');
  return { method: 'POST', headers, body: JSON.stringify(fields) };
}

/** An empty body is an empty object: signing out needs none. */
function parseJson(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('bad_request', { detail: 'The body is not JSON.', next: 'Send a JSON object.', cause: error });
  }
}
