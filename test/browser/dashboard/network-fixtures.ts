/** The network of the fixture assistant: its policy, what was refused, the traffic, and the log as it is searched. */
import { endpoints } from '../../../apps/control-plane/src/contract/api.ts';

const NOW_MS = Date.now();

export function network() {
  const rule = { id: 'r1', host: '*.example.com', methods: ['GET'], pathPrefix: '/v1', effect: 'allow', note: '' };
  const answer = { id: 'a1', host: 'api.example.org', method: 'GET', byUserId: 'usr1', atMs: NOW_MS - 60_000 };
  const refused = { method: 'GET', pathPrefix: '/', count: 3, firstAtMs: NOW_MS - 90_000, lastAtMs: NOW_MS - 5_000 };
  return endpoints.networkRead.response.parse({
    policy: {
      version: 4,
      preset: 'balanced',
      rules: [rule],
      approvals: [
        { ...answer, verdict: 'once', expiresAtMs: NOW_MS + 840_000 },
        { ...answer, id: 'a2', method: null, verdict: 'never', expiresAtMs: null },
      ],
      updatedAtMs: NOW_MS,
      updatedBy: 'usr1',
    },
    denied: [
      { ...refused, host: 'news.example.net', rule: 'preset:balanced', reason: 'not_listed', canAllow: true },
      {
        ...refused,
        host: '169.254.169.254',
        rule: 'platform:link_local',
        reason: 'address_link_local',
        canAllow: false,
      },
    ],
    traffic: [
      { day: '2026-11-21', host: 'en.wikipedia.org', allowed: 12, denied: 0, bytesOut: 900, bytesIn: 481_000 },
      { day: '2026-11-21', host: 'news.example.net', allowed: 0, denied: 3, bytesOut: 0, bytesIn: 0 },
      { day: '2026-11-20', host: 'pypi.org', allowed: 2, denied: 0, bytesOut: 100, bytesIn: 52_000 },
    ],
  });
}

/** Answers as the cell would to the search in `url`: by host and effect, two to a page. */
export function networkLog(url: URL) {
  const entry = { method: 'GET', path: '/wiki/Tide', effect: 'allow', rule: 'preset:balanced/*.wikipedia.org' };
  const refused = { method: 'POST', path: '/', effect: 'ask', rule: 'preset:balanced', status: 403 };
  const all = [
    { ...entry, host: 'en.wikipedia.org', reason: 'preset_lists', status: 200, bytesOut: 0, bytesIn: 48_100 },
    { ...refused, host: 'news.example.net', reason: 'not_listed', bytesOut: 0, bytesIn: 0 },
    { ...entry, host: 'de.wikipedia.org', reason: 'preset_lists', status: null, bytesOut: 0, bytesIn: 0 },
  ].map((row, i) => ({ ...row, seq: 3 - i, atMs: NOW_MS - i * 60_000 }));
  const query = url.searchParams;
  const found = all.filter(
    ({ seq, host, effect }) =>
      seq < Number(query.get('cursor') ?? 99) &&
      host.includes(query.get('host') ?? '') &&
      (query.get('effect') ?? effect) === effect,
  );
  const nextCursor = found.length > 2 ? String(found[1]?.seq) : null;
  return endpoints.networkLog.response.parse({ items: found.slice(0, 2), nextCursor });
}
