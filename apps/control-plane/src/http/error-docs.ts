/** The page that the `type` of every problem leads to: /docs/errors#code. */
import { errorCatalogue, errorCodes } from '../contract/errors.ts';
import { errorDocs } from '../core/error-docs.ts';
import { escapeHtml, page } from './page.ts';

export function errorDocsPage(nonce: string): Response {
  const sections = errorCodes.map((code) => {
    const { status, title } = errorCatalogue[code];
    const { when, next } = errorDocs[code];
    return `<article id="${code}"><h2>${escapeHtml(title)}</h2><p class="soft small"><code>${code}</code>, HTTP ${status}</p>
<p>${withCode(when)}</p><p>${withCode(next)}</p></article>`;
  });
  return page({
    title: 'Errors',
    nonce,
    body: `<h1>Errors</h1><p class="soft">What each code means, and what to do.</p>${sections.join('')}`,
  });
}

/** Text between backticks is code. */
function withCode(text: string): string {
  return text
    .split('`')
    .map((part, i) => (i % 2 === 0 ? escapeHtml(part) : `<code>${escapeHtml(part)}</code>`))
    .join('');
}
