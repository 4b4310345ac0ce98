/** Small pages of our own without scripts: the local outbox and the hand-off's refusals. Text is escaped here, once. */

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const style = `
:root{color-scheme:light dark;--ground:light-dark(#f4f7f6,#0d1718);--card:light-dark(#fff,#132123);--ink:light-dark(#12292b,#e4efee);--soft:light-dark(#53696b,#93abab);--line:light-dark(#d9e3e2,#233638);--tide:light-dark(#0b6b6b,#5cc9c4)}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:44rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}h1{font-size:1.5rem;line-height:1.2;margin:0 0 .35rem;letter-spacing:-.01em}
p{margin:.4rem 0}.soft{color:var(--soft)}a{color:var(--tide);text-underline-offset:.2em}ul{list-style:none;margin:1.5rem 0 0;padding:0}
li,article{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.15rem;margin:0 0 .7rem}
li a{font-weight:600;text-decoration:none}li a:hover{text-decoration:underline}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:1rem 0}
.go{display:inline-block;background:var(--tide);color:light-dark(#fff,#082022);padding:.6rem 1rem;border-radius:9px;text-decoration:none;font-weight:600}
code{font:.9em ui-monospace,monospace}a:focus-visible{outline:3px solid var(--tide);outline-offset:3px;border-radius:4px}`;

/** `body` is HTML whose texts were escaped by the caller. */
export function page(title: string, body: string, status = 200): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${style}</style></head><body><main>${body}</main></body></html>`;
  return new Response(html, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  });
}
