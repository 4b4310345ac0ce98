/**
 * Turns an entry of the endpoint table and a handler into a route: parses what comes in by the table's schemas, checks the
 * table's permission, parses what goes out. A handler does one thing: call a service.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { orgRoleOf } from '../adapters/d1/tenants.ts';
import { roleAllows } from '../contract/api.ts';
import type { Endpoint } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import type { Context } from '../context.ts';
import type { AppEnv, Session } from './app-env.ts';
import { bodyMaxBytes } from './security.ts';

export type App = OpenAPIHono<AppEnv>;

type Out<T> = T extends z.ZodType ? z.output<T> : Record<string, never>;
type In<T> = T extends z.ZodType ? z.input<T> : never;

export interface Handled<E extends Endpoint> {
  readonly ctx: Context;
  /** Never null where the table asks for a session. */
  readonly session: E['permission'] extends 'public' ? Session | null : Session;
  readonly params: Out<E['params']>;
  readonly query: Out<E['query']>;
  readonly body: Out<E['body']>;
  /** Present where the table asks for one. */
  readonly idempotencyKey: string;
}

const problem = {
  description: 'A problem (RFC 9457)',
  content: {
    'application/problem+json': {
      schema: z.object({
        code: z.string(),
        title: z.string(),
        detail: z.string(),
        next: z.string(),
        status: z.number(),
        requestId: z.string(),
      }),
    },
  },
};

export function implement<E extends Endpoint>(
  app: App,
  endpoint: E,
  handle: (request: Handled<E>) => Promise<In<E['response']>>,
): void {
  const route = createRoute({
    method: endpoint.method,
    path: endpoint.path,
    summary: endpoint.summary,
    responses: {
      [endpoint.status]: {
        description: endpoint.summary,
        content: { 'application/json': { schema: endpoint.response } },
      },
      default: problem,
    },
    request: {
      ...(endpoint.params ? { params: endpoint.params } : {}),
      ...(endpoint.query ? { query: endpoint.query } : {}),
      ...(endpoint.body ? { body: { content: { 'application/json': { schema: endpoint.body } } } } : {}),
    },
  });
  app.openAPIRegistry.registerPath(route);
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1');
  app.on(endpoint.method.toUpperCase(), path, async (c) => {
    const { ctx, session } = c.var;
    if (endpoint.permission !== 'public' && session === null) {
      throw new AppError('unauthenticated', { detail: 'You are not signed in.', next: 'Sign in, then try again.' });
    }
    const params = parse(endpoint.params, c.req.param(), 'path');
    await checkOrganisation(ctx, endpoint, session, params);
    const query = parse(endpoint.query, c.req.query(), 'query');
    const body = endpoint.body ? parse(endpoint.body, await readJson(c.req.raw), 'body') : {};
    const idempotencyKey = endpoint.idempotent ? readIdempotencyKey(c.req.header('idempotency-key')) : '';
    // The schemas parsed these by the same table entry that types them.
    const request = { ctx, session, params, query, body, idempotencyKey } as unknown as Handled<E>;
    const answer = endpoint.response.parse(await handle(request));
    return new Response(JSON.stringify(answer), {
      status: endpoint.status,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
  });
}

/** The organisation in the path: a foreign one is the same as none. */
async function checkOrganisation(
  ctx: Context,
  endpoint: Endpoint,
  session: Session | null,
  params: unknown,
): Promise<void> {
  if (typeof params !== 'object' || params === null || !('orgId' in params) || session === null) return;
  const role = await orgRoleOf(ctx.db, session.user.id, String(params.orgId));
  if (role === null)
    throw new AppError('not_found', {
      detail: 'There is no such organisation, or it is not yours.',
      next: 'Go back to your assistants.',
    });
  if (!roleAllows[role][endpoint.permission]) {
    throw new AppError('forbidden', {
      detail: `Your role (${role}) does not allow this.`,
      next: 'Ask an owner of the organisation.',
    });
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, where: 'path' | 'query' | 'body'): unknown {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // An id that cannot exist names nothing.
  if (where === 'path')
    throw new AppError('not_found', { detail: 'There is nothing at this address.', next: 'Check the address.' });
  const errors = parsed.error.issues
    .slice(0, 20)
    .map((issue) => ({ pointer: `/${issue.path.map(String).join('/')}`, detail: issue.message }));
  throw new AppError('validation_failed', {
    detail: `The ${where} is not valid: ${errors[0]?.detail ?? ''}`,
    next: 'Mend the named fields and send it again.',
    errors,
  });
}

async function readJson(request: Request): Promise<unknown> {
  const tooLarge = new AppError('body_too_large', {
    detail: `A body has at most ${bodyMaxBytes} bytes.`,
    next: 'Send less.',
  });
  if (Number(request.headers.get('content-length') ?? 0) > bodyMaxBytes) throw tooLarge;
  const chunks: string[] = [];
  let bytes = 0;
  const decoder = new TextDecoder();
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bodyMaxBytes) throw tooLarge;
    chunks.push(decoder.decode(chunk, { stream: true }));
  }
  try {
    return JSON.parse(chunks.join(''));
  } catch (error) {
    throw new AppError('bad_request', {
      detail: 'The body is not JSON.',
      next: 'Send a JSON object with content-type application/json.',
      cause: error,
    });
  }
}

function readIdempotencyKey(value: string | undefined): string {
  if (value !== undefined && /^[\x21-\x7e]{1,100}$/.test(value)) return value;
  throw new AppError('idempotency_key_missing', {
    detail: 'This request creates something and needs an Idempotency-Key of 1 to 100 visible characters.',
    next: 'Send one, such as a random UUID, and the same one when you repeat the request.',
  });
}
