/** The header that makes a browser save a file under its own name (RFC 6266), whatever the name holds. Pure. */

const charsMax = 120;

/** @param path the name is its last part; characters that mean something to a header or a disk are replaced */
export function attachmentOf(path: string): string {
  const name = (path.split('/').at(-1) ?? '')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/gu, '_')
    .slice(0, charsMax)
    // A pair of code units is not cut in half, and neither end is one that a disk drops.
    .replace(/[\uD800-\uDBFF]$/, '')
    .replace(/^[. ]+/, '_')
    .replace(/[. ]+$/, '_');
  const known = name === '' ? 'file' : name;
  const ascii = known.replaceAll(/[^\x20-\x7e]/g, '_');
  const encoded = encodeURIComponent(known).replaceAll(
    /['()]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
