/** Errors to HTTP: the one place where a failure becomes an answer. The chain goes to the log, a sentence to the caller. */
import { AppError, errorCatalogue, toProblem } from '../contract/errors.ts';

export function problemResponse(error: unknown, requestId: string, platformOrigin: string): Response {
  const known = error instanceof AppError ? error : internal(error);
  const kind = errorCatalogue[known.code];
  if (kind.status >= 500) {
    console.error(JSON.stringify({ log: 'request.failed', requestId, code: known.code, error: describe(known) }));
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

/** Message and causes, bounded. */
function describe(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error, i = 0; at !== undefined && at !== null && i < 5; i++) {
    parts.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(' <- ').slice(0, 1_000);
}
