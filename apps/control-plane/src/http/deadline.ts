/** How long a request may take, from its first byte to the head of its answer; what runs beyond it is not waited for. */
import { AppError } from '../contract/errors.ts';

/** A page waits for these; what it shows instead is better than a spinner. */
export const readDeadlineMs = 10_000;
/** A change asks the cell once or twice, which has ten seconds each. */
export const changeDeadlineMs = 25_000;
/** A part of an upload over a slow line. The dashboard gives up at the same time. */
export const uploadDeadlineMs = 300_000;
/** A small body, which any line brings at once. */
export const bodyDeadlineMs = 15_000;

/** The work's result, or a rejection with what `late` makes when it takes longer. The work itself is not stopped. */
export async function within<T>(deadlineMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), deadlineMs);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

export function answerLate(): AppError {
  return new AppError('upstream_unavailable', {
    detail: 'A part of Tidepool did not answer in time. What you asked for may still happen.',
    next: 'Look whether it did; else send it again, with the same Idempotency-Key if it had one.',
    retryAfterSeconds: 5,
  });
}

export function bodyLate(): AppError {
  return new AppError('request_timeout', {
    detail: 'The body did not arrive in time.',
    next: 'Send it again over a faster connection.',
  });
}
