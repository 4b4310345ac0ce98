/**
 * The strongest change of each rule that could slip in: the one that opens most while it looks like the rule. A piece of
 * text that must be there exactly once, and what stands there instead.
 */
export interface Mutation {
  readonly core: 'egress' | 'gate' | 'streams';
  /** The rule, and what the change does to it. */
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** @throws Error when the text is not there exactly once: the rule was rewritten and the table with it must be */
export function applyMutation({ what, find, replace }: Mutation, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`“${what}”: the text is there ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}

export type Row = readonly [what: string, find: string, replace: string];
export const table = (core: Mutation['core'], file: string, rows: readonly Row[]): readonly Mutation[] =>
  rows.map(([what, find, replace]) => ({ core, file: `apps/tenant-worker/src/core/${file}`, what, find, replace }));

export const ruleMutations: readonly Mutation[] = [
  ...table('egress', 'egress/decide.ts', [
    [
      'never: asked after the owner’s word',
      'if (never !== null) return never;\n  const decision = ownersWord(policy, target, nowMs) ?? presetsWord(policy.preset, target);',
      'const decision = ownersWord(policy, target, nowMs) ?? never ?? presetsWord(policy.preset, target);',
    ],
    ['addresses: only loopback is closed', "host.address === 'public' ? null", "host.address !== 'loopback' ? null"],
    [
      'own domains: themselves, not what is below',
      'policy.ownZones.some((zone) => isWithin(host.text, zone))',
      'policy.ownZones.includes(host.text)',
    ],
    ['special names: a name without a dot is public', "!host.text.includes('.') || ", ''],
    [
      'special names: themselves, not what is below',
      'specialNames.some((name) => isWithin(host.text, name))',
      'specialNames.includes(host.text)',
    ],
    [
      'tunnels: not looked at',
      'platformDenied.find((entry) => isWithin(host.text, entry.host))',
      'platformDenied.find(() => false)',
    ],
    ['domains: end of the text, not of a label', '|| host.endsWith(`.${zone}`)', '|| host.endsWith(zone.slice(1))'],
    [
      'never: the first answer counts',
      "answers.find(({ verdict }) => verdict === 'never') ?? answers[0]",
      'answers[0]',
    ],
    ['once: lasts', 'nowMs < expiresAtMs)', 'nowMs < expiresAtMs + 2)'],
    ['answers: for every host', 'host === target.host.text &&\n      (method', 'host.length > 0 &&\n      (method'],
    ['answers: for every method', '(method === null || methodIn([method], target.method)) &&', ''],
    [
      'answers: after the rules',
      'if (answer !== undefined) {',
      'if (answer !== undefined && policy.rules.length === 0) {',
    ],
    ['rules: the last decides', 'of policy.rules) {', 'of [...policy.rules].reverse()) {'],
    ['rules: methods are not looked at', '|| !methodIn(rule.methods, target.method)) continue', ') continue'],
    ['rules: paths are not looked at', "if (path === 'no') continue;", ''],
    [
      'rules: a wildcard is the domain too',
      'host.endsWith(pattern.slice(1)) : host',
      '`.${host}`.endsWith(pattern.slice(1)) : host',
    ],
    [
      'rules: a wildcard ends in the text',
      'host.endsWith(pattern.slice(1)) :',
      'host.endsWith(pattern.slice(2)) && host !== pattern.slice(2) :',
    ],
    ['methods: an empty list is none', 'methods.length === 0 || methods', 'methods'],
    ['methods: HEAD is nothing of GET', " || (method === 'HEAD' && methods.includes('GET'))", ''],
    ['paths: part of a segment', 'path.startsWith(`${trimmed}/`)', 'path.startsWith(trimmed)'],
    [
      'two readings: an allowed prefix is opened',
      "if (path === 'unclear') return { effect: 'ask', rule: `rule:${id}`, reason: 'path_ambiguous' };",
      '',
    ],
    [
      'two readings: a denied prefix is escaped',
      "if (pathIsAmbiguous) return 'unclear';",
      "if (pathIsAmbiguous) return 'no';",
    ],
    ['Balanced: every method', "methodIn(['GET'], method) && !isWebSocket", '!isWebSocket'],
    ['Balanced: sockets', '&& !isWebSocket)', ')'],
    ['Locked: asks nobody and lets out what Balanced does', "if (preset === 'balanced') {", "if (preset !== 'open') {"],
    [
      'Open: addresses without a name',
      "return host.kind === 'address'",
      "return host.kind !== 'name' && host.address !== 'public'",
    ],
    ['secrets: unencrypted', "target.scheme === 'https' &&", ''],
    ['secrets: to subdomains', 'injection.host === target.host.text', 'isWithin(target.host.text, injection.host)'],
    ['secrets: by every method', 'methodIn(injection.methods, target.method) &&', ''],
    ['secrets: under every path', "pathMatches(injection.pathPrefix, target) === 'yes' &&", ''],
    ['secrets: where two readings are', "=== 'yes' &&\n    !target.pathIsAmbiguous", "!== 'no'"],
    [
      'secrets: open the host',
      "if (decision.effect !== 'allow') return decision;",
      "if (decision.effect === 'ask') return decision;",
    ],
  ]),
  ...table('egress', 'egress/target.ts', [
    ['user names: taken', "if (authority.includes('@')) return", "if (authority.startsWith('@')) return"],
    [
      'ports: every one',
      "if (port !== '' && Number(port) !== (scheme === 'https' ? 443 : 80)) return refuse('port', host.text);",
      '',
    ],
    ['methods: tunnels and echoes', '(?!(?:CONNECT|TRACE|TRACK)$)', ''],
    ['two hosts: the header is not compared', 'readHost(name)?.text === host.text', 'readHost(name) !== null'],
    ['names: the case is kept', "raw.toLowerCase().replace(/\\.$/, '')", "raw.replace(/\\.$/, '')"],
    ['names: the dot at the end is kept', ".replace(/\\.$/, '');\n  if", ';\n  if'],
    ['names: any character', '/^[a-z0-9_-]{1,63}$/.test(label)', 'label.length > 0'],
    ['addresses: only four plain numbers', 'if (looksLikeIpv4(text)) {', 'if (/^\\d+(\\.\\d+){3}$/.test(text)) {'],
    ['paths: dots stay', "if (segment === '..') kept.pop();", ''],
    [
      'paths: escapes stay',
      'return /[A-Za-z0-9._~-]/.test(char) ? char : whole.toUpperCase();',
      'return char === char.toUpperCase() ? whole.toUpperCase() : whole.toUpperCase();',
    ],
    ['paths: control characters', 'if (/[^\\x21-\\x7e]/.test(raw) || ', 'if ('],
    ['paths: an escaped slash is plain', '/%2F|%5C', '/%5C'],
    ['paths: a double escape is plain', '|%25|', '|'],
    ['paths: a parameter is plain', '|;|', '|'],
    ['paths: an empty segment is plain', '|\\/\\//.test', '/.test'],
  ]),
  ...table('egress', 'egress/address.ts', [
    ['link-local: public', "['169.254.0.0', 16, 'link_local'],", ''],
    ['private: only half of 172.16', "['172.16.0.0', 12, 'private']", "['172.16.0.0', 13, 'private']"],
    ['octal: read as decimal', 'return Number.parseInt(part, 8)', 'return Number(part)'],
    [
      'mapped addresses: public as what they carry',
      "return inner === 'public' ? 'embedded' : inner;",
      "return a === 0 ? 'public' : inner;",
    ],
    [
      'NAT64: public',
      "if (a === 0x64 && b === 0xff9b) return 'embedded';",
      "if (a === 0x64 && b === 0xff9b) return 'public';",
    ],
    ['6to4 and Teredo: public', "if (a === 0x2002 || (a === 0x2001 && b === 0)) return 'embedded';", ''],
    ['ISATAP: public', "if (f === 0x5efe && (e === 0 || e === 0x200)) return 'embedded';", ''],
    ['unique local: public', "a <= 0xfdff) return 'private';", "a <= 0xfdff) return 'public';"],
    ['unassigned: public', "if (a < 0x2000 || a > 0x3fff) return 'reserved';", ''],
  ]),
  ...table('egress', 'egress/pattern.ts', [
    [
      'wildcards: of domains that strangers share',
      'isWildcard && sharedSuffixes.has(host.text)',
      'isWildcard && host.text.length < 3',
    ],
    ['rules: addresses that are not public', "host.address === 'public' ? ok", "host.address !== 'multicast' ? ok"],
    ['rules: names without a dot', "if (!host.text.includes('.')) return", "if (host.text === '') return"],
  ]),
  ...table('gate', 'edge/admission.ts', [
    ['methods: every one', 'if (!methods.includes(facts.method)) return', "if (facts.method === '') return"],
    [
      'length: not looked at',
      'if (facts.url.length > urlMaxLength) return',
      'if (facts.url.length > 4 * urlMaxLength) return',
    ],
    [
      'scheme: http beside https',
      "host.kind === 'not_ours' || url.scheme !== tenantOrigin.scheme",
      "host.kind === 'not_ours'",
    ],
    ['blocked paths: go on', "if (path.kind === 'blocked') return refuse(refusals.path);", ''],
    ['malformed paths: go on', "if (path.kind === 'malformed') return refuse(refusals.malformed);", ''],
    [
      'own pages: any method',
      'if (own !== null && facts.method !== ownPages[own]) return refuse(refusals.method);',
      '',
    ],
    ['own pages: as a socket', 'if (isWebSocket && own !== null) return refuse(refusals.path);', ''],
    [
      'changes: an origin that begins as ours',
      'if (!isRead) return origin === at.origin ? null',
      'if (!isRead) return origin?.startsWith(at.origin) === true ? null',
    ],
    [
      'changes: without an origin',
      'if (!isRead) return origin === at.origin',
      'if (!isRead) return origin === null || origin === at.origin',
    ],
    ['sockets: any origin', 'if (origin !== at.origin) return refusals.origin;\n    return', 'return'],
    [
      'sockets: any version',
      "facts.header('sec-websocket-version') === '13' ? null",
      "facts.header('sec-websocket-version') !== '13x' ? null",
    ],
    [
      'sockets: any protocol',
      "if (facts.header('upgrade')?.toLowerCase() !== 'websocket') return refusals.malformed;",
      '',
    ],
    ['sockets: any method', "if (facts.method !== 'GET') return refusals.method;", ''],
    ['reads: of other origins', 'if (origin !== null && origin !== at.origin) return refusals.origin;', ''],
    [
      'reads: same site is same origin',
      "site === 'same-origin' ||",
      "site === 'same-origin' || site === 'same-site' ||",
    ],
    [
      'reads: into frames',
      "facts.header('sec-fetch-mode') === 'navigate' && facts.header('sec-fetch-dest') === 'document';\n  return isTopLevel",
      "facts.header('sec-fetch-mode') === 'navigate';\n  return isTopLevel",
    ],
    ['bodies: over the limit', '> bodyMaxBytes) return', '> 2 * bodyMaxBytes) return'],
    ['credentials: stay in the address', 'own === null ? stripQuery(url.search) : url.search', 'url.search'],
    [
      'credentials: stay in the address bar',
      'if (search !== url.search && isNavigation) return',
      'if (isWebSocket && isNavigation) return',
    ],
    [
      'acts: a prefetch',
      "if (facts.header('sec-purpose') !== null || facts.header('purpose') !== null) return false;",
      '',
    ],
    ['acts: a frame', "return mode === 'navigate' && dest === 'document';", "return mode === 'navigate';"],
    ['acts: a page that opens itself again', 'isNavigation ? !isOwnReload(facts)', 'isNavigation ? true'],
  ]),
  ...table('gate', 'edge/host.ts', [
    [
      'hosts: Host and address may differ',
      'hostHeader === null || hostHeader !== urlAuthority ||',
      'hostHeader === null ||',
    ],
    [
      'hosts: the suffix without its dot',
      'hostHeader.endsWith(origin.suffix)',
      'hostHeader.endsWith(origin.suffix.slice(1))',
    ],
    [
      'hosts: reserved labels',
      "if (!slug.ok && slug.error.code !== 'slug_confusable') return",
      "if (!slug.ok && label === '') return",
    ],
  ]),
  ...table('gate', 'edge/path.ts', [
    [
      'closed paths: as written only',
      'const seen = forms.map(asLenientServer);',
      'const seen = [asLenientServer(path)];',
    ],
    ['closed paths: by case', ".join('/')}`.toLowerCase();", ".join('/')}`;"],
    [
      'closed paths: a backslash is a letter',
      'form.split(/[/\\\\]/).map((segment) => segment.split(/[;?#]/)',
      'form.split(/[/]/).map((segment) => segment.split(/[;?#]/)',
    ],
    ['closed paths: with a parameter', "segment.split(/[;?#]/)[0]?.trim() ?? ''", 'segment.trim()'],
    ['closed paths: with a blank', "segment.split(/[;?#]/)[0]?.trim() ?? ''", "segment.split(/[;?#]/)[0] ?? ''"],
    ['closed paths: themselves, not what is below', 'form === path || form.startsWith(`${path}/`)', 'form === path'],
    ['closed paths: hooks open', "  '/hooks',\n", ''],
    [
      'own pages: below us in disguise',
      'if (seen.some((form) => form === ownPrefix || form.startsWith(`${ownPrefix}/`)))',
      'if (seen.some((form) => form === ownPrefix))',
    ],
    [
      'hosts in a path',
      "return /^\\/[/\\\\]/.test(path) ? { kind: 'blocked' } : { kind: 'forward' };",
      "return { kind: 'forward' };",
    ],
    [
      'dots: only plain ones',
      "const name = segment.split(';')[0]?.trim() ?? '';\n    return",
      'const name = segment;\n    return',
    ],
    ['dots: one is nothing', "return name === '.' || name === '..';", "return name === '..';"],
    [
      'control characters: decoded ones',
      'if (unit < 0x20 || unit === 0x7f) return false;',
      'if (unit === 0x20) return true;',
    ],
    ['escapes: broken ones', 'if (round === 0 && !decodesStrictly(form)) return null;', ''],
    [
      'escapes: judged as they came',
      'if (decoded === form) return forms;',
      'if (decoded === form || round === 0) return forms;',
    ],
    ['credentials: by case', '.trim().toLowerCase());', '.trim());'],
    ['credentials: escaped names', '(decodeOnce(raw) ?? raw)', 'raw'],
    ['credentials: the gateway’s address', "'gatewayurl', ", ''],
    [
      'page to return to: a closed one',
      "=== -1 ? path : path.slice(0, end)).kind === 'forward'",
      "=== -1 ? path : path.slice(0, end)).kind !== 'malformed'",
    ],
  ]),
  ...table('gate', 'edge/request-headers.ts', [
    ['headers: cookies go in', "  'accept',\n", "  'accept',\n  'cookie',\n"],
    [
      'headers: an identity of the browser',
      'const headers: [string, string][] = [];\n  const copy',
      "const headers: [string, string][] = incoming(identityHeaders.user) === null ? [] : [[identityHeaders.user, incoming(identityHeaders.user) ?? '']];\n  const copy",
    ],
    [
      'headers: another origin goes in',
      "if (incoming('origin') === facts.origin) headers.push(['origin', facts.origin]);",
      "copy('origin');",
    ],
    ['headers: no scopes, which is full admin', '[identityHeaders.scopes, scopesFor(facts.principal.role)],', ''],
    ['headers: an operator administers', 'scopesFor(facts.principal.role)', "scopesFor('owner')"],
    ['headers: of any length', 'value !== null && value.length <= valueMax', 'value !== null'],
    ['client: this machine', "&& v4[1] !== '127'", ''],
    ['client: this machine, version 6', '!/^[0:]*:0*1?$/.test(connectingIp)', "connectingIp !== '::1'"],
  ]),
  ...table('gate', 'edge/response-headers.ts', [
    ['answers: set cookies', "  'content-type',\n", "  'content-type',\n  'set-cookie',\n"],
    [
      'answers: their policy instead of ours',
      "headers.push(['content-security-policy', tenantContentPolicy(facts.origin)]);",
      "if (policy === null) headers.push(['content-security-policy', tenantContentPolicy(facts.origin)]);",
    ],
    ['answers: framed by others', `"frame-ancestors 'none'"`, `"frame-ancestors *"`],
    ['answers: sockets to everywhere', "connect-src 'self' ${socket} data:", "connect-src 'self' ws: wss: data:"],
    ['answers: kept by others', ": 'private, no-store';", ": (theirs ?? 'private, no-store');"],
    ['answers: lead to another scheme', 'return /^[^:/?#]*:/.test(location) ? null : location;', 'return location;'],
    ['answers: lead to another host', "if (location.startsWith('//')) return null;", ''],
    ['answers: lead to a host that begins as ours', 'location.startsWith(`${origin}/`)', 'location.startsWith(origin)'],
  ]),
  ...table('gate', 'edge/cookies.ts', [
    ['cookies: the last of two', 'if (found !== null) return null;', ''],
    [
      'cookies: by case',
      'trimBlank(pair.slice(0, equals)) !== name',
      'trimBlank(pair.slice(0, equals)).toLowerCase() !== name',
    ],
    [
      'cookies: other blanks around the name',
      'trimBlank(pair.slice(0, equals)) !== name',
      'pair.slice(0, equals).trim() !== name',
    ],
    ['cookies: any character', '/^[A-Za-z0-9._-]{1,512}$/.test(found)', 'found.length > 0'],
  ]),
];
