/**
 * The shell of the pages that a tenant host shows itself: one file, no outside asset, light and dark, readable at 360 px.
 * Everything a person or a tenant chose goes through `escapeHtml`.
 */

/** Characters of a text as HTML, for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** JSON that cannot end the script element that holds it. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

export interface PageParts {
  /** base64, fresh for each answer. */
  readonly nonce: string;
  readonly title: string;
  /** HTML of the main element. */
  readonly main: string;
  /** A script to run, and the JSON it starts from. */
  readonly script?: { readonly source: string; readonly data: unknown };
  readonly platformOrigin: string;
}

export function renderDocument(parts: PageParts): string {
  const { nonce, script } = parts;
  const scripts = script
    ? `<script type="application/json" id="data">${escapeJson(script.data)}</script>\n<script nonce="${nonce}">${script.source}</script>`
    : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escapeHtml(parts.title)}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${styles}</style>
</head>
<body>
<main>
${parts.main}
</main>
<footer><a href="${escapeHtml(parts.platformOrigin)}">Tidepool dashboard</a></footer>
${scripts}
</body>
</html>
`;
}

/** The policy of our own pages: nothing but this document, its nonce, and our own status address. */
export function pagePolicy(nonce: string, platformOrigin: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    "connect-src 'self'",
    `form-action 'self' ${platformOrigin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The dashboard's colours (apps/dashboard/src/styles.css), so that both hosts look like one product. */
export const colours =
  '--bg:light-dark(oklch(.972 .005 205),oklch(.19 .022 222));--card:light-dark(oklch(.995 .002 205),oklch(.226 .025 220));--line:light-dark(oklch(.893 .013 208),oklch(.318 .027 217));--edge:light-dark(oklch(.62 .026 214),oklch(.56 .03 214));--text:light-dark(oklch(.262 .038 218),oklch(.945 .012 200));--dim:light-dark(oklch(.445 .032 216),oklch(.762 .022 206));--accent:light-dark(oklch(.455 .082 209),oklch(.815 .092 196));--on-accent:light-dark(oklch(.99 .006 200),oklch(.2 .042 216));--bad:light-dark(oklch(.52 .145 33),oklch(.79 .115 30))';

const styles = `
:root{color-scheme:light dark;${colours}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:1rem;padding:1.5rem 1rem;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:30rem;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.5rem}
h1{font-size:1.3rem;line-height:1.3;margin:0 0 .35rem;overflow-wrap:anywhere}
p{margin:.35rem 0}
.dim{color:var(--dim)}
.bad{color:var(--bad)}
.row{display:flex;justify-content:space-between;gap:1rem;align-items:baseline}
ol{list-style:none;margin:1rem 0 .25rem;padding:0;border-top:1px solid var(--line)}
li{display:grid;grid-template-columns:1.25rem 1fr auto;gap:.6rem;align-items:center;padding:.5rem 0;border-bottom:1px solid var(--line)}
li span:last-child,time,.num{font-variant-numeric:tabular-nums;color:var(--dim)}
.mark{inline-size:.75rem;block-size:.75rem;border-radius:50%;border:2px solid var(--edge);justify-self:center}
.mark.done{background:var(--accent);border-color:var(--accent)}
.mark.failed{background:var(--bad);border-color:var(--bad)}
.mark.running{border-color:var(--accent);border-inline-end-color:transparent;animation:turn 1s linear infinite}
@keyframes turn{to{transform:rotate(1turn)}}
@media (prefers-reduced-motion:reduce){.mark.running{animation:none;border-inline-end-color:var(--accent)}}
.actions{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:1rem}
button,.button{font:inherit;font-weight:600;min-height:44px;padding:.55rem 1.1rem;border-radius:10px;border:1px solid var(--accent);background:var(--accent);color:var(--on-accent);text-decoration:none;cursor:pointer;display:inline-flex;align-items:center}
.button.quiet{background:transparent;color:var(--accent)}
button[disabled]{opacity:.6;cursor:default}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
footer{font-size:.9rem}
footer a{display:inline-block;padding:.4rem}
.quote{margin-top:1rem;font-size:.85rem}
code{overflow-wrap:anywhere}
.spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
`.trim();
