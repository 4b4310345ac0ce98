/** How much a browser may send over one socket: so many messages and bytes at once, and so many in a second after that. */
import { messagesBurst, messagesPerSecond, uploadBurstBytes, uploadBytesPerSecond } from './limits.ts';

export class FrameBudget {
  #messages = messagesBurst;
  #bytes = uploadBurstBytes;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Takes one message of so many bytes; false when that is more than there is. A clock that goes back gives nothing. */
  spend(bytes: number, nowMs: number): boolean {
    const seconds = Math.max(0, nowMs - this.#atMs) / 1_000;
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#messages = Math.min(messagesBurst, this.#messages + seconds * messagesPerSecond) - 1;
    this.#bytes = Math.min(uploadBurstBytes, this.#bytes + seconds * uploadBytesPerSecond) - bytes;
    return this.#messages >= 0 && this.#bytes >= 0;
  }
}
