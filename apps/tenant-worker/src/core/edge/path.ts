/**
 * Which paths may reach the container. A path is judged in every form that a decoder between us and the handler could
 * make of it, and sent on unchanged; what only makes sense as an attempt to confuse two decoders is refused.
 */
export const urlMaxLength = 8_192;

/** Our own pages on the tenant host. Nothing below it ever reaches a container. */
export const ownPrefix = '/__tidepool';

/** A percent-encoding may be wrapped this often; deeper nesting is refused. */
const decodeRoundsMax = 4;

/**
 * Closed on the tenant host (reference: security.md 2.4.7): sharing and join links, workers and portals, channel
 * webhooks (they end at the hooks host), operator RPC, and the OpenAI-style and tool APIs that act without the UI.
 */
const blocked = [
  '/share',
  '/j',
  '/hooks',
  '/v1',
  '/api/v1/admin',
  '/tools/invoke',
  '/__openclaw__/worker',
  '/__openclaw__/worker-bootstrap',
  '/__openclaw_tg_miniapp',
  '/slack',
  '/telegram-webhook',
  '/proxy',
];

export type PathVerdict =
  | { readonly kind: 'own'; readonly name: string }
  | { readonly kind: 'forward' }
  | { readonly kind: 'blocked' }
  | { readonly kind: 'malformed' };

/** Judges the path of a URL as received (starts with `/`, no query). */
export function checkPath(path: string): PathVerdict {
  const forms = decodedForms(path);
  if (forms === null) return { kind: 'malformed' };
  if (path.startsWith(`${ownPrefix}/`) && forms.length === 1)
    return { kind: 'own', name: path.slice(ownPrefix.length + 1) };
  const seen = forms.map(asLenientServer);
  if (seen.some((form) => form === ownPrefix || form.startsWith(`${ownPrefix}/`))) return { kind: 'blocked' };
  if (seen.some(isBlocked)) return { kind: 'blocked' };
  // A path that starts with two slashes becomes a host when something joins it to a base URL.
  return /^\/[/\\]/.test(path) ? { kind: 'blocked' } : { kind: 'forward' };
}

/** As the most forgiving server would read it: no matter of slashes, blanks, parameters or a query within a segment. */
function asLenientServer(form: string): string {
  const segments = form.split(/[/\\]/).map((segment) => segment.split(/[;?#]/)[0]?.trim() ?? '');
  return `/${segments.filter((segment) => segment !== '').join('/')}`.toLowerCase();
}

function isBlocked(form: string): boolean {
  return blocked.some((path) => form === path || form.startsWith(`${path}/`));
}

/** The path and every form that decoding makes of it, or null when any form is ambiguous. */
function decodedForms(path: string): string[] | null {
  const forms: string[] = [];
  let form = path;
  for (let round = 0; round <= decodeRoundsMax; round++) {
    if (!isUnambiguous(form)) return null;
    forms.push(form);
    if (!form.includes('%')) return forms;
    // A percent sign that starts no escape is refused as received, and is literal text once decoded.
    if (round === 0 && !decodesStrictly(form)) return null;
    const decoded = decodeOnce(form);
    if (decoded === form) return forms;
    form = decoded;
  }
  return null;
}

function isUnambiguous(form: string): boolean {
  if (!form.startsWith('/')) return false;
  for (let i = 0; i < form.length; i++) {
    const unit = form.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  return !form.split(/[/\\]/).some((segment) => {
    // `..;x` and `. ` are dot segments to some servers.
    const name = segment.split(';')[0]?.trim() ?? '';
    return name === '.' || name === '..';
  });
}

function decodesStrictly(form: string): boolean {
  try {
    decodeURIComponent(form);
    return true;
  } catch {
    return false;
  }
}

/** Decodes each escape that is one, whatever stands beside it, as a forgiving server does. */
function decodeOnce(form: string): string {
  return form.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    decodesStrictly(escapes) ? decodeURIComponent(escapes) : escapes,
  );
}

/**
 * Query parameters that carry a credential or another gateway's address into the Control UI. `session` stays: in this
 * release it names a conversation to show, and conversations are routing, not authority.
 */
const strippedParameters = new Set(['gatewayurl', 'token', 'password', 'bootstraptoken', 'devicetoken']);

/** Removes them, keeping the rest byte for byte. The same string back means that nothing was there. */
export function stripQuery(search: string): string {
  if (search === '') return '';
  const kept = search
    .slice(1)
    .split('&')
    .filter((pair) => {
      const raw = (pair.split('=')[0] ?? '').replaceAll('+', ' ');
      return !strippedParameters.has((decodeOnce(raw) ?? raw).trim().toLowerCase());
    });
  const next = kept.length === 0 ? '' : `?${kept.join('&')}`;
  return next === '?' ? '' : next;
}

const pagePathMax = 2_048;

/**
 * Whether a path-and-query may be a page to return to after signing in: relative to our own origin in every decoder,
 * and one that would be forwarded.
 */
export function isPagePath(path: string): boolean {
  if (path.length > pagePathMax || !/^\/(?![/\\])[\x21-\x7e]*$/.test(path) || /[\\#]/.test(path)) return false;
  const end = path.indexOf('?');
  return checkPath(end === -1 ? path : path.slice(0, end)).kind === 'forward';
}
