/**
 * What the tenant host answers by itself: a page for a person, a problem for a program, a redirect. Every answer carries
 * the headers of `commonHeaders` and is stored nowhere.
 */
import type { ErrorCode } from '../../../control-plane/src/contract/errors.ts';
import { AppError, errorCatalogue, toProblem } from '../../../control-plane/src/contract/errors.ts';
import type { EdgeRefusal } from '../core/edge/admission.ts';
import { controlUiPolicies, tabScriptTag } from '../core/edge/control-ui.ts';
import { pagePolicy } from '../core/edge/pages/document.ts';
import { goneServiceWorker, renderNotice } from '../core/edge/pages/notice.ts';
import type { StatusView } from '../core/edge/pages/status.ts';
import { tabScript } from '../core/edge/pages/tab-script.ts';
import { renderWaitingPage } from '../core/edge/pages/waiting.ts';
import { commonHeaders, immutable } from '../core/edge/response-headers.ts';
import type { ControlUiPage } from './control-ui.ts';
import { toHeaders } from './headers.ts';

export interface AnswerContext {
  readonly platformOrigin: string;
  /** The tenant's origin, or the platform's when the host is not one of ours. */
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: string;
  readonly isNavigation: boolean;
}

export interface AnswerExtras {
  readonly headers?: readonly (readonly [string, string])[];
  readonly retryAfterSeconds?: number;
  readonly action?: { readonly label: string; readonly href: string };
  readonly retries?: boolean;
}

export class Answers {
  readonly #context: AnswerContext;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  #headers(type: string | null, more: readonly (readonly [string, string])[] = []): Headers {
    return toHeaders([
      ...commonHeaders(this.#context.origin),
      ['cache-control', 'private, no-store'],
      ['x-request-id', this.#context.requestId],
      ...(type === null ? [] : [['content-type', type] as const]),
      ...more,
    ]);
  }

  #html(body: string, status: number, more: readonly (readonly [string, string])[]): Response {
    const policy = pagePolicy(this.#context.nonce, this.#context.platformOrigin);
    const headers = this.#headers('text/html; charset=utf-8', [['content-security-policy', policy], ...more]);
    return new Response(body, { status, headers });
  }

  /** A refusal, as a page to a person and as a problem to a program. */
  refuse(refusal: EdgeRefusal, extras: AnswerExtras = {}): Response {
    const { nonce, platformOrigin, requestId } = this.#context;
    const { status, title } = errorCatalogue[refusal.code];
    const headers = [...(extras.headers ?? [])];
    if (extras.retryAfterSeconds !== undefined) headers.push(['retry-after', String(extras.retryAfterSeconds)]);
    if (!this.#context.isNavigation) {
      const problem = toProblem(new AppError(refusal.code, refusal), requestId, platformOrigin);
      return new Response(JSON.stringify(problem), {
        status,
        headers: this.#headers('application/problem+json', headers),
      });
    }
    const { action, retries } = extras;
    const page = renderNotice({
      nonce,
      platformOrigin,
      requestId,
      title,
      ...refusal,
      ...(action ? { action } : {}),
      ...(retries ? { retries } : {}),
    });
    return this.#html(page, status, headers);
  }

  waiting(view: StatusView): Response {
    const { nonce, platformOrigin } = this.#context;
    const status = errorStatus(view.kind);
    return this.#html(renderWaitingPage({ nonce, platformOrigin, view }), status, []);
  }

  /** The Control UI's page of a release, with our script over it until its socket connects. */
  controlUiPage({ html, scriptHashes }: ControlUiPage, view: StatusView): Response {
    const policies = controlUiPolicies(this.#context.origin, scriptHashes);
    return new Response(
      html.replace(/<head\b[^>]*>/i, (head) => head + tabScriptTag(view)),
      {
        headers: this.#headers(
          'text/html; charset=utf-8',
          policies.map((policy) => ['content-security-policy', policy]),
        ),
      },
    );
  }

  /** One of the Control UI's files; of what the file store says about it only its type is kept. */
  controlUiFile(file: Response, isImmutable: boolean): Response {
    const policies = controlUiPolicies(this.#context.origin, []);
    const headers = this.#headers(
      file.headers.get('content-type') ?? 'application/octet-stream',
      policies.map((policy) => ['content-security-policy', policy]),
    );
    if (isImmutable) headers.set('cache-control', immutable);
    return new Response(file.body, { headers });
  }

  /** What our own script is, on the Control UI's page. */
  tabScript(): Response {
    const script = tabScript(this.#context.platformOrigin);
    return new Response(script, { headers: this.#headers('text/javascript; charset=utf-8') });
  }

  json(body: unknown, status = 200): Response {
    return new Response(JSON.stringify(body), { status, headers: this.#headers('application/json') });
  }

  redirect(location: string, status: 302 | 303, cookies: readonly string[] = []): Response {
    const headers = [['location', location] as const, ...cookies.map((cookie) => ['set-cookie', cookie] as const)];
    return new Response(null, { status, headers: this.#headers(null, headers) });
  }

  /** A deleted assistant: nothing of it may stay in a browser either. */
  gone(path: string): Response {
    if (path === '/sw.js') {
      return new Response(goneServiceWorker, { headers: this.#headers('text/javascript; charset=utf-8') });
    }
    const refusal = {
      code: 'tenant_deleted' as const,
      detail: 'The assistant at this address was deleted. The address is not given to anybody else.',
      next: 'Create a new assistant in the dashboard.',
    };
    return this.refuse(refusal, { headers: [['clear-site-data', '"cache", "cookies", "storage"']] });
  }
}

/** A page about work in progress is a page; one that says "not now" says so in its status too. */
function errorStatus(kind: StatusView['kind']): number {
  const codes: Record<StatusView['kind'], ErrorCode | null> = {
    waiting: null,
    asleep: null,
    suspended: 'tenant_suspended',
    needs_operator: 'tenant_needs_operator',
    deleting: 'tenant_deleted',
    absent: 'tenant_unknown',
  };
  const code = codes[kind];
  return code === null ? 200 : errorCatalogue[code].status;
}
