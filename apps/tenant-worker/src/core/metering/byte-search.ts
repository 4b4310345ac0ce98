/**
 * Looks for ASCII words in bytes without making them text first. Most of an answer's events say nothing that metering
 * reads, and that is told here at a fraction of what decoding and parsing them costs.
 */

/** Where the word next begins in `bytes[from, to)`, or -1. */
type Finder = (bytes: Uint8Array, from: number, to: number) => number;

/** Horspool's search: looks at a word's last byte first, and goes on by as much as that byte allows. */
export function finder(word: string): Finder {
  const sought = Uint8Array.from(word, (char) => char.charCodeAt(0));
  const last = sought.length - 1;
  const shifts = new Uint8Array(256).fill(sought.length);
  for (let at = 0; at < last; at += 1) shifts[sought[at] ?? 0] = last - at;
  return (bytes, from, to) => {
    for (let at = from; at + last < to; at += shifts[bytes[at + last] ?? 0] ?? 1) {
      let same = last;
      while (same >= 0 && bytes[at + same] === sought[same]) same -= 1;
      if (same < 0) return at;
    }
    return -1;
  };
}

const usageKey = '"usage"';
const findUsageKey = finder(usageKey);

/** Whether `"usage"` stands in `bytes[from, to)`. */
export function namesUsage(bytes: Uint8Array, from: number, to: number): boolean {
  return findUsageKey(bytes, from, to) >= 0;
}

/**
 * Whether `"usage"` stands in `bytes[from, to)` with an object after it. OpenAI's chunks say `"usage":null` but for one, so
 * that the name alone tells nothing.
 */
export function hasUsageObject(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = findUsageKey(bytes, from, to); at >= 0; at = findUsageKey(bytes, at + 1, to)) {
    const colon = afterSpace(bytes, at + usageKey.length, to);
    const value = afterSpace(bytes, colon + 1, to);
    if (value < to && bytes[colon] === COLON && bytes[value] === OBJECT) return true;
  }
  return false;
}

const COLON = 0x3a;
const OBJECT = 0x7b;

/** JSON's white space. */
function afterSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d)) at += 1;
  return at;
}
