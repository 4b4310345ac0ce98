/**
 * What the three presets let out, as data. Reviewed 2026-11-21. A host is in Balanced when an assistant reads it often,
 * nobody can leave a message there with GET alone for somebody else to fetch, and its operator is known. GET and HEAD
 * only. A GET can still carry a few bytes out in its address, to the host's own logs: who cannot have that chooses Locked.
 */
import type { EgressPreset } from '../../../../control-plane/src/contract/egress.ts';

export interface PresetHost {
  /** A host, or `*.` and a domain. */
  readonly host: string;
  readonly why: string;
}

/** Read-only hosts of Balanced. Search, mail, chat, paste, file drop and code hosting with writes are asked for. */
export const balancedHosts: readonly PresetHost[] = [
  { host: '*.wikipedia.org', why: 'encyclopedia' },
  { host: '*.wikimedia.org', why: 'files of the encyclopedia' },
  { host: '*.wikidata.org', why: 'facts of the encyclopedia' },
  { host: 'developer.mozilla.org', why: 'web reference' },
  { host: 'www.w3.org', why: 'web standards' },
  { host: 'www.rfc-editor.org', why: 'internet standards' },
  { host: 'datatracker.ietf.org', why: 'internet standards' },
  { host: 'docs.python.org', why: 'language reference' },
  { host: 'nodejs.org', why: 'language reference and releases' },
  { host: 'docs.rs', why: 'library reference' },
  { host: 'pkg.go.dev', why: 'library reference' },
  { host: 'learn.microsoft.com', why: 'product reference' },
  { host: 'docs.github.com', why: 'product reference' },
  { host: 'developers.cloudflare.com', why: 'product reference' },
  { host: 'docs.openclaw.ai', why: 'the assistant reads about itself' },
  { host: 'arxiv.org', why: 'papers' },
  { host: 'export.arxiv.org', why: 'papers' },
  { host: 'stackoverflow.com', why: 'questions and answers' },
  { host: '*.npmjs.org', why: 'packages, read' },
  { host: 'pypi.org', why: 'packages, read' },
  { host: 'files.pythonhosted.org', why: 'packages, read' },
  { host: 'index.crates.io', why: 'packages, read' },
  { host: 'static.crates.io', why: 'packages, read' },
  { host: 'proxy.golang.org', why: 'packages, read' },
  { host: 'sum.golang.org', why: 'package checksums' },
  { host: 'deb.debian.org', why: 'packages, read' },
  { host: 'api.open-meteo.com', why: 'weather without an account' },
  { host: 'api.weather.gov', why: 'weather without an account' },
  { host: 'www.ecb.europa.eu', why: 'exchange rates' },
];

/** What becomes of a request that nothing else decided. */
export const presetDefaults = {
  /** Nothing but what the owner's rules and answers allow. */
  locked: 'deny',
  /** The hosts above; anything else is asked for. */
  balanced: 'ask',
  /** Every public name on 80 and 443; an address without a name is asked for. */
  open: 'allow',
} as const satisfies Record<EgressPreset, 'allow' | 'ask' | 'deny'>;

/** Denied to everybody, with all subdomains: ways around the firewall, and the platform's own accounts. */
export const platformDenied: readonly PresetHost[] = [
  { host: 'trycloudflare.com', why: 'tunnel into the container' },
  { host: 'argotunnel.com', why: 'tunnel into the container' },
  { host: 'cftunnel.com', why: 'tunnel into the container' },
  { host: 'ngrok.io', why: 'tunnel into the container' },
  { host: 'ngrok.app', why: 'tunnel into the container' },
  { host: 'ngrok.dev', why: 'tunnel into the container' },
  { host: 'ngrok-free.app', why: 'tunnel into the container' },
  { host: 'ngrok-free.dev', why: 'tunnel into the container' },
  { host: 'ngrok.com', why: 'tunnel into the container' },
  { host: 'loca.lt', why: 'tunnel into the container' },
  { host: 'serveo.net', why: 'tunnel into the container' },
  { host: 'controlplane.tailscale.com', why: 'tunnel into the container' },
  { host: 'api.cloudflare.com', why: 'the account that the platform runs in' },
  { host: 'r2.cloudflarestorage.com', why: 'the stores that the platform keeps snapshots in' },
];

/** Names that never leave a machine or a site (RFC 6761, 6762, 7686, 8375, 9476); with all their subdomains. */
export const specialNames: readonly string[] = [
  'localhost',
  'localdomain',
  'local',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'home.arpa',
  'arpa',
  'onion',
  'alt',
  'test',
  'invalid',
  'example',
];

/** Domains under which strangers get names: a wildcard there would allow everybody. */
export const sharedSuffixes: ReadonlySet<string> = new Set(
  (
    'co.uk org.uk ac.uk com.au co.jp co.nz com.br co.in ' +
    'co.za com.cn github.io gitlab.io pages.dev workers.dev vercel.app netlify.app ' +
    'herokuapp.com web.app firebaseapp.com appspot.com run.app cloudfunctions.net azurewebsites.net amazonaws.com ' +
    's3.amazonaws.com cloudfront.net blob.core.windows.net storage.googleapis.com fly.dev onrender.com deno.dev glitch.me ' +
    'repl.co replit.app r2.dev nip.io sslip.io'
  ).split(' '),
);
