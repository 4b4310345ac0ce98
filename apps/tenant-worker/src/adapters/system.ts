/** The only place of this Worker that reads the clock, waits, or draws randomness for ids. */
import { ulidFrom } from '../../../control-plane/src/contract/ids.ts';
import type { Clock, Ids } from '../ports.ts';
import type { Timers } from '../services/lifecycle-ports.ts';

export const systemClock: Clock = { nowMs: () => Date.now() };

export const systemIds: Ids = {
  ulid: () => ulidFrom(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
};

export const systemTimers: Timers = {
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};
