/** A page that says one thing: what happened, and what to do next. */
import { escapeHtml, renderDocument } from './document.ts';

export interface Notice {
  readonly nonce: string;
  readonly platformOrigin: string;
  readonly title: string;
  readonly detail: string;
  readonly next: string;
  /** Shown small, so that a person can quote it. */
  readonly code: string;
  readonly requestId: string;
  readonly action?: { readonly label: string; readonly href: string };
  /** Tries the same page again by itself, a few times. */
  readonly retries?: boolean;
}

export function renderNotice(notice: Notice): string {
  const action = notice.action
    ? `<div class="actions"><a class="button" href="${escapeHtml(notice.action.href)}">${escapeHtml(notice.action.label)}</a></div>`
    : '';
  const main = `<h1>${escapeHtml(notice.title)}</h1>
<p>${escapeHtml(notice.detail)}</p>
<p class="dim">${escapeHtml(notice.next)}</p>
${action}
<p class="dim quote"><code>${escapeHtml(notice.code)}</code><br><code>${escapeHtml(notice.requestId)}</code></p>`;
  const script = notice.retries ? { source: retryScript, data: {} } : undefined;
  return renderDocument({
    nonce: notice.nonce,
    title: notice.title,
    main,
    platformOrigin: notice.platformOrigin,
    ...(script ? { script } : {}),
  });
}

/** At most ten reloads in a row, only while the page is seen. */
const retryScript = `
(function () {
  'use strict';
  var key = 'tidepool-retries';
  var seen = 0;
  try { seen = Number(sessionStorage.getItem(key)) || 0; } catch (e) { return; }
  if (seen >= 10) { sessionStorage.removeItem(key); return; }
  setTimeout(function () {
    if (document.hidden) return;
    sessionStorage.setItem(key, String(seen + 1));
    location.reload();
  }, 2000);
})();
`.trim();

/** The service worker served for a deleted assistant: removes itself, its caches, and reloads its pages. */
export const goneServiceWorker = `
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const key of await caches.keys()) await caches.delete(key);
    await self.registration.unregister();
    for (const client of await self.clients.matchAll({ type: 'window' })) await client.navigate(client.url).catch(() => undefined);
  })());
});
`.trim();
