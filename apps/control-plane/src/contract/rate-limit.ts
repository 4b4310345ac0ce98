/**
 * Rate limits as both Workers use them: what a rule is, whose request counts as one client's, and which keys were over
 * their limit just now. The counting itself is the platform's (Rate Limiting binding: per location, approximate), behind
 * `RateCounter`. What must hold: a counter that fails shuts nobody out, and a flood costs one count per key at most every
 * few seconds once its key is over.
 */

export interface RateRule {
  /** The binding in wrangler.toml that counts it; a test holds its numbers equal to these. */
  readonly binding: string;
  /** Requests within the period, per key and location. */
  readonly limit: number;
  /** The platform counts over 10 or 60 seconds. */
  readonly periodSeconds: 10 | 60;
}

export interface RateCounter {
  /** Counts one more under the key; false when that is over the rule's limit. May reject. */
  count(rule: RateRule, key: string): Promise<boolean>;
}

export interface RateCheck {
  readonly rule: RateRule;
  readonly key: string;
}

export interface RateLimitsOptions {
  readonly counter: RateCounter;
  readonly nowMs: () => number;
  /** Told when a count failed; the request goes on. */
  failed(error: unknown): void;
}

/** A key that is over is refused from memory this long, then counted again. */
const overKeptMs = 5_000;
/** Keys remembered as over; the oldest goes first, and is then counted like any other. */
const overKeysMax = 10_000;

export class RateLimits {
  readonly #options: RateLimitsOptions;
  readonly #overUntilMs = new Map<string, number>();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
  }

  /**
   * Counts the request under each check until one is over. Null when all are within; else the seconds after which the
   * client is within its limit again. Never rejects. A check behind one that is over is not counted, so that one client
   * cannot use up what all share.
   */
  async over(checks: readonly RateCheck[]): Promise<number | null> {
    for (const { rule, key } of checks) {
      if (await this.#isOver(rule, key)) return rule.periodSeconds;
    }
    return null;
  }

  /** Keys that are over at the moment, as far as this isolate knows. */
  get remembered(): number {
    return this.#overUntilMs.size;
  }

  async #isOver(rule: RateRule, key: string): Promise<boolean> {
    const remembered = `${rule.binding} ${key}`;
    const nowMs = this.#options.nowMs();
    const untilMs = this.#overUntilMs.get(remembered);
    if (untilMs !== undefined) {
      if (nowMs < untilMs) return true;
      this.#overUntilMs.delete(remembered);
    }
    try {
      if (await this.#options.counter.count(rule, key)) return false;
    } catch (error) {
      this.#options.failed(error);
      return false;
    }
    this.#overUntilMs.set(remembered, nowMs + overKeptMs);
    const oldest = this.#overUntilMs.keys().next();
    if (this.#overUntilMs.size > overKeysMax && oldest.done !== true) this.#overUntilMs.delete(oldest.value);
    return true;
  }
}

/**
 * Whose request it is, from `CF-Connecting-IP`: the platform writes that header itself and overwrites a client's (on a
 * laptop the runtime writes the socket's address there). An IPv6 customer has a whole /64, so that is one client; an IPv4
 * address written as IPv6 is the IPv4 one. No address, or none that can be read, is one client together.
 */
export function clientKeyOf(connectingIp: string | null): string {
  const text = (connectingIp ?? '').trim().toLowerCase();
  if (ipv4.test(text)) return text;
  const groups = ipv6Groups(text);
  if (groups === null) return 'unknown';
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

/** The eight groups of an IPv6 address; null when it is none. */
function ipv6Groups(text: string): readonly number[] | null {
  const [address = '', zone] = text.split('%');
  if (zone === '' || !/^[0-9a-f:.]{2,45}$/.test(address)) return null;
  const parts = address.split('::');
  if (parts.length > 2) return null;
  const sides = parts.map(groupsOf);
  const [left, right] = [sides[0], parts.length === 2 ? sides[1] : []];
  if (left === null || left === undefined || right === null || right === undefined) return null;
  const missing = 8 - left.length - right.length;
  if (parts.length === 2 ? missing < 1 : missing !== 0) return null;
  return [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

/** The groups on one side of `::`; a dotted quad at the end stands for two. */
function groupsOf(side: string): readonly number[] | null {
  if (side === '') return [];
  const groups: number[] = [];
  const pieces = side.split(':');
  for (const [at, piece] of pieces.entries()) {
    if (at === pieces.length - 1 && ipv4.test(piece)) {
      const [a = 0, b = 0, c = 0, d = 0] = piece.split('.').map(Number);
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-f]{1,4}$/.test(piece)) groups.push(Number.parseInt(piece, 16));
    else return null;
  }
  return groups;
}
