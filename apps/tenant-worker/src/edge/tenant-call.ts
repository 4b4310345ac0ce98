/** Calls to a tenant's object that may be made twice. */

/**
 * Calls once, and once more when the platform says that the call never ran (a reset, a lost connection). An overloaded
 * object is not asked again. `call` must take a fresh stub each time: a stub stays broken after such an error.
 */
export async function callTenant<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isRetryable(error)) throw error;
    return await call();
  }
}

/** Durable Object errors carry these flags (Cloudflare docs, Durable Objects error handling). */
function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const retryable = 'retryable' in error && error.retryable === true;
  const overloaded = 'overloaded' in error && error.overloaded === true;
  return retryable && !overloaded;
}
