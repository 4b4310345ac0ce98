/**
 * The HTTP application: what every request gets (id, headers, host and origin checks), the API from the endpoint table,
 * the sign-in library, and our few pages. Everything else is a file of the dashboard.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { endpoints } from './contract/api.ts';
import { AppError } from './contract/errors.ts';
import type { Context } from './context.ts';
import type { AppEnv } from './http/app-env.ts';
import { authHandler } from './http/auth.ts';
import { answerLate, changeDeadlineMs, within } from './http/deadline.ts';
import { errorDocsPage } from './http/error-docs.ts';
import { honoPath } from './http/implement.ts';
import type { App } from './http/implement.ts';
import { openTenant } from './http/open.ts';
import { outboxPage } from './http/outbox.ts';
import { problemResponse } from './http/problem.ts';
import { clientRate } from './http/rate-limit.ts';
import { registerRoutes } from './http/routes.ts';
import { allowHumanCheck, ownHostOnly, sameOriginOnly, setSecurityHeaders } from './http/security.ts';
import { stripeWebhook } from './http/stripe-webhook.ts';

export function createApp(ctx: Context): App {
  const app = new OpenAPIHono<AppEnv>({ strict: true });
  app.use(async (c, next) => {
    c.set('ctx', ctx);
    c.set('requestId', `req_${ctx.system.ulid()}`);
    await next();
    c.res.headers.set('x-request-id', c.var.requestId);
    setSecurityHeaders(c.res.headers, ctx.config.secure);
  });
  app.use(ownHostOnly);
  for (const path of ['/api/*', '/open']) app.use(path, clientRate);
  app.use('/api/*', sameOriginOnly);

  app.get('/healthz', (c) => c.json({ ok: true }));
  app.all('/api/auth/*', (c) => within(changeDeadlineMs, authHandler(ctx, c.req.raw), answerLate));
  app.post('/api/stripe/webhook', (c) => stripeWebhook(ctx, c.req.raw));
  registerRoutes(app);
  app.get('/api/v1/openapi.json', (c) => {
    const info = { title: 'Tidepool', version: '1', description: `Errors: ${ctx.config.platformOrigin}/docs/errors` };
    return c.json(app.getOpenAPI31Document({ openapi: '3.1.0', info }), 200, { 'cache-control': 'no-store' });
  });
  refuseOtherMethods(app);

  app.get('/open', (c) => openTenant(ctx, c.req.raw, c.var.requestId));
  app.get('/docs/errors', () => errorDocsPage(ctx.system.ulid()));
  for (const path of ['/outbox', '/outbox/:id']) {
    app.get(path, async (c) => (await outboxPage(ctx, c.req.path)) ?? c.notFound());
  }

  app.notFound(async (c) => {
    const isPage = !c.req.path.startsWith('/api/') && (c.req.method === 'GET' || c.req.method === 'HEAD');
    if (isPage && c.env.ASSETS !== undefined) {
      const file = await c.env.ASSETS.fetch(c.req.raw);
      const page = new Response(file.body, file);
      if (c.req.path === '/sign-up' && ctx.human.siteKey !== null) allowHumanCheck(page.headers);
      return page;
    }
    return problemResponse(nothingHere(), c.var.requestId, ctx.config.platformOrigin);
  });
  app.onError((error, c) => problemResponse(error, c.var.requestId, ctx.config.platformOrigin));
  return app;
}

const nothingHere = (): AppError =>
  new AppError('not_found', { detail: 'There is nothing at this address.', next: 'Check the address.' });

/** A path of the table with a method that is not. */
function refuseOtherMethods(app: App): void {
  const methods = new Map<string, string[]>();
  for (const { path, method } of Object.values(endpoints)) {
    methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
  }
  for (const [path, allowed] of methods) {
    app.all(honoPath(path), (c) => {
      const refusal = new AppError('method_not_allowed', {
        detail: `${c.req.method} is not possible here.`,
        next: `Use ${allowed.join(' or ')}.`,
      });
      const answer = problemResponse(refusal, c.var.requestId, c.var.ctx.config.platformOrigin);
      answer.headers.set('allow', allowed.join(', '));
      return answer;
    });
  }
}
