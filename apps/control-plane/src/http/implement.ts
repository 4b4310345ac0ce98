/**
 * Turns an entry of the endpoint table and a handler into a route. In this order: who asks, whether they may, what they
 * sent, the handler, and what goes out; all by the table's own schemas. A handler does one thing: call a service.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import { standingIn } from '../adapters/d1/tenants.ts';
import type { OrgScope } from '../adapters/d1/tenants.ts';
import { allows, keyAllows } from '../contract/api.ts';
import type { Endpoint } from '../contract/api.ts';
import type { Actor, AuditAction, Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { Place } from '../contract/place.ts';
import type { Context } from '../context.ts';
import { isStaff } from '../services/people.ts';
import type { AppEnv, Session } from './app-env.ts';
import { readBytes, readJson } from './body.ts';
import { answerLate, changeDeadlineMs, readDeadlineMs, uploadDeadlineMs, within } from './deadline.ts';
import { placeOf } from './place.ts';
import { callerRate } from './rate-limit.ts';
import { isUnsafe } from './security.ts';
import { keySession } from './api-key.ts';
import { findSession } from './session.ts';
import type { FoundSession } from './session.ts';

export type App = OpenAPIHono<AppEnv>;
type RouteContext = HonoContext<AppEnv>;

type Out<T> = T extends z.ZodType ? z.output<T> : Record<string, never>;

export interface Handled<E extends Endpoint> {
  readonly ctx: Context;
  /** Null only where the table asks for no session. */
  readonly session: E['permission'] extends 'public' ? null : Session;
  /** The organisation that the path names, with the caller's role in it; null where it names none. */
  readonly scope: E['params'] extends z.ZodObject<{ orgId: z.ZodType }> ? OrgScope : null;
  readonly params: Out<E['params']>;
  readonly query: Out<E['query']>;
  readonly body: Out<E['body']>;
  /** The bytes that were sent; null where the table takes none. */
  readonly upload: E extends { readonly uploadBytesMax: number } ? Uint8Array : null;
  /** Empty where the table asks for none. */
  readonly idempotencyKey: string;
  /** Who asks, under the table's action: what a change is written down with. Null where the table names no action. */
  readonly trail: E extends { readonly audit: AuditAction } ? Trail : null;
  readonly place: Place;
}

export type Handler<E extends Endpoint> = (
  request: Handled<E>,
) => Promise<E extends { readonly download: string } ? Response : z.input<E['response']>>;

const problem = {
  description: 'A problem (RFC 9457)',
  content: {
    'application/problem+json': {
      schema: z.object({
        type: z.string(),
        title: z.string(),
        status: z.number(),
        code: z.string(),
        detail: z.string(),
        next: z.string(),
        requestId: z.string(),
      }),
    },
  },
};

export function implement<E extends Endpoint>(
  app: App,
  named: { readonly name: string; readonly endpoint: E },
  handle: Handler<E>,
): void {
  const { name, endpoint } = named;
  app.openAPIRegistry.registerPath(describe(name, endpoint));
  const answer = async (c: RouteContext): Promise<Response> => {
    const { ctx } = c.var;
    const isPublic = endpoint.permission === 'public';
    const ofStaff = endpoint.permission === 'fleet:operate';
    const { session, setCookies } = isPublic
      ? { session: null, setCookies: [] }
      : await callerOf(ctx, c.req.raw, endpoint);
    if (!isPublic && session === null) {
      throw new AppError('unauthenticated', { detail: 'You are not signed in.', next: 'Sign in, then try again.' });
    }
    if (session !== null) await callerRate(ctx, session, 'caller');
    if (ofStaff && session !== null && !(await isStaff(ctx, session.userId))) {
      throw new AppError('forbidden', {
        detail: 'This is for the staff of this Tidepool.',
        next: 'Go back to your assistants.',
      });
    }
    const params = parse(endpoint.params, c.req.param(), 'path');
    const scope = await scopeOf(ctx, endpoint, session, params);
    const query = parse(endpoint.query, c.req.query(), 'query');
    const body = endpoint.body
      ? parse(endpoint.body, await readJson(c.req.raw, { empty: endpoint.bodyOptional === true }), 'body')
      : {};
    const upload = endpoint.uploadBytesMax === undefined ? null : await readBytes(c.req.raw, endpoint.uploadBytesMax);
    const idempotencyKey = endpoint.idempotent ? readIdempotencyKey(c.req.header('idempotency-key')) : '';
    const trail =
      session === null || typeof endpoint.audit !== 'string'
        ? null
        : { actor: actorOf(session), requestId: c.var.requestId, action: endpoint.audit };
    // The schemas parsed these by the same table entry that types them.
    const request = {
      ctx,
      session,
      scope,
      params,
      query,
      body,
      upload,
      idempotencyKey,
      trail,
      place: placeOf(ctx, c.req.raw),
    } as unknown as Handled<E>;
    const handled = await handle(request);
    if (endpoint.download !== undefined && handled instanceof Response) {
      for (const line of setCookies) handled.headers.append('set-cookie', line);
      return handled;
    }
    const answered = endpoint.response.parse(handled);
    const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    for (const line of setCookies) headers.append('set-cookie', line);
    return new Response(JSON.stringify(answered), { status: endpoint.status, headers });
  };
  app.on(endpoint.method.toUpperCase(), honoPath(endpoint.path), (c) =>
    within(deadlineOf(endpoint), answer(c), answerLate),
  );
}

function deadlineOf(endpoint: Endpoint): number {
  if (endpoint.uploadBytesMax !== undefined) return uploadDeadlineMs;
  const asksCell = isUnsafe(endpoint.method.toUpperCase()) || endpoint.download !== undefined;
  return asksCell ? changeDeadlineMs : readDeadlineMs;
}

export const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

function describe(name: string, endpoint: Endpoint) {
  return createRoute({
    operationId: name,
    method: endpoint.method,
    path: endpoint.path,
    summary: endpoint.summary,
    request: {
      ...(endpoint.params ? { params: endpoint.params } : {}),
      ...(endpoint.query ? { query: endpoint.query } : {}),
      ...(endpoint.body
        ? {
            body: {
              content: { 'application/json': { schema: endpoint.body } },
              required: endpoint.bodyOptional !== true,
            },
          }
        : {}),
      ...(endpoint.uploadBytesMax === undefined
        ? {}
        : {
            body: {
              content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
              required: true,
            },
          }),
      ...(endpoint.idempotent ? { headers: z.object({ 'Idempotency-Key': z.string().min(1).max(100) }) } : {}),
    },
    responses: {
      [endpoint.status]: {
        description: endpoint.summary,
        content:
          endpoint.download === undefined
            ? { 'application/json': { schema: endpoint.response } }
            : { [endpoint.download]: { schema: { type: 'string', format: 'binary' } } },
      },
      default: problem,
    },
  });
}

/** A key counts alone: cookies beside it are not looked at. */
async function callerOf(ctx: Context, request: Request, endpoint: Endpoint): Promise<FoundSession> {
  const session = await keySession(ctx, request.headers);
  if (session === null) {
    const lookUp =
      isUnsafe(request.method) || endpoint.download !== undefined || endpoint.permission === 'fleet:operate';
    return findSession(ctx, request.headers, { lookUp });
  }
  if (session.keyScope === undefined || !keyAllows(session.keyScope, endpoint.permission)) {
    throw new AppError('forbidden', {
      detail: `An API key of scope ${session.keyScope} does not allow this.`,
      next: 'Use a key of a scope that does, or do it in the dashboard.',
    });
  }
  return { session, setCookies: [] };
}

const actorOf = ({ userId, keyScope }: Session): Actor => ({
  kind: keyScope === undefined ? 'person' : 'api_key',
  id: userId,
});

/** A foreign organisation is the same as none. */
async function scopeOf(
  ctx: Context,
  endpoint: Endpoint,
  session: Session | null,
  params: unknown,
): Promise<OrgScope | null> {
  if (typeof params !== 'object' || params === null || !('orgId' in params) || session === null) return null;
  const orgId = String(params.orgId);
  const role = await standingIn(ctx.db, session.userId, orgId);
  if (role === null) {
    throw new AppError('not_found', {
      detail: 'There is no such organisation, or it is not yours.',
      next: 'Go back to your assistants.',
    });
  }
  if (!allows(role, endpoint.permission)) {
    throw new AppError('forbidden', {
      detail: `Your role (${role}) does not allow this.`,
      next: 'Ask an owner of the organisation.',
    });
  }
  return { userId: session.userId, orgId, role };
}

function parse(schema: z.ZodType | undefined, value: unknown, where: 'path' | 'query' | 'body'): unknown {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (where === 'path') {
    // An id that cannot exist names nothing.
    throw new AppError('not_found', { detail: 'There is nothing at this address.', next: 'Check the address.' });
  }
  const errors = parsed.error.issues
    .slice(0, 20)
    .map((issue) => ({ pointer: `/${issue.path.map(String).join('/')}`, detail: issue.message.slice(0, 300) }));
  throw new AppError('validation_failed', {
    detail: `The ${where} is not valid: ${errors[0]?.detail ?? ''}`,
    next: 'Mend the named fields and send it again.',
    errors,
  });
}

function readIdempotencyKey(value: string | undefined): string {
  if (value !== undefined && /^[\x21-\x7e]{1,100}$/.test(value)) return value;
  throw new AppError('idempotency_key_missing', {
    detail: 'This request creates something and needs an Idempotency-Key of 1 to 100 visible characters.',
    next: 'Send one, such as a random UUID, and the same one when you repeat the request.',
  });
}
