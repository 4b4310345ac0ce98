/** The laptop's mail, readable in the browser. Not there where mail is really sent. Links lead to the platform only. */
import type { KeptMail } from '../adapters/mail.ts';
import type { Context } from '../context.ts';
import { escapeHtml, page } from './page.ts';

/** Answers `/outbox` and `/outbox/<id>`; null when this is not a place that keeps mail. */
export async function outboxPage(ctx: Context, path: string): Promise<Response | null> {
  if (ctx.outbox === null) return null;
  const nonce = ctx.system.ulid();
  if (path === '/outbox') return page({ title: 'Outbox', nonce, body: listHtml(await ctx.outbox.list()) });
  const id = /^\/outbox\/([0-9a-z]{26})$/.exec(path)?.[1];
  const mail = id === undefined ? undefined : await ctx.outbox.read(id);
  if (mail === undefined) {
    const body = '<h1>No such mail</h1><p>It may be older than this outbox.</p><p><a href="/outbox">All mail</a></p>';
    return page({ title: 'No such mail', nonce, status: 404, body });
  }
  return page({ title: mail.subject, nonce, body: mailHtml(mail, ctx.config.platformOrigin) });
}

function listHtml(mails: readonly KeptMail[]): string {
  const items = mails.map(
    (mail) =>
      `<li><a href="/outbox/${mail.id}"><strong>${escapeHtml(mail.subject)}</strong>${timeHtml(mail.createdAtMs)}<span>To ${escapeHtml(mail.recipient)}</span></a></li>`,
  );
  const list =
    items.length > 0 ? `<ul>${items.join('')}</ul>` : '<p>No mail yet. Sign up, and the confirmation appears here.</p>';
  return `<h1>Outbox</h1><p class="soft">Mail that Tidepool would have sent. This machine keeps it here instead.</p>${list}
<p class="actions"><a href="/">Back to the dashboard</a></p>`;
}

function mailHtml(mail: KeptMail, platformOrigin: string): string {
  const go =
    mail.link === null
      ? ''
      : `<p class="actions"><a class="go" href="${escapeHtml(mail.link)}">Follow the link</a></p>`;
  return `<p><a href="/outbox">All mail</a></p><h1>${escapeHtml(mail.subject)}</h1>
<article><dl><dt>To</dt><dd>${escapeHtml(mail.recipient)}</dd><dt>Written</dt><dd>${timeHtml(mail.createdAtMs)}</dd></dl>
<pre>${withLinks(mail.text, platformOrigin)}</pre>${go}</article>`;
}

/** Addresses of the platform become links; any other address in a mail stays text. */
function withLinks(text: string, platformOrigin: string): string {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((part) => {
      const trailing = /[.,;:!?)]*$/.exec(part)?.[0] ?? '';
      const url = part.slice(0, part.length - trailing.length);
      const ours = url === platformOrigin || url.startsWith(`${platformOrigin}/`);
      return ours ? `<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>${escapeHtml(trailing)}` : escapeHtml(part);
    })
    .join('');
}

function timeHtml(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}
