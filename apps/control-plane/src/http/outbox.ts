/** The laptop's mail, readable in the browser. Not there where mail is really sent. */
import type { Context } from '../context.ts';
import { escapeHtml, page } from './page.ts';

const linked = (text: string): string =>
  escapeHtml(text).replaceAll(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`);

const time = (ms: number): string =>
  `<time datetime="${new Date(ms).toISOString()}">${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC</time>`;

/** Answers `/outbox` and `/outbox/<id>`; null when this is not a place that keeps mail. */
export async function outboxPage(ctx: Context, path: string): Promise<Response | null> {
  if (ctx.outbox === null) return null;
  const id = /^\/outbox\/([0-9a-z]{26})$/.exec(path)?.[1];
  if (id === undefined) {
    if (path !== '/outbox') return null;
    const mails = await ctx.outbox.list();
    const items = mails.map(
      (mail) =>
        `<li><a href="/outbox/${mail.id}">${escapeHtml(mail.subject)}</a><p class="soft">To ${escapeHtml(mail.recipient)} · ${time(mail.createdAtMs)}</p></li>`,
    );
    const list =
      items.length > 0
        ? `<ul>${items.join('')}</ul>`
        : '<p>No mail yet. Sign up, and the confirmation appears here.</p>';
    return page(
      'Outbox',
      `<h1>Outbox</h1><p class="soft">Mail that Tidepool would have sent. This machine keeps it here instead.</p>${list}`,
    );
  }
  const mail = await ctx.outbox.read(id);
  if (mail === undefined)
    return page('No such mail', '<h1>No such mail</h1><p><a href="/outbox">Back to the outbox</a></p>', 404);
  const go = mail.link === null ? '' : `<p><a class="go" href="${escapeHtml(mail.link)}">Follow the link</a></p>`;
  return page(
    mail.subject,
    `<p><a href="/outbox">Outbox</a></p><h1>${escapeHtml(mail.subject)}</h1><p class="soft">To ${escapeHtml(mail.recipient)} · ${time(mail.createdAtMs)}</p><article><pre>${linked(mail.text)}</pre>${go}</article>`,
  );
}
