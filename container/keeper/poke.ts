/**
 * Tells the tenant's object that something changed: a POST without content. The object looks for itself, also without being
 * told, so a lost poke costs time and nothing else.
 */

const pokeUrl = 'http://tenant.tidepool.internal/poke';
const pokeTimeoutMs = 2_000;

export class Poker {
  readonly #send: () => Promise<void>;
  #inFlight = false;
  #again = false;

  /** @param send one attempt; must not reject */
  constructor(send: () => Promise<void> = sendPoke) {
    this.#send = send;
  }

  /** One request at a time; changes meanwhile become one more. */
  poke(): void {
    if (this.#inFlight) {
      this.#again = true;
      return;
    }
    this.#inFlight = true;
    void this.#send().finally(() => {
      this.#inFlight = false;
      if (!this.#again) return;
      this.#again = false;
      this.poke();
    });
  }
}

async function sendPoke(): Promise<void> {
  try {
    const response = await fetch(pokeUrl, { method: 'POST', signal: AbortSignal.timeout(pokeTimeoutMs) });
    await response.body?.cancel();
  } catch {
    // The object also probes.
  }
}
