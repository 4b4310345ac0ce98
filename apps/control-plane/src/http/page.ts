/** Small pages of our own without scripts: the local outbox and the hand-off's refusals. One look with the dashboard. */
import { errorCatalogue } from '../contract/errors.ts';
import type { AppError } from '../contract/errors.ts';

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The dashboard's colours (apps/dashboard/src/styles.css). */
const style = `
:root{color-scheme:light dark;--ground:light-dark(oklch(.972 .005 205),oklch(.19 .022 222));--card:light-dark(oklch(.995 .002 205),oklch(.226 .025 220));--line:light-dark(oklch(.893 .013 208),oklch(.318 .027 217));--ink:light-dark(oklch(.262 .038 218),oklch(.945 .012 200));--soft:light-dark(oklch(.445 .032 216),oklch(.762 .022 206));--tide:light-dark(oklch(.455 .082 209),oklch(.815 .092 196));--on-tide:light-dark(oklch(.99 .006 200),oklch(.2 .042 216))}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:44rem;margin:0 auto;padding:clamp(1.5rem,6vw,3.5rem) 1.25rem 4rem}
h2{font-size:1.1rem;margin:0}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.015em;overflow-wrap:anywhere}
p{margin:.4rem 0}
.soft{color:var(--soft)}
.small{font-size:.875rem}
a{color:var(--tide);text-underline-offset:.2em}
ul{list-style:none;margin:1.5rem 0 0;padding:0;border-top:1px solid var(--line)}
li{border-bottom:1px solid var(--line)}
li a{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding:.8rem .25rem;text-decoration:none;color:inherit}
li a:hover strong{text-decoration:underline}
li span{grid-column:1;color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
time{color:var(--soft);font-size:.9rem;font-variant-numeric:tabular-nums;white-space:nowrap}
article:target{border-color:var(--tide)}
article{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.25rem 1.4rem;margin:1.25rem 0}
dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem .9rem;margin:0 0 1rem;padding-bottom:1rem;border-bottom:1px solid var(--line);font-size:.9rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:0}
.actions{margin-top:1.25rem}
.go{display:inline-flex;align-items:center;min-height:44px;background:var(--tide);color:var(--on-tide);padding:.5rem 1.1rem;border-radius:10px;text-decoration:none;font-weight:600}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
a:focus-visible{outline:3px solid var(--tide);outline-offset:3px;border-radius:4px}
@media (max-width:26rem){li a{grid-template-columns:1fr}}
`.trim();

export interface PageParts {
  readonly title: string;
  /** HTML whose texts were escaped by the caller. */
  readonly body: string;
  readonly status?: number;
  /** Fresh for every answer. */
  readonly nonce: string;
}

export function page({ title, body, status = 200, nonce }: PageParts): Response {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><link rel="icon" href="data:,">
<title>${escapeHtml(title)} · Tidepool</title><style nonce="${nonce}">${style}</style></head>
<body><main>${body}</main></body></html>
`;
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy,
    },
  });
}

/** A refusal for a person: what happened, what to do, and the code for support. */
export function errorPage(
  error: AppError,
  parts: { readonly title: string; readonly requestId: string; readonly nonce: string },
): Response {
  return page({
    title: parts.title,
    status: errorCatalogue[error.code].status,
    nonce: parts.nonce,
    body: `<h1>${escapeHtml(parts.title)}</h1>
<p>${escapeHtml(error.options.detail)}</p><p>${escapeHtml(error.options.next)}</p>
<p class="actions"><a class="go" href="/">Your assistants</a></p>
<p class="soft small">Code <code>${error.code}</code>, request <code>${escapeHtml(parts.requestId)}</code></p>`,
  });
}
