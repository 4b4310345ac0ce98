/** Puts our script first into the Control UI's page as it streams by. Any other document passes unchanged. */
import { tabScriptTag } from '../core/edge/control-ui.ts';

export function withTabScript(page: Response): Response {
  const first = { element: (head: Element) => void head.prepend(tabScriptTag(), { html: true }) };
  return new HTMLRewriter().on('html[data-openclaw-control-ui-build-id] > head', first).transform(page);
}
