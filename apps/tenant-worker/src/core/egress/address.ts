/**
 * IP addresses as a request may spell them, and whether each belongs to the public internet. A form that carries another
 * address inside (IPv4-mapped, NAT64, 6to4, Teredo, ISATAP) is as private as what it carries. Only what is known to be
 * public is called public: an unknown range is `reserved`.
 */

export type AddressClass =
  | 'public'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'shared'
  | 'multicast'
  | 'reserved'
  | 'embedded';

/** https://www.iana.org/assignments/iana-ipv4-special-registry; the first match counts. */
const ipv4Ranges: readonly (readonly [string, number, AddressClass])[] = [
  ['127.0.0.0', 8, 'loopback'],
  ['10.0.0.0', 8, 'private'],
  ['172.16.0.0', 12, 'private'],
  ['192.168.0.0', 16, 'private'],
  ['169.254.0.0', 16, 'link_local'],
  ['100.64.0.0', 10, 'shared'],
  ['224.0.0.0', 4, 'multicast'],
  ['0.0.0.0', 8, 'reserved'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'reserved'],
  ['192.31.196.0', 24, 'reserved'],
  ['192.52.193.0', 24, 'reserved'],
  ['192.88.99.0', 24, 'reserved'],
  ['192.175.48.0', 24, 'reserved'],
  ['198.18.0.0', 15, 'reserved'],
  ['198.51.100.0', 24, 'reserved'],
  ['203.0.113.0', 24, 'reserved'],
  ['240.0.0.0', 4, 'reserved'],
];

/** A part of an IPv4 address as C libraries read it: hexadecimal after 0x, octal after 0, else decimal. */
function readPart(part: string): number | null {
  if (/^0x[0-9a-f]*$/i.test(part)) return part.length === 2 ? 0 : Number.parseInt(part.slice(2), 16);
  if (/^0[0-7]+$/.test(part)) return Number.parseInt(part, 8);
  return /^(0|[1-9]\d*)$/.test(part) ? Number(part) : null;
}

/** Whether a client would try to read this host as an IPv4 address: its last label is a number. */
export function looksLikeIpv4(host: string): boolean {
  const last = host.split('.').at(-1) ?? '';
  return /^\d+$/.test(last) || /^0x[0-9a-f]*$/i.test(last);
}

/** All forms of inet_aton: one to four parts, the last filling what is left. */
export function parseIpv4(host: string): number | null {
  const parts = host.split('.');
  if (parts.length > 4) return null;
  const numbers = parts.map(readPart);
  let value = 0;
  for (const [i, number] of numbers.entries()) {
    if (number === null) return null;
    const isLast = i === numbers.length - 1;
    if (number >= (isLast ? 256 ** (5 - numbers.length) : 256)) return null;
    value += isLast ? number : number * 256 ** (3 - i);
  }
  return value;
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Eight groups, or null. No zone ids: a request that names an interface of ours has no place outside. */
export function parseIpv6(text: string): readonly number[] | null {
  if (!/^[0-9a-f:.]+$/i.test(text)) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map(readGroups);
  const [head, tail] = groups;
  if (!head || tail === null) return null;
  if (tail === undefined) return head.length === 8 ? head : null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function readGroups(text: string): number[] | null {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      if (i !== parts.length - 1 || !/^\d{1,3}(\.\d{1,3}){3}$/.test(part)) return null;
      const v4 = parseIpv4(part);
      if (v4 === null) return null;
      out.push(Math.floor(v4 / 65_536), v4 % 65_536);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
      out.push(Number.parseInt(part, 16));
    }
  }
  return out;
}

/** RFC 5952: lower case, the longest run of zeros shortened. */
export function formatIpv6(groups: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

export function classifyIpv4(value: number): AddressClass {
  for (const [base, bits, found] of ipv4Ranges) {
    const size = 2 ** (32 - bits);
    if (Math.floor(value / size) === Math.floor((parseIpv4(base) ?? 0) / size)) return found;
  }
  return 'public';
}

/** Only global unicast (2000::/3) can be public, and of that only what carries no other address and is not special. */
export function classifyIpv6(groups: readonly number[]): AddressClass {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const low = g * 65_536 + h;
  if (a === 0 && b === 0 && c === 0 && d === 0 && (e === 0 || e === 0xffff || f === 0xffff)) {
    // ::1, ::, IPv4-compatible, IPv4-mapped and -translated: what matters is the address inside.
    if (e === 0 && f === 0 && g === 0 && h <= 1) return h === 1 ? 'loopback' : 'reserved';
    const inner = classifyIpv4(low);
    return inner === 'public' ? 'embedded' : inner;
  }
  if (a === 0x64 && b === 0xff9b) return 'embedded';
  if (a === 0x2002 || (a === 0x2001 && b === 0)) return 'embedded';
  if (f === 0x5efe && (e === 0 || e === 0x200)) return 'embedded';
  if (a >= 0xfc00 && a <= 0xfdff) return 'private';
  if (a >= 0xfe80 && a <= 0xfebf) return 'link_local';
  if (a >= 0xff00) return 'multicast';
  if (a < 0x2000 || a > 0x3fff) return 'reserved';
  // 2001::/23 protocol assignments, 2001:db8::/32 and 3fff::/20 documentation, 2620:4f:8000::/48 AS112.
  if (a === 0x2001 && (b < 0x200 || b === 0xdb8)) return 'reserved';
  if (a === 0x3fff && b < 0x1000) return 'reserved';
  return a === 0x2620 && b === 0x4f && c === 0x8000 ? 'reserved' : 'public';
}
