/**
 * One turn: its attempts one after the other until one answers. What is tried and what a failure means is decided in
 * core/metering/routing.ts; an attempt that was called has a row of its own in the ledger, and its end is settled before
 * the next begins, so that a crash between two leaves nothing open.
 */
import { failureName, nextAttempt, type Candidate } from '../core/metering/routing.ts';
import type { TenantModels } from '../../../control-plane/src/contract/models.ts';
import type { TurnPart } from '../../../control-plane/src/contract/receipt.ts';
import type { AttemptFailure } from '../core/metering/routing.ts';
import type { Tried } from './attempt.ts';

export interface Turn {
  /** Of the first attempt, and so the name of the turn. */
  readonly requestId: string;
  /** `provider/model` that the client asked for. */
  readonly asked: string;
  readonly candidates: readonly Candidate[];
  /** The rule that put another model first. */
  readonly rule: string | null;
  readonly models: TenantModels;
  readonly newId: () => string;
  readonly clientIsGone: () => boolean;
}

export interface Step {
  readonly candidate: Candidate;
  readonly requestId: string;
  /** Null: the first attempt of the model that was asked for. */
  readonly part: TurnPart | null;
  readonly hasFallback: boolean;
  /** The platform may not pay: a key of the customer's was refused, and nobody asked for that. */
  readonly onlyOwnKey: boolean;
}

/** `called: false`: nothing was reserved or called, so there is no row and the step takes no number. */
type StepResult = Tried | { readonly kind: 'skipped'; readonly failure: AttemptFailure; readonly answer: Response };

/**
 * The answer of the first attempt that begins to answer. When none does, what is said is what became of the model that was
 * asked for. A client that is gone gets no second attempt: it would be paid for and read by nobody.
 */
export async function runTurn(turn: Turn, attempt: (step: Step) => Promise<StepResult>): Promise<Tried> {
  let told: Tried | null = null;
  let after = turn.rule;
  let onlyOwnKey = false;
  let called = 0;
  for (const [index, candidate] of turn.candidates.entries()) {
    if (index > 0 && turn.clientIsGone()) break;
    const asked = candidate.ref === turn.asked ? null : turn.asked;
    const part = after === null ? null : { turn: turn.requestId, attempt: called + 1, asked, after };
    const tried = await attempt({
      candidate,
      requestId: called === 0 ? turn.requestId : turn.newId(),
      part,
      hasFallback: index < turn.candidates.length - 1,
      onlyOwnKey,
    });
    if (tried.kind === 'answering') return tried;
    const next = nextAttempt(tried.failure, turn.models, called === 0);
    // An attempt that the platform would have had to pay for says nothing of why the turn came to nothing.
    if (tried.failure.kind !== 'not_own_key') {
      told ??= { kind: 'failed', failure: tried.failure, answer: tried.answer };
      after = failureName(tried.failure);
    }
    if (tried.kind === 'failed') called += 1;
    if (next === 'never') break;
    onlyOwnKey ||= next === 'next_own_key';
  }
  if (told === null) throw new Error('a turn without a candidate');
  return told;
}
