/**
 * The HTTP application: what every request gets (id, headers, session), the API from the endpoint table, the sign-in
 * library, and our few pages. Everything else is a file of the dashboard.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from './contract/errors.ts';
import type { Context } from './context.ts';
import type { AppEnv, Session } from './http/app-env.ts';
import { openTenant } from './http/open.ts';
import { outboxPage } from './http/outbox.ts';
import { problemResponse } from './http/problem.ts';
import { registerRoutes } from './http/routes.ts';
import { bodyMaxBytes, contentSecurityPolicy, sameOriginOnly, setSecurityHeaders } from './http/security.ts';

export function createApp(ctx: Context): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({ strict: true });

  app.use(async (c, next) => {
    c.set('ctx', ctx);
    c.set('requestId', `req_${ctx.system.ulid()}`);
    c.set('session', null);
    await next();
    c.res.headers.set('x-request-id', c.var.requestId);
    setSecurityHeaders(c.res.headers, ctx.config.secure);
    if (!c.res.headers.has('content-security-policy'))
      c.res.headers.set('content-security-policy', contentSecurityPolicy);
  });

  app.get('/healthz', (c) => c.json({ ok: true }));

  app.use('/api/*', sameOriginOnly);
  app.on(['GET', 'POST'], '/api/auth/*', async (c) => {
    if (Number(c.req.header('content-length') ?? 0) > bodyMaxBytes) {
      throw new AppError('body_too_large', { detail: `A body has at most ${bodyMaxBytes} bytes.`, next: 'Send less.' });
    }
    return ctx.auth.handler(withOnePath(c.req.raw));
  });

  const withSession = async (headers: Headers): Promise<Session | null> => {
    const found = await ctx.auth.api.getSession({ headers });
    if (!found) return null;
    const { id, email, name, emailVerified } = found.user;
    return { user: { id, email, name, emailVerified }, token: found.session.token };
  };

  app.use('/api/v1/*', async (c, next) => {
    c.set('session', await withSession(c.req.raw.headers));
    await next();
  });
  registerRoutes(app);
  app.doc31('/api/v1/openapi.json', { openapi: '3.1.0', info: { title: 'Tidepool', version: '1' } });

  app.get('/open', async (c) => openTenant(ctx, new URL(c.req.url), await withSession(c.req.raw.headers)));
  const outbox = async (path: string): Promise<Response> => {
    const answer = await outboxPage(ctx, path);
    if (answer === null) throw nothingHere();
    return answer;
  };
  app.get('/outbox', (c) => outbox(c.req.path));
  app.get('/outbox/:id', (c) => outbox(c.req.path));

  app.notFound(async (c) => {
    if (!c.req.path.startsWith('/api/') && (c.req.method === 'GET' || c.req.method === 'HEAD')) {
      const file = await c.env.ASSETS.fetch(c.req.raw);
      return new Response(file.body, file);
    }
    return problemResponse(
      c.req.path.startsWith('/api/v1/') && knownPath(app, c.req.path) ? wrongMethod(c.req.method) : nothingHere(),
      c.var.requestId,
      ctx.config.platformOrigin,
    );
  });
  app.onError((error, c) => problemResponse(error, c.var.requestId, ctx.config.platformOrigin));
  return app;
}

const nothingHere = (): AppError =>
  new AppError('not_found', { detail: 'There is nothing at this address.', next: 'Check the address.' });

const wrongMethod = (method: string): AppError =>
  new AppError('method_not_allowed', {
    detail: `${method} is not possible here.`,
    next: 'See /api/v1/openapi.json for what is.',
  });

/** Whether some method answers at this path. */
function knownPath(app: OpenAPIHono<AppEnv>, path: string): boolean {
  return app.routes.some(
    ({ path: pattern, method }) =>
      method !== 'ALL' && new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`).test(path),
  );
}

/** One slash where somebody sent several: the library's own path checks must see the path that is served. */
function withOnePath(request: Request): Request {
  const url = new URL(request.url);
  const pathname = url.pathname.replaceAll(/\/{2,}/g, '/');
  return pathname === url.pathname ? request : new Request(`${url.origin}${pathname}${url.search}`, request);
}
