/**
 * Model calls of one tenant, from the container's request to the answer. Runs inside the `Tenant` object, which owns the
 * upstream call, so that a client that goes away loses the answer and not the usage.
 *
 * Order, which nothing may change: parse → is the model allowed → for each attempt: who pays → reserve (durable) → call →
 * pass bytes on → settle. A refusal happens before any upstream call; after a reservation exactly one of settle, release
 * and `unknown` follows (attempt.ts; a crash: `Ledger.orphan`).
 */
import type { BudgetUse, SpendBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { routingOf, type TenantModels } from '../../../control-plane/src/contract/models.ts';
import type { TurnPart } from '../../../control-plane/src/contract/receipt.ts';
import { err, ok, type Result } from '../../../control-plane/src/contract/result.ts';
import { stableHash } from '../../../control-plane/src/contract/stable-hash.ts';
import type { AiRefusal } from '../core/metering/ai-error.ts';
import { modelNotAllowed, modelRateLimited, pathNotAllowed, requestInvalid } from '../core/metering/ai-error.ts';
import { parseAiRequest, type AiRequest, type BoundedRequest } from '../core/metering/ai-request.ts';
import { findRoute, parseProvider, type AiProvider, type AiRoute } from '../core/metering/ai-route.ts';
import { budgetReached, spendPaused } from '../core/metering/budget-words.ts';
import { attemptsFor, mayUse, modelRefOf, openClawFallbacks, type AttemptFailure } from '../core/metering/routing.ts';
import { askAnother } from '../core/metering/routing-request.ts';
import { noUsage } from '../core/metering/usage.ts';
import type { Ledger, Reserved } from '../modules/ledger.ts';
import type { Clock, Ids } from '../ports.ts';
import { AnswerCache, answerKey, type KeptAnswer } from './answer-cache.ts';
import { createAttempts, type AiSettled, type AttemptLimits, type Tried } from './attempt.ts';
import { openReader, type BodyReader } from './body-reader.ts';
import { readBoundedText } from './bounded-body.ts';
import { toUpstreamHeaders } from './headers.ts';
import type { Payment, Payments } from './payment.ts';
import { RequestRates } from './request-rates.ts';
import { busy, duplicateRequest, ledgerUnavailable, noUpstream, refuse, refuseTurn, tooLarge } from './refuse.ts';
import { runTurn, type Step } from './turn.ts';
import type { AiUpstream } from './upstream.ts';

export interface AiLimits extends AttemptLimits {
  readonly bodyBytesMax: number;
  /** Calls of one tenant at a time. An assistant with several sessions and helpers needs a handful. */
  readonly concurrentMax: number;
}

export const aiLimits: AiLimits = {
  bodyBytesMax: 24 * 1024 * 1024,
  concurrentMax: 16,
  answerBeginsMs: 600_000,
  answerBeginsBeforeFallbackMs: 60_000,
  wholeAnswerBeforeFallbackMs: 180_000,
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
  /** What its people chose; left out, every priced model is open and nothing takes over. */
  readonly models?: TenantModels;
}

export interface AiDispatchDeps {
  readonly ledger: Pick<Ledger, 'reserve' | 'settle' | 'release' | 'markUnknown' | 'currentPeriod' | 'periodTotal'>;
  readonly upstream: AiUpstream;
  readonly payments: Payments;
  /** The platform's, unless a test says otherwise. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** How an answer's body is read: piece by piece as it comes, unless given. */
  readonly readAnswer?: (body: ReadableStream<Uint8Array>) => BodyReader;
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
  const runAttempt = createAttempts({
    ...deps,
    limits,
    fetch: callUpstream,
    readAnswer: deps.readAnswer ?? openReader,
  });
  const rates = new RequestRates(deps.clock);
  const answers = new AnswerCache(deps.clock);
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
      const models = ctx.models ?? noChoice;
      const tried = await serve({ request, ctx: { ...ctx, models }, route, requestId, done });
      if (tried.kind === 'answering') return tried.response; // its end says done
      done();
      return tried.answer;
    } catch (error) {
      deps.onFault('ai.dispatch_failed', error);
      done();
      return refuse(route.provider, ledgerUnavailable, requestId);
    }
  }

  interface Job {
    readonly request: Request;
    readonly ctx: AiContext & { readonly models: TenantModels };
    readonly route: AiRoute;
    readonly requestId: string;
    /** Call when nothing more is to be done for this request; again changes nothing. */
    readonly done: () => void;
  }

  /** A request that was read and may be answered. */
  interface OpenJob extends Job {
    readonly bodyText: string;
    readonly bodyBytes: number;
    readonly asked: AiRequest;
    readonly askedRef: string;
    /** Under which the answer is kept; null: it is not. */
    readonly answerKey: string | null;
  }

  /** Answered without a model: refused, or from what is kept. */
  type NotCalled = { readonly kind: 'refused' | 'kept'; readonly answer: Response };

  async function serve(job: Job): Promise<Tried | NotCalled> {
    const { request, ctx, route } = job;
    const nowMs = deps.clock.nowMs();
    let bodyText = '';
    const refused = (refusal: AiRefusal): NotCalled => ({
      kind: 'refused',
      answer: refuseTurn({ ...job, bodyText, nowMs }, refusal),
    });
    const body = await readBoundedText(request.body, request.headers.get('content-length'), limits.bodyBytesMax);
    if (body.kind === 'too_large') return refused(tooLarge(limits.bodyBytesMax));
    if (body.kind === 'unreadable') return refused(requestInvalid('The request body is not UTF-8 text or broke off.'));
    bodyText = body.text;
    const parsed = parseAiRequest({ route, bodyText, bodyBytes: body.bytes, nowMs });
    if (!parsed.ok) return refused(parsed.error);
    const asked = parsed.value;
    const askedRef = modelRefOf(route.provider, asked.modelId);
    if (!mayUse(ctx.models, askedRef)) return refused(modelNotAllowed(askedRef));
    const { candidates, rule } = attemptsFor(
      ctx.models,
      { ref: askedRef, model: asked.model, route },
      routingOf(ctx.models).economy === null ? null : spentPercent(ctx),
    );
    const { answerMinutes } = routingOf(ctx.models);
    const key = answerMinutes === null ? null : await answerKey(asked, request.headers.get('anthropic-beta'));
    const kept = key === null || answerMinutes === null ? null : answers.get(key, answerMinutes * 60_000);
    const again = kept === null ? null : answerAgain(job, asked, askedRef, kept);
    if (again !== null) return { kind: 'kept', answer: again };
    const open: OpenJob = { ...job, bodyText, bodyBytes: body.bytes, asked, askedRef, answerKey: key };
    return runTurn(
      {
        requestId: job.requestId,
        asked: askedRef,
        candidates,
        rule,
        models: ctx.models,
        newId: () => deps.ids.ulid(),
        clientIsGone: () => request.signal.aborted,
      },
      (step) => attempt(open, step),
    );
  }

  /** One model's turn to answer: everything up to the reservation, and the call. */
  async function attempt(job: OpenJob, step: Step) {
    const { ctx } = job;
    const { candidate, requestId } = step;
    const { provider } = candidate.route;
    const skipped = (kind: SkippedFailure['kind'], refusal: AiRefusal) =>
      ({ kind: 'skipped', failure: skippedFailure(kind), answer: tell(job, requestId, refusal) }) as const;
    const drafted =
      candidate.ref === job.askedRef ? ok(job.asked) : askAnother({ ...job, nowMs: deps.clock.nowMs() }, candidate);
    if (!drafted.ok) return skipped('not_drafted', drafted.error);
    const ai = drafted.value;
    const paid = await deps.payments.of(provider);
    if (!paid.ok) return skipped('key_refused', paid.error);
    const payment = paid.value;
    if (step.onlyOwnKey && payment.kind === 'platform') return skipped('not_own_key', noUpstream(provider));
    const customerKey = payment.kind === 'customer' ? payment.plain : null;
    const call = deps.upstream.call(candidate.route, { tenantId: ctx.tenantId, requestId }, customerKey);
    if (!call) return skipped('not_configured', noUpstream(provider));
    const perMinute = routingOf(ctx.models).perMinute.find(({ model }) => model === candidate.ref)?.requests ?? null;
    if (perMinute !== null && !rates.take(candidate.ref, perMinute)) {
      return skipped('rate_limited', modelRateLimited(candidate.ref, perMinute));
    }
    const reserved = reserve(ai, ctx, requestId, payment, step.part);
    if (!reserved.ok) {
      const isOfModel = reserved.error.code === 'ai_model_budget_reached';
      return skipped(isOfModel ? 'model_budget' : 'unaffordable', reserved.error);
    }
    const headers = toUpstreamHeaders(provider, job.request.headers);
    for (const [name, value] of Object.entries(call.headers)) headers.set(name, value);
    const init: RequestInit = { method: 'POST', headers, body: reserved.value.body, redirect: 'manual' };
    return runAttempt({
      requestId,
      ref: candidate.ref,
      ai,
      payment,
      to: { url: call.url, init },
      hasFallback: step.hasFallback,
      tell: (refusal) => tell(job, requestId, refusal),
      keep:
        job.answerKey === null || candidate.ref !== job.askedRef || reserved.value !== ai.asked
          ? null
          : answers.put.bind(answers, job.answerKey),
      done: job.done,
    });
  }

  /** A kept answer once more. It has a row and a receipt of its own: a request that cost nothing. Null without a row. */
  function answerAgain({ ctx, requestId }: Job, ai: AiRequest, ref: string, kept: KeptAnswer): Response | null {
    const { provider, model, priceVersion } = ai;
    const { capNanoUsd } = ctx;
    const part = { turn: requestId, attempt: 1, asked: null, after: 'kept_answer' };
    const periodKey = deps.ledger.currentPeriod();
    const free = { requestId, holdNanoUsd: 0, provider, model, capNanoUsd, periodKey, byok: false, part };
    if (!deps.ledger.reserve(free).ok) return null;
    deps.ledger.settle(requestId, {
      usage: noUsage,
      costNanoUsd: 0,
      outcome: 'final',
      priceVersion,
      upstreamId: null,
      rawUsageJson: null,
    });
    deps.onSettled({ requestId, result: 'charged', costNanoUsd: 0 });
    const headers = { 'content-type': kept.contentType, 'cache-control': 'no-store' };
    return new Response(kept.bytes.slice(), {
      headers: { ...headers, 'x-tidepool-request-id': requestId, 'x-tidepool-model': ref, 'x-tidepool-kept': '1' },
    });
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
    part: TurnPart | null,
  ): Result<BoundedRequest, AiRefusal> {
    const { provider, model } = ai;
    const byok = payment.kind === 'customer';
    const periodKey = deps.ledger.currentPeriod();
    const counts = { modelKey: `${provider}/${ai.modelId}`, bodyHash: stableHash(ai.asked.body), part };
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

  /** A refusal as this client hears it. Where OpenClaw has a fallback of its own to try it has to see an error. */
  function tell({ route, bodyText, ctx, askedRef }: OpenJob, requestId: string, refusal: AiRefusal): Response {
    const goesOn = askedRef === ctx.models.primary && openClawFallbacks(ctx.models).length > 0;
    const isItsFailure =
      refusal.code === 'ai_upstream_misconfigured' ||
      (refusal.code === 'ai_key_refused' && routingOf(ctx.models).keyRefused === 'fall_back');
    if (goesOn && isItsFailure) return refuse(route.provider, refusal, requestId);
    return refuseTurn({ route, bodyText, requestId, nowMs: deps.clock.nowMs() }, refusal);
  }

  function spentPercent({ capNanoUsd }: AiContext): number {
    const { spentNanoUsd, heldNanoUsd } = deps.ledger.periodTotal(deps.ledger.currentPeriod());
    return capNanoUsd === 0 ? 100 : ((spentNanoUsd + heldNanoUsd) / capNanoUsd) * 100;
  }

  return { handle };
}

const noChoice: TenantModels = { primary: '', utility: '' };

type SkippedFailure = Extract<
  AttemptFailure,
  {
    kind:
      | 'not_drafted'
      | 'key_refused'
      | 'not_own_key'
      | 'not_configured'
      | 'rate_limited'
      | 'unaffordable'
      | 'model_budget';
  }
>;

function skippedFailure(kind: SkippedFailure['kind']): AttemptFailure {
  return kind === 'key_refused' ? { kind, status: null } : { kind };
}

/** `/<provider>/<rest>` of a URL; the query is dropped, since no open path has one that matters. */
function splitPath(url: string): { provider: AiProvider | null; path: string } {
  const { pathname } = new URL(url);
  const [, name = '', ...rest] = pathname.split('/');
  return { provider: parseProvider(name), path: `/${rest.join('/')}` };
}
