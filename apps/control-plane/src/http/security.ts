/** Headers and checks that every answer and every change gets, whatever the route. */
import { createMiddleware } from 'hono/factory';
import { AppError } from '../contract/errors.ts';
import type { AppEnv } from './app-env.ts';

export const bodyMaxBytes = 64 * 1024;

const unsafeMethods = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** For our own small pages and the API. The dashboard's files carry their own policy (`_headers` of its build). */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "frame-ancestors 'none'",
  "form-action 'self'",
  "base-uri 'none'",
].join('; ');

export function setSecurityHeaders(headers: Headers, secure: boolean): void {
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('x-frame-options', 'DENY');
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=()');
  if (secure) headers.set('strict-transport-security', 'max-age=63072000; includeSubDomains');
}

/** A change must come from our own pages or from a program; never from another site's page. */
export const sameOriginOnly = createMiddleware<AppEnv>(async (c, next) => {
  if (unsafeMethods.has(c.req.method)) {
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const foreign =
      (origin !== undefined && origin !== c.var.ctx.config.platformOrigin) ||
      site === 'cross-site' ||
      site === 'same-site';
    if (foreign) {
      throw new AppError('origin_forbidden', {
        detail: 'This change was sent by another site.',
        next: 'Do it on the dashboard itself.',
      });
    }
  }
  await next();
});
