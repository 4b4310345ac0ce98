/**
 * The last lines of keeper and gateway, bounded in count and length, with anything that looks like a credential removed
 * before it is kept. Redaction is the second net: no credential of the platform is in the container to begin with.
 */

const linesMax = 2_000;
const lineCharsMax = 4_000;

/** Shapes, each with what remains of it. Order matters: the specific before the general. */
const credentialShapes: readonly (readonly [RegExp, string])[] = [
  [/\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi, 'Bearer [redacted]'],
  [/\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{12,}/g, '[redacted key]'],
  [/\bgh[opsu]_[A-Za-z0-9]{20,}/g, '[redacted key]'],
  [/\bxox[abeprs]-[A-Za-z0-9-]{10,}/g, '[redacted key]'],
  [/\bAKIA[A-Z0-9]{16}\b/g, '[redacted key]'],
  [/\bAIza[A-Za-z0-9_-]{30,}/g, '[redacted key]'],
  [/\b\d{6,12}:[A-Za-z0-9_-]{30,}/g, '[redacted bot token]'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, '[redacted jwt]'],
  [
    /(authorization|x-api-key|api[_-]?key|access[_-]?token|refresh[_-]?token|token|secret|password|passwd)(["']?\s*[:=]\s*["']?)(?!Bearer \[)[^\s"',;&}\]]{6,}/gi,
    '$1$2[redacted]',
  ],
  [/(:\/\/[^\s/:@]+:)[^\s/@]+@/g, '$1[redacted]@'],
];

/** Replaces what looks like a credential. Total; output is never longer than a small multiple of the input. */
export function redact(line: string): string {
  let result = line;
  for (const [shape, replacement] of credentialShapes) result = result.replace(shape, replacement);
  return result;
}

export class LogRing {
  readonly #lines: string[] = [];

  /** Adds one line of `source`. */
  add(source: 'keeper' | 'gateway', line: string): void {
    this.#lines.push(`${source}: ${redact(line.slice(0, lineCharsMax))}`);
    if (this.#lines.length > linesMax) this.#lines.shift();
  }

  /** Splits a stream of text into lines; feed chunks as they come, call with null at the end. */
  feeder(source: 'keeper' | 'gateway'): (chunk: string | null) => void {
    let rest = '';
    return (chunk) => {
      const parts = (rest + (chunk ?? '\n')).split('\n');
      rest = (parts.pop() ?? '').slice(0, lineCharsMax);
      for (const part of parts) if (part !== '') this.add(source, part);
    };
  }

  /** The last `count` lines, oldest first. */
  tail(count: number): string {
    return this.#lines.slice(-count).join('\n');
  }
}
