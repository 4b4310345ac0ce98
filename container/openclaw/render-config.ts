/**
 * Renders `openclaw.json` for the OpenClaw of this container: pure, from the platform's input, facts of this run, and what the tenant
 * already has. Three kinds of keys:
 *  - enforced: identity, ports, providers, telemetry; replaced at every render, whatever the tenant wrote there;
 *  - followed: model, name, timezone; the platform's value until the tenant chooses another (three-way, by `followed`);
 *  - quiet and cautious: background work that would wake or cost, and risky features; set only where the tenant has set
 *    nothing (docs/hardening.md).
 * Everything else of the tenant is kept. Facts about the keys: OpenClaw's `docs/gateway/trusted-proxy-auth.md`.
 */
import type { GatewayConfigInput } from './config-input.ts';
import { guardedProviderPaths, providerValues } from './model-providers.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Headers the Worker sets on every request and upgrade. The names are the contract between the two. */
export const identityHeaders = { user: 'x-tidepool-user', proof: 'x-tidepool-proof' } as const;

/** What a browser needs to use the Control UI. `operator.admin` is never part of a device's lasting grant. */
const deviceScopes = ['operator.read', 'operator.write', 'operator.approvals', 'operator.questions'] as const;
const scopesByRole = {
  owner: ['operator.admin', ...deviceScopes],
  operator: deviceScopes,
  viewer: ['operator.read'],
} as const;

/** Facts of this run of the keeper. */
export interface RunFacts {
  readonly openclawVersion: string;
  readonly gatewayPort: number;
  /** Addresses the Worker's requests come from, as the keeper saw them. */
  readonly peers: readonly string[];
  readonly logFile: string;
}

/** The platform's own choices of the previous render, kept so that a tenant's own choice can be told from ours. */
export type Followed = Readonly<Record<string, string>>;

export interface Rendered {
  readonly config: JsonObject;
  readonly followed: Followed;
  /** Paths of the tenant's settings that could not be kept. */
  readonly dropped: readonly string[];
}

export function renderConfig(options: {
  readonly input: GatewayConfigInput;
  readonly facts: RunFacts;
  readonly existing: JsonObject;
  readonly followed: Followed;
}): Rendered {
  const { input, facts, followed } = options;
  const dropped: string[] = [];
  let config = withModelObject(withoutIncludes(options.existing, dropped));

  const nextFollowed: Record<string, string> = {};
  for (const [path, value] of followedValues(input)) {
    const wanted = asText(value);
    const present = readPath(config, path);
    const ours = present === undefined || asText(present) === followed[path] || asText(present) === wanted;
    if (ours) config = isNothing(value) ? removePath(config, path) : writePath(config, path, value);
    nextFollowed[path] = wanted;
  }
  for (const [path, value] of [...quietValues, ...cautiousValues]) {
    if (readPath(config, path) === undefined) config = writePath(config, path, value);
  }
  for (const [path, value] of enforcedValues(input, facts, config)) config = writePath(config, path, value);
  for (const path of forbiddenPaths) config = removePath(config, path);
  for (const path of unknownPaths[facts.openclawVersion] ?? []) config = removePath(config, path);
  // OpenClaw accepts plain http here only for `localhost` itself, so a laptop's `*.localhost` goes without.
  config = input.publicOrigin.startsWith('https://')
    ? writePath(config, 'gateway.publicOrigin', input.publicOrigin)
    : removePath(config, 'gateway.publicOrigin');
  return { config, followed: nextFollowed, dropped };
}

/**
 * Compares the platform-owned keys of a config with what was rendered.
 * @returns paths that differ; empty when the gateway runs with what the platform wants
 */
export function driftedPaths(rendered: JsonObject, actual: JsonObject): readonly string[] {
  return [...guardedPaths, ...guardedProviderPaths((path) => readPath(rendered, path))].filter(
    (path) => JSON.stringify(sorted(readPath(rendered, path))) !== JSON.stringify(sorted(readPath(actual, path))),
  );
}

/** Serialised with sorted keys, so that equal settings are equal bytes. */
export function serialiseConfig(config: JsonObject): string {
  return `${JSON.stringify(sorted(config), null, 2)}\n`;
}

export type PathValue = readonly [path: string, value: Json];

/** Their change would let somebody else in or send model calls past the meter. Checked again after the boot. */
const guardedPaths = [
  'gateway.mode',
  'gateway.bind',
  'gateway.port',
  'gateway.trustedProxies',
  'gateway.allowRealIpFallback',
  'gateway.auth',
  'gateway.controlUi.allowedOrigins',
  'gateway.terminal.enabled',
] as const;

/** Keys of ours that a release does not know and would refuse the whole config for. */
const unknownPaths: Readonly<Record<string, readonly string[]>> = {
  '2026.8.2': ['gateway.controlUi.communityInvite'],
};

/** Keys that would open another way in, or that OpenClaw has retired and refuses. */
const forbiddenPaths = [
  'gateway.remote',
  'gateway.tailscale',
  'gateway.tls',
  'gateway.customBindHost',
  'gateway.portals',
  'gateway.controlUi.root',
  'gateway.controlUi.basePath',
  'gateway.controlUi.allowInsecureAuth',
  'gateway.controlUi.dangerouslyDisableDeviceAuth',
  'gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback',
  'discovery.wideArea',
  // They would hide findings of the audit by which a release and an assistant are judged.
  'security.audit.suppressions',
] as const;

function followedValues(input: GatewayConfigInput): readonly PathValue[] {
  const values: PathValue[] = [
    ['agents.defaults.model.primary', input.models.primary],
    ['agents.defaults.model.fallbacks', input.models.fallbacks ?? []],
    ['agents.defaults.utilityModel', input.models.utility],
  ];
  if (input.assistantName !== undefined) values.push(['agents.entries.main.identity.name', input.assistantName]);
  if (input.timezone !== undefined) values.push(['agents.defaults.userTimezone', input.timezone]);
  return values;
}

/** A list is kept and compared as its JSON. */
function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isNothing(value: Json): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Jobs that run by themselves: each would keep a sleeping tenant waking up, and cost its owner. */
const quietValues: readonly PathValue[] = [
  ['agents.defaults.heartbeat.every', '0m'],
  ['skills.workshop.autonomous.mode', 'off'],
  ['plugins.entries.memory-core.config.dreaming.enabled', false],
];

/** What an assistant may not do until its owner writes another list: install programs of others into itself. */
const cautiousValues: readonly PathValue[] = [['tools.deny', ['plugins']]];

function enforcedValues(input: GatewayConfigInput, facts: RunFacts, config: JsonObject): readonly PathValue[] {
  return [
    // Without `meta` OpenClaw takes the file for damaged and restores its own backup over it.
    ['meta.lastTouchedVersion', readPath(config, 'meta.lastTouchedVersion') ?? facts.openclawVersion],
    ['gateway.mode', 'local'],
    ['gateway.port', facts.gatewayPort],
    // The platform cannot reach a listener on loopback.
    ['gateway.bind', 'lan'],
    ['gateway.trustedProxies', facts.peers],
    ['gateway.allowRealIpFallback', false],
    ['gateway.auth', renderAuth(input, facts)],
    ['gateway.controlUi.enabled', true],
    ['gateway.controlUi.allowedOrigins', [input.publicOrigin]],
    ['gateway.controlUi.communityInvite', false],
    ['gateway.controlUi.automaticallyFetchFavicons', false],
    ['gateway.terminal.enabled', false],
    ['tools.deny', union(readPath(config, 'tools.deny'), ['portal'])],
    ['tools.elevated.enabled', false],
    ['discovery.mdns.mode', 'off'],
    ['update.checkOnStart', false],
    ['update.auto.enabled', false],
    ['telemetry.enabled', false],
    ['models.catalogRefresh.enabled', false],
    // There is no browser in the container.
    ['browser.enabled', false],
    ['logging.file', facts.logFile],
    ['logging.audit.enabled', true],
    ...providerValues(input, (path) => readPath(config, path)),
  ];
}

function isLoopback(peer: string): boolean {
  return peer.startsWith('127.') || peer === '::1';
}

function renderAuth(input: GatewayConfigInput, facts: RunFacts): Json {
  return {
    mode: 'trusted-proxy',
    allowTailscale: false,
    identityScopes: Object.fromEntries(input.users.map((user) => [user.id, [...scopesByRole[user.role]]])),
    // Per forwarded client address; the Worker limits first.
    rateLimit: { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 },
    trustedProxy: {
      userHeader: identityHeaders.user,
      requiredHeaders: [identityHeaders.proof, 'x-forwarded-proto'],
      allowUsers: input.users.map((user) => user.id),
      // The local engine relays from inside the container's own network, so its peer is loopback.
      allowLoopback: facts.peers.some(isLoopback),
      deviceAutoApprove: { enabled: true, scopes: [...deviceScopes] },
    },
  };
}

/** `$include` could bring platform-owned keys in from another file, past this renderer. */
function withoutIncludes(config: JsonObject, dropped: string[]): JsonObject {
  let result = config;
  for (const path of ['', 'gateway', 'gateway.auth', 'gateway.controlUi', 'models', 'models.providers']) {
    const at = path === '' ? '$include' : `${path}.$include`;
    if (readPath(result, at) === undefined) continue;
    dropped.push(at);
    result = removePath(result, at);
  }
  return result;
}

/** OpenClaw also accepts a bare string for the model; the object form has a place for each part. */
function withModelObject(config: JsonObject): JsonObject {
  const model = readPath(config, 'agents.defaults.model');
  return typeof model === 'string' ? writePath(config, 'agents.defaults.model', { primary: model }) : config;
}

function union(existing: Json | undefined, wanted: readonly string[]): Json {
  const kept = Array.isArray(existing) ? existing.filter((entry: Json) => typeof entry === 'string') : [];
  return [...new Set([...kept, ...wanted])];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readPath(config: JsonObject, path: string): Json | undefined {
  let at: Json | undefined = config;
  for (const key of path.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

/** Sets one path; whatever stands in the way and is no object gives way. */
function writePath(config: JsonObject, path: string, value: Json): JsonObject {
  const [key = '', ...rest] = path.split('.');
  if (rest.length === 0) return { ...config, [key]: value };
  const child = config[key];
  return { ...config, [key]: writePath(isObject(child) ? child : {}, rest.join('.'), value) };
}

function removePath(config: JsonObject, path: string): JsonObject {
  if (readPath(config, path) === undefined) return config;
  const [key = '', ...rest] = path.split('.');
  if (rest.length === 0) return Object.fromEntries(Object.entries(config).filter(([name]) => name !== key));
  const child = config[key];
  return isObject(child) ? { ...config, [key]: removePath(child, rest.join('.')) } : config;
}

function sorted(value: Json | undefined): Json {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map((entry: Json) => sorted(entry));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}
