/**
 * Model calls of one tenant, from the container's request to the settled charge. Runs inside the `Tenant` object, which
 * owns the upstream call, so that a client that goes away loses the answer and not the usage.
 *
 * Order, which nothing may change: parse → who pays → reserve (durable) → call → pass bytes on → settle. A refusal happens before
 * any upstream call; after a reservation exactly one of settle, release and `unknown` follows (a crash: `Ledger.orphan`).
 */
import type { BudgetUse, SpendBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { err, ok, type Result } from '../../../control-plane/src/contract/result.ts';
import { stableHash } from '../../../control-plane/src/contract/stable-hash.ts';
import type { AiRefusal } from '../core/metering/ai-error.ts';
import { pathNotAllowed, requestInvalid } from '../core/metering/ai-error.ts';
import { parseAiRequest, type AiRequest, type BoundedRequest } from '../core/metering/ai-request.ts';
import { findRoute, parseProvider, type AiProvider, type AiRoute } from '../core/metering/ai-route.ts';
import { budgetReached, spendPaused } from '../core/metering/budget-words.ts';
import { createUsageChunkFilter } from '../core/metering/chat-usage-chunk.ts';
import { createUsageMeter } from '../core/metering/usage-meter.ts';
import { judge } from '../core/metering/verdict.ts';
import { keyRefused, refusesKey } from '../core/metering/payer.ts';
import type { Ledger, Reserved } from '../modules/ledger.ts';
import type { Clock, Ids } from '../ports.ts';
import { readBoundedText } from './bounded-body.ts';
import { toClientHeaders, toUpstreamHeaders } from './headers.ts';
import type { Payment, Payments } from './payment.ts';
import {
  busy,
  duplicateRequest,
  ledgerUnavailable,
  misconfigured,
  noUpstream,
  refuse,
  refuseTurn,
  tooLarge,
  upstreamUnreachable,
} from './refuse.ts';
import { startRelay, type RelayEnd, type RelayLimits } from './relay.ts';
import type { AiUpstream } from './upstream.ts';

export interface AiLimits extends RelayLimits {
  readonly bodyBytesMax: number;
  /** Calls of one tenant at a time. An assistant with several sessions and helpers needs a handful. */
  readonly concurrentMax: number;
  /** Until the upstream's first byte. A long answer that is not streamed comes as a whole after minutes. */
  readonly answerBeginsMs: number;
  /** An error body of the upstream that is passed on. */
  readonly errorBytesMax: number;
}

export const aiLimits: AiLimits = {
  bodyBytesMax: 24 * 1024 * 1024,
  concurrentMax: 16,
  answerBeginsMs: 600_000,
  errorBytesMax: 64 * 1024,
  upstreamSilentMs: 300_000,
  clientStalledMs: 120_000,
  drainMs: 600_000,
  drainBytes: 64 * 1024 * 1024,
  answerMs: 840_000,
};

export interface AiContext {
  readonly tenantId: string;
  readonly slug: string;
  readonly incarnation: number;
  /** Of the month. */
  readonly capNanoUsd: number;
  /** Beside the cap; none when left out. */
  readonly budgets?: SpendBudgets | undefined;
}

/** What became of one reservation. */
export interface AiSettled {
  readonly requestId: string;
  readonly result: 'charged' | 'released' | 'unknown';
  readonly costNanoUsd: number;
}

export interface AiDispatchDeps {
  readonly ledger: Pick<Ledger, 'reserve' | 'settle' | 'release' | 'markUnknown' | 'currentPeriod'>;
  readonly upstream: AiUpstream;
  readonly payments: Payments;
  /** The platform's, unless a test says otherwise. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits?: AiLimits;
  /** Called after each end, in the same turn as the ledger's write. */
  readonly onSettled: (settled: AiSettled) => void;
  /** A request was refused because this budget is reached. */
  readonly onBudgetReached?: (use: BudgetUse) => void;
  /** Keeps the object alive until the promise ends (`ctx.waitUntil`). */
  readonly keepAlive: (work: Promise<unknown>) => void;
  /** For the log: something of ours failed. Never called with content. */
  readonly onFault: (event: string, error: unknown) => void;
}

export interface AiDispatch {
  /** Answers a request to `http://ai.tidepool.internal/<provider>/<path>`. Never throws. */
  handle(request: Request, ctx: AiContext): Promise<Response>;
}

export function createAiDispatch(deps: AiDispatchDeps): AiDispatch {
  const limits = deps.limits ?? aiLimits;
  const callUpstream = deps.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  let active = 0;

  async function handle(request: Request, ctx: AiContext): Promise<Response> {
    const requestId = deps.ids.ulid();
    const { provider, path } = splitPath(request.url);
    const route = provider && findRoute(provider, request.method, path);
    if (!route) return refuse(provider ?? 'openai', pathNotAllowed(request.method, path), requestId);
    if (active >= limits.concurrentMax) return refuse(route.provider, busy(limits.concurrentMax), requestId);
    active += 1;
    const finished = Promise.withResolvers<void>();
    let open = true;
    const done = (): void => {
      if (open) active -= 1;
      open = false;
      finished.resolve();
    };
    deps.keepAlive(finished.promise);
    try {
      return await serve({ request, ctx, route, requestId, done });
    } catch (error) {
      deps.onFault('ai.dispatch_failed', error);
      done();
      return refuse(route.provider, ledgerUnavailable, requestId);
    }
  }

  interface Job {
    readonly request: Request;
    readonly ctx: AiContext;
    readonly route: AiRoute;
    readonly requestId: string;
    /** Call when nothing more is to be done for this request; again changes nothing. */
    readonly done: () => void;
  }

  interface OpenJob extends Job {
    readonly bodyText: string;
    readonly payment: Payment;
  }

  async function serve(job: Job): Promise<Response> {
    const { request, ctx, route, requestId } = job;
    let bodyText = '';
    const refused = (refusal: AiRefusal): Response => {
      job.done();
      return refuseTurn({ route, bodyText, requestId, nowMs: deps.clock.nowMs() }, refusal);
    };
    const body = await readBoundedText(request.body, request.headers.get('content-length'), limits.bodyBytesMax);
    if (body.kind === 'too_large') return refused(tooLarge(limits.bodyBytesMax));
    if (body.kind === 'unreadable') return refused(requestInvalid('The request body is not UTF-8 text or broke off.'));
    bodyText = body.text;
    const parsed = parseAiRequest({ route, bodyText, bodyBytes: body.bytes, nowMs: deps.clock.nowMs() });
    if (!parsed.ok) return refused(parsed.error);
    const paid = await deps.payments.of(route.provider);
    if (!paid.ok) return refused(paid.error);
    const payment = paid.value;
    const customerKey = payment.kind === 'customer' ? payment.plain : null;
    const call = deps.upstream.call(route, { tenantId: ctx.tenantId, requestId }, customerKey);
    if (!call) return refused(noUpstream(route.provider));
    const reserved = reserve(parsed.value, ctx, requestId, payment);
    if (!reserved.ok) return refused(reserved.error);
    const headers = toUpstreamHeaders(route.provider, request.headers);
    for (const [name, value] of Object.entries(call.headers)) headers.set(name, value);
    const init: RequestInit = { method: 'POST', headers, body: reserved.value.body, redirect: 'manual' };
    return dispatch({ ...job, bodyText, payment }, parsed.value, { url: call.url, init });
  }

  /**
   * Reserves what the client asks for, or, when that is more than what is left, a shorter answer that fits. What the
   * customer pays elsewhere is written down just the same, with nothing held: our budgets are on our money.
   */
  function reserve(
    ai: AiRequest,
    { capNanoUsd, budgets }: AiContext,
    requestId: string,
    payment: Payment,
  ): Result<BoundedRequest, AiRefusal> {
    const { provider, model } = ai;
    const byok = payment.kind === 'customer';
    const periodKey = deps.ledger.currentPeriod();
    const counts = { modelKey: `${provider}/${ai.modelId}`, bodyHash: stableHash(ai.asked.body) };
    const attempt = (bounded: BoundedRequest): Reserved => {
      const holdNanoUsd = byok ? 0 : bounded.holdNanoUsd;
      const wanted = { requestId, holdNanoUsd, provider, model, capNanoUsd, budgets, periodKey, byok, ...counts };
      return deps.ledger.reserve(wanted);
    };
    const asked = attempt(ai.asked);
    if (asked.ok) return ok(ai.asked);
    if (asked.reason === 'duplicate') return err(duplicateRequest);
    if (asked.reason === 'paused') return err(spendPaused(asked.pause));
    const shorter = ai.within(asked.leftNanoUsd);
    if (shorter && attempt(shorter).ok) return ok(shorter);
    deps.onBudgetReached?.(asked.refused);
    return err(budgetReached(asked.refused));
  }

  /** From here on the reservation stands: every path ends in exactly one of settle, release and unknown. */
  async function dispatch(job: OpenJob, ai: AiRequest, to: { url: string; init: RequestInit }): Promise<Response> {
    const { route, requestId } = job;
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort('no_answer'), limits.answerBeginsMs);
    let answer: Response;
    try {
      answer = await callUpstream(to.url, { ...to.init, signal: abort.signal });
    } catch (error) {
      deps.onFault('ai.upstream_unreachable', error);
      release(job, 'upstream_unreachable');
      return refuse(route.provider, upstreamUnreachable, requestId);
    } finally {
      clearTimeout(late);
    }
    if (answer.status < 200 || answer.status > 299 || !answer.body) return failed(job, answer);
    deps.payments.taken(job.payment);
    return passOn(job, ai, answer, answer.body, (why) => abort.abort(why));
  }

  function passOn(
    job: OpenJob,
    ai: AiRequest,
    answer: Response,
    body: ReadableStream<Uint8Array>,
    abort: (why: string) => void,
  ): Response {
    const streamed = (answer.headers.get('content-type') ?? '').includes('text/event-stream');
    const meter = createUsageMeter(ai.format, streamed);
    const filter = streamed && ai.hideUsageChunk ? createUsageChunkFilter() : null;
    const cached = answer.headers.get('cf-aig-cache-status') === 'HIT';
    const relay = startRelay({
      upstream: body,
      abort,
      limits,
      clock: deps.clock,
      pass(bytes) {
        meter.push(bytes);
        return filter ? filter.push(bytes) : bytes;
      },
      onEnd(end) {
        finish(job, ai, end, {
          meter: meter.finish(),
          cached,
          logId: answer.headers.get('cf-aig-log-id'),
        });
        return filter?.finish() ?? new Uint8Array(0);
      },
    });
    return new Response(relay.stream, {
      status: answer.status,
      headers: toClientHeaders(answer.headers, job.requestId),
    });
  }

  interface Ending {
    readonly meter: ReturnType<ReturnType<typeof createUsageMeter>['finish']>;
    readonly cached: boolean;
    readonly logId: string | null;
  }

  function finish(job: OpenJob, ai: AiRequest, end: RelayEnd, { meter, cached, logId }: Ending): void {
    const { requestId } = job;
    try {
      const verdict = judge({ meter, whole: end.whole, cached, price: ai.price });
      if (verdict.kind === 'unknown') {
        deps.ledger.markUnknown(requestId, end.why ?? verdict.why);
        deps.onSettled({ requestId, result: 'unknown', costNanoUsd: 0 });
        return;
      }
      const { usage, costNanoUsd, outcome } = verdict;
      const notes = { usage: meter.rawUsage, logId, why: end.why, unpriced: meter.unpriced, ignored: ai.ignored };
      deps.ledger.settle(requestId, {
        usage,
        costNanoUsd,
        outcome,
        priceVersion: ai.priceVersion,
        upstreamId: meter.responseId ?? logId,
        rawUsageJson: JSON.stringify(notes),
      });
      deps.onSettled({ requestId, result: 'charged', costNanoUsd: job.payment.kind === 'customer' ? 0 : costNanoUsd });
    } catch (error) {
      deps.onFault('ai.settle_failed', error); // the hold stays; expiry makes it `unknown`
    } finally {
      job.done();
    }
  }

  /** An error of the upstream: nothing is charged. Its text goes on, unless it is about credentials. */
  async function failed(job: OpenJob, answer: Response): Promise<Response> {
    const { route, requestId, payment } = job;
    release(job, `upstream_${answer.status}`);
    const { status } = answer;
    if (status >= 300 && status < 400) return refuse(route.provider, upstreamUnreachable, requestId);
    const body = await readBoundedText(answer.body, null, limits.errorBytesMax);
    if (status === 401 || status === 402 || status === 403) {
      const isKey = payment.kind === 'customer' && refusesKey(status, body.kind === 'text' ? body.text : '');
      if (isKey) deps.payments.refused(payment, status);
      const refusal = isKey ? keyRefused(route.provider, status) : misconfigured(status);
      return refuseTurn({ ...job, nowMs: deps.clock.nowMs() }, refusal);
    }
    if (body.kind !== 'text' || status < 400) return refuse(route.provider, upstreamUnreachable, requestId);
    // An error that shows the key it was sent shows it to nobody else.
    const text = payment.kind === 'customer' ? body.text.replaceAll(payment.plain, '[your key]') : body.text;
    return new Response(text, { status, headers: toClientHeaders(answer.headers, requestId) });
  }

  function release(job: Job, why: string): void {
    try {
      deps.ledger.release(job.requestId, why);
      deps.onSettled({ requestId: job.requestId, result: 'released', costNanoUsd: 0 });
    } finally {
      job.done();
    }
  }

  return { handle };
}

/** `/<provider>/<rest>` of a URL; the query is dropped, since no open path has one that matters. */
function splitPath(url: string): { provider: AiProvider | null; path: string } {
  const { pathname } = new URL(url);
  const [, name = '', ...rest] = pathname.split('/');
  return { provider: parseProvider(name), path: `/${rest.join('/')}` };
}
