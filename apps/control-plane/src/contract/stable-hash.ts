/**
 * A number that is the same for a text for ever, spread evenly: who is in the first tenth of a rollout, at which hour of
 * the week a drill runs. Not for secrets.
 */

/** FNV-1a over UTF-8-safe code units, finished so that near texts are far apart. An integer in [0, 2^32). */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
