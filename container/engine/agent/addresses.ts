// The made-local address range of a container's network, shared by the agent (inside) and the engine (outside).
// No dependencies: the agent's folder is mounted alone.

/**
 * Routed to `lo` inside each container's own network namespace, so nothing here ever leaves it. It must look public:
 * programs with a guard against private addresses (OpenClaw is one) would refuse every name in a private range.
 */
export const LOCAL_RANGE = '11.0.0.0/8';
const RANGE_FIRST = 11 * 2 ** 24;
const RANGE_SIZE = 2 ** 24;

/** The container's own address: a program that listens on 127.0.0.1 only is not reachable, as in production. */
export const CONTAINER_ADDRESS = '11.0.0.1';
/** Names get addresses from here on. */
const FIRST_NAME = 256;
/** Distinct names one container may have in use; the least recently asked one is forgotten. */
const NAMES_MAX = 8_192;

export const EGRESS_PORTS: readonly number[] = [80, 443];
export const DNS_PORT = 53;

/** Gives each name its own address and never gives an address twice, so a stale one reaches nobody else's name. */
export class NameTable {
  readonly #addressOf = new Map<string, string>();
  readonly #nameOf = new Map<string, string>();
  #next = FIRST_NAME;

  /** The name's address, made on first use; undefined when the range is used up. */
  assign(name: string): string | undefined {
    const known = this.#addressOf.get(name);
    if (known !== undefined) {
      this.#addressOf.delete(name);
      this.#addressOf.set(name, known);
      return known;
    }
    if (this.#next >= RANGE_SIZE - 1) return undefined;
    const address = toDotted(RANGE_FIRST + this.#next++);
    const oldest = this.#addressOf.entries().next();
    if (this.#addressOf.size >= NAMES_MAX && !oldest.done) {
      this.#addressOf.delete(oldest.value[0]);
      this.#nameOf.delete(oldest.value[1]);
    }
    this.#addressOf.set(name, address);
    this.#nameOf.set(address, name);
    return address;
  }

  /** The name an address stands for, or undefined. */
  nameOf(address: string): string | undefined {
    return this.#nameOf.get(address);
  }
}

function toDotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
