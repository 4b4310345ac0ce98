/** Headers and checks that every answer and every change gets, whatever the route. */
import { createMiddleware } from 'hono/factory';
import { AppError } from '../contract/errors.ts';
import { humanCheckOrigin } from '../contract/human-check.ts';
import type { AppEnv } from './app-env.ts';

const unsafeMethods = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export const isUnsafe = (method: string): boolean => unsafeMethods.has(method);

/** For the API: nothing of an answer is ever shown as a page. The dashboard's files and our pages have their own. */
export const apiContentSecurityPolicy =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export function setSecurityHeaders(headers: Headers, secure: boolean): void {
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('x-frame-options', 'DENY');
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=()');
  if (secure) headers.set('strict-transport-security', 'max-age=63072000; includeSubDomains');
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', apiContentSecurityPolicy);
}

/** The sign-up page's own policy with what its check for a person needs, and nothing else of it changed. */
export function allowHumanCheck(headers: Headers): void {
  const policy = headers.get('content-security-policy');
  if (policy === null) return;
  const wider = policy.split(';').map((directive) => {
    const text = directive.trim();
    return text.startsWith('script-src ') ? `${text} ${humanCheckOrigin}` : text;
  });
  headers.set('content-security-policy', [...wider, `frame-src ${humanCheckOrigin}`].join('; '));
}

/**
 * A change must come from our own pages. With a cookie that is shown, not assumed: an Origin of ours, or a browser's word
 * (Sec-Fetch-Site) that it is. Without a cookie there is nobody to act for, and only another site's page is refused.
 */
export const sameOriginOnly = createMiddleware<AppEnv>(async (c, next) => {
  if (isUnsafe(c.req.method)) {
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const foreign =
      (origin !== undefined && origin !== c.var.ctx.config.platformOrigin) ||
      (site !== undefined && site !== 'same-origin' && site !== 'none');
    const shown = origin !== undefined || site === 'same-origin';
    if (foreign || (!shown && c.req.header('cookie') !== undefined)) {
      throw new AppError('origin_forbidden', {
        detail: 'This change was not sent by the dashboard.',
        next: `Do it on ${c.var.ctx.config.platformOrigin}; a program sends that as its Origin header.`,
      });
    }
  }
  await next();
});

/** One host is served, under one name: cookies, links and checks all rest on it. */
export const ownHostOnly = createMiddleware<AppEnv>(async (c, next) => {
  const { platformOrigin } = c.var.ctx.config;
  if (c.req.path !== '/healthz' && new URL(c.req.url).host !== new URL(platformOrigin).host) {
    throw new AppError('host_unknown', {
      detail: 'The dashboard is not served under this name.',
      next: `Open ${platformOrigin}.`,
    });
  }
  await next();
});
