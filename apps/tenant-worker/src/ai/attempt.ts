/**
 * One attempt: the call of one model with a reservation of its own, from the first byte out to the settled charge. Once the
 * first byte of an answer is there the attempt is the turn's answer, whatever becomes of it; before that it may come to
 * nothing, and the caller decides what is next.
 *
 * What must hold: the reservation stands when `run` begins, and exactly one of settle, release and `unknown` follows. Only
 * an answer that had begun by its status is kept as `unknown`: it may have cost something.
 */
import type { AiRequest } from '../core/metering/ai-request.ts';
import { createUsageChunkFilter } from '../core/metering/chat-usage-chunk.ts';
import { keyRefused, refusesKey, statusMeant } from '../core/metering/payer.ts';
import { failureName, failureOf, type AttemptFailure } from '../core/metering/routing.ts';
import { createUsageMeter } from '../core/metering/usage-meter.ts';
import { judge } from '../core/metering/verdict.ts';
import type { AiRefusal } from '../core/metering/ai-error.ts';
import type { Ledger } from '../modules/ledger.ts';
import type { Clock } from '../ports.ts';
import { AnswerRecorder, type KeptAnswer } from './answer-cache.ts';
import type { BodyReader } from './body-reader.ts';
import { readBoundedText } from './bounded-body.ts';
import { toClientHeaders } from './headers.ts';
import type { Payment, Payments } from './payment.ts';
import { misconfigured, refuse, upstreamUnreachable } from './refuse.ts';
import { startRelay, type RelayEnd, type RelayLimits } from './relay.ts';

export interface AttemptLimits extends RelayLimits {
  /** Until the upstream's first byte. A long answer that is not streamed comes as a whole after minutes. */
  readonly answerBeginsMs: number;
  /** The same while a fallback waits, for an answer that is streamed and for one that comes as a whole. */
  readonly answerBeginsBeforeFallbackMs: number;
  readonly wholeAnswerBeforeFallbackMs: number;
  /** An error body of the upstream that is passed on. */
  readonly errorBytesMax: number;
}

/** What became of one reservation. */
export interface AiSettled {
  readonly requestId: string;
  readonly result: 'charged' | 'released' | 'unknown';
  readonly costNanoUsd: number;
}

export interface AttemptDeps {
  readonly ledger: Pick<Ledger, 'settle' | 'release' | 'markUnknown'>;
  readonly payments: Payments;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly readAnswer: (body: ReadableStream<Uint8Array>) => BodyReader;
  readonly clock: Clock;
  readonly limits: AttemptLimits;
  readonly onSettled: (settled: AiSettled) => void;
  readonly onFault: (event: string, error: unknown) => void;
}

export interface Attempt {
  readonly requestId: string;
  /** `provider/model` for the answer's header. */
  readonly ref: string;
  readonly ai: AiRequest;
  readonly payment: Payment;
  readonly to: { readonly url: string; readonly init: RequestInit };
  /** Another model waits: the first byte is waited for before the answer counts, and not for long. */
  readonly hasFallback: boolean;
  /** How a refusal is said to this client. */
  readonly tell: (refusal: AiRefusal) => Response;
  /** Takes a whole answer as the client got it, when answers are kept; null: they are not. */
  readonly keep: ((answer: KeptAnswer) => void) | null;
  /** Called when an answer has ended and is settled. */
  readonly done: () => void;
}

export type Tried =
  | { readonly kind: 'answering'; readonly response: Response }
  /** `answer` is what the client gets unless another attempt answers. */
  | { readonly kind: 'failed'; readonly failure: AttemptFailure; readonly answer: Response };

export function createAttempts(deps: AttemptDeps): (one: Attempt) => Promise<Tried> {
  const { limits } = deps;

  return async function run(one) {
    const abort = new AbortController();
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => {
      abort.abort('no_answer');
      late.resolve('late');
    }, beginsWithinMs(one));
    const unreached = (): Tried => {
      const failure: AttemptFailure = { kind: abort.signal.aborted ? 'silent' : 'unreachable' };
      return released(one, failure, refuse(one.ai.provider, upstreamUnreachable, one.requestId));
    };
    try {
      const calling = deps.fetch(one.to.url, { ...one.to.init, signal: abort.signal });
      let answer: Response | 'late';
      try {
        answer = await Promise.race([calling, late.promise]);
      } catch (error) {
        deps.onFault('ai.upstream_unreachable', error);
        return unreached();
      }
      if (answer === 'late') {
        // A fetch that does not hear the signal must not keep a connection open that nobody reads. One that does rejects
        // here, as does a body that is broken already: either way nothing is left to be let go, and the attempt is over.
        void calling.then((tooLate) => tooLate.body?.cancel()).catch(() => undefined);
        return unreached();
      }
      if (answer.status < 200 || answer.status > 299 || !answer.body) return await refused(one, answer, late.promise);
      deps.payments.taken(one.payment);
      const reader = deps.readAnswer(answer.body);
      const first = one.hasFallback ? await Promise.race([firstBytes(reader), late.promise]) : null;
      if (first === 'late' || first === 'none') {
        const failure: AttemptFailure = { kind: abort.signal.aborted ? 'silent' : 'empty' };
        abort.abort('no_answer');
        void reader.cancel('no_answer').catch(() => undefined); // rejects when the body had broken by itself
        return unknown(one, failure);
      }
      return { kind: 'answering', response: passOn(one, answer, { reader, first }, (why) => abort.abort(why)) };
    } finally {
      clearTimeout(timer);
    }
  };

  function beginsWithinMs({ hasFallback, ai }: Attempt): number {
    if (!hasFallback) return limits.answerBeginsMs;
    return ai.streaming ? limits.answerBeginsBeforeFallbackMs : limits.wholeAnswerBeforeFallbackMs;
  }

  function passOn(
    one: Attempt,
    answer: Response,
    from: { reader: BodyReader; first: Uint8Array | null },
    abort: (why: string) => void,
  ): Response {
    const streamed = (answer.headers.get('content-type') ?? '').includes('text/event-stream');
    const meter = createUsageMeter(one.ai.format, streamed);
    const filter = streamed && one.ai.hideUsageChunk ? createUsageChunkFilter() : null;
    const recorder = one.keep === null ? null : new AnswerRecorder();
    const recorded = (bytes: Uint8Array): Uint8Array => {
      recorder?.push(bytes);
      return bytes;
    };
    const relay = startRelay({
      upstream: from.reader,
      first: from.first,
      abort,
      limits,
      clock: deps.clock,
      pass(bytes) {
        meter.push(bytes);
        return recorded(filter ? filter.push(bytes) : bytes);
      },
      onEnd(end) {
        const isWhole = finish(one, end, {
          meter: meter.finish(),
          cached: answer.headers.get('cf-aig-cache-status') === 'HIT',
          logId: answer.headers.get('cf-aig-log-id'),
        });
        const rest = recorded(filter?.finish() ?? new Uint8Array(0));
        const bytes = isWhole ? (recorder?.whole() ?? null) : null;
        if (bytes !== null) one.keep?.({ bytes, contentType: answer.headers.get('content-type') ?? '' });
        return rest;
      },
    });
    const headers = toClientHeaders(answer.headers, one.requestId);
    headers.set('x-tidepool-model', one.ref);
    return new Response(relay.stream, { status: answer.status, headers });
  }

  interface Ending {
    readonly meter: ReturnType<ReturnType<typeof createUsageMeter>['finish']>;
    readonly cached: boolean;
    readonly logId: string | null;
  }

  /** Settles what an answer cost. True: it was whole, and so were its numbers. */
  function finish({ requestId, ai, payment, done }: Attempt, end: RelayEnd, ending: Ending): boolean {
    const { meter, cached, logId } = ending;
    try {
      const verdict = judge({ meter, whole: end.whole, cached, price: ai.price });
      if (verdict.kind === 'unknown') {
        deps.ledger.markUnknown(requestId, end.why ?? verdict.why);
        deps.onSettled({ requestId, result: 'unknown', costNanoUsd: 0 });
        return false;
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
      deps.onSettled({ requestId, result: 'charged', costNanoUsd: payment.kind === 'customer' ? 0 : costNanoUsd });
      return outcome === 'final';
    } catch (error) {
      deps.onFault('ai.settle_failed', error); // the hold stays; expiry makes it `unknown`
      return false;
    } finally {
      done();
    }
  }

  /** An error of the upstream: nothing is charged. Its text goes on, unless it is about credentials. */
  async function refused(one: Attempt, answer: Response, late: Promise<'late'>): Promise<Tried> {
    const { ai, requestId, payment } = one;
    const body = await Promise.race([readBoundedText(answer.body, null, limits.errorBytesMax), late]);
    const text = answer.status >= 400 && body !== 'late' && body.kind === 'text' ? body.text : null;
    const status = statusMeant(answer.status, text ?? '');
    const ofKey = payment.kind === 'customer' && refusesKey(status, text ?? '');
    if (ofKey) deps.payments.refused(payment, status);
    const failure = failureOf(status, ofKey);
    if (failure.kind === 'account_refused' || failure.kind === 'key_refused') {
      return released(one, failure, one.tell(ofKey ? keyRefused(ai.provider, status) : misconfigured(status)));
    }
    if (text === null) return released(one, failure, refuse(ai.provider, upstreamUnreachable, requestId));
    // An error that shows the key it was sent shows it to nobody else.
    const shown = payment.kind === 'customer' ? text.replaceAll(payment.plain, '[your key]') : text;
    return released(one, failure, new Response(shown, { status, headers: toClientHeaders(answer.headers, requestId) }));
  }

  function released({ requestId }: Attempt, failure: AttemptFailure, answer: Response): Tried {
    deps.ledger.release(requestId, failureName(failure));
    deps.onSettled({ requestId, result: 'released', costNanoUsd: 0 });
    return { kind: 'failed', failure, answer };
  }

  /** The provider had said yes: what that cost, if anything, the second witness knows. */
  function unknown(one: Attempt, failure: AttemptFailure): Tried {
    const { requestId } = one;
    deps.ledger.markUnknown(requestId, failureName(failure));
    deps.onSettled({ requestId, result: 'unknown', costNanoUsd: 0 });
    return { kind: 'failed', failure, answer: refuse(one.ai.provider, upstreamUnreachable, requestId) };
  }
}

/** The first bytes of an answer, or `none`: it ended or broke before any. Never rejects. */
async function firstBytes(reader: BodyReader): Promise<Uint8Array | 'none'> {
  try {
    for (;;) {
      const piece = await reader.read();
      if (piece.done) return 'none';
      if (piece.value.byteLength > 0) return piece.value;
    }
  } catch {
    return 'none';
  }
}
