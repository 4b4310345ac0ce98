/** Waiting that ends. */
import type { Timers } from './lifecycle-ports.ts';

/** Rejects when `promise` is not settled in time. The call itself is not cancelled: its late result is ignored. */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  what: string,
  timers: Timers,
): Promise<T> {
  let takeBack: (() => void) | undefined;
  const deadline = new Promise<never>((_, reject) => {
    takeBack = timers.after(timeoutMs, () => reject(new Error(`${what}: no answer within ${timeoutMs} ms`)));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    takeBack?.();
  }
}
