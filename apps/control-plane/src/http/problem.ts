/** Errors to HTTP: the one place where a failure becomes an answer. The chain goes to the log, a sentence to the caller. */
import { AppError, errorCatalogue, toProblem } from '../contract/errors.ts';
import { describeError, printEvent } from '../events.ts';

export function problemResponse(error: unknown, requestId: string, platformOrigin: string): Response {
  const known = error instanceof AppError ? error : internal(error);
  const kind = errorCatalogue[known.code];
  if (kind.status >= 500) {
    printEvent('request.failed', { requestId, code: known.code, error: describeError(known) });
  }
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  if (known.options.retryAfterSeconds !== undefined)
    headers.set('retry-after', String(known.options.retryAfterSeconds));
  return new Response(JSON.stringify(toProblem(known, requestId, platformOrigin)), { status: kind.status, headers });
}

function internal(cause: unknown): AppError {
  return new AppError('internal', {
    detail: 'Something failed on our side.',
    next: 'Try again; if it goes on, send support the request id.',
    cause,
  });
}
