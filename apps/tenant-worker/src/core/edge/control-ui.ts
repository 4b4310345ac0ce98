/**
 * Which requests of the Control UI the cell answers by itself, and with which policy. Its files are the same for every
 * tenant of a release, so they need no container: a page paints while its assistant starts. What depends on the tenant
 * (its configuration, avatars, plugins, the worker script) is the gateway's alone.
 */
import { escapeHtml } from './pages/document.ts';
import type { StatusView } from './pages/status.ts';
import { tenantContentPolicy } from './response-headers.ts';

/**
 * Our script on the Control UI's page. It is a file of the page's own origin, which the gateway's policy allows, so that
 * nothing is loosened; first in the head, it runs before the page opens its socket.
 * @param view what the script is to show over a page that is given before there is a gateway
 */
export function tabScriptTag(view?: StatusView): string {
  const data = view === undefined ? '' : ` data-view="${escapeHtml(JSON.stringify(view))}"`;
  return `<script src="/__tidepool/tab.js"${data} defer></script>`;
}

/** Named by their content: right in every state, whichever release runs. */
const hashedFile = /^\/assets\/[A-Za-z0-9._/-]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

/** Named by what they are: while a gateway runs, it says what they hold. */
const publicFile =
  /^\/(?:(?:fonts|themes|provider-icons|cloud-provider-icons|file-icons|app-art|community-art)\/[A-Za-z0-9._/-]+\.(?:css|woff2|svg|webp)|favicon\.svg|favicon\.ico|favicon-32\.png|apple-touch-icon\.png|manifest\.webmanifest)$/;

/** The gateway's own documents, and everything that has a file's name, are not the Control UI's page. */
const otherDocument =
  /^\/(?:api|plugins|ui|mcp-app|rpc|avatar|(?:__openclaw[^/]*)|healthz?|readyz?|startupz?)(?:\/|$)|\.[^/]*$/;

export interface ControlUiFile {
  readonly path: string;
  /** It never changes under its name. */
  readonly isImmutable: boolean;
}

/** The file to look for among the release's, or null when the gateway is to be asked. */
export function controlUiFile(request: { method: string; path: string }, gatewayRuns: boolean): ControlUiFile | null {
  const { method, path } = request;
  if (method !== 'GET' && method !== 'HEAD') return null;
  if (hashedFile.test(path)) return { path, isImmutable: true };
  return !gatewayRuns && publicFile.test(path) ? { path, isImmutable: false } : null;
}

/** Whether a person who opens this path gets the Control UI's page from the gateway. */
export function isControlUiPage(path: string): boolean {
  return !otherDocument.test(path);
}

/**
 * The policies of a page and of a file that the cell serves: the gateway's own, closed where ours closes it, and ours.
 * @param scriptHashes the scripts within the page, as CSP sources; none for a file
 */
export function controlUiPolicies(origin: string, scriptHashes: readonly string[]): [string, string] {
  const theirs = [
    "default-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    `script-src ${["'self'", ...scriptHashes.map((hash) => `'${hash}'`)].join(' ')}`,
    "style-src 'self' 'unsafe-inline' https://fonts.googleapis.com",
    "media-src 'self' data: blob:",
    "img-src 'self' data: blob:",
    "frame-src 'self' blob:",
    `connect-src 'self' ${origin.replace(/^http/, 'ws')} data:`,
    "font-src 'self' https://fonts.gstatic.com",
    "worker-src 'self'",
  ].join('; ');
  return [theirs, tenantContentPolicy(origin)];
}
